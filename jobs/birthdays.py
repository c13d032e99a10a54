"""Birthdays that people tell by hand or in a file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from connector.errors import BadPayload
from connector.exports.balances import ACCOUNT, EMAIL, PHONE
from connector.exports.reading import Problem
from connector.exports.table import Row, open_table
from database import occasions, people
from database.privacy import Subject
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, active_store
from jobs.occasion_rules import BIRTHDAY, Programme, programme
from jobs.occasions import persons_of, settle
from jobs.people_occasions import celebrations, note_birthday
from jobs.points import one_customer
from jobs.privacy import subject
from retention.figures.period import Calendar
from retention.yearly import YearlyDay

COLUMNS = (
    *("birthday", "birth_date", "birthdate", "date_of_birth", "dob"),
    *("تولد", "تاریخ تولد", "روز تولد"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A birthday as it is kept, of which of our customers, since when."""

    customer_id: int
    birthday: YearlyDay
    given_at: datetime


@dataclass(slots=True)
class Imported:
    """How many birthdays of a file were kept, and why the others were not."""

    kept: int = 0
    problems: list[Problem] = field(default_factory=list)


def set_birthday(
    context: Context,
    store_id: UUID,
    person: Subject,
    text: str,
    *,
    calendar: Calendar | None = None,
    corrected: bool = False,
) -> Kept:
    """Keep the birthday of an account: YYYY-MM-DD, or MM-DD in the calendar (the store's).

    A date that is known already keeps since when it is known. Another one can take its place
    after a year, or at once where a mistake is `corrected`.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: the person is no customer of the store.
        ValueError: the rule is off, the person has no account, there is no such day, or the date
            that is known cannot be changed yet.
    """
    return _kept(context, active_store(context, store_id), person, text, calendar, corrected)


def _kept(
    context: Context,
    store: ActiveStore,
    person: Subject,
    text: str,
    calendar: Calendar | None,
    corrected: bool,
) -> Kept:
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        told = programme(session, store)
        if told is None or BIRTHDAY not in told.since:
            raise ValueError("birthdays give no points; set points_birthday first")
        birthday = YearlyDay.read(text, calendar or told.calendar)
        customer = one_customer(session, person)
        number = _person_of(session, customer)
        until = note_birthday(session, number, customer, birthday, told.moment, corrected=corrected)
        if until is not None:
            raise ValueError(
                f"the birthday of customer {customer} was changed within a year; it can be "
                f"changed from {until:%Y-%m-%d} on, or at once if it was a mistake"
            )
        return _celebrated(session, told, number)


def _person_of(session: Session, customer: int) -> int:
    named = people.accounts(session, [customer])
    if not named:
        raise ValueError(f"customer {customer} has no account, and a birthday belongs to one")
    persons = persons_of(session, named)
    if customer not in persons:
        raise ValueError(f"customer {customer} has no e-mail address or phone number")
    return persons[customer]


def _celebrated(session: Session, told: Programme, person: int) -> Kept:
    (row,) = occasions.birthdays(session, [person])
    want_points(session, told.store, settle(session, told, celebrations(session, told, [row])))
    return Kept(row.customer_id, row.birthday, row.given_at)


def import_birthdays(
    context: Context, store_id: UUID, path: Path, *, calendar: Calendar | None = None
) -> Imported:
    """Keep the birthdays of a CSV file: a column `birthday`, and one that names the account.

    Raises:
        BadPayload: the file cannot be read, or lacks a column.
        NotActive: there is no such store, or it is not active.
    """
    store, result = active_store(context, store_id), Imported()
    for row in _rows(path):
        try:
            _keep_row(context, store, row, calendar)
        except (BadPayload, LookupError, ValueError) as error:
            result.problems.append(Problem(row.line, "", str(error)))
        else:
            result.kept += 1
    return result


def _keep_row(context: Context, store: ActiveStore, row: Row, calendar: Calendar | None) -> None:
    if row.trouble:
        raise ValueError(row.trouble)
    names = {"account": ACCOUNT, "email": EMAIL, "phone": PHONE}
    told = {name: row.text(*columns) or None for name, columns in names.items()}
    person = subject(context, store.id, **told)
    _kept(context, store, person, row.text(*COLUMNS), calendar, corrected=False)


def _rows(path: Path) -> Iterator[Row]:
    with open_table(path) as table:
        if not table.columns & set(COLUMNS):
            raise BadPayload("the file has no column “birthday”; name the column of birthdays so")
        if not table.columns & {*ACCOUNT, *EMAIL, *PHONE}:
            raise BadPayload(
                "the file has none of the columns “account”, “email” and “phone”; name one so"
            )
        yield from table.rows()
