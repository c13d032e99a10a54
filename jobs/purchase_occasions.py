"""What first purchases and reviews of what was bought give by the facts as they stand."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from database import occasions
from database.occasions import ReviewRow
from jobs.occasion_rules import ANNIVERSARY, REVIEW, Programme
from retention.figures.period import month_name
from retention.ledger.occasions import Occasion
from retention.ledger.sharing import has_stood, is_as_given
from retention.records import PointLot
from retention.yearly import anniversaries


def anniversaries_of(
    session: Session, told: Programme, customers: Collection[int]
) -> list[Occasion]:
    """The anniversaries of these customers' first purchases that were, or are to be, paid."""
    if ANNIVERSARY not in told.since or not customers:
        return []
    first = occasions.first_purchases(session, told.settings.purchase_statuses, customers)
    given = _by_source(occasions.lots(session, "anniversary", customers))
    paid: dict[int, set[int]] = defaultdict(set)
    for source in given:
        _, number, customer = source.split(":")
        paid[int(customer)].add(int(number))
    found = []
    for one in customers:
        standing = _standing(told, first[one]) if one in first else {}
        found += [
            _anniversary(told, one, which, standing.get(which))
            for which in sorted({*standing, *paid[one]})
        ]
    return _that_change(found, given)


def _anniversary(
    told: Programme, customer: int, number: int, standing: tuple[datetime, bool] | None
) -> Occasion:
    happened, may_begin = standing or (None, False)
    return Occasion(
        source=f"anniversary:{number}:{customer}",
        reason="anniversary",
        customer_id=customer,
        points=told.settings.points_anniversary,
        happened_at=happened,
        stands=standing is not None,
        may_begin=may_begin,
    )


def _by_source(lots: Iterable[PointLot]) -> dict[str, PointLot]:
    """Lots of occasions that only one customer can have, by what gave them."""
    return {lot.reference.rpartition(":")[0]: lot for lot in lots}


def _that_change(found: Iterable[Occasion], given: Mapping[str, PointLot]) -> list[Occasion]:
    """The occasions that may have to be given or taken back."""
    return [
        one
        for one in found
        if not is_as_given(one, given.get(one.source)) and (one.source in given or one.may_begin)
    ]


def _standing(told: Programme, first: datetime) -> dict[int, tuple[datetime, bool]]:
    """The anniversaries there have been, with when each began and whether the rule was on."""
    day, since = told.day(first), told.since_day(ANNIVERSARY)
    return {
        number: (told.start(one), one >= since)
        for number, one in anniversaries(day, told.calendar, day, told.today)
    }


def reviewed(session: Session, told: Programme) -> list[Occasion]:
    """What every customer's reviews give, also those that are gone."""
    if REVIEW not in told.since:
        return []
    given = _by_source(occasions.lots(session, "review"))
    first: dict[str, ReviewRow] = {}
    rows = occasions.reviews_of_bought(session, told.settings.purchase_statuses)
    for row in sorted(rows, key=lambda row: (row.reviewed_at, row.review_id)):
        first.setdefault(f"review:{row.product_id}:{row.customer_id}", row)
    paid = {source for source, lot in given.items() if has_stood(lot)}
    room = Counter(_month(told, row) for source, row in first.items() if source in paid)
    most = told.settings.points_reviews_per_month
    found = []
    for source, row in first.items():
        may_stand = source in given or row.reviewed_at >= told.since[REVIEW]
        if source not in paid and may_stand:
            room[_month(told, row)] += 1
            may_stand = not most or room[_month(told, row)] <= most
        found.append(_review(told, source, row.customer_id, row.reviewed_at, stands=may_stand))
    found += [
        _review(told, source, lot.customer_id, None, stands=False)
        for source, lot in given.items()
        if source not in first
    ]
    return _that_change(found, given)


def _review(
    told: Programme, source: str, customer_id: int, at: datetime | None, *, stands: bool
) -> Occasion:
    return Occasion(
        source=source,
        reason="review",
        customer_id=customer_id,
        points=told.settings.points_review,
        happened_at=at,
        stands=stands,
    )


def _month(told: Programme, review: ReviewRow) -> tuple[int, str]:
    """The customer and the month of the store in which a review counts."""
    return review.customer_id, month_name(told.day(review.reviewed_at), told.calendar)
