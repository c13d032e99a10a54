"""The queues may forget everything at any moment: what is due stands in the tables."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bazgasht.composition import redis_client
from database import stores
from database.session import connect
from jobs import queue, schedule
from jobs.context import Context, current
from jobs.schedule import TASKS, Task, run_tasks
from jobs.sweep import enqueue_due, prune
from tests.conftest import Installed, work_off
from tests.database.rows import new_store
from tests.jobs.state import events, points, write_backs
from tests.shop import Shop

ADA, SARA = "ada@example.test", "sara@example.test"


def waiting(redis: Redis, name: str = queue.EVENTS) -> int:
    return Queue(name, connection=redis).count


def test_a_burst_of_events_asks_for_one_job(context: Context) -> None:
    store = uuid4()
    assert [queue.enqueue(context.redis, queue.DRAIN, store) for _ in range(5)] == [True] + [
        False
    ] * 4
    assert waiting(context.redis) == 1
    assert queue.enqueue(context.redis, queue.DRAIN, uuid4())
    assert queue.enqueue(context.redis, queue.WRITE_BACK, store)


def test_every_job_that_can_be_asked_for_is_loaded_by_the_workers() -> None:
    for name in queue.QUEUES:
        queue.load_jobs(name)
    named = [
        value
        for name, value in vars(queue).items()
        if name.isupper() and str(value).startswith("jobs.")
    ]
    assert len(named) >= 10
    for path in named:
        module, _, function = path.rpartition(".")
        assert callable(getattr(sys.modules[module], function))


def test_a_job_that_has_begun_can_be_asked_for_again(context: Context) -> None:
    store = uuid4()
    queue.enqueue(context.redis, queue.DRAIN, store)
    queue.started(context.redis, queue.DRAIN, str(store))
    assert queue.enqueue(context.redis, queue.DRAIN, store)


def test_the_flag_of_a_lost_job_ends_by_itself(context: Context) -> None:
    store = uuid4()
    queue.enqueue(context.redis, queue.DRAIN, store)
    (flag,) = context.redis.keys("bazgasht:enqueued:*")
    assert 0 < context.redis.ttl(flag) <= queue.FLAG_SECONDS == 10
    context.redis.delete("rq:queue:events")
    context.redis.pexpire(flag, 1)
    while context.redis.exists(flag):
        pass
    assert queue.enqueue(context.redis, queue.DRAIN, store)
    assert waiting(context.redis) == 1


def test_every_job_can_be_called_by_its_name(context: Context) -> None:
    names = set(queue._QUEUE_OF)
    assert len(names) >= 7
    for name in sorted(names):
        store = new_store(context.engine, name.replace(".", "-"), state="uninstalled")
        assert queue.enqueue(context.redis, name, store)
    work_off(context)
    assert {store.state for store in stores.all_stores(context.engine)} == {"uninstalled"}


def test_a_queue_that_is_away_is_no_error(context: Context) -> None:
    away = redis_client("redis://127.0.0.1:1")
    assert not queue.enqueue(away, queue.DRAIN, uuid4())
    queue.started(away, queue.DRAIN, str(uuid4()))
    assert not queue.answers(away)
    assert queue.answers(context.redis)


def test_what_waits_is_asked_for_by_the_sweep(installed: Installed, shop: Shop) -> None:
    context = installed.context
    shop.order("Green Tea", email=ADA)
    installed.sandbox.drain_deliveries()
    context.redis.flushdb()
    assert enqueue_due(context) == 0  # The events are too young to have been forgotten.
    later(installed)
    enqueue_due(context)
    assert waiting(context.redis) == 1
    work_off(context)
    with installed.scope() as session:
        assert points(session) == {f"account:{shop.customer_id(ADA)}": 12}


def later(installed: Installed) -> None:
    """Let so much time go by that everything is due."""
    with installed.scope() as session:
        for table, column in (
            ("inbox_events", "next_attempt_at"),
            ("inbox_events", "leased_until"),
            ("write_backs", "next_attempt_at"),
            ("stores", "changed_at"),
        ):
            session.execute(text(f"UPDATE {table} SET {column} = {column} - interval '1 hour'"))  # noqa: S608


def test_forgetting_everything_again_and_again_loses_nothing(
    installed: Installed, shop: Shop
) -> None:
    chance, context = random.Random(7), installed.context
    for email in (ADA, SARA) * 2:
        shop.order("House Blend Beans", "Paper Filters", email=email)
        installed.sandbox.drain_deliveries()
        context.redis.flushdb()
    for _ in range(40):
        later(installed)
        enqueue_due(context)
        waiting_queues = [name for name in queue.QUEUES if waiting(context.redis, name)]
        if not waiting_queues:
            break
        # Of the jobs that are asked for some are done, and all are forgotten.
        if chance.random() < 0.6:
            run_one(context, chance.choice(waiting_queues))
        context.redis.flushdb()
    assert waiting_queues == []
    installed.sandbox.drain_deliveries()
    later(installed)
    enqueue_due(context)
    work_off(context)
    assert {state for _, state, _ in events(installed)} == {"handled"}
    assert {row.state for row in write_backs(installed).values()} == {"done"}
    assert shop.meta(ADA)["bazgasht_points"] == shop.meta(SARA)["bazgasht_points"] == "54"
    assert shop.product_id("Paper Filters") in shop.cross_sells("House Blend Beans")


def run_one(context: Context, name: str) -> None:
    job = Queue(name, connection=context.redis).jobs[0]
    job.func(*job.args)


def note(ran: list[str], name: str, _: Context) -> None:
    ran.append(name)


def test_each_task_runs_once_a_tick_whoever_schedules(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    tasks = tuple(Task(name, 86_400, partial(note, ran, name)) for name in ("t0", "t1", "t2"))
    monkeypatch.setattr(schedule, "TASKS", tasks)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run_tasks(context), range(8)))
    assert sorted(ran) == ["t0", "t1", "t2"]


def test_no_tick_is_claimed_while_the_queue_is_away(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(schedule, "TASKS", (Task("t", 86_400, lambda _: ran.append("t")),))
    run_tasks(replace(context, redis=redis_client("redis://127.0.0.1:1")))
    assert ran == []
    run_tasks(context)
    assert ran == ["t"]


def test_the_tasks_reach_every_store_that_uses_the_app(context: Context) -> None:
    for name in ("active", "disconnected", "leaving", "uninstalled"):
        new_store(context.engine, name, state=name)
    run_tasks(context)
    jobs = Queue(queue.HISTORY, connection=context.redis).jobs
    asked = {(job.func_name, UUID(job.args[0])) for job in jobs}
    reached = {s.id for s in stores.all_stores(context.engine) if s.state[0] in "ad"}
    for function in (queue.RECONCILE, queue.COMPARE, queue.PRUNE):
        assert {store for name, store in asked if name == function} == reached
    assert len({task.name for task in TASKS}) == len(TASKS)


def test_the_scheduler_goes_on_after_the_database_was_away(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, seen = Event(), []

    def due(_: Context) -> int:
        seen.append(1)
        if len(seen) == 1:
            raise OperationalError("SELECT 1", {}, Exception("away"))
        stop.set()
        return 0

    monkeypatch.setattr(schedule, "enqueue_due", due)
    monkeypatch.setattr(schedule, "run_tasks", lambda _: None)
    monkeypatch.setattr(schedule, "POLL_SECONDS", 0.01)
    monkeypatch.setattr("jobs.schedule.time.sleep", lambda _: None)
    thread = Thread(target=schedule.run, args=(context, stop))
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert len(seen) == 2


def test_pruning_forgets_what_is_old(installed: Installed, shop: Shop) -> None:
    shop.order("Green Tea", email=ADA)
    installed.catch_up()
    with installed.scope() as session:
        session.execute(
            text(
                "UPDATE inbox_events SET handled_at = handled_at - interval '31 days' WHERE id = 1"
            )
        )
    count = len(events(installed))
    prune(str(installed.id))
    assert len(events(installed)) == count - 1


def test_a_process_without_connections_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.context import _Holder  # noqa: PLC0415

    monkeypatch.setattr(_Holder, "context", None)
    with pytest.raises(RuntimeError, match=r"jobs\.context\.use"):
        current()


def test_a_pool_gives_each_thread_a_connection(context: Context) -> None:
    engine = connect(context.engine.url.render_as_string(hide_password=False), pool_size=2)
    with ThreadPoolExecutor(7) as pool:
        found = list(pool.map(lambda _: len(stores.all_stores(engine)), range(20)))
    engine.dispose()
    assert found == [0] * 20
