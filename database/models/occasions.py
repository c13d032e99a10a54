"""What gives points besides orders: people's accounts and birthdays, and referrals."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class AccountHolder(Base):
    """An e-mail address or phone number that an account had, as a hash under the store's key.

    `person` is the first of our customers that was known to have it: accounts of one person, for
    example one that was deleted and one made anew, have the same. Erasing the person removes it.
    """

    __tablename__ = "account_holders"
    __table_args__ = (
        Index("ix_account_holders_customer", "store_id", "customer_id"),
        Index("ix_account_holders_person", "store_id", "person"),
    )
    store_id: Mapped[UUID] = store_key(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    person: Mapped[int] = mapped_column(BigInteger)


class Birthday(Base):
    """A person's birthday, without the year, in the calendar in which it was given.

    `customer_id` is the person's present account. `given_at` is when this date became known,
    `celebrated_on` the last birthday that gave points.
    """

    __tablename__ = "birthdays"
    __table_args__ = (Index("ix_birthdays_customer", "store_id", "customer_id"),)
    store_id: Mapped[UUID] = store_key(primary_key=True)
    person: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    calendar: Mapped[str]
    month: Mapped[int]
    day: Mapped[int]
    given_at: Mapped[datetime]
    celebrated_on: Mapped[date | None]


class ReferralCode(Base):
    """A code, in lower case, by which a customer's friends are known."""

    __tablename__ = "referral_codes"
    __table_args__ = (Index("ix_referral_codes_customer", "store_id", "customer_id"),)
    store_id: Mapped[UUID] = store_key(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Referral(Base):
    """A friend whom a customer brought, told by the code of the first order or by hand.

    `order_id` is the friend's first order that counts, None while there is none; `by_hand` says
    that a person told of the referral and no code has to. `state` is waiting (for an order), held
    (for a person to decide), accepted, rejected or void; `reasons` are why it is held or void.
    `decision` is approved or rejected, by whom, why and when.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        UniqueConstraint("store_id", "friend_id"),
        Index("ix_referrals_referrer", "store_id", "referrer_id"),
        Index("ix_referrals_order", "store_id", "order_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    friend_id: Mapped[int] = mapped_column(BigInteger)
    referrer_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str]
    by_hand: Mapped[bool]
    order_id: Mapped[str | None]
    placed_at: Mapped[datetime | None]
    state: Mapped[str]
    reasons: Mapped[list[str]] = mapped_column(server_default="{}")
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_why: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class OrderAddress(Base):
    """The address on an order, as a hash under the store's key: only whether two are the same."""

    __tablename__ = "order_addresses"
    __table_args__ = (Index("ix_order_addresses_hash", "store_id", "hash"),)
    store_id: Mapped[UUID] = store_key(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes]
