"""How long it takes until an order has changed a cross-sell in the store."""

import time
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import text

from bench.demo_store import DemoStore, wait_until_still
from bench.tables import print_table
from database.session import store_transaction

TRIALS = 10
MOST_SECONDS = 60.0
RAREST = text(
    """
    SELECT p.external_id FROM products p LEFT JOIN order_lines l ON l.product_id = p.id
    WHERE p.published AND p.in_stock GROUP BY p.id ORDER BY count(l.product_id), p.id LIMIT :count
    """
)
STEPS = text(
    """
    SELECT (SELECT max(handled_at) FROM inbox_events
            WHERE topic LIKE 'order.%' AND received_at >= :began) AS handled,
      (SELECT computed_at FROM computations) AS computed
    """
)


def measure(demo: DemoStore) -> None:
    """Print the time from an order until its two products recommend each other in the store.

    A pair must have been bought twice before it counts, so each was bought once beforehand.
    """
    with store_transaction(demo.context.engine, demo.id) as session:
        rarest = [int(number) for number in session.scalars(RAREST, {"count": 4 * TRIALS})]
    pairs = list(zip(rarest[: 2 * TRIALS], rarest[2 * TRIALS :], strict=True))
    for pair in pairs:
        _order(demo, pair)
    wait_until_still(demo)
    new = [(one, other) for one, other in pairs if other not in _cross_sells(demo, one)]
    trials = [_trial(demo, *pair) for pair in new[:TRIALS]]
    print_table(
        f"3. From a paid order to the changed cross-sell in the store ({len(trials)} orders)",
        ["seconds from the order", "p50", "least", "most"],
        [
            [part, *(f"{f(t[part] for t in trials):.2f}" for f in (median, min, max))]
            for part in trials[0]
        ],
    )


def _trial(demo: DemoStore, one: int, other: int) -> dict[str, float]:
    wait_until_still(demo)
    began = datetime.now(UTC)
    _order(demo, (one, other))
    while other not in _cross_sells(demo, one):
        if _since(began, datetime.now(UTC)) > MOST_SECONDS:
            raise TimeoutError(f"product {one} does not recommend {other}")
        time.sleep(0.05)
    seconds = _since(began, datetime.now(UTC))
    # Lists are sent before second purchases are computed.
    wait_until_still(demo)
    with store_transaction(demo.context.engine, demo.id) as session:
        at = session.execute(STEPS, {"began": began}).one()
    return {
        "until its webhook is handled": _since(began, at.handled),
        "until the cross-sell is there": seconds,
        "until all is computed": _since(began, at.computed),
    }


def _since(began: datetime, moment: datetime) -> float:
    return (moment - began).total_seconds()


def _order(demo: DemoStore, products: tuple[int, int]) -> None:
    content = {
        "set_paid": True,
        "payment_method": "bacs",
        "billing": {"email": "shopper@example.test"},
        "line_items": [{"product_id": number, "quantity": 1} for number in products],
    }
    demo.api.post("orders", content).raise_for_status()


def _cross_sells(demo: DemoStore, product: int) -> list[int]:
    answer = demo.api.get(f"products/{product}")
    answer.raise_for_status()
    found: list[int] = answer.json()["cross_sell_ids"]
    return found
