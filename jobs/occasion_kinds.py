"""What accounts, birthdays, first purchases and reviews give by the facts as they stand."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from database import occasions, people
from database.occasions import BirthdayRow, ReviewRow
from database.people import AccountRow
from jobs.occasion_rules import ANNIVERSARY, BIRTHDAY, REVIEW, WELCOME, Programme
from retention.figures.period import month_name
from retention.ledger.occasions import Occasion
from retention.ledger.sharing import has_stood, is_as_given
from retention.records import PointLot
from retention.yearly import YearlyDay, anniversaries, birthdays

CHANGED_AFTER = timedelta(days=365)


def welcomes(
    session: Session, told: Programme, people_of: Mapping[int, Sequence[AccountRow]]
) -> list[Occasion]:
    """What people, given with all accounts they ever had, get for having one.

    They get it once, also where the store has made one person of two who both had been welcomed.
    """
    if WELCOME not in told.since or not people_of:
        return []
    erased = people.erased_before(session, people_of)
    given = _holders(session, "welcome", people_of)
    found = []
    for person, own in people_of.items():
        known = {name for account in own for name in given if account.customer_id in given[name]}
        first, *others = sorted(known or {f"welcome:{person}"}, key=_number)
        welcome = _welcome(told, first, own, given.get(first, ()), was_erased=person in erased)
        found += [welcome]
        found += [replace(welcome, source=source, stands=False) for source in others]
    return found


def _holders(
    session: Session, kind: str, people_of: Mapping[int, Sequence[AccountRow]]
) -> dict[str, set[int]]:
    """Which of these people's accounts had points of what gave some of a kind."""
    customers = [account.customer_id for own in people_of.values() for account in own]
    found: dict[str, set[int]] = defaultdict(set)
    for lot in occasions.lots(session, kind, customers):
        found[lot.reference.rpartition(":")[0]].add(lot.customer_id)
    return found


def _number(source: str) -> int:
    return int(source.rpartition(":")[2])


def _heir(own: Sequence[AccountRow], holders: Collection[int]) -> AccountRow | None:
    """Who of a person's accounts has something: its holder, else the newest that is there."""
    present = [account for account in own if account.is_present]
    held = [account for account in present if account.customer_id in holders]
    return next(reversed(held or present), None)


def _welcome(
    told: Programme,
    source: str,
    own: Sequence[AccountRow],
    holders: Collection[int],
    *,
    was_erased: bool,
) -> Occasion:
    heir = _heir(own, holders)
    holder = heir or own[-1]
    created = holder.created_at
    is_new = created is not None and created >= told.since[WELCOME]
    return Occasion(
        source=source,
        reason="welcome",
        customer_id=holder.customer_id,
        points=told.settings.points_welcome,
        happened_at=created,
        stands=heir is not None,
        may_begin=is_new and not was_erased,
    )


def birthdays_that_move(
    session: Session, told: Programme, people_of: Mapping[int, Sequence[AccountRow]]
) -> list[Occasion]:
    """The birthdays whose points an account that is gone still has, for the person's next one.

    The next account also gets the birthday itself.
    """
    several = {person: own for person, own in people_of.items() if len(own) > 1}
    if BIRTHDAY not in told.since or not several:
        return []
    given = _holders(session, "birthday", several)
    found = []
    for person, own in several.items():
        newest = _heir(own, ())
        if newest is not None:
            occasions.hand_over_birthday(session, person, newest.customer_id)
        for source in sorted(given):
            heir = _heir(own, given[source])
            if heir and given[source] & {account.customer_id for account in own}:
                found.append(_moved_birthday(source, heir.customer_id))
    return found


def _moved_birthday(source: str, customer_id: int) -> Occasion:
    return Occasion(
        source=source,
        reason="birthday",
        customer_id=customer_id,
        points=0,
        happened_at=None,
        may_begin=False,
    )


def note_birthday(
    session: Session,
    person: int,
    customer_id: int,
    birthday: YearlyDay,
    moment: datetime,
    *,
    corrected: bool = False,
) -> datetime | None:
    """Keep a person's birthday; None, or until when the one that is known cannot be changed.

    A date stays for a year, unless it is `corrected`.
    """
    known = next(iter(occasions.birthdays(session, [person])), None)
    if known is None or known.birthday != birthday:
        if known is not None and not corrected and moment < known.given_at + CHANGED_AFTER:
            return known.given_at + CHANGED_AFTER
        occasions.keep_birthday(session, person, customer_id, birthday, moment)
    return None


def celebrations(session: Session, told: Programme, known: Iterable[BirthdayRow]) -> list[Occasion]:
    """The birthdays that are to be celebrated by now and were not; they are noted as celebrated."""
    if BIRTHDAY not in told.since:
        return []
    found = []
    for row in known:
        due = birthdays(
            row.birthday,
            told.day(row.given_at),
            told.since_day(BIRTHDAY),
            row.celebrated_on,
            told.today,
        )
        for year, day in due:
            found.append(
                Occasion(
                    source=f"birthday:{year}:{row.person}",
                    reason="birthday",
                    customer_id=row.customer_id,
                    points=told.settings.points_birthday,
                    happened_at=told.start(day),
                )
            )
            occasions.note_celebrated(session, row.person, day)
    return found


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
