"""The points of the store in scope that are out, and what became of the others."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from database.models import PointEntry, PointLot

USES = ("reserved", "redeemed", "expired")
PORTION = 10_000


class Out(NamedTuple):
    """What is left of a lot, and since when it can be spent, or was given."""

    customer_id: int
    since: datetime
    available: int
    pending: int


class Use(NamedTuple):
    """An entry by which points of a lot were spent or expired (below 0), or came back.

    `effect` is what only its own points come back from: the redemption, or the lot that expired.
    """

    effect: str
    customer_id: int
    since: datetime
    at: datetime
    against: str
    points: int


def out(session: Session) -> list[Out]:
    """What is left, lot by lot, also where it is below 0."""
    rows = session.execute(
        select(PointLot.customer_id, _since(), PointLot.available, PointLot.pending).where(
            (PointLot.available != 0) | (PointLot.pending != 0)
        )
    )
    return [Out(*row) for row in rows]


def uses(session: Session) -> list[Use]:
    """What was spent and what expired, with what came back of it, in the ledger's sequence.

    What only went from reserved to redeemed, or back, is left out: it was spent when reserved.
    """
    rows = session.execute(
        select(
            case(
                (PointEntry.against == "expired", PointEntry.lot),
                else_=func.regexp_replace(PointEntry.reference, ":[0-9]+$", ""),
            ),
            PointLot.customer_id,
            _since(),
            PointEntry.created_at,
            PointEntry.against,
            PointEntry.points,
        )
        .join_from(PointEntry, PointLot, PointLot.reference == PointEntry.lot)
        .where(PointEntry.against.in_(USES), PointEntry.reason.not_in(("committed", "reopened")))
        .order_by(PointEntry.number)
        .execution_options(yield_per=PORTION)
    )
    return [Use(*row) for row in rows]


def reserved(session: Session) -> int:
    """The points that open redemptions hold."""
    total = session.scalar(
        select(func.coalesce(func.sum(PointEntry.points), 0)).where(
            PointEntry.against == "reserved"
        )
    )
    return -int(total or 0)


def _since() -> Any:
    """Since when a lot's points can be spent, or else were given.

    A lot's entries are its customer's, by whom there is an index.
    """
    first = (
        select(func.min(PointEntry.created_at))
        .where(PointEntry.customer_id == PointLot.customer_id, PointEntry.lot == PointLot.reference)
        .correlate(PointLot)
        .scalar_subquery()
    )
    return func.coalesce(PointLot.matures_at, first)
