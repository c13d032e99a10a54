"""Loading a store's history: interrupted, resumed, counted, with what cannot be read listed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from connector.platform import Credentials
from database import stores
from database.models import Order, PointEntry, Progress
from database.session import store_transaction
from jobs import history, installation, sweep
from jobs.context import Context
from sandbox import clock
from sandbox.operations import orders as store_orders
from sandbox.records import Order as StoreOrder
from sandbox.server import RunningStore
from sandbox.store import Store
from tests.conftest import Installed, work_off
from tests.jobs.conftest import Calls, set_settings, settle
from tests.jobs.state import orders, points

Break = Callable[[str, int], None]


def fill(store: Store, count: int) -> None:
    """Place paid orders of one product, worth 12.00 each, by guests of their own."""
    green = next(p for p in store.products.values() if p.name == "Green Tea")
    with store.lock:
        for number in range(count):
            moment = clock.now() - count + number
            order = StoreOrder(
                id=store.next_post_id(),
                status="completed",
                currency="USD",
                created=moment,
                modified=moment,
                customer_id=0,
                billing={"email": f"buyer{number}@example.test"},
                shipping={},
                lines=(store_orders.new_line(store, green.id, 0, 1),),
            )
            store_orders.place(store, order)


@pytest.fixture
def breaking(sandbox: RunningStore, monkeypatch: pytest.MonkeyPatch) -> Break:
    """Let the store fail at a page of a listing, as often as a call is repeated."""
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    inner = sandbox.server.application
    broken: dict[str, int] = {}

    def failing(environ: Any, start_response: Any) -> Any:
        query = f"&{environ['QUERY_STRING']}&"
        for place, times in broken.items():
            path, _, page = place.partition(" ")
            if times and environ["PATH_INFO"].endswith(path) and f"&page={page}&" in query:
                broken[place] -= 1
                start_response("502 Bad Gateway", [("Content-Type", "text/html")])
                return [b"<html>bad gateway</html>"]
        return inner(environ, start_response)

    sandbox.server.application = failing
    return lambda place, times: broken.update({place: times})


def connect(context: Context, sandbox: RunningStore) -> Installed:
    key = sandbox.new_key()
    credentials = Credentials(sandbox.url, key.consumer_key, key.consumer_secret)
    store_id = installation.connect(context, "woocommerce", credentials)
    return Installed(context, sandbox, store_id)


def progress(installed: Installed, task: str = "backfill: orders") -> Progress:
    with installed.scope() as session:
        return session.scalars(select(Progress).where(Progress.task == task)).one()


def counted(installed: Installed, task: str = "backfill: orders") -> tuple[str, int, int, int, int]:
    row = progress(installed, task)
    return row.state, row.page, row.pages, row.done, row.total


def test_the_progress_of_a_history_is_counted(context: Context, sandbox: RunningStore) -> None:
    fill(sandbox.store, 230)
    installed = connect(context, sandbox)
    assert counted(installed) == ("running", 0, 0, 0, 0)
    work_off(context)
    assert counted(installed) == ("done", 3, 3, 230, 230)
    assert counted(installed, "backfill: products") == ("done", 1, 1, 12, 12)
    assert counted(installed, "backfill: customers") == ("done", 1, 1, 5, 5)
    assert counted(installed, "backfill: categories") == ("done", 1, 1, 5, 5)
    with installed.scope() as session:
        assert sum(points(session).values()) == 230 * 12


def test_an_interrupted_history_resumes_behind_what_is_kept(
    context: Context, sandbox: RunningStore, breaking: Break
) -> None:
    fill(sandbox.store, 330)
    breaking("/orders 3", 4)
    installed = connect(context, sandbox)
    work_off(context)
    assert counted(installed) == ("running", 2, 4, 200, 330)
    assert "502" in (progress(installed).last_error or "")
    with installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 200
    # New orders come in while the rest waits.
    fill(sandbox.store, 3)
    settle(installed)
    calls = Calls()
    calls.watch(sandbox)
    stalled(installed)
    sweep.resume_histories(context)
    work_off(context)
    assert counted(installed)[:3] == ("done", 4, 4)
    assert progress(installed).last_error is None
    assert len([path for _, path, _ in calls.made if path == "orders"]) == 2
    with installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 333
        assert session.scalar(select(func.count()).select_from(PointEntry)) == 333


def stalled(installed: Installed) -> None:
    """Let a good while go by."""
    with installed.scope() as session:
        session.execute(text("UPDATE progress SET updated_at = updated_at - interval '2 minutes'"))


def test_a_history_that_moves_is_left_alone(context: Context, sandbox: RunningStore) -> None:
    connect(context, sandbox)
    context.redis.flushdb()
    sweep.resume_histories(context)
    assert context.redis.keys("rq:job:*") == []


def test_a_history_whose_job_was_lost_is_begun_again(
    context: Context, sandbox: RunningStore
) -> None:
    installed = connect(context, sandbox)
    context.redis.flushdb()
    stalled(installed)
    sweep.resume_histories(context)
    work_off(context)
    assert counted(installed, "backfill: products")[0] == "done"


def test_a_crash_between_the_last_page_and_the_end_only_ends(
    context: Context, sandbox: RunningStore
) -> None:
    fill(sandbox.store, 120)
    installed = connect(context, sandbox)
    work_off(context)
    with installed.scope() as session:
        session.execute(
            text("UPDATE progress SET state = 'running' WHERE task LIKE 'backfill: o%'")
        )
    calls = Calls()
    calls.watch(sandbox)
    history.install(str(installed.id))
    assert counted(installed) == ("done", 2, 2, 120, 120)
    assert [path for _, path, _ in calls.made if path == "orders"] == []


def test_a_job_too_many_asks_the_store_nothing(installed: Installed, calls: Calls) -> None:
    history.install(str(installed.id))
    assert calls.made == []


def test_what_cannot_be_read_or_kept_is_listed_and_the_rest_loaded(
    context: Context, sandbox: RunningStore
) -> None:
    fill(sandbox.store, 5)
    too_large, too_many_points, *_ = sandbox.store.orders.values()
    (line,) = too_large.lines
    huge = line._replace(total=900_000_000_000_000_000)  # 9,000,000,000,000,000.00
    too_large.lines, too_many_points.lines = (huge, huge), (huge,)
    key = sandbox.new_key()
    credentials = Credentials(sandbox.url, key.consumer_key, key.consumer_secret)
    store_id = installation.connect(context, "woocommerce", credentials)
    installed = Installed(context, sandbox, store_id)
    set_settings(installed, points_earned=1_000_000, points_per_amount="0.0001")
    work_off(context)
    state, page, pages, done, total = counted(installed)
    rejected = dict(progress(installed).rejected)
    assert (state, page, pages, done + len(rejected), total) == ("done", 1, 1, 5, 5)
    assert "order: total:" in rejected[str(too_large.id)]
    assert "the database cannot keep a value" in rejected[str(too_many_points.id)]
    with installed.scope() as session:
        assert set(orders(session)) == {str(n) for n in sandbox.store.orders} - set(rejected)


def test_installing_again_loads_everything_again_and_doubles_nothing(
    context: Context, sandbox: RunningStore
) -> None:
    fill(sandbox.store, 20)
    installed = connect(context, sandbox)
    work_off(context)
    again = connect(context, sandbox)
    assert again.id == installed.id
    assert counted(installed)[0] == "running"
    work_off(context)
    assert counted(installed) == ("done", 1, 1, 20, 20)
    with installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(PointEntry)) == 20


def test_nothing_is_computed_before_the_history_is_whole(
    context: Context, sandbox: RunningStore, breaking: Break
) -> None:
    fill(sandbox.store, 130)
    breaking("/orders 2", 4)
    installed = connect(context, sandbox)
    work_off(context)
    with store_transaction(context.engine, installed.id) as session:
        session.execute(text("UPDATE stores SET changed_at = now() - interval '1 day'"))
    assert stores.to_compute(context.engine, 60) == []
    history.install(str(installed.id))
    with store_transaction(context.engine, installed.id) as session:
        session.execute(text("UPDATE stores SET changed_at = now() - interval '1 day'"))
    assert stores.to_compute(context.engine, 60) == [installed.id]


def test_a_store_of_nothing_is_loaded_too(context: Context) -> None:
    with RunningStore(Store()) as empty:
        installed = connect(context, empty)
        work_off(context)
        assert counted(installed) == ("done", 1, 0, 0, 0)
        history.install(str(installed.id))
