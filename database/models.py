"""The tables. ARCHITECTURE.md tells what each is for.

Every table of a store's data carries `store_id`, and PostgreSQL's row-level security shows only
the rows of the store that the transaction has set (see `database.session`).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """The declarative base: naming of constraints and the types of columns."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads a plain class attribute
        datetime: TIMESTAMP(timezone=True),
        Decimal: Numeric(20, 4),
        Json: JSONB,
        bytes: LargeBinary,
        list[str]: ARRAY(String),
    }


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
    and the hash of the last entry in its ledger of points.
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


def store_key() -> Mapped[UUID]:
    """The column by which row-level security separates the stores."""
    return mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))


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


class Customer(Base):
    """A person: `key` is account:ID, email:ADDRESS or phone:NUMBER (a guest's identity)."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("store_id", "key"),
        Index("ix_customers_email", "store_id", "email"),
        Index("ix_customers_phone", "store_id", "phone"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    key: Mapped[str]
    account_id: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    name: Mapped[str] = mapped_column(server_default="")
    modified_at: Mapped[datetime | None]
    content: Mapped[bytes | None]
    gone: Mapped[bool] = mapped_column(server_default="false")


class Category(Base):
    """A product category of the store."""

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("store_id", "external_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    external_id: Mapped[str]
    name: Mapped[str]
    parent_external_id: Mapped[str | None]


class Product(Base):
    """A product; one known only from an order's line has no `content` until it is read."""

    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("store_id", "external_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    external_id: Mapped[str]
    name: Mapped[str]
    published: Mapped[bool] = mapped_column(server_default="false")
    visible: Mapped[bool] = mapped_column(server_default="false")
    in_stock: Mapped[bool] = mapped_column(server_default="false")
    category_ids: Mapped[list[str]] = mapped_column(server_default="{}")
    cross_sell_ids: Mapped[list[str]] = mapped_column(server_default="{}")
    modified_at: Mapped[datetime | None]
    content: Mapped[bytes | None]
    gone: Mapped[bool] = mapped_column(server_default="false")
    skus: Mapped[list[str]] = mapped_column(server_default="{}")


class Order(Base):
    """An order in its newest known state. `kept_net` is net of refunds, tax and shipping.

    `content` is the digest of what was last applied; equal digests are the same state.
    `gone` marks an order that the store no longer has: kept so that late events cannot revive it.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("store_id", "external_id"),
        Index("ix_orders_customer", "store_id", "customer_id"),
        Index("ix_orders_email", "store_id", "email", postgresql_where=text("account_id IS NULL")),
        Index("ix_orders_phone", "store_id", "phone", postgresql_where=text("account_id IS NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    external_id: Mapped[str]
    number: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    placed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    modified_at: Mapped[datetime]
    account_id: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    total: Mapped[Decimal]
    presentment_currency: Mapped[str] = mapped_column(server_default="")
    presentment_total: Mapped[Decimal | None]
    kept_net: Mapped[Decimal]
    discount: Mapped[Decimal | None]
    coupon_codes: Mapped[list[str]] = mapped_column(server_default="{}")
    source: Mapped[str | None]
    medium: Mapped[str | None]
    campaign: Mapped[str | None]
    content: Mapped[bytes]
    gone: Mapped[bool] = mapped_column(server_default="false")


class OrderLine(Base):
    """A line of an order, with what is kept of it after refunds."""

    __tablename__ = "order_lines"
    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[UUID]
    external_id: Mapped[str]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    name: Mapped[str]
    quantity: Mapped[int] = mapped_column(BigInteger)
    net: Mapped[Decimal]
    kept_quantity: Mapped[int] = mapped_column(BigInteger)
    kept_net: Mapped[Decimal]


class Refund(Base):
    """A refund of an order; `lines` lists what it assigns to order lines."""

    __tablename__ = "refunds"
    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
    )
    external_id: Mapped[str] = mapped_column(primary_key=True)
    store_id: Mapped[UUID]
    amount: Mapped[Decimal]
    allocated: Mapped[Decimal]
    lines: Mapped[list[Any]] = mapped_column(JSONB)


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
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
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
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
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


class Progress(Base):
    """How far a long task of a store is: `page` is the last finished page of `pages`.

    `state` is running, waiting while the store prepares what was asked for, or done.
    `cursor` is the newest modification time that a polling task has seen; `rejected` lists what
    could not be read, as [identifier, reason].
    """

    __tablename__ = "progress"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
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


class ProductAffinity(Base):
    """A pair of products bought together or next; see `retention.affinity` for the measures."""

    __tablename__ = "product_affinities"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int]
    base: Mapped[int]
    other_base: Mapped[int]
    total: Mapped[int]
    support: Mapped[float]
    confidence: Mapped[float]
    base_rate: Mapped[float]
    lift: Mapped[float]
    score: Mapped[float]


class Recommendation(Base):
    """A product's list of recommended products, each with the reason in numbers."""

    __tablename__ = "recommendations"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float]
    reason_kind: Mapped[str]
    count: Mapped[int]
    base: Mapped[int]
    base_rate: Mapped[float]
    lift: Mapped[float]


class ProductChoice(Base):
    """A product that the merchant pins first in a list ("pin") or never wants in it ("ban").

    `list_id` is the product whose list it is, or 0 for every list. Pins follow `number`.
    """

    __tablename__ = "product_choices"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    list_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity())


class CategoryFlow(Base):
    """Of the customers whose first purchase was in one category, where the second one was."""

    __tablename__ = "category_flows"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    first_category_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    second_category_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int]
    base: Mapped[int]
    share: Mapped[float]
    base_rate: Mapped[float]
    lift: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    probability: Mapped[float]
    enough: Mapped[bool]


class CustomerCategory(Base):
    """A customer's second-purchase category: observed, or predicted and ranked, with evidence."""

    __tablename__ = "customer_categories"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(BigInteger)
    basis: Mapped[str]
    probability: Mapped[float]
    count: Mapped[int]
    base: Mapped[int]
    base_rate: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    enough: Mapped[bool]


class Computation(Base):
    """The last recomputation of a store: its period, sample sizes and the same-category test."""

    __tablename__ = "computations"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    computed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    figures: Mapped[Json]
    seconds: Mapped[float]


class PrivacyKey(Base):
    """The key, encrypted, under which the store's erased identities are known as hashes."""

    __tablename__ = "privacy_keys"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[bytes]


class ErasedIdentity(Base):
    """An account, e-mail address or phone number that was erased, as a keyed hash.

    What comes later under it from before `erased_at` is kept under `pseudonym` instead.
    """

    __tablename__ = "erased_identities"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    pseudonym: Mapped[str]
    erased_at: Mapped[datetime]


class PrivacyRequest(Base):
    """A request about personal data, and the proof of what was done about it.

    `kind` is export, erase or redact_store. `subject` is whom it is about, encrypted, and goes
    once it is done; `subject_hash` stays. The row outlives its store, so nothing refers to it.
    """

    __tablename__ = "privacy_requests"
    __table_args__ = (
        UniqueConstraint("store_id", "key"),
        Index("ix_privacy_requests_open", "store_id", postgresql_where=text("done_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID]
    key: Mapped[str]
    kind: Mapped[str]
    subject_hash: Mapped[bytes]
    subject: Mapped[bytes | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    done_at: Mapped[datetime | None]
    counts: Mapped[Json] = mapped_column(server_default="{}")


class Report(Base):
    """The figures of a period, or what is predicted, as last computed.

    `kind` is past (a period that is over, kept for good), running_month, last_days or predictions
    (only the newest of each is kept). `computed_at` is when the store's tables were read, and
    `fingerprint` is of everything the report came from: equal ones need no computing anew.
    """

    __tablename__ = "reports"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
    period_end: Mapped[datetime] = mapped_column(primary_key=True)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    fingerprint: Mapped[str]
    report: Mapped[Json]


class ReportChange(Base):
    """That the figures of a period that is over came out otherwise than before: which, and how."""

    __tablename__ = "report_changes"
    __table_args__ = (Index("ix_report_changes_period", "store_id", "period_start", "period_end"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    changes: Mapped[list[Any]] = mapped_column(JSONB)


class Baseline(Base):
    """A rate that later periods are compared with, as the figure it was then."""

    __tablename__ = "baselines"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    set_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    figure: Mapped[Json]


class CustomerPrediction(Base):
    """What is expected of a customer; null where there is not enough data to say it.

    See `retention.prediction.columns` for the meaning of each column.
    """

    __tablename__ = "customer_predictions"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    segment: Mapped[str]
    churn_probability: Mapped[float | None]
    main_factor: Mapped[str | None]
    active_probability: Mapped[float | None]
    expected_purchases: Mapped[float | None]
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    interval_days: Mapped[float | None]
    low_day: Mapped[date | None]
    expected_day: Mapped[date | None]
    high_day: Mapped[date | None]
    overdue: Mapped[bool | None]


class Review(Base):
    """A product's review: who wrote it, if a known customer, when, and the rating of 1 to 5.

    Neither its text nor the writer's name or address is kept.
    """

    __tablename__ = "reviews"
    store_id: Mapped[UUID] = mapped_column(
        ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    )
    external_id: Mapped[str] = mapped_column(primary_key=True)
    product_external_id: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    reviewed_at: Mapped[datetime]
    rating: Mapped[int]


class RetentionCost(Base):
    """What a merchant entered as spent to keep customers, evenly from `first_day` to `last_day`.

    `kind` is one of `retention.figures.columns.ENTERED_KINDS`; days are the store's own.
    """

    __tablename__ = "retention_costs"
    __table_args__ = (Index("ix_retention_costs_days", "store_id", "first_day"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    kind: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    entered_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
