"""Stores: found by address, dirty until computed, claimed by one at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from database import results, stores
from database.models import ScheduleTick, Store
from database.session import store_lock, store_transaction, transaction
from tests.database.conftest import Scope
from tests.database.rows import new_store


def dirty(scope: Scope, *, since: float, changed: float, quiet: int | None = None) -> None:
    """Make the store dirty since so many seconds, and changed for the last time so many ago."""
    with scope() as session:
        session.execute(
            text(
                "UPDATE stores SET dirty_since = clock_timestamp() - make_interval(secs => :since),"
                " changed_at = clock_timestamp() - make_interval(secs => :changed),"
                " settings = CAST(:settings AS jsonb)"
            ),
            {
                "since": since,
                "changed": changed,
                "settings": "{}" if quiet is None else f'{{"recompute_after_seconds": {quiet}}}',
            },
        )


@pytest.mark.parametrize(
    ("since", "changed", "quiet", "due"),
    [
        (59, 59, None, False),
        (61, 61, None, True),
        (300, 59, None, False),
        (599, 1, None, False),
        (601, 1, None, True),
        (2, 2, 1, True),
        (2, 2, 3, False),
        (31, 1, 3, True),
    ],
)
def test_a_store_is_computed_when_quiet_or_after_ten_times_as_long(
    engine: Engine,
    store_id: UUID,
    scope: Scope,
    since: float,
    changed: float,
    quiet: int | None,
    due: bool,
) -> None:
    dirty(scope, since=since, changed=changed, quiet=quiet)
    assert stores.to_compute(engine, 60) == ([store_id] if due else [])


@pytest.mark.parametrize(("ago", "took", "due"), [(5, 9, False), (9, 5, True), (0, 0, True)])
def test_a_computed_store_rests_for_as_long_as_that_took(
    engine: Engine, store_id: UUID, scope: Scope, ago: float, took: float, due: bool
) -> None:
    dirty(scope, since=100, changed=4, quiet=1)
    with scope() as session:
        results.save_figures(session, {}, (None, None), took)
        session.execute(
            text("UPDATE computations SET computed_at = computed_at - make_interval(secs => :ago)"),
            {"ago": ago},
        )
    assert stores.to_compute(engine, 60) == ([store_id] if due else [])


@pytest.mark.parametrize("state", ["disconnected", "leaving", "uninstalled"])
def test_only_an_active_store_is_computed(
    engine: Engine, store_id: UUID, scope: Scope, state: str
) -> None:
    dirty(scope, since=100, changed=100)
    with scope() as session:
        assert stores.change_state(session, "active", state)
    assert stores.to_compute(engine, 60) == []


def test_a_clean_store_is_not_computed(engine: Engine, store_id: UUID) -> None:
    assert stores.to_compute(engine, 0) == []


def state(scope: Scope) -> tuple[datetime | None, datetime | None]:
    with scope() as session:
        row = session.scalars(select(Store)).one()
        return row.dirty_since, row.changed_at


def test_further_changes_do_not_move_the_beginning(scope: Scope) -> None:
    with scope() as session:
        stores.mark_dirty(session)
    first = state(scope)
    with scope() as session:
        stores.mark_dirty(session)
    second = state(scope)
    assert first[0] == second[0]
    assert first[1] is not None
    assert second[1] is not None
    assert second[1] > first[1]


def test_a_computed_store_is_clean(scope: Scope) -> None:
    with scope() as session:
        stores.mark_dirty(session)
    with scope() as session:
        stores.clear_dirty(session, state(scope)[1], stores.now(session))
    assert state(scope)[0] is None


def test_a_store_that_changed_while_it_was_computed_is_dirty_since_then_only(scope: Scope) -> None:
    dirty(scope, since=10_000, changed=10_000)
    seen = state(scope)[1]
    with scope() as session:
        began = stores.now(session)
        stores.mark_dirty(session)
        stores.clear_dirty(session, seen, began)
    assert state(scope)[0] == began


def test_a_store_is_found_by_platform_and_address(engine: Engine, store_id: UUID) -> None:
    assert stores.find(engine, "woocommerce", "https://a.test") == store_id
    assert stores.find(engine, "woocommerce", "https://b.test") is None
    assert stores.find(engine, "shopify", "https://a.test") is None
    other = new_store(engine, "b", state="uninstalled")
    assert [(s.id, s.state) for s in stores.all_stores(engine)] == [
        (store_id, "active"),
        (other, "uninstalled"),
    ]


def test_a_state_is_changed_only_from_the_one_expected(scope: Scope) -> None:
    with scope() as session:
        assert not stores.change_state(session, "disconnected", "active")
        assert stores.change_state(session, "active", "disconnected")
        assert not stores.change_state(session, "active", "disconnected")


def test_of_many_who_claim_a_tick_one_gets_it(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: stores.claim_tick(engine, "t", 86_400), range(12)))
    assert claims.count(True) == 1
    assert stores.claim_tick(engine, "another", 86_400)


def test_the_next_tick_can_be_claimed_again(engine: Engine) -> None:
    assert stores.claim_tick(engine, "t", 86_400)
    with transaction(engine) as session:
        session.execute(text("UPDATE schedule_ticks SET tick = tick - interval '1 day'"))
    assert stores.claim_tick(engine, "t", 86_400)
    with transaction(engine) as session:
        stores.forget_ticks(session, timedelta(hours=24))
        assert len(session.scalars(select(ScheduleTick)).all()) == 1


def test_a_lock_is_held_by_one_and_given_back(engine: Engine, store_id: UUID) -> None:
    with store_lock(engine, store_id, "write") as first:
        with store_lock(engine, store_id, "write") as second:
            assert (first, second) == (True, False)
        with store_lock(engine, store_id, "compute") as other:
            assert other
    with store_lock(engine, store_id, "write") as third:
        assert third


def test_a_lock_is_waited_for_with_patience(engine: Engine, store_id: UUID) -> None:
    with ThreadPoolExecutor(1) as pool:

        def hold() -> None:
            with store_lock(engine, store_id, "write"):
                time.sleep(0.4)

        holding = pool.submit(hold)
        time.sleep(0.1)
        with store_lock(engine, store_id, "write", patience=5) as held:
            assert held
            assert holding.done() or holding.result(timeout=1) is None


def test_a_lock_ends_with_the_connection_that_holds_it(engine: Engine, store_id: UUID) -> None:
    with store_lock(engine, store_id, "write") as held:
        assert held
        with transaction(engine) as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks "
                    "WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
                )
            )
        with store_lock(engine, store_id, "write", patience=2) as again:
            assert again


def test_two_batches_of_one_store_wait_for_each_other(engine: Engine, store_id: UUID) -> None:
    seen: list[str] = []

    def batch(name: str) -> None:
        with store_transaction(engine, store_id) as session:
            stores.get(session, lock=True)
            seen.append(f"{name} begins")
            time.sleep(0.1)
            seen.append(f"{name} ends")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(batch, "ab"))
    assert seen in (
        ["a begins", "a ends", "b begins", "b ends"],
        ["b begins", "b ends", "a begins", "a ends"],
    )
