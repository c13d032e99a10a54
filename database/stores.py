"""The stores: finding, installing and marking them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Engine, case, func, select, text, update
from sqlalchemy.orm import Session

from database.models import Store
from database.session import transaction


@dataclass(frozen=True, slots=True)
class StoreName:
    """A store without its data: which it is and whether it is active."""

    id: UUID
    platform: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class InboxHealth:
    """How a store's inbox is doing; seconds of age, None when nothing waits or came."""

    store_id: UUID
    waiting: int
    oldest_seconds: float | None
    dead: int
    last_delivery: Any


@dataclass(frozen=True, slots=True)
class ResultsHealth:
    """What the last check of a store's results found, and how many checks have found any drift."""

    store_id: UUID
    checked_at: datetime
    drifted_rows: int
    drifts: int


def find(engine: Engine, platform: str, url: str) -> UUID | None:
    """The store with this address, if it ever was installed."""
    with transaction(engine) as session:
        found: UUID | None = session.scalar(
            text("SELECT store_id FROM find_store(:platform, :url)"),
            {"platform": platform, "url": url},
        )
    return found


def all_stores(engine: Engine) -> list[StoreName]:
    """Every store, the oldest first."""
    with transaction(engine) as session:
        return [StoreName(*row) for row in session.execute(text("SELECT * FROM list_stores()"))]


def inbox_health(engine: Engine) -> list[InboxHealth]:
    """Depth, age and last delivery of every store's inbox."""
    with transaction(engine) as session:
        return [InboxHealth(*row) for row in session.execute(text("SELECT * FROM inbox_health()"))]


def results_health(engine: Engine) -> list[ResultsHealth]:
    """The last check of every store's results that were ever checked."""
    with transaction(engine) as session:
        rows = session.execute(text("SELECT * FROM computation_health()"))
        return [ResultsHealth(*row) for row in rows]


def to_drain(engine: Engine, older_than: timedelta) -> Sequence[UUID]:
    """Active stores with events that have waited longer than that."""
    return _identifiers(engine, "stores_to_drain(:age)", age=older_than)


def to_write(engine: Engine) -> Sequence[UUID]:
    """Active stores with something to be written back now."""
    return _identifiers(engine, "stores_to_write()")


def to_compute(engine: Engine, default_quiet: float) -> Sequence[UUID]:
    """Active stores that changed and have been quiet since, or have waited ten times as long.

    `default_quiet` is in seconds, for stores that did not set it. A store that was computed rests
    for as long as that took.
    """
    return _identifiers(
        engine, "stores_to_compute(CAST(:quiet AS double precision))", quiet=default_quiet
    )


def _identifiers(engine: Engine, function: str, **arguments: object) -> Sequence[UUID]:
    with transaction(engine) as session:
        return cast(
            Sequence[UUID],
            session.scalars(text(f"SELECT store_id FROM {function}"), arguments).all(),  # noqa: S608
        )


def get(session: Session, *, lock: bool = False) -> Store | None:
    """The store in scope; `lock` lets only one transaction at a time change its data.

    The lock leaves the row's key alone, so that rows which refer to it, above all events that
    come in, are still written meanwhile.
    """
    statement = select(Store).execution_options(populate_existing=lock)
    return session.scalar(statement.with_for_update(key_share=True) if lock else statement)


def existing(session: Session, *, lock: bool = False) -> Store:
    """The store in scope, as `get` finds it.

    Raises:
        LookupError: there is no such store.
    """
    row = get(session, lock=lock)
    if row is None:
        sought = session.scalar(text("SELECT current_setting('bazgasht.store')"))
        raise LookupError(f"no store {sought}; `bazgasht stores` lists them")
    return row


def change_state(session: Session, before: str, after: str) -> bool:
    """Move the store in scope from one state to another; False when it was in neither."""
    return bool(
        session.execute(
            update(Store)
            .where(Store.state == before)
            .values(state=after)
            .returning(Store.id)
            .execution_options(synchronize_session=False)
        ).all()
    )


def mark_dirty(session: Session) -> None:
    """Note that the store in scope changed, so that it is recomputed once it is quiet."""
    session.execute(
        update(Store)
        .values(
            changed_at=func.clock_timestamp(),
            dirty_since=func.coalesce(Store.dirty_since, func.clock_timestamp()),
        )
        .execution_options(synchronize_session=False)
    )


def clear_dirty(session: Session, seen: datetime | None, moment: datetime) -> None:
    """Note that everything up to the change at `seen` is computed, from tables as of `moment`.

    A store that changed again since is dirty since `moment` only, or its next recomputation
    would be overdue at once, and so on without a pause while orders keep coming.
    """
    session.execute(
        update(Store)
        .values(dirty_since=case((Store.changed_at.is_not_distinct_from(seen), None), else_=moment))
        .execution_options(synchronize_session=False)
    )


def now(session: Session) -> datetime:
    """The database's clock, the one that all machines share."""
    return cast(datetime, session.execute(select(func.clock_timestamp())).scalar_one())


def claim_tick(engine: Engine, task: str, every: int) -> bool:
    """Claim the task's present tick (one each `every` seconds); True for one claimer only."""
    with transaction(engine) as session:
        claimed = session.execute(
            text(
                """
                INSERT INTO schedule_ticks (task, tick)
                SELECT :task, date_bin(make_interval(secs => :every), clock_timestamp(),
                                       TIMESTAMPTZ '2026-01-01')
                ON CONFLICT DO NOTHING RETURNING task
                """
            ),
            {"task": task, "every": every},
        ).all()
    return bool(claimed)


def forget_ticks(session: Session, older_than: timedelta) -> None:
    """Delete claimed ticks older than that."""
    session.execute(
        text("DELETE FROM schedule_ticks WHERE tick < clock_timestamp() - :age"),
        {"age": older_than},
    )
