"""Reports of the store in scope: kept, and what changed in those of periods that are over noted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.bulk import insert_rows
from database.models import Baseline, CustomerPrediction, Report, ReportChange
from retention.figures.changes import Change, changes
from retention.figures.figure import Figure
from retention.figures.period import Period

PAST = "past"
RUNNING_MONTH = "running_month"
LAST_DAYS = "last_days"
PREDICTIONS = "predictions"


@dataclass(frozen=True, slots=True)
class Computed:
    """A report as computed from tables read at `moment`, with the fingerprint of what it read."""

    kind: str
    period: Period
    moment: datetime
    fingerprint: str
    report: Mapping[str, Any]


def keep(session: Session, computed: Computed) -> list[Change]:
    """Keep a report in the place of an earlier one; returns what changed in a past period's.

    Of a period that is over, every number that came out otherwise is noted for good. Of the
    other kinds only the newest report is kept. A report from older tables than those of the
    kept one is dropped.
    """
    known = find(session, computed.kind, computed.period, lock=True)
    if known is not None and known.computed_at > computed.moment:
        return []
    found: list[Change] = []
    if computed.kind == PAST:
        found = _note_changes(session, known, computed)
    else:
        forget(session, computed.kind)
    insert_rows(
        session,
        Report,
        [
            {
                "kind": computed.kind,
                "period_start": computed.period.start,
                "period_end": computed.period.end,
                "computed_at": computed.moment,
                "fingerprint": computed.fingerprint,
                "report": computed.report,
            }
        ],
        unique=("store_id", "kind", "period_start", "period_end"),
        replace=("computed_at", "fingerprint", "report"),
    )
    return found


def _note_changes(session: Session, known: Report | None, computed: Computed) -> list[Change]:
    if known is None:
        return []
    # Through JSON, as the kept one went: what was a tuple or a decimal is comparable then.
    now = json.loads(json.dumps(computed.report))
    found = changes({**known.report, "period": now["period"]}, now)
    if found:
        session.add(
            ReportChange(
                store_id=known.store_id,
                period_start=computed.period.start,
                period_end=computed.period.end,
                changes=[change.as_json() for change in found],
            )
        )
    return found


def forget(session: Session, kind: str) -> None:
    """Drop the reports of this kind."""
    session.execute(
        delete(Report).where(Report.kind == kind).execution_options(synchronize_session=False)
    )


def find(session: Session, kind: str, period: Period, *, lock: bool = False) -> Report | None:
    """The kept report of this kind and period."""
    statement = (
        select(Report)
        .where(
            Report.kind == kind,
            Report.period_start == period.start,
            Report.period_end == period.end,
        )
        .execution_options(populate_existing=True)
    )
    return session.scalar(statement.with_for_update() if lock else statement)


def newest(session: Session, kind: str) -> Report | None:
    """The kept report of this kind whose period ends last."""
    return session.scalar(
        select(Report).where(Report.kind == kind).order_by(Report.period_end.desc()).limit(1)
    )


def past_periods(session: Session, zone: str, most: int) -> list[Period]:
    """The periods that are over and have a report, the latest first, at most so many."""
    rows = session.execute(
        select(Report.period_start, Report.period_end)
        .where(Report.kind == PAST)
        .order_by(Report.period_end.desc(), Report.period_start)
        .limit(most)
    )
    return [
        Period(row.period_start.astimezone(UTC), row.period_end.astimezone(UTC), zone)
        for row in rows
    ]


def noted(session: Session, period: Period) -> Sequence[ReportChange]:
    """What was noted to have changed in the figures of this period, the earliest first."""
    return session.scalars(
        select(ReportChange)
        .where(ReportChange.period_start == period.start, ReportChange.period_end == period.end)
        .order_by(ReportChange.id)
    ).all()


def set_baseline(session: Session, figures: Sequence[Figure], moment: datetime) -> None:
    """Keep rates that later periods are compared with, in the place of earlier ones."""
    insert_rows(
        session,
        Baseline,
        [{"name": one.name, "set_at": moment, "figure": one.as_json()} for one in figures],
        unique=("store_id", "name"),
        replace=("set_at", "figure"),
    )


def baseline(session: Session) -> dict[str, Figure]:
    """The rates that periods are compared with, by name; empty while none were set."""
    return {row.name: Figure.from_json(row.figure) for row in session.scalars(select(Baseline))}


def predictions_of(session: Session, customers: Sequence[int]) -> Sequence[CustomerPrediction]:
    """What is predicted of these customers."""
    return session.scalars(
        select(CustomerPrediction)
        .where(CustomerPrediction.customer_id.in_(customers))
        .order_by(CustomerPrediction.customer_id)
    ).all()
