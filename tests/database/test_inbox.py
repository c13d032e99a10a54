"""The inbox: each event once, leased by the database's clock, tried again, given up, replayed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from database import inbox, stores
from database.models import InboxEvent
from database.session import store_transaction
from tests.database.conftest import Scope
from tests.database.rows import event, new_store


def row(scope: Scope) -> InboxEvent:
    with scope() as session:
        return session.scalars(select(InboxEvent)).one()


def put(scope: Scope, store_id: UUID, *keys: str) -> None:
    with scope() as session:
        inbox.put(session, [event(store_id, key) for key in keys])


def run(scope: Scope, statement: str) -> None:
    with scope() as session:
        session.execute(text(statement))


def test_an_event_is_kept_as_it_came(scope: Scope, store_id: UUID) -> None:
    body = '{"name": "سارا 😀\\u0000"}'.encode() * 1000
    with scope() as session:
        inbox.put(session, [event(store_id, "k", body)])
    with scope() as session:
        _, leased = inbox.lease(session, 10)
    assert [(e.topic, e.body, e.attempts) for e in leased] == [("order.updated", body, 0)]
    assert len(row(scope).body) < len(body) / 10


def test_the_same_event_twice_is_one_row(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, "k", "k")
    put(scope, store_id, "k")
    first = row(scope)
    assert (first.state, first.attempts, first.lease) == ("waiting", 0, None)


def test_the_same_key_in_two_stores_is_two_events(engine: Engine) -> None:
    for name in ("a", "b"):
        store_id = new_store(engine, name)
        with store_transaction(engine, store_id) as session:
            inbox.put(session, [event(store_id, "k")])
            assert len(inbox.lease(session, 10)[1]) == 1


def test_an_event_that_comes_again_after_it_was_handled_waits_anew(
    scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        lease, (leased,) = inbox.lease(session, 10)
        inbox.settle(session, lease, [leased.id])
    handled = row(scope)
    assert (handled.state, handled.handled_at is None) == ("handled", False)
    put(scope, store_id, "k")
    again = row(scope)
    assert (again.state, again.handled_at, again.attempts) == ("waiting", None, 0)
    assert again.received_at > handled.received_at


def test_an_event_that_comes_again_while_it_is_handled_is_handled_once_more(
    scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        lease, (leased,) = inbox.lease(session, 10)
    put(scope, store_id, "k")
    with scope() as session:
        inbox.settle(session, lease, [leased.id])
    assert row(scope).state == "waiting"


def test_an_event_that_waits_for_its_next_try_keeps_waiting_when_it_comes_again(
    scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        lease, (leased,) = inbox.lease(session, 10)
        inbox.fail(session, lease, leased, "away", permanent=False)
    before = row(scope)
    put(scope, store_id, "k")
    after = row(scope)
    assert (after.next_attempt_at, after.attempts) == (before.next_attempt_at, 1)


def test_a_dead_event_that_comes_again_is_tried_again_unless_it_is_broken(
    scope: Scope, store_id: UUID
) -> None:
    with scope() as session:
        inbox.put(session, [event(store_id, "broken", dead="not JSON"), event(store_id, "k")])
        lease, (leased,) = inbox.lease(session, 10)
        inbox.fail(session, lease, leased, "no", permanent=True)
    with scope() as session:
        inbox.put(session, [event(store_id, "broken", dead="not JSON"), event(store_id, "k")])
        states = session.execute(select(InboxEvent.key, InboxEvent.state, InboxEvent.last_error))
        assert {tuple(r) for r in states} == {
            ("broken", "dead", "not JSON"),
            ("k", "waiting", None),
        }


def test_the_oldest_events_are_leased_first_and_no_more_than_asked_for(
    scope: Scope, store_id: UUID
) -> None:
    for key in ("c", "a", "b"):
        put(scope, store_id, key)
    with scope() as session:
        _, leased = inbox.lease(session, 2)
        assert [e.id for e in leased] == [1, 2]
        _, rest = inbox.lease(session, 2)
        assert [e.id for e in rest] == [3]


def test_a_lease_ends_by_the_databases_clock(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        inbox.lease(session, 10)
    with scope() as session:
        left = session.execute(
            text("SELECT leased_until - clock_timestamp() FROM inbox_events")
        ).scalar_one()
        assert timedelta(seconds=28) < left <= inbox.LEASE == timedelta(seconds=30)
        assert inbox.lease(session, 10)[1] == []
    run(scope, "UPDATE inbox_events SET leased_until = clock_timestamp() - interval '1 ms'")
    with scope() as session:
        assert len(inbox.lease(session, 10)[1]) == 1


def test_who_lost_the_lease_settles_fails_and_releases_nothing(
    scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        lost, (leased,) = inbox.lease(session, 10)
    run(scope, "UPDATE inbox_events SET leased_until = clock_timestamp() - interval '1 ms'")
    with scope() as session:
        held, _ = inbox.lease(session, 10)
    with scope() as session:
        inbox.settle(session, lost, [leased.id])
        inbox.fail(session, lost, leased, "late", permanent=True)
        inbox.release(session, lost, [leased.id])
    assert (row(scope).state, row(scope).lease, row(scope).last_error) == ("waiting", held, None)


def test_what_is_released_can_be_leased_at_once(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, "k")
    with scope() as session:
        lease, (leased,) = inbox.lease(session, 10)
        inbox.release(session, lease, [leased.id])
        assert len(inbox.lease(session, 10)[1]) == 1


def test_releasing_a_lease_keeps_the_waiting_time_of_what_failed(
    scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "a", "b")
    with scope() as session:
        lease, (first, second) = inbox.lease(session, 10)
        inbox.fail(session, lease, first, "away", permanent=False)
        inbox.release(session, lease, [first.id, second.id])
    with scope() as session:
        assert [e.id for e in inbox.lease(session, 10)[1]] == [2]


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 2), (2, 4), (3, 8), (10, 1024), (11, 2048), (12, 3600), (19, 3600)],
)
def test_the_waits_double_up_to_an_hour(attempts: int, seconds: float) -> None:
    assert inbox.retry_seconds(attempts) == seconds


@pytest.mark.parametrize(("asked", "least", "most"), [(None, 1.5, 2.5), (100.0, 75.0, 125.0)])
def test_a_failed_event_waits_with_jitter_and_as_long_as_the_store_asked(
    scope: Scope, store_id: UUID, asked: float | None, least: float, most: float
) -> None:
    keys = [f"k{n}" for n in range(20)]
    put(scope, store_id, *keys)
    with scope() as session:
        lease, events = inbox.lease(session, 20)
        waits = []
        for leased in events:
            before = stores.now(session)
            inbox.fail(session, lease, leased, "away", permanent=False, retry_after=asked)
            after = stores.now(session)
            due = session.scalars(
                select(InboxEvent.next_attempt_at).where(InboxEvent.id == leased.id)
            ).one()
            assert before + timedelta(seconds=least) <= due <= after + timedelta(seconds=most)
            waits.append((due - before).total_seconds())
    assert max(waits) - min(waits) > (most - least) / 4


def test_an_event_is_given_up_after_twenty_tries_or_at_once(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, "k")
    for attempt in range(1, 21):
        assert row(scope).state == "waiting"
        with scope() as session:
            session.execute(text("UPDATE inbox_events SET next_attempt_at = clock_timestamp()"))
            lease, (leased,) = inbox.lease(session, 10)
            assert leased.attempts == attempt - 1
            inbox.fail(session, lease, leased, "away", permanent=False)
    assert (row(scope).state, row(scope).attempts, row(scope).last_error) == ("dead", 20, "away")
    put(scope, store_id, "poison")
    with scope() as session:
        lease, (leased,) = inbox.lease(session, 10)
        inbox.fail(session, lease, leased, "x" * 2000, permanent=True)
    with scope() as session:
        poisoned = session.scalars(select(InboxEvent).where(InboxEvent.key == "poison")).one()
        assert (poisoned.state, poisoned.attempts, len(poisoned.last_error or "")) == (
            "dead",
            1,
            1000,
        )


def test_dead_events_are_replayed_one_by_one_or_all(scope: Scope, store_id: UUID) -> None:
    with scope() as session:
        inbox.put(session, [event(store_id, key, dead="no") for key in "abc"])
        assert [e.id for e in inbox.listing(session, "dead")] == [3, 2, 1]
        assert inbox.replay(session, 2) == 1
        assert inbox.replay(session, 2) == 0
        assert [e.id for e in inbox.lease(session, 10)[1]] == [2]
        assert inbox.replay(session) == 2
        assert [e.id for e in inbox.lease(session, 10)[1]] == [1, 3]
        assert inbox.listing(session, "dead") == []


def test_two_who_lease_at_once_share_the_events(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, *(f"{n:03}" for n in range(60)))

    def lease(_: int) -> list[int]:
        with scope() as session:
            return [e.id for e in inbox.lease(session, 20)[1]]

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(lease, range(3)))
    assert sorted(n for share in shares for n in share) == list(range(1, 61))


def test_two_who_keep_the_same_events_do_not_wait_for_each_other_for_ever(
    engine: Engine, scope: Scope, store_id: UUID
) -> None:
    keys = [f"{n:03}" for n in range(100)]
    put(scope, store_id, *keys)

    def keep(order: list[str]) -> None:
        for _ in range(10):
            inbox.keep(engine, [event(store_id, key) for key in order])

    def handle(order: list[str]) -> None:
        for _ in order[:10]:
            with scope() as session:
                lease, events = inbox.lease(session, 100)
                inbox.settle(session, lease, [e.id for e in events])

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(f, keys[::step]) for f, step in ((keep, 1), (keep, -1), (handle, 1))]
        for work in working:
            work.result(timeout=30)


def test_an_event_comes_in_while_a_batch_is_being_applied(engine: Engine, store_id: UUID) -> None:
    with store_transaction(engine, store_id) as busy:
        stores.get(busy, lock=True)
        stores.mark_dirty(busy)
        with store_transaction(engine, store_id) as session:
            session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            inbox.put(session, [event(store_id, "k")])


def test_old_handled_events_are_forgotten_and_others_kept(scope: Scope, store_id: UUID) -> None:
    put(scope, store_id, "old", "young", "waiting")
    with scope() as session:
        lease, leased = inbox.lease(session, 2)
        inbox.settle(session, lease, [e.id for e in leased])
        session.execute(
            text("UPDATE inbox_events SET handled_at = now() - interval '31 days' WHERE id = 1")
        )
        assert inbox.prune(session, timedelta(days=30)) == 1
        assert session.scalars(select(InboxEvent.id).order_by(InboxEvent.id)).all() == [2, 3]


def test_the_health_of_every_inbox_is_told(engine: Engine, scope: Scope, store_id: UUID) -> None:
    new_store(engine, "gone", state="uninstalled")
    put(scope, store_id, "a", "b")
    with scope() as session:
        inbox.put(session, [event(store_id, "c", dead="no")])
        session.execute(text("UPDATE inbox_events SET received_at = now() - interval '10 s'"))
    (health,) = stores.inbox_health(engine)
    assert (health.store_id, health.waiting, health.dead) == (store_id, 2, 1)
    assert 10 <= (health.oldest_seconds or 0) < 20
    assert health.last_delivery is not None


def test_stores_with_events_that_wait_are_found(
    engine: Engine, scope: Scope, store_id: UUID
) -> None:
    put(scope, store_id, "k")
    assert stores.to_drain(engine, timedelta(seconds=3)) == []
    assert stores.to_drain(engine, timedelta(0)) == [store_id]
    run(scope, "UPDATE inbox_events SET leased_until = clock_timestamp() + interval '1 s'")
    assert stores.to_drain(engine, timedelta(0)) == []
    run(scope, "UPDATE inbox_events SET leased_until = clock_timestamp() - interval '1 s'")
    assert stores.to_drain(engine, timedelta(0)) == [store_id]
    run(scope, "UPDATE stores SET state = 'disconnected'")
    assert stores.to_drain(engine, timedelta(0)) == []
