"""Lists that follow single orders are those that all orders give, whoever computed before."""

from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import select, text
from structlog.testing import capture_logs

from database import changed_orders, choices, purchases, results, stores
from database.models import Computation, ProductAffinity, Recommendation
from jobs import kept_lists, recompute
from jobs.check_results import check
from jobs.kept_lists import SHELF, Shelf
from retention.affinity import bought_next, bought_together
from retention.columns import PAIRS, RECOMMENDATIONS
from retention.drift import drifted_lists
from retention.kept_lists import KeptLists
from tests.conftest import Installed
from tests.jobs.conftest import compute, set_settings, settle
from tests.shop import Shop

ADA, SARA = "ada@example.test", "sara@example.test"
TEA, BEANS, SOCKS, EARL = "Green Tea", "House Blend Beans", "Socks", "Earl Grey"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many orders each computation from all of them had; single ones are taken in always."""
    sizes: list[int] = []
    real = recompute.made

    def noted(found: recompute.Found) -> KeptLists:
        lists = real(found)
        sizes.append(lists.around.orders)
        return lists

    monkeypatch.setattr(recompute, "made", noted)
    monkeypatch.setattr(kept_lists, "MOST_TAKEN_IN", 1000.0)
    return sizes


@pytest.fixture
def store(installed: Installed, shop: Shop, made: list[int]) -> Installed:
    """A store with two orders, computed by this worker."""
    shop.order(TEA, BEANS, email=ADA)
    shop.order(TEA, SOCKS, email=SARA)
    settle(installed)
    compute(installed)
    made.clear()
    return installed


def pairs(store: Installed) -> pl.DataFrame:
    with store.scope() as session:
        return results.stored(session, ProductAffinity, PAIRS)


def expected_pairs(store: Installed) -> pl.DataFrame:
    """The pairs of all orders, of so many as the store had when it was computed from all."""
    kept = SHELF.take(store.id)
    assert kept is not None
    SHELF.put(store.id, kept, kept.lists.nbytes())
    with store.scope() as session:
        statuses = store.store.settings.purchase_statuses
        lines = purchases.lines(session, statuses, stores.now(session))
        lists = results.stored(session, Recommendation, RECOMMENDATIONS)
    around = kept.lists.around
    same(kept.lists.recommendations, lists)
    assert drifted_lists(lists, lines, kept.lists) == 0
    return pl.concat(
        [
            bought_together(lines, total=around.orders),
            bought_next(lines, total=around.customers),
        ]
    )


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert_frame_equal(found, expected, check_row_order=False, check_exact=True)


def test_orders_are_taken_in_as_they_come_change_and_go(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    tea, beans = shop.product_id(TEA), shop.product_id(BEANS)
    second = shop.order(TEA, BEANS, email=SARA)
    settle(store)
    compute(store)
    assert pairs(store).height == 2
    same(pairs(store), expected_pairs(store))
    assert beans in shop.cross_sells(TEA)
    assert shop.cross_sells(BEANS)[0] == tea

    third = shop.order(BEANS, SOCKS, email=ADA)
    shop.order(EARL)
    settle(store)
    compute(store)
    same(pairs(store), expected_pairs(store))

    shop.change(f"orders/{second['id']}", status="cancelled")
    shop.delete(f"orders/{third['id']}", force=True)
    settle(store)
    compute(store)
    assert pairs(store).is_empty()
    same(pairs(store), expected_pairs(store))
    assert made == []
    with store.scope() as session:
        assert changed_orders.pending(session, stores.now(session)).notes == []


def test_lists_are_kept_and_wait_to_be_written_before_second_purchases_are_computed(
    store: Installed, shop: Shop, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    socks = shop.product_id(SOCKS)
    shop.order(TEA, BEANS, email=SARA)
    shop.change(f"products/{socks}", stock_status="outofstock")
    settle(store)
    with monkeypatch.context() as patch:
        patch.setattr(recompute, "compute", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            recompute.recompute(str(store.id))
    assert socks in shop.cross_sells(TEA)
    with store.scope() as session:
        assert stores.existing(session).dirty_since is not None
        assert changed_orders.pending(session, stores.now(session)).notes != []
    settle(store)  # The write was asked for.
    assert socks not in shop.cross_sells(TEA)
    assert pairs(store).height == 2

    compute(store)
    assert made == [3]
    same(pairs(store), expected_pairs(store))


def test_what_another_worker_computed_is_not_continued(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    kept = SHELF.take(store.id)
    assert kept is not None
    shop.order(TEA, EARL)
    settle(store)
    compute(store)  # By a worker that has nothing kept.
    assert made == [3]
    # The worker that computed before has the state of then.
    SHELF.put(store.id, kept, kept.lists.nbytes())
    shop.order(TEA, EARL)
    settle(store)
    compute(store)
    assert made == [3, 4]
    same(pairs(store), expected_pairs(store))


def test_a_product_that_sells_out_leaves_lists_until_it_is_back(
    store: Installed, shop: Shop, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("second purchases follow from orders")

    socks = shop.product_id(SOCKS)
    before = shop.cross_sells(TEA)
    assert socks in before
    figures = computation(store).figures
    monkeypatch.setattr(recompute, "compute", refuse)

    shop.change(f"products/{socks}", stock_status="outofstock")
    settle(store)
    compute(store)
    same(pairs(store), expected_pairs(store))
    without = shop.cross_sells(TEA)
    assert socks not in without

    shop.change(f"products/{socks}", stock_status="instock")
    settle(store)
    compute(store)
    same(pairs(store), expected_pairs(store))
    assert shop.cross_sells(TEA) == before
    assert made == []
    assert computation(store).figures == figures


def test_a_product_in_another_category_changes_the_lists_of_both(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    socks, tea = shop.product_id(SOCKS), shop.get(f"products/{shop.product_id(TEA)}")
    with store.scope() as session:
        flows = results.sizes(session)["category_flows"]
    shop.order(BEANS, email=SARA)  # From a category of tea or socks to that of coffee.
    settle(store)
    compute(store)
    shop.change(f"products/{socks}", categories=tea["categories"])
    settle(store)
    compute(store)
    same(pairs(store), expected_pairs(store))
    assert made == []
    with store.scope() as session:
        assert results.sizes(session)["category_flows"] == flows + 1


def test_what_the_merchant_chooses_for_a_list_changes_that_list_alone(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    tea, earl = shop.product_id(TEA), shop.product_id(EARL)
    others = (BEANS, SOCKS, EARL)
    before = {name: shop.cross_sells(name) for name in others}
    written = [shop.get(f"products/{shop.product_id(name)}")["date_modified"] for name in others]
    with store.scope() as session:
        numbers = [choices.product_number(session, f"id:{name}") for name in (earl, tea)]
        choices.choose(session, "pin", numbers[0], numbers[1])
        stores.mark_dirty(session)
    compute(store)
    assert shop.cross_sells(TEA)[0] == earl
    assert {name: shop.cross_sells(name) for name in others} == before
    assert written == [
        shop.get(f"products/{shop.product_id(name)}")["date_modified"] for name in others
    ]
    same(pairs(store), expected_pairs(store))
    assert made == []


def test_everything_is_made_anew_when_more_than_orders_changed(
    store: Installed, shop: Shop, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(store, recommendations_per_product=1)
    shop.order(TEA, EARL)
    settle(store)
    compute(store)
    assert made == [3]

    shop.order(TEA, EARL)
    settle(store)
    with monkeypatch.context() as patch:
        patch.setattr(results, "save_figures", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            recompute.recompute(str(store.id))
    compute(store)
    assert made == [3, 4]
    same(pairs(store), expected_pairs(store))


def test_after_many_orders_everything_is_made_anew(
    store: Installed, shop: Shop, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_lists, "MOST_TAKEN_IN", 0.5)
    shop.order(TEA, EARL)  # One of two orders: half of them.
    settle(store)
    compute(store)
    assert made == []
    shop.order(TEA, EARL)
    settle(store)
    compute(store)
    assert made == [4]


def test_a_product_put_up_for_sale_gets_its_list_though_no_order_has_it(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    # What is out of stock is no candidate, so that nothing is computed from its being shown.
    socks = shop.product_id(SOCKS)
    shop.change(f"products/{socks}", status="draft", stock_status="outofstock")
    settle(store)
    compute(store)
    store.sandbox.store.products[socks].cross_sell_ids = []
    with store.scope() as session:
        session.execute(text("DELETE FROM write_backs WHERE external_id = :id"), {"id": str(socks)})
    shop.change(f"products/{socks}", status="publish")
    shop.order(TEA, EARL)
    made.clear()
    settle(store)
    compute(store)
    assert made == []
    assert shop.cross_sells(SOCKS) != []


def test_a_new_product_gets_a_list_and_comes_into_others(
    store: Installed, shop: Shop, made: list[int]
) -> None:
    shop.create("products", name="Mate", type="simple", regular_price="9.00", status="publish")
    settle(store)
    compute(store)
    assert shop.cross_sells("Mate") != []

    shop.order("Mate", TEA)
    shop.order("Mate", TEA)
    settle(store)
    compute(store)
    assert made == []
    assert pairs(store).height == 2
    same(pairs(store), expected_pairs(store))


def test_an_order_of_the_future_stays_noted_until_its_time(store: Installed, shop: Shop) -> None:
    order = shop.order(TEA, BEANS, email=ADA)
    settle(store)
    with store.scope() as session:
        now = stores.now(session)
        pending = changed_orders.pending(session, now)
        assert len(pending.orders) == 1
        assert pending.notes != []
        before = changed_orders.pending(session, now - timedelta(days=1))
        assert (before.orders, before.notes) == (pending.orders, [])
        changed_orders.forget(session, pending.notes)
        assert changed_orders.pending(session, now).orders == []
    assert order["id"]


def computation(store: Installed) -> Any:
    with store.scope() as session:
        return session.scalars(select(Computation)).one()


WRONG = {
    "UPDATE product_affinities SET score = score / 2 WHERE product_id < other_id": 1,
    "DELETE FROM product_affinities": 2,
    "UPDATE recommendations SET other_id = product_id WHERE rank = 1": 12,
}


def test_rows_that_are_wrong_are_found_told_and_healed(store: Installed, shop: Shop) -> None:
    shop.order(TEA, BEANS, email=SARA)
    settle(store)
    compute(store)
    assert pairs(store).height == 2
    for drifts, (statement, rows) in enumerate(WRONG.items(), 1):
        with store.scope() as session:
            session.execute(text(statement))
        shop.order(TEA, BEANS, email=SARA)  # One more order, not computed yet, is no drift.
        settle(store)

        with capture_logs() as logs:
            check(str(store.id))

        wrong = [log for log in logs if log["log_level"] == "error"]
        assert [(log["event"], log["pairs"] + log["lists"]) for log in wrong] == [
            ("kept lists differ from all orders", rows)
        ]
        row = computation(store)
        assert (row.drifted_rows, row.drifts) == (rows, drifts)
        same(pairs(store), expected_pairs(store))
    with capture_logs() as logs:
        check(str(store.id))
    assert [log["log_level"] for log in logs if "kept lists" in log["event"]] == ["info"]
    row = computation(store)
    assert (row.drifted_rows, row.drifts) == (0, len(WRONG))


def test_a_worker_that_keeps_nothing_compares_pairs_of_a_store_at_rest(
    store: Installed, shop: Shop
) -> None:
    shop.order(TEA, BEANS, email=SARA)
    settle(store)
    compute(store)
    SHELF.take(store.id)
    with store.scope() as session:
        session.execute(text("UPDATE product_affinities SET count = count + 1"))
    with capture_logs() as logs:
        check(str(store.id))
    (found,) = [log for log in logs if "kept lists" in log["event"]]
    assert (found["log_level"], found["pairs"], found["lists"]) == ("error", 2, None)

    shop.order(TEA, BEANS, email=SARA)
    settle(store)
    SHELF.take(store.id)
    with capture_logs() as logs:
        check(str(store.id))
    (found,) = [log for log in logs if "kept lists" in log["event"]]
    assert (found["log_level"], found["pairs"], found["lists"]) == ("info", None, None)


def test_the_shelf_drops_what_was_computed_least_lately(store: Installed) -> None:
    kept = SHELF.take(store.id)
    assert kept is not None
    size = kept.lists.nbytes()
    shelf = Shelf()
    names = [UUID(int=number) for number in range(3)]
    shelf.put(names[0], kept, 2 * size)
    shelf.put(names[1], kept, 2 * size)
    shelf.put(names[0], kept, 2 * size)
    shelf.put(names[2], kept, 2 * size)
    assert [shelf.take(name) is None for name in names] == [False, True, False]
    assert shelf.take(names[0]) is None
