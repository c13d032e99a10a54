"""What accounts and birthdays give by the facts as they stand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from database import occasions, people
from database.occasions import BirthdayRow
from database.people import AccountRow
from jobs.occasion_rules import BIRTHDAY, WELCOME, Programme
from retention.ledger.occasions import Occasion
from retention.yearly import YearlyDay, birthdays

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
