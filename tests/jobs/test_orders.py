"""Orders as stores really have them: odd, huge, empty, or dated ahead; kept or refused, whole."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from connector.registry import platform
from database import inbox, purchases
from database.inbox import Incoming
from database.models import Order, OrderLine, PointEntry, Refund
from jobs.drain import drain
from jobs.reconcile import reconcile
from tests.conftest import Installed
from tests.jobs.conftest import compute, set_settings, settle
from tests.jobs.state import events, orders, points
from tests.shop import Shop
from tests.webhooks.deliveries import order_body

Told = Callable[..., None]


@pytest.fixture
def told(installed: Installed) -> Told:
    """Let the store tell of an order in a body of the test's own, and handle it."""

    def tell(body: bytes | None = None, **changes: Any) -> None:
        body = order_body(**changes) if body is None else body
        topic = "order.updated"
        name = platform("woocommerce").name_event(body, {"X-WC-Webhook-Topic": topic})
        with installed.scope() as session:
            event = Incoming(installed.id, name.key, topic, {}, body, name.broken)
            inbox.put(session, [event])
        drain(str(installed.id))

    return tell


def line(identifier: int = 1, **changes: Any) -> dict[str, Any]:
    known = {"id": identifier, "name": "Beans", "product_id": 70, "quantity": 1, "total": "12.50"}
    return known | changes


def the_order(installed: Installed) -> dict[str, Any]:
    with installed.scope() as session:
        (order,) = orders(session).values()
    return order


def the_event(installed: Installed) -> tuple[str, str | None]:
    ((_, state, error),) = events(installed)
    return state, error


def nothing_of_it_is_kept(installed: Installed) -> None:
    with installed.scope() as session:
        for table in (Order, OrderLine, Refund, PointEntry):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_an_order_without_lines(installed: Installed, told: Told) -> None:
    told(line_items=[], total="0.00")
    assert the_event(installed) == ("handled", None)
    order = the_order(installed)
    assert (order["lines"], order["kept_net"], order["owner"]) == (
        [],
        0,
        "email:leila@example.test",
    )
    compute(installed)


def test_an_order_of_five_hundred_lines(installed: Installed, told: Told) -> None:
    lines = [line(n, product_id=1000 + n, total=f"{n}.01") for n in range(1, 501)]
    told(line_items=lines, total="125255.00")
    order = the_order(installed)
    assert len(order["lines"]) == 500
    assert order["kept_net"] == Decimal("125255.00")
    with installed.scope() as session:
        assert points(session) == {"email:leila@example.test": 125_255}


def test_a_line_of_a_product_that_the_store_no_longer_knows(
    installed: Installed, told: Told
) -> None:
    told(line_items=[line(product_id=0, name="", total="0.00"), line(2)])
    assert [entry[1] for entry in the_order(installed)["lines"]] == [None, "70"]
    compute(installed)


def test_a_product_known_only_by_an_order_is_read_later(installed: Installed, shop: Shop) -> None:
    product = shop.create("products", name="New", regular_price="5.00", status="publish")
    installed.sandbox.drain_deliveries()
    with installed.scope() as session:
        session.execute(text("DELETE FROM inbox_events"))
    shop.order("New", "Green Tea", email="ada@example.test")
    settle(installed)
    compute(installed)
    assert the_order(installed)["lines"][0][1] == str(product["id"])
    assert product["id"] not in shop.cross_sells("Green Tea")
    reconcile(str(installed.id))
    compute(installed)
    assert shop.cross_sells("New")[0] == shop.product_id("Green Tea")
    assert product["id"] in shop.cross_sells("Green Tea")


def test_an_order_in_another_currency_earns_nothing_and_that_is_said(
    installed: Installed, told: Told
) -> None:
    with capture_logs() as logs:
        told(currency="EUR")
    assert the_order(installed)["currency"] == "EUR"
    with installed.scope() as session:
        assert points(session) == {}
    (said,) = [entry for entry in logs if "another currency" in entry["event"]]
    assert (said["currency"], said["store_currency"], said["orders"]) == ("EUR", "USD", 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total": "123456789012345678901234567890.00"}, "order: total:"),
        ({"line_items": [line(total="1e30")]}, "order: line_items[0].total:"),
        ({"line_items": [line(quantity=10**12)]}, "order: line_items[0].quantity:"),
        ({"refunds": [{"id": 5, "total": "-1e40"}]}, "order: refunds[0].total:"),
        ({"total": "NaN"}, "order: total:"),
        ({"total": "many"}, "order: total:"),
        ({"id": 10**30}, "order: id:"),
        ({"line_items": "none"}, "order: line_items:"),
        ({"billing": None}, "order: billing:"),
        ({"date_created_gmt": "soon"}, "order: date_created_gmt:"),
        ({"date_created_gmt": None, "date_modified_gmt": None}, "date_created_gmt is missing"),
        ({"status": None, "customer_id": "x"}, "order: customer_id:"),
    ],
)
def test_what_cannot_be_kept_is_refused_whole_with_the_fields_name(
    installed: Installed, told: Told, changes: dict[str, Any], field: str
) -> None:
    told(**changes)
    state, error = the_event(installed)
    assert state == "dead"
    assert field in (error or "")
    nothing_of_it_is_kept(installed)


def test_amounts_that_only_together_are_too_large_are_refused_whole(
    installed: Installed, told: Told
) -> None:
    huge = "9000000000000000.00"
    told(line_items=[line(1, total=huge), line(2, total=huge)], total=huge)
    state, error = the_event(installed)
    assert (state, (error or "").startswith("NumericValueOutOfRange")) == ("dead", True)
    nothing_of_it_is_kept(installed)


def test_one_order_that_cannot_be_kept_does_not_hold_up_the_others(
    installed: Installed, told: Told
) -> None:
    huge = "9000000000000000.00"
    bodies = [order_body(id=n) for n in range(601, 608)]
    bodies.insert(
        3, order_body(id=700, line_items=[line(1, total=huge), line(2, total=huge)], total=huge)
    )
    with installed.scope() as session:
        inbox.put(
            session,
            [
                Incoming(installed.id, f"{n}", "order.updated", {}, body)
                for n, body in enumerate(bodies)
            ],
        )
    drain(str(installed.id))
    assert sorted(state for _, state, _ in events(installed)) == ["dead"] + ["handled"] * 7
    with installed.scope() as session:
        assert set(orders(session)) == {str(n) for n in range(601, 608)}
        assert points(session) == {"email:leila@example.test": 7 * 12}


@pytest.mark.parametrize(
    ("total", "kept"),
    [("9999999999999999.9999", "9999999999999999.9999"), ("0.00005", "0.0001"), ("-5.00", "-5.00")],
)
def test_amounts_at_the_edge_are_kept_exactly(
    installed: Installed, told: Told, total: str, kept: str
) -> None:
    told(total=total)
    assert the_order(installed)["total"] == Decimal(kept)


def test_names_in_any_script_and_characters_that_no_table_takes(
    installed: Installed, told: Told
) -> None:
    name = "چای ایرانی 🫖 \u200fمخصوص\x00"
    told(number="A-۱۲\x00", line_items=[line(name=name)], billing={"email": "Leila@Example.test"})
    order = the_order(installed)
    assert (order["number"], order["lines"][0][2]) == ("A-۱۲", name.removesuffix("\x00"))
    assert order["email"] == "leila@example.test"


def test_half_a_character_is_refused(installed: Installed, told: Told) -> None:
    body = order_body(number="HALF").replace(b"HALF", b"\\ud83d")
    told(body)
    assert the_event(installed)[0] == "dead"
    nothing_of_it_is_kept(installed)


def test_an_order_dated_ahead_is_kept_and_computed_once_its_time_has_come(
    installed: Installed, told: Told
) -> None:
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    told(date_created_gmt=ahead.strftime("%Y-%m-%dT%H:%M:%S"))
    assert the_order(installed)["placed_at"] == ahead
    statuses = ["completed"]
    with installed.scope() as session:
        now = datetime.now(UTC)
        assert purchases.lines(session, statuses, now).height == 0
        assert purchases.lines(session, statuses, ahead).height == 1
    compute(installed)


@pytest.mark.parametrize(
    ("quantity", "kept"), [("1.5", 2), (2.25, 3), ("0.1", 1), ("0", 0), (None, 0), ("-0.5", -1)]
)
def test_quantities_in_fractions_count_as_the_next_whole(
    installed: Installed, told: Told, quantity: object, kept: int
) -> None:
    told(line_items=[line(quantity=quantity)])
    assert the_order(installed)["lines"][0][3] == kept


def test_two_lines_of_one_product_and_a_discount_in_disguise(
    installed: Installed, told: Told
) -> None:
    told(line_items=[line(1), line(2), line(3, product_id=None, total="-5.00")], total="20.00")
    assert the_order(installed)["kept_net"] == Decimal("25.00")
    with installed.scope() as session:
        assert points(session) == {"email:leila@example.test": 20}


def test_an_unknown_topic_and_another_objects_body_do_no_harm(
    installed: Installed, told: Told
) -> None:
    told(json.dumps({"id": 5, "type": "simple", "name": "a product", "status": "publish"}).encode())
    state, error = the_event(installed)
    assert state == "dead"
    assert "order: " in (error or "")
    with installed.scope() as session:
        inbox.put(session, [Incoming(installed.id, "x", "coupon.created", {}, b'{"id":1}')])
    drain(str(installed.id))
    assert events(installed)[1] == ("coupon.created", "handled", None)
    nothing_of_it_is_kept(installed)


def test_points_of_a_rule_without_measure_are_refused_not_rounded(
    installed: Installed, told: Told
) -> None:
    set_settings(installed, points_earned=1_000_000, points_per_amount="0.0001")
    told(total="9000000000000000.00", line_items=[line(total="9000000000000000.00")])
    assert the_event(installed)[0] == "dead"
    nothing_of_it_is_kept(installed)
