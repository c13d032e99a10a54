"""The stores: finding, installing and marking them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from database.models import Store
from database.session import store_transaction, transaction


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


def to_drain(engine: Engine, older_than: timedelta) -> Sequence[UUID]:
    """Active stores with events that have waited longer than that."""
    return _identifiers(engine, "stores_to_drain(:age)", age=older_than)


def to_write(engine: Engine) -> Sequence[UUID]:
    """Active stores with something to be written back now."""
    return _identifiers(engine, "stores_to_write()")


def to_compute(engine: Engine, default_quiet: float) -> Sequence[UUID]:
    """Active stores that changed and have been quiet since, or have waited ten times as long.

    `default_quiet` is in seconds, for stores that did not set it.
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
    """The store in scope; `lock` lets only one transaction at a time change its data."""
    statement = select(Store)
    return session.scalar(statement.with_for_update() if lock else statement)


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


def lease_computation(engine: Engine, store_id: UUID, duration: timedelta) -> bool:
    """Claim the store's next recomputation for `duration`; False when another has it."""
    with store_transaction(engine, store_id) as session:
        claimed = session.execute(
            update(Store)
            .where(
                Store.compute_leased_until.is_(None)
                | (Store.compute_leased_until < func.clock_timestamp())
            )
            .values(compute_leased_until=func.clock_timestamp() + duration)
            .returning(Store.id)
            .execution_options(synchronize_session=False)
        ).all()
    return bool(claimed)


def end_computation(engine: Engine, store_id: UUID) -> None:
    """Give the claim on the store's recomputation back."""
    with store_transaction(engine, store_id) as session:
        session.execute(
            update(Store)
            .values(compute_leased_until=None)
            .execution_options(synchronize_session=False)
        )


def changed_at(session: Session) -> datetime | None:
    """When the store in scope was last marked dirty."""
    return session.scalar(select(Store.changed_at))


def clear_dirty(session: Session, seen: datetime | None) -> None:
    """Note that everything up to the change at `seen` is computed; a later one stays dirty."""
    session.execute(
        update(Store)
        .where(Store.changed_at == seen)
        .values(dirty_since=None)
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
