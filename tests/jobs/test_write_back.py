"""What is written to a store: only what differs, beside what is the merchant's, and no echo."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from connector.errors import Unreachable
from connector.woocommerce.writing import Writer
from database import outbox
from database.models import Computation, InboxEvent, Store
from database.session import store_lock
from jobs import write_back
from sandbox.faults import Fault
from tests.conftest import Installed
from tests.jobs.conftest import Calls, compute, set_settings, settle
from tests.jobs.state import events, write_backs
from tests.shop import Shop

ADA, SARA, REZA = "ada@example.test", "sara@example.test", "reza@example.test"
BEANS, FILTERS, TEA = "House Blend Beans", "Paper Filters", "Green Tea"


@pytest.fixture
def bought(installed: Installed, shop: Shop) -> Shop:
    """Beans and filters were bought together three times, and their lists are written."""
    for email in (ADA, SARA, REZA):
        shop.order(BEANS, FILTERS, email=email)
    settle(installed)
    compute(installed)
    assert shop.product_id(FILTERS) in shop.cross_sells(BEANS)
    return shop


def due_now(installed: Installed) -> None:
    """Let everything that waits for a next try be due."""
    with installed.scope() as session:
        session.execute(text("UPDATE write_backs SET next_attempt_at = clock_timestamp()"))


def write(installed: Installed) -> None:
    write_back.write_back(str(installed.id))


def computed_at(installed: Installed) -> Any:
    with installed.scope() as session:
        return session.scalars(select(Computation.computed_at)).one()


def reconsider(installed: Installed, **settings: Any) -> None:
    set_settings(installed, **settings)
    with installed.scope() as session:
        outbox.reconsider_all(session, "cross_sells")
    write(installed)
    settle(installed)


def test_lists_and_fields_go_in_batches_and_only_once(
    installed: Installed, shop: Shop, calls: Calls
) -> None:
    for email in (ADA, SARA):
        shop.order(BEANS, FILTERS, email=email)
    settle(installed)
    compute(installed)
    writes = [(path, body) for path, body in calls.writes() if path.endswith("/batch")]
    products = [
        item for path, body in writes if path == "products/batch" for item in body["update"]
    ]
    assert len(products) == len({item["id"] for item in products}) == 12
    people = [item for path, body in writes if path == "customers/batch" for item in body["update"]]
    points = [
        (item["id"], meta["value"])
        for item in people
        for meta in item["meta_data"]
        if meta["key"] == "bazgasht_points"
    ]
    assert sorted(points) == sorted((shop.customer_id(e), "27") for e in (ADA, SARA))


def test_our_own_writing_does_not_echo(installed: Installed, bought: Shop, calls: Calls) -> None:
    before = computed_at(installed)
    with installed.scope() as session:
        assert session.scalars(select(Store.dirty_since)).one() is None
        count = session.scalar(select(func.count()).select_from(InboxEvent))
        assert count is not None
        assert count > 12
    for _ in range(3):
        settle(installed)
        compute(installed)
        write(installed)
    assert calls.writes() == []
    assert computed_at(installed) == before
    assert {row.state for row in write_backs(installed).values()} == {"done"}
    assert {state for _, state, _ in events(installed)} == {"handled"}


def test_only_what_differs_is_sent(installed: Installed, bought: Shop, calls: Calls) -> None:
    bought.order(BEANS, FILTERS, email=ADA)
    settle(installed)
    calls.writes()
    compute(installed)
    # The recommendations are the same, and the points were written before; a second purchase
    # tells what category comes next.
    ((path, body),) = calls.writes()
    assert path == "customers/batch"
    fields = {meta["key"] for item in body["update"] for meta in item["meta_data"]}
    assert fields == {"bazgasht_second_purchase_category"}
    assert bought.meta(ADA)["bazgasht_points"] == "54"


def test_a_new_category_alone_does_not_send_the_points_again(
    installed: Installed, shop: Shop, calls: Calls
) -> None:
    name = "bazgasht_second_purchase_category"
    shop.order(BEANS, email=ADA)
    settle(installed)
    calls.writes()
    with installed.scope() as session:
        outbox.want(session, "customer", {str(shop.customer_id(ADA)): {name: "Tea"}})
    write(installed)
    ((path, body),) = calls.writes()
    assert path == "customers/batch"
    (item,) = body["update"]
    assert [(meta["key"], meta["value"]) for meta in item["meta_data"]] == [(name, "Tea")]


def test_the_merchants_own_come_first_and_ours_after(installed: Installed, bought: Shop) -> None:
    socks, tea = bought.product_id("Socks"), bought.product_id(TEA)
    ours = bought.cross_sells(BEANS)
    bought.change(f"products/{bought.product_id(BEANS)}", cross_sell_ids=[socks, tea, *ours])
    settle(installed)
    rest = [product for product in ours if product not in (socks, tea)]
    assert bought.cross_sells(BEANS) == [socks, tea, *rest]
    row = write_backs(installed)["cross_sells", str(bought.product_id(BEANS))]
    assert (row.written or {})["ours"] == [str(product) for product in rest]


def test_what_the_merchant_takes_back_of_the_own_stays_away(
    installed: Installed, bought: Shop
) -> None:
    beans, socks = bought.product_id(BEANS), bought.product_id("Tea Pot & Cup")
    ours = bought.cross_sells(BEANS)
    bought.change(f"products/{beans}", cross_sell_ids=[socks, *ours])
    settle(installed)
    bought.change(f"products/{beans}", cross_sell_ids=ours)
    settle(installed)
    compute(installed)
    assert bought.cross_sells(BEANS) == ours


def test_instead_of_the_merchants_own_and_back(installed: Installed, bought: Shop) -> None:
    beans, pot = bought.product_id(BEANS), bought.product_id("Tea Pot & Cup")
    ours = bought.cross_sells(BEANS)
    bought.change(f"products/{beans}", cross_sell_ids=[pot, *ours])
    settle(installed)
    reconsider(installed, cross_sell_mode="replace")
    assert bought.cross_sells(BEANS) == ours
    reconsider(installed, cross_sell_mode="off")
    assert bought.cross_sells(BEANS) == [pot]
    reconsider(installed, cross_sell_mode="beside")
    assert bought.cross_sells(BEANS) == [pot, *ours]


def test_switched_off_nothing_is_ever_written(
    installed: Installed, shop: Shop, calls: Calls
) -> None:
    set_settings(installed, cross_sell_mode="off")
    beans, pot = shop.product_id(BEANS), shop.product_id("Tea Pot & Cup")
    shop.change(f"products/{beans}", cross_sell_ids=[pot])
    shop.order(BEANS, FILTERS, email=ADA)
    settle(installed)
    calls.writes()
    compute(installed)
    assert [path for path, _ in calls.writes() if path.startswith("products")] == []
    assert shop.cross_sells(BEANS) == [pot]


def test_a_product_nobody_sees_is_left_alone_until_it_is_shown(
    installed: Installed, shop: Shop, calls: Calls
) -> None:
    beans, filters, pot = (shop.product_id(name) for name in (BEANS, FILTERS, "Tea Pot & Cup"))
    for email in (ADA, SARA, REZA):
        shop.order(BEANS, FILTERS, email=email)
    settle(installed)
    with installed.scope() as session:
        outbox.want(session, "cross_sells", {str(beans): {"ours": [str(filters)]}})
    # The merchant's own pick is the very one that we recommend.
    shop.change(f"products/{beans}", status="draft", cross_sell_ids=[filters, pot])
    settle(installed)
    calls.writes()
    write(installed)
    assert calls.writes() == []
    row = write_backs(installed)["cross_sells", str(beans)]
    assert (row.state, row.written) == ("hidden", None)
    shop.change(f"products/{beans}", status="publish")
    settle(installed)
    compute(installed)
    assert shop.cross_sells(BEANS)[:2] == [filters, pot]
    row = write_backs(installed)["cross_sells", str(beans)]
    assert row.state == "done"
    assert str(filters) not in (row.written or {})["ours"]


class Died(Exception):
    """The process is gone at this point."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A place to let the process die between the store's yes and our note."""

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(write_back, "_note", die)
        yield patch


def test_a_crash_after_the_stores_yes_does_not_make_ours_the_merchants(
    installed: Installed, shop: Shop, dying: pytest.MonkeyPatch
) -> None:
    beans, pot = shop.product_id(BEANS), shop.product_id("Tea Pot & Cup")
    shop.change(f"products/{beans}", cross_sell_ids=[pot])
    settle(installed)
    wanted = [shop.product_id(FILTERS), shop.product_id(TEA)]
    want(installed, beans, wanted)
    with pytest.raises(Died):
        write(installed)
    assert shop.cross_sells(BEANS) == [pot, *wanted]
    dying.undo()
    settle(installed)
    # Meanwhile something else is recommended.
    want(installed, beans, [shop.product_id("Socks")])
    due_now(installed)
    write(installed)
    assert shop.cross_sells(BEANS) == [pot, shop.product_id("Socks")]
    reconsider(installed, cross_sell_mode="off")
    assert shop.cross_sells(BEANS) == [pot]


def want(installed: Installed, product: int, ours: list[int]) -> None:
    with installed.scope() as session:
        outbox.want(session, "cross_sells", {str(product): {"ours": [str(n) for n in ours]}})


def test_two_calls_of_unknown_outcome_do_not_make_ours_the_merchants(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    beans, pot = shop.product_id(BEANS), shop.product_id("Tea Pot & Cup")
    shop.change(f"products/{beans}", cross_sell_ids=[pot])
    settle(installed)
    first, second = shop.product_id(FILTERS), shop.product_id(TEA)
    installed.sandbox.deliveries.hold()
    real = Writer.write_cross_sells

    def lost(self: Writer, changes: Any) -> Any:
        if changes[0].cross_sell_ids[-1] == str(first):
            real(self, changes)
        raise Unreachable("no answer came")

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write_cross_sells", lost)
        for ours in ([first], [second]):
            want(installed, beans, ours)
            due_now(installed)
            write(installed)
    assert shop.cross_sells(BEANS) == [pot, first]
    installed.sandbox.deliveries.release()
    settle(installed)
    due_now(installed)
    write(installed)
    assert shop.cross_sells(BEANS) == [pot, second]


@pytest.mark.parametrize("mode", ["beside", "replace"])
def test_hidden_picks_survive_calls_of_unknown_outcome(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    beans, pot, tea = (shop.product_id(name) for name in (BEANS, "Tea Pot & Cup", TEA))
    shop.change(f"products/{beans}", cross_sell_ids=[pot])
    settle(installed)
    real = Writer.write_cross_sells
    answers = iter([True, False])

    def lost(self: Writer, changes: Any) -> Any:
        if next(answers):
            real(self, changes)
        raise Unreachable("no answer came")

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write_cross_sells", lost)
        set_settings(installed, cross_sell_mode="replace")
        want(installed, beans, [tea])
        write(installed)
        assert shop.cross_sells(BEANS) == [tea]
        settle(installed)
        set_settings(installed, cross_sell_mode=mode)
        due_now(installed)
        write(installed)
    due_now(installed)
    write(installed)
    assert shop.cross_sells(BEANS) == ([pot, tea] if mode == "beside" else [tea])
    reconsider(installed, cross_sell_mode="off")
    assert shop.cross_sells(BEANS) == [pot]


def test_one_who_writes_is_enough(installed: Installed, bought: Shop, calls: Calls) -> None:
    want(installed, bought.product_id(TEA), [bought.product_id(BEANS)])
    with store_lock(installed.context.engine, installed.id, write_back.LOCK):
        write(installed)
        assert calls.writes() == []
    write(installed)
    assert len(calls.writes()) == 1


def test_an_object_that_the_store_no_longer_has_is_given_up_alone(
    installed: Installed, shop: Shop
) -> None:
    shop.order(BEANS, email=ADA)
    installed.sandbox.drain_deliveries()
    with installed.scope() as session:
        outbox.want(session, "customer", {"4711": {"bazgasht_points": "5"}})
    settle(installed)
    rows = write_backs(installed)
    assert rows["customer", "4711"].state == "dead"
    assert "404" in (rows["customer", "4711"].last_error or "")
    assert shop.meta(ADA)["bazgasht_points"] == "23"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("server_error", path="/wp-json/wc/v3/customers/batch"), "TemporaryError"),
        (Fault("too_many_requests", seconds=600, path="/wp-json/wc/v3/customers/batch"), "429"),
        (Fault("half_answer", path="/wp-json/wc/v3/customers/batch"), "TemporaryError"),
    ],
)
def test_what_a_store_in_trouble_does_not_take_waits(
    installed: Installed,
    shop: Shop,
    fault: Fault,
    error: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    shop.order(BEANS, email=ADA)
    installed.sandbox.add_fault(fault)
    settle(installed)
    key = ("customer", str(shop.customer_id(ADA)))
    row = write_backs(installed)[key]
    assert (row.state, row.attempts) == ("waiting", 1)
    assert error in (row.last_error or "")
    with installed.scope() as session:
        wait = session.execute(
            text("SELECT extract(epoch FROM next_attempt_at - clock_timestamp()) FROM write_backs")
        ).scalar_one()
    assert (400 < wait < 800) if fault.kind == "too_many_requests" else (0 < wait < 4)
    installed.sandbox.clear_faults()
    due_now(installed)
    write(installed)
    assert write_backs(installed)[key].state == "done"
    assert shop.meta(ADA)["bazgasht_points"] == "23"
