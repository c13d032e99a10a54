"""What the last recomputation of a store found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, Json, store_key


class ChangedOrder(Base):
    """An order that changed and is in no result yet; the database adds a row with each change."""

    __tablename__ = "changed_orders"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger)


class ProductAffinity(Base):
    """A pair of products bought together or next; see `retention.affinity` for the measures."""

    __tablename__ = "product_affinities"
    store_id: Mapped[UUID] = store_key(primary_key=True)
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
    store_id: Mapped[UUID] = store_key(primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float]
    reason_kind: Mapped[str]
    count: Mapped[int]
    base: Mapped[int]
    base_rate: Mapped[float]
    lift: Mapped[float]


class PersonalRecommendation(Base):
    """A product that a customer is expected to buy in the next order, with the reason in numbers.

    `kind` is "next" (whatever it is) or "new" (never bought before by the customer).
    """

    __tablename__ = "personal_recommendations"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float]
    reason_kind: Mapped[str]
    count: Mapped[int]
    base: Mapped[int]
    base_rate: Mapped[float]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class CategoryFlow(Base):
    """Of the customers whose first purchase was in one category, where the second one was."""

    __tablename__ = "category_flows"
    store_id: Mapped[UUID] = store_key(primary_key=True)
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
    """A customer's second-purchase category: observed, or predicted and ranked, with evidence.

    `probability` is null while too few customers came back to state it.
    """

    __tablename__ = "customer_categories"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(BigInteger)
    basis: Mapped[str]
    probability: Mapped[float | None]
    count: Mapped[int]
    base: Mapped[int]
    base_rate: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    enough: Mapped[bool]


class Computation(Base):
    """The last recomputation of a store: its period, sample sizes and the same-category test.

    `checked_at` is when the kept results were last compared with a full computation and
    `drifted_rows` how many rows differed then; `drifts` counts the checks that found any.
    `personal_at` is when all customers' lists were last made, of whom the last order was at most
    `personal_days` ago.
    """

    __tablename__ = "computations"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    figures: Mapped[Json]
    seconds: Mapped[float]
    checked_at: Mapped[datetime | None]
    drifted_rows: Mapped[int] = mapped_column(BigInteger, server_default="0")
    drifts: Mapped[int] = mapped_column(BigInteger, server_default="0")
    personal_at: Mapped[datetime | None]
    personal_days: Mapped[int | None]
