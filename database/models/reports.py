"""Reports, and what they are compared with and computed from."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, Json, store_key


class Report(Base):
    """The figures of a period, or what is predicted, as last computed.

    `kind` is past (a period that is over, kept for good), running_month, last_days or predictions
    (only the newest of each is kept). `computed_at` is when the store's tables were read, and
    `fingerprint` is of everything the report came from: equal ones need no computing anew.
    """

    __tablename__ = "reports"
    store_id: Mapped[UUID] = store_key(primary_key=True)
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
    store_id: Mapped[UUID] = store_key(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    set_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    figure: Mapped[Json]


class CustomerPrediction(Base):
    """What is expected of a customer; null where there is not enough data to say it.

    See `retention.prediction.columns` for the meaning of each column.
    """

    __tablename__ = "customer_predictions"
    store_id: Mapped[UUID] = store_key(primary_key=True)
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
