"""What goes wrong at a Shopify shop while jobs run: tokens, points and leaving, in mid-job."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select, text

from connector.shopify.tokens import Tokens
from database.models import Order, PointEntry, Progress, Store
from jobs import history, queue, sweep
from jobs.absorb import absorb
from jobs.context import ActiveStore, NotActive, active_store
from jobs.drain import drain
from jobs.recompute import recompute
from jobs.token_keeper import StoreTokenKeeper
from sandbox.faults import Fault
from sandbox.shopify import oauth
from tests.conftest import work_off
from tests.jobs.test_history import fill
from tests.merchant import Merchant
from tests.shop_calls import FILE, RENEWAL, ShopCalls

ADA, SARA = "ada@example.test", "sara@example.test"
BEANS, FILTERS, TEA = "House Blend Beans", "Paper Filters", "Green Tea"


@pytest.fixture
def calls(merchant: Merchant) -> ShopCalls:
    """The calls to the shop, from now on."""
    return ShopCalls().watch(merchant.shop)


def come_back(merchant: Merchant, orders: int) -> None:
    """Remove the app, take orders meanwhile, and open it again; the history is yet to be loaded."""
    merchant.shop.uninstall()
    merchant.catch_up()
    fill(merchant.shop.store, orders)
    forget_files(merchant)
    merchant.open_app()
    drain(str(merchant.id))  # The news of its removal is old by now.


def forget_files(merchant: Merchant) -> None:
    """Let the shop no longer have the files of earlier histories, which would be read again."""
    for operation in merchant.shop.bulk.listed():
        merchant.shop.bulk.expire(operation)


def later(merchant: Merchant, seconds: float) -> None:
    """Let time go by: for the shop's points, for what we know of them, and for what waits."""
    merchant.shop.restore_points(seconds)
    redis = merchant.context.redis
    for key in redis.keys("bazgasht:cost:*"):
        redis.hset(key, "at", float(redis.hget(key, "at") or 0) - seconds)
    with merchant.scope() as session:
        for table, column in (
            ("inbox_events", "next_attempt_at"),
            ("inbox_events", "leased_until"),
            ("write_backs", "next_attempt_at"),
            ("progress", "updated_at"),
        ):
            session.execute(
                text(f"UPDATE {table} SET {column} = {column} - :time"),  # noqa: S608
                {"time": timedelta(seconds=seconds)},
            )


def events(merchant: Merchant) -> dict[str, int]:
    """How many events there are by state."""
    with merchant.scope() as session:
        rows = session.execute(text("SELECT state, count(*) FROM inbox_events GROUP BY state"))
        return {row[0]: row[1] for row in rows}


def written(merchant: Merchant) -> set[tuple[str, int]]:
    """The states of what is written back, with how often it was refused."""
    with merchant.scope() as session:
        rows = session.execute(text("SELECT DISTINCT state, attempts FROM write_backs"))
        return {(row[0], row[1]) for row in rows}


def balances(merchant: Merchant) -> list[int]:
    """The entries of the ledger."""
    with merchant.scope() as session:
        return sorted(session.scalars(select(PointEntry.points)))


def loaded(merchant: Merchant) -> tuple[str, int, str | None]:
    """How far the orders' history is: state, orders, and what stopped it."""
    with merchant.scope() as session:
        statement = select(Progress).where(Progress.task == "backfill: orders")
        row = session.scalars(statement).one()
        return row.state, row.done, row.last_error


def points_in_shop(merchant: Merchant, email: str) -> str | None:
    """The points that the customer is shown."""
    found = merchant.shop.services.notes(merchant.shop.store.customers[merchant.customer(email)])
    return next((str(value) for key, value in found if key == "points"), None)


def refreshes(merchant: Merchant) -> int:
    """How often the shop has given new tokens for old ones."""
    return merchant.shop.shop.tokens.refreshes


# --- tokens that run out ---


def test_tokens_that_run_out_again_and_again_while_a_history_is_loaded(
    merchant: Merchant, calls: ShopCalls
) -> None:
    come_back(merchant, 230)
    calls.names.clear()
    calls.statuses.clear()
    before = refreshes(merchant)

    def run_out(name: str) -> None:
        if name not in (RENEWAL, FILE) and len(calls.names) % 3 == 0:
            merchant.shop.expire_access_tokens()

    calls.after = run_out
    work_off(merchant.context)
    assert loaded(merchant) == ("done", 230, None)
    assert balances(merchant) == [12] * 230
    assert refreshes(merchant) - before == calls.count(RENEWAL) >= 3
    assert 401 in calls.statuses
    assert merchant.state() == "active"


def test_tokens_that_run_out_between_two_writes(merchant: Merchant, calls: ShopCalls) -> None:
    for email in (ADA, SARA):
        merchant.buy(email, BEANS, FILTERS)
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    recompute(str(merchant.id))

    def run_out(name: str) -> None:
        if name == "MetafieldsSet":
            merchant.shop.expire_access_tokens()

    calls.after = run_out
    work_off(merchant.context)
    assert written(merchant) == {("done", 0)}
    assert [points_in_shop(merchant, email) for email in (ADA, SARA)] == ["27", "27"]
    assert merchant.shop.services.recommended_ids(
        merchant.shop.store.products[merchant.product(BEANS)]
    )[:1] == [merchant.product(FILTERS)]
    assert refreshes(merchant) == calls.count(RENEWAL) >= 2


def test_an_answer_lost_after_the_shop_rotated_is_asked_for_again(
    merchant: Merchant, calls: ShopCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    merchant.buy(ADA, TEA)
    merchant.shop.expire_access_tokens()
    # A call is repeated three times, and a second one made before the shop is given up.
    merchant.shop.add_fault(Fault("half_answer", times=8, path=oauth.PATH))
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    assert (refreshes(merchant), balances(merchant)) == (8, [])
    assert merchant.state() == "active"
    assert set(events(merchant)) == {"handled", "waiting"}
    later(merchant, 60)
    merchant.catch_up()
    assert (refreshes(merchant), balances(merchant)) == (9, [12])
    assert points_in_shop(merchant, ADA) == "12"
    assert set(events(merchant)) == {"handled"}


def test_a_shop_whose_tokens_are_past_renewing_waits_for_its_merchant(merchant: Merchant) -> None:
    merchant.shop.shop.tokens.revoke()
    merchant.buy(ADA, TEA)
    merchant.catch_up()
    assert (merchant.state(), balances(merchant)) == ("disconnected", [])
    merchant.open_app()
    merchant.catch_up()
    assert (merchant.state(), balances(merchant)) == ("active", [12])
    assert points_in_shop(merchant, ADA) == "12"


def test_tokens_renewed_for_an_earlier_installation_are_not_kept(merchant: Merchant) -> None:
    context = merchant.context
    keeper = StoreTokenKeeper(
        context.engine, context.vault, active_store(context, merchant.id).credentials
    )
    with keeper.exclusive() as tokens:
        pass  # What the shop has answered by now is saved late.
    merchant.shop.uninstall()
    merchant.catch_up()
    keeper.save(tokens)
    assert merchant.state() == "uninstalled"
    merchant.open_app()
    keeper.save(tokens)
    credentials = active_store(context, merchant.id).credentials
    kept = Tokens.read(credentials.secret.encode())
    assert kept.access_token != tokens.access_token
    assert merchant.shop.shop.tokens.holder(kept.access_token) is not None


# --- points that are used up ---


def use_up(merchant: Merchant, status: int) -> None:
    """Use the shop's points up, so that they take a minute and more to come back."""
    merchant.shop.limit_rate(throttled_status=status, restore_rate=0.1)
    merchant.shop.empty_bucket()


def ask_for_what_is_due(merchant: Merchant) -> int:
    """Do what the scheduler asks for in a while; how many jobs that were."""
    asked = 0
    for _ in range(5):
        asked += sweep.enqueue_due(merchant.context)
        sweep.resume_histories(merchant.context)
        work_off(merchant.context)
    return asked


@pytest.mark.parametrize("status", [200, 429])
def test_events_wait_for_a_shop_that_throttles(
    merchant: Merchant, calls: ShopCalls, status: int
) -> None:
    use_up(merchant, status)
    for email in (ADA, SARA):
        merchant.buy(email, TEA)
    merchant.catch_up()
    assert calls.statuses == [status]
    assert (balances(merchant), set(events(merchant))) == ([], {"handled", "waiting"})
    assert ask_for_what_is_due(merchant) == 0
    assert calls.statuses == [status]
    later(merchant, 3600)
    ask_for_what_is_due(merchant)
    assert (balances(merchant), set(events(merchant))) == ([12, 12], {"handled"})
    later(merchant, 3600)
    ask_for_what_is_due(merchant)
    assert [points_in_shop(merchant, email) for email in (ADA, SARA)] == ["12", "12"]
    assert merchant.state() == "active"


@pytest.mark.parametrize("status", [200, 429])
def test_writes_wait_for_a_shop_that_throttles(
    merchant: Merchant, calls: ShopCalls, status: int
) -> None:
    merchant.buy(ADA, TEA)
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    use_up(merchant, status)
    calls.statuses.clear()
    work_off(merchant.context)
    assert calls.statuses == [status]
    assert written(merchant) == {("waiting", 1)}
    assert ask_for_what_is_due(merchant) == 0
    assert calls.statuses == [status]
    later(merchant, 3600)
    assert ask_for_what_is_due(merchant) > 0
    assert written(merchant) == {("done", 0)}
    assert points_in_shop(merchant, ADA) == "12"


@pytest.mark.parametrize("status", [200, 429])
def test_a_history_waits_for_a_shop_that_throttles(
    merchant: Merchant, calls: ShopCalls, status: int
) -> None:
    come_back(merchant, 230)
    use_up(merchant, status)
    calls.statuses.clear()
    work_off(merchant.context)
    assert calls.statuses == [status]
    assert ask_for_what_is_due(merchant) == 0
    assert calls.statuses == [status]
    for _ in range(10):
        later(merchant, 3600)
        ask_for_what_is_due(merchant)
    assert loaded(merchant) == ("done", 230, None)
    assert balances(merchant) == [12] * 230


# --- leaving in the middle of a history ---


def everything(merchant: Merchant) -> dict[str, Any]:
    """Each table of the store's data, row by row, without what the inbox says of itself."""
    tables = [
        *("stores", "customers", "orders", "order_lines", "products", "point_entries"),
        *("write_backs", "progress", "recommendations", "product_affinities"),
    ]
    with merchant.scope() as session:
        return {
            table: [
                tuple(row)
                for row in session.execute(text(f"SELECT t::text FROM {table} t ORDER BY 1"))  # noqa: S608
            ]
            for table in tables
        }


def leave(merchant: Merchant) -> None:
    """Remove the app, and handle the news of it as a worker of events does."""
    merchant.shop.uninstall()
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))


def test_leaving_while_a_history_is_loaded_fences_the_job_at_once(
    merchant: Merchant, calls: ShopCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGES_AT_ONCE", 1)
    come_back(merchant, 1000)
    is_half_way, may_go_on = Event(), Event()

    def stop_half_way(name: str) -> None:
        # The third file is that of the orders: it breaks off, and is gone on with.
        if name == "BulkStart" and calls.count(name) == 3:
            merchant.shop.add_fault(Fault("half_answer", times=1, path="/bulk-results/"))
        if name == FILE and calls.count(name) == 4:
            is_half_way.set()
            may_go_on.wait(30)

    calls.names.clear()
    calls.after = stop_half_way
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(history.install, str(merchant.id))
        assert is_half_way.wait(30)
        state, done, _ = loaded(merchant)
        assert state == "running"
        assert 0 < done < 1000
        leave(merchant)
        assert merchant.state() == "uninstalled"
        before = everything(merchant)
        may_go_on.set()
        loading.result(30)
    assert everything(merchant) == before
    check_that_nothing_happens(merchant, calls)
    check_that_it_comes_back_whole(merchant, 1000)


def check_that_nothing_happens(merchant: Merchant, calls: ShopCalls) -> None:
    """No job of a store that has left asks the shop anything or changes anything."""
    calls.names.clear()
    merchant.context.redis.flushdb()
    for function in queue._QUEUE_OF:
        if function != queue.PRUNE:
            assert queue.enqueue(merchant.context.redis, function, merchant.id)
    later(merchant, 3600)
    before = everything(merchant)
    ask_for_what_is_due(merchant)
    assert everything(merchant) == before
    assert calls.names == []


def check_that_it_comes_back_whole(merchant: Merchant, orders: int) -> None:
    """Opened again, the app loads everything once and shows it."""
    merchant.open_app()
    merchant.catch_up()
    assert merchant.state() == "active"
    assert loaded(merchant) == ("done", orders, None)
    assert balances(merchant) == [12] * orders
    with merchant.scope() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == orders
    merchant.buy(ADA, TEA)
    merchant.catch_up()
    assert points_in_shop(merchant, ADA) == "12"
    assert set(events(merchant)) == {"handled"}


def test_leaving_while_the_shop_writes_the_file_ends_the_store(
    merchant: Merchant, calls: ShopCalls
) -> None:
    come_back(merchant, 120)
    merchant.shop.bulk.hold()

    def leave_at_once(name: str) -> None:
        if name == "BulkOperation":
            calls.after = lambda _name: None
            merchant.shop.uninstall()

    calls.after = leave_at_once
    history.install(str(merchant.id))
    # The job was refused before the news was handled, which says why.
    assert merchant.state() == "disconnected"
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    work_off(merchant.context)
    assert merchant.state() == "uninstalled"
    merchant.shop.bulk.release()
    check_that_nothing_happens(merchant, calls)
    check_that_it_comes_back_whole(merchant, 120)


def test_a_job_of_an_earlier_installation_changes_nothing(merchant: Merchant) -> None:
    before: ActiveStore = active_store(merchant.context, merchant.id)
    leave(merchant)
    merchant.open_app()
    assert merchant.state() == "active"
    with pytest.raises(NotActive), merchant.scope() as session:
        absorb(session, before, [])
    with merchant.scope() as session:
        absorb(session, active_store(merchant.context, merchant.id), [])


def test_what_the_shop_dropped_with_the_app_is_shown_again(merchant: Merchant) -> None:
    merchant.buy(ADA, BEANS, FILTERS)
    merchant.catch_up()
    recompute(str(merchant.id))
    work_off(merchant.context)
    beans = merchant.shop.store.products[merchant.product(BEANS)]
    shown = merchant.shop.services.recommended_ids(beans)
    assert (points_in_shop(merchant, ADA), shown[0]) == ("27", merchant.product(FILTERS))
    leave(merchant)
    merchant.shop.shop.metafields.by_owner.clear()
    forget_files(merchant)
    merchant.open_app()
    merchant.catch_up()
    assert points_in_shop(merchant, ADA) == "27"
    assert merchant.shop.services.recommended_ids(beans) == shown


def test_no_notice_ends_a_store_whose_key_works(merchant: Merchant) -> None:
    merchant.shop.installation.events.tell(
        "app/uninstalled", merchant.shop.installation.about_shop()
    )
    merchant.catch_up()
    assert merchant.state() == "active"
    with merchant.scope() as session:
        row = session.scalars(select(Store)).one()
        row.state = "disconnected"
    merchant.shop.installation.events.tell(
        "app/uninstalled", merchant.shop.installation.about_shop()
    )
    merchant.catch_up()
    assert merchant.state() == "active"
