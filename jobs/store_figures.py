"""A store's tables, read once, and the figures and predictions that come from them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from uuid import UUID

import polars as pl

from connector.registry import platform
from connector.settings import Settings, validate_settings
from database import costs, purchases, stores
from database import figures as readings
from database.figures import Names
from database.models import Store
from database.session import store_transaction
from jobs.calendar import calendar_of
from jobs.context import Context
from jobs.fingerprint import Fingerprints
from retention.columns import CUSTOMER_ID, PLACED_AT, QUANTITY
from retention.figures.catalogue import remark
from retention.figures.figure import Breakdown, Figure, Remark
from retention.figures.history import History, Tables
from retention.figures.period import Calendar, Period, day_of, days
from retention.figures.report import Options, Report, figures
from retention.figures.simulator import what_if
from retention.figures.stage import Thresholds
from retention.figures.stickiness import sample_of_customers, stickiness
from retention.prediction import findings
from retention.prediction.report import Predictions, predictions


@dataclass(frozen=True)
class StoreFigures:
    """A store's tables as they were at `moment`, and what the merchant set about figures."""

    tables: Tables
    names: Names
    moment: datetime
    name: str
    zone: str
    currency: str
    settings: Settings
    orders_left_out: int
    costs_left_out: int

    @property
    def today(self) -> date:
        """The day of `moment` in the store's time zone."""
        return day_of(self.moment, self.zone)

    @property
    def calendar(self) -> Calendar:
        """The calendar whose months the store's reports follow."""
        return calendar_of(self.settings, self.zone, self.moment)

    def has_sold(self, before: datetime) -> bool:
        """Whether a customer bought anything before that moment."""
        return not self._bought.filter(pl.col(PLACED_AT) < before).is_empty()

    def report(
        self, period: Period, calendar: Calendar | None = None, *, may_be_empty: bool = False
    ) -> Report:
        """All figures of a period; ValueError when there are none, see `retention.figures`."""
        options = replace(self._options(period, calendar), may_be_empty=may_be_empty)
        found = figures(self.tables, period, options)
        return replace(found, remarks=(*found.remarks, *self._left_out(), *self._costs_left_out()))

    def sample(self, period: Period, size: int, seed: int) -> list[Figure]:
        """The stickiness of so many customers, drawn at random from those of the period.

        Raises ValueError when there are fewer.
        """
        until = min(period.end, self.moment)
        joining = self.settings.purchase_joining_minutes
        history = History.of(self.tables.lines, self.tables.products, until, joining)
        drawn = sample_of_customers(history.purchases, period, size, seed)
        return stickiness(drawn, period, self.settings.minimum_customers)

    def predictions(self) -> Predictions:
        """All predictions; ValueError when there are none, see `retention.prediction.report`."""
        found = predictions(self.tables, self.zone, self.moment, self._prediction_options())
        return replace(found, remarks=(*found.remarks, *self._left_out()))

    def what_if(self, points: Fraction | None = None) -> tuple[list[Figure], Breakdown | None]:
        """What so many percentage points more of monthly retention would bring.

        The settings' points unless given. Raises ValueError when nothing was bought yet.
        """
        joining = self.settings.purchase_joining_minutes
        history = History.of(self.tables.lines, self.tables.products, self.moment, joining)
        return what_if(
            history.purchases,
            history.whole(self.zone),
            self.currency,
            self.calendar,
            Fraction(self.settings.what_if_points) if points is None else points,
            self.settings.minimum_customers,
        )

    def fingerprint(self, period: Period) -> str:
        """A digest of all that the figures of a period come from, and of what they mean.

        Of a period that is not over they also depend on how long it has been observed, which
        is told by whole days here.
        """
        running = str(self.today) if period.end > self.moment else ""
        options = replace(self._options(period), observed_until=None)
        told = repr((period, options, running, self.orders_left_out, self.costs_left_out))
        return self._fingerprints.of_all(period, told)

    def prediction_fingerprint(self) -> str:
        """The same of the predictions."""
        told = repr((self.today, self._prediction_options(), self.orders_left_out))
        return self._fingerprints.of_lines(days(self.today, self.today, self.zone).start, told)

    def _options(self, period: Period, calendar: Calendar | None = None) -> Options:
        said = self.settings
        return Options(
            currency=self.currency,
            calendar=calendar or self.calendar,
            minimum_customers=said.minimum_customers,
            joining_minutes=said.purchase_joining_minutes,
            observed_until=self.moment if period.end > self.moment else None,
            silence_days=said.leaving_silence_days or None,
            horizon_days=said.return_horizon_days,
            window_share=said.contact_window_percent / 100,
            what_if_points=Fraction(said.what_if_points),
            gross_margin=Fraction(said.gross_margin_percent) / 100,
            later_margin=Fraction(said.later_margin),
            thresholds=_thresholds(said),
        )

    def _prediction_options(self) -> findings.Options:
        return findings.Options(
            currency=self.currency,
            calendar=self.calendar,
            joining_minutes=self.settings.purchase_joining_minutes,
            horizon_days=self.settings.prediction_days,
            due_days=self.settings.due_days,
            false_alarm_rate=float(self.settings.alert_false_alarm_percent / 100),
        )

    def _left_out(self) -> tuple[Remark, ...]:
        count = self.orders_left_out
        return (remark("other_currencies", count=f"{count:,}"),) if count else ()

    def _costs_left_out(self) -> tuple[Remark, ...]:
        count = self.costs_left_out
        return (remark("costs_in_other_currencies", count=f"{count:,}"),) if count else ()

    @cached_property
    def _fingerprints(self) -> Fingerprints:
        return Fingerprints(self.tables)

    @cached_property
    def _bought(self) -> pl.DataFrame:
        return self.tables.lines.filter(
            pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null()
        ).select(PLACED_AT)


def read(context: Context, store_id: UUID) -> StoreFigures:
    """Read a store's tables; a store that is disconnected has figures too.

    Raises:
        LookupError: there is no such store.
    """
    engine = context.engine.execution_options(isolation_level="REPEATABLE READ")
    with store_transaction(engine, store_id) as session:
        row, now = stores.existing(session), stores.now(session)
        settings, currency = validate_settings(row.settings), row.currency
        chosen = platform(row.platform)
        statuses = settings.purchase_statuses
        return StoreFigures(
            tables=readings.tables(
                session,
                statuses,
                now,
                currency,
                purchases.products(
                    session,
                    settings.category_level,
                    lambda ids: chosen.categories_of(ids, settings.category_source),
                ),
                settings.point_value,
            ),
            names=readings.names(session),
            moment=now,
            name=_name(row),
            zone=row.time_zone,
            currency=currency,
            settings=settings,
            orders_left_out=readings.orders_in_other_currencies(session, statuses, now, currency),
            costs_left_out=costs.table(session, currency)[1],
        )


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds(
        customers_to_estimate=settings.stage_customers,
        returners_to_estimate=settings.stage_returners,
        regular_weeks=settings.stage_regular_weeks_percent,
        large_base=settings.stage_large_base,
        settled_repeat_revenue=settings.stage_repeat_revenue_percent,
        settled_growth=settings.stage_growth_percent,
    )


def _name(row: Store) -> str:
    return row.name or row.url
