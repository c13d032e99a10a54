"""Events as they came, and writes as they shall go."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, Json, store_key


class InboxEvent(Base):
    """A webhook as it came: the raw body (zlib) and the headers that matter.

    `state` is waiting, handled or dead. A leased event belongs to one worker until
    `leased_until`; `lease` names the worker's batch.
    """

    __tablename__ = "inbox_events"
    __table_args__ = (
        UniqueConstraint("store_id", "key"),
        Index("ix_inbox_waiting", "store_id", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_inbox_due", "next_attempt_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_inbox_dead", "store_id", "id", postgresql_where=text("state = 'dead'")),
        Index("ix_inbox_received", "store_id", "received_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    key: Mapped[str]
    topic: Mapped[str]
    headers: Mapped[Json]
    body: Mapped[bytes]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    leased_until: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    last_error: Mapped[str | None]
    handled_at: Mapped[datetime | None]


class WriteBack(Base):
    """What one object of the store shall have, and what it was last given.

    `kind` is cross_sells or customer. `state` is waiting while `desired` has yet to be written,
    done afterwards, hidden while no shopper sees the product, dead when the store refused it for
    good. `sending` is noted before each call, so that a crash between the store's yes and our
    note never mistakes our own writing for the merchant's.
    """

    __tablename__ = "write_backs"
    __table_args__ = (
        Index(
            "ix_write_backs_due",
            "next_attempt_at",
            postgresql_where=text("state = 'waiting'"),
        ),
    )
    store_id: Mapped[UUID] = store_key(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    desired: Mapped[Json]
    sending: Mapped[Json | None]
    written: Mapped[Json | None]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_error: Mapped[str | None]
    written_at: Mapped[datetime | None]
