"""The ledger of points."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class PointEntry(Base):
    """The append-only ledger of points: the app may insert and read, never change or delete.

    `number` counts a store's entries from 1; `hash` goes on from that of the entry before (see
    `retention.ledger.chain`). The rest is as in `retention.records.PointEntry`.
    """

    __tablename__ = "point_entries"
    __table_args__ = (
        UniqueConstraint("store_id", "reference"),
        UniqueConstraint("store_id", "number"),
        Index("ix_point_entries_customer", "store_id", "customer_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    number: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str]
    lot: Mapped[str]
    order_id: Mapped[str | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    points: Mapped[int] = mapped_column(BigInteger)
    pending: Mapped[int] = mapped_column(BigInteger, server_default="0")
    against: Mapped[str]
    reason: Mapped[str]
    rule: Mapped[str]
    matures_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    hash: Mapped[bytes]


class PointLot(Base):
    """Points that came together: what is left of them, and what became of the others.

    Every value follows from the lot's entries; `bazgasht points verify` compares the two.
    """

    __tablename__ = "point_lots"
    __table_args__ = (
        Index("ix_point_lots_customer", "store_id", "customer_id"),
        Index("ix_point_lots_order", "store_id", "order_id"),
        Index(
            "ix_point_lots_maturing",
            "store_id",
            "matures_at",
            postgresql_where=text("pending <> 0"),
        ),
        Index(
            "ix_point_lots_expiring",
            "store_id",
            "expires_at",
            postgresql_where=text("available > 0 AND expires_at IS NOT NULL"),
        ),
    )
    store_id: Mapped[UUID] = store_key(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    rule: Mapped[str]
    matures_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    pending: Mapped[int] = mapped_column(BigInteger)
    available: Mapped[int] = mapped_column(BigInteger)
    granted: Mapped[int] = mapped_column(BigInteger)
    written_off: Mapped[int] = mapped_column(BigInteger)
    expired: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int] = mapped_column(BigInteger)


class Redemption(Base):
    """Points that a customer gave for a reward in the store; see `retention.redemption`.

    `number` counts in the sequence in which they were made; `key` is the digest of the caller's
    key. The e-mail address is only what the reward is bound to. `orders` are all that ever
    carried the code, `order_id` the one that uses it; `entries` counts the ledger's entries of
    the redemption; `tried_at` is when the store was last asked for it.
    """

    __tablename__ = "redemptions"
    __table_args__ = (
        UniqueConstraint("store_id", "key"),
        UniqueConstraint("store_id", "code"),
        Index("ix_redemptions_customer", "store_id", "customer_id"),
        Index("ix_redemptions_account", "store_id", "account_id"),
        Index("ix_redemptions_order", "store_id", "order_id"),
        Index(
            "ix_redemptions_open",
            "store_id",
            "expires_at",
            postgresql_where=text("state IN ('reserved', 'issued')"),
        ),
    )
    store_id: Mapped[UUID] = store_key(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    key: Mapped[bytes]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    account_id: Mapped[str | None]
    email: Mapped[str | None]
    points: Mapped[int] = mapped_column(BigInteger)
    worth: Mapped[Decimal]
    currency: Mapped[str]
    minimum: Mapped[Decimal | None]
    kind: Mapped[str]
    code: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    reward_id: Mapped[str | None]
    order_id: Mapped[str | None]
    orders: Mapped[list[str]] = mapped_column(server_default="{}")
    returned: Mapped[int] = mapped_column(BigInteger, server_default="0")
    entries: Mapped[int] = mapped_column(BigInteger, server_default="0")
