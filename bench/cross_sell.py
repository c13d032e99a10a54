"""How long it takes until an order has changed a cross-sell in the store."""

import time
from datetime import datetime
from statistics import median
from typing import Any

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
    SELECT (SELECT max(received_at) FROM inbox_events) AS received,
      (SELECT max(handled_at) FROM inbox_events) AS handled,
      (SELECT computed_at FROM computations) AS computed,
      (SELECT written_at FROM write_backs
       WHERE kind = 'cross_sells' AND external_id = :product) AS written
    """
)


def measure(demo: DemoStore) -> None:
    """Print the time from an order until its two products recommend each other in the store.

    A pair must have been bought twice before it counts, so each was bought once beforehand.
    """
    with store_transaction(demo.context.engine, demo.id) as session:
        rarest = [int(number) for number in session.scalars(RAREST, {"count": 2 * TRIALS})]
    pairs = list(zip(rarest[:TRIALS], rarest[TRIALS:], strict=True))
    for pair in pairs:
        _order(demo, pair)
    trials = [_trial(demo, *pair) for pair in pairs]
    print_table(
        f"3. From a paid order to the changed cross-sell in the store ({TRIALS} orders)",
        ["seconds", "p50", "from", "to"],
        [
            [part, *(f"{f(t[part] for t in trials):.2f}" for f in (median, min, max))]
            for part in trials[0]
        ],
    )


def _trial(demo: DemoStore, one: int, other: int) -> dict[str, float]:
    wait_until_still(demo)
    began = time.perf_counter()
    _order(demo, (one, other))
    while other not in _product(demo, one)["cross_sell_ids"]:
        if time.perf_counter() - began > MOST_SECONDS:
            raise TimeoutError(f"product {one} does not recommend {other}")
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    with store_transaction(demo.context.engine, demo.id) as session:
        at = session.execute(STEPS, {"product": str(one)}).one()
    return {"order to cross-sell": seconds, **_steps(at)}


def _order(demo: DemoStore, products: tuple[int, int]) -> None:
    content = {
        "set_paid": True,
        "payment_method": "bacs",
        "billing": {"email": "shopper@example.test"},
        "line_items": [{"product_id": number, "quantity": 1} for number in products],
    }
    demo.api.post("orders", content).raise_for_status()


def _steps(at: Any) -> dict[str, float]:
    moments: list[datetime] = [at.received, at.handled, at.computed, at.written]
    names = ("- received to handled", "- handled to computed", "- computed to written")
    return {
        name: (after - before).total_seconds()
        for name, before, after in zip(names, moments, moments[1:], strict=False)
    }


def _product(demo: DemoStore, number: int) -> dict[str, Any]:
    answer = demo.api.get(f"products/{number}")
    answer.raise_for_status()
    content: dict[str, Any] = answer.json()
    return content
