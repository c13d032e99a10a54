"""Tiers of customers, and since when the rules of points have been as they are."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class CustomerTier(Base):
    """The tier that a customer has by what was known at `as_of`; empty for none.

    `since` is when it began, `amount` what counted then, and `due_at` when time alone changes it
    next.
    """

    __tablename__ = "customer_tiers"
    __table_args__ = (Index("ix_customer_tiers_due", "store_id", "due_at"),)
    store_id: Mapped[UUID] = store_key(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tier: Mapped[str]
    amount: Mapped[Decimal]
    since: Mapped[datetime | None]
    as_of: Mapped[datetime]
    due_at: Mapped[datetime | None]


class TierChange(Base):
    """One change of a customer's tier, with the numbers that made it; rows are only added.

    `why` is reached, ended, withdrawn or rules (see `retention.tiers`); `amount` is what counted
    then and `threshold` what the tier reached or lost asks for.
    """

    __tablename__ = "tier_changes"
    __table_args__ = (Index("ix_tier_changes_customer", "store_id", "customer_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    customer_id: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[str]
    after: Mapped[str]
    at: Mapped[datetime]
    why: Mapped[str]
    amount: Mapped[Decimal]
    threshold: Mapped[Decimal]
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RuleStart(Base):
    """Since when a rule of the programme has been as it is: its name, and its text as applied."""

    __tablename__ = "rule_starts"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    since: Mapped[datetime]


class ExpiryWarning(Base):
    """A customer is to be told `days_before` the day on which so many points expire.

    Days are the store's. A row follows from the points at `noted_at`; whoever tells the customer
    looks whether they still expire then.
    """

    __tablename__ = "expiry_warnings"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    expires_on: Mapped[date] = mapped_column(primary_key=True)
    days_before: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
