"""Customers and their orders."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class Customer(Base):
    """A person: `key` is account:ID, email:ADDRESS or phone:NUMBER (a guest's identity).

    `proved_email` is the address that an account was last proved to be the holder of;
    `merged_into` is the account that the store made of it and another one.
    """

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
    created_at: Mapped[datetime | None]
    modified_at: Mapped[datetime | None]
    content: Mapped[bytes | None]
    gone: Mapped[bool] = mapped_column(server_default="false")
    proved_email: Mapped[str | None]
    merged_into: Mapped[str | None]


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
    paid_by_credit: Mapped[Decimal] = mapped_column(server_default="0")
    total_before_credit: Mapped[Decimal | None]
    delivered_at: Mapped[datetime | None]
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
