"""Keeping a store's reports current, and noting what changes in those of periods that are over."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import polars as pl
import structlog

from database import reports, results
from database.models import CustomerPrediction
from database.reports import LAST_DAYS, PAST, PREDICTIONS, RUNNING_MONTH, Computed
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.context import Context, current
from jobs.store_figures import StoreFigures, read
from retention.figures.changes import Change
from retention.figures.period import Period, days, month_containing
from retention.figures.report import Report
from retention.prediction.columns import CUSTOMER_PREDICTIONS

log = structlog.get_logger()

LOCK = "report"
MOST_PAST_PERIODS = 36
DAYS = 90
MOST_ROWS = 1000
"""So many rows of a list of customers or products are kept in a report."""


def report(store_id: str) -> None:
    """Compute what is not current: last month, this month, the last 90 days, kept past periods.

    What came out as before, because nothing it comes from has changed, is not computed again.
    """
    context = current()
    queue.started(context.redis, queue.REPORT, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if not alone:
            return
        try:
            store = read(context, UUID(store_id))
        except LookupError:
            log.info("no such store, nothing is reported", store=store_id)
            return
        computed = sum(
            _refresh(context, UUID(store_id), store, kind, period)
            for kind, period in _due(context, UUID(store_id), store)
        )
        computed += _predict(context, UUID(store_id), store)
        log.info("reports are current", store=store_id, computed=computed)


def keep(
    context: Context, store_id: UUID, store: StoreFigures, kind: str, found: Report
) -> list[Change]:
    """Keep the report of a period; what changed in it, if it is over."""
    period = found.period
    with store_transaction(context.engine, store_id) as session:
        return reports.keep(
            session,
            Computed(kind, period, store.moment, store.fingerprint(period), found.as_json()),
        )


def _due(context: Context, store_id: UUID, store: StoreFigures) -> Iterator[tuple[str, Period]]:
    """The periods that a store should have a report of."""
    yesterday = store.today - timedelta(days=1)
    this_month = month_containing(store.today, store.zone, store.calendar)
    last_month = month_containing(
        this_month.first_day - timedelta(days=1), store.zone, store.calendar
    )
    yield PAST, last_month
    yield RUNNING_MONTH, this_month
    yield LAST_DAYS, days(yesterday - timedelta(days=DAYS - 1), yesterday, store.zone)
    with store_transaction(context.engine, store_id) as session:
        kept = reports.past_periods(session, store.zone, MOST_PAST_PERIODS)
    yield from ((PAST, period) for period in kept if period != last_month)


def _refresh(
    context: Context, store_id: UUID, store: StoreFigures, kind: str, period: Period
) -> bool:
    with store_transaction(context.engine, store_id) as session:
        known = reports.find(session, kind, period)
        told_before = known or (kind != PAST and reports.newest(session, kind))
        if known is not None and known.fingerprint == store.fingerprint(period):
            return False
    # What was told of orders that were all given back since must not stay as it was.
    if not told_before and not store.has_sold(min(period.end, store.moment)):
        return False
    changed = keep(context, store_id, store, kind, store.report(period, may_be_empty=True))
    if changed:
        log.info("figures of a past period changed", store=str(store_id), numbers=len(changed))
    return True


def _predict(context: Context, store_id: UUID, store: StoreFigures) -> bool:
    if not store.has_sold(days(store.today, store.today, store.zone).start):
        with store_transaction(context.engine, store_id) as session:
            reports.forget(session, PREDICTIONS)
            results.replace(
                session, {CustomerPrediction: pl.DataFrame(schema=CUSTOMER_PREDICTIONS)}
            )
        return False
    fingerprint = store.prediction_fingerprint()
    with store_transaction(context.engine, store_id) as session:
        known = reports.newest(session, PREDICTIONS)
        if known is not None and known.fingerprint == fingerprint:
            return False
    found = store.predictions()
    with store_transaction(context.engine, store_id) as session:
        reports.keep(
            session,
            Computed(
                PREDICTIONS, found.period, store.moment, fingerprint, found.as_json(MOST_ROWS)
            ),
        )
        results.replace(session, {CustomerPrediction: found.customers})
    return True
