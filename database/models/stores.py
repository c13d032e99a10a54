"""Stores, installations under way, and what runs by the clock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, Json, store_key


class Install(Base):
    """A one-time state of an installation under way; only the hash of the state is kept."""

    __tablename__ = "installs"
    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    platform: Mapped[str]
    store_url: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ScheduleTick(Base):
    """A periodic task's tick that some scheduler has claimed: unique, so it runs once."""

    __tablename__ = "schedule_ticks"
    task: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[datetime] = mapped_column(primary_key=True)


class Store(Base):
    """A merchant's store. `credentials` and `webhook_secrets` are encrypted JSON.

    `state` is active; disconnected while it refuses our key; leaving while an uninstallation
    gives the store its own back; uninstalled. `ledger_entries` and `ledger_hash` are the number
    and the hash of the last entry in its ledger of points. Orders paid before `points_since`,
    when points were last switched on, earn nothing by themselves; `undone_backfills` names the
    backfills of older orders whose points are taken back.
    """

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("platform", "url"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform: Mapped[str]
    url: Mapped[str]
    state: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str] = mapped_column(server_default="")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    country: Mapped[str] = mapped_column(server_default="")
    warnings: Mapped[list[str]] = mapped_column(server_default="{}")
    settings: Mapped[Json] = mapped_column(server_default="{}")
    credentials: Mapped[bytes | None]
    webhook_secrets: Mapped[bytes | None]
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    uninstalled_at: Mapped[datetime | None]
    dirty_since: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    ledger_entries: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ledger_hash: Mapped[bytes] = mapped_column(server_default="")
    points_since: Mapped[datetime | None]
    undone_backfills: Mapped[list[str]] = mapped_column(server_default="{}")


class Progress(Base):
    """How far a long task of a store is: `page` is the last finished page of `pages`.

    `state` is running, waiting while the store prepares what was asked for, or done.
    `cursor` is the newest modification time that a polling task has seen; `rejected` lists what
    could not be read, as [identifier, reason].
    """

    __tablename__ = "progress"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    page: Mapped[int] = mapped_column(server_default="0")
    pages: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    cursor: Mapped[datetime | None]
    rejected: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    last_error: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
