"""What of the store in scope gives points besides orders: days, reviews, and what was given."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, delete, exists, func, select, update
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import (
    Birthday,
    Customer,
    Order,
    OrderLine,
    PointEntry,
    PointLot,
    Product,
    Review,
)
from database.orders import counts
from database.points import lots_where
from retention.records import PointLot as LotRecord
from retention.yearly import YearlyDay


@dataclass(frozen=True, slots=True)
class BirthdayRow:
    """A person's birthday, the present account, since when it is known, and the last one paid."""

    person: int
    customer_id: int
    birthday: YearlyDay
    given_at: datetime
    celebrated_on: date | None


class ReviewRow(NamedTuple):
    """A review by a customer who had bought the product."""

    customer_id: int
    product_id: str
    review_id: str
    reviewed_at: datetime


def lots(session: Session, kind: str, customers: Iterable[int] | None = None) -> list[LotRecord]:
    """The lots that occasions of a kind gave, to these customers or to all."""
    which: list[ColumnElement[bool]] = [PointLot.reference.startswith(f"{kind}:", autoescape=True)]
    if customers is not None:
        which.append(among(PointLot.customer_id, customers))
    return lots_where(session, *which)


def present(session: Session, references: Collection[str]) -> set[str]:
    """Those of the references that an entry of the ledger has."""
    if not references:
        return set()
    return set(
        session.scalars(select(PointEntry.reference).where(among(PointEntry.reference, references)))
    )


def first_purchases(
    session: Session, statuses: Sequence[str], customers: Iterable[int]
) -> dict[int, datetime]:
    """When each of these customers placed the first order that counts and is kept in part."""
    rows = session.execute(
        select(Order.customer_id, func.min(Order.placed_at))
        .where(among(Order.customer_id, customers), *counts(statuses))
        .group_by(Order.customer_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def with_first_purchase_around(
    session: Session, statuses: Sequence[str], days: Collection[str] | None
) -> Sequence[int]:
    """The customers whose first order that counts was placed on one of these days in UTC.

    Days are month and day, as 03-21, of any year; None is any day.
    """
    first = func.min(Order.placed_at)
    statement = (
        select(Order.customer_id)
        .where(Order.customer_id.is_not(None), *counts(statuses))
        .group_by(Order.customer_id)
        .order_by(Order.customer_id)
    )
    if days is not None:
        statement = statement.having(
            among(func.to_char(func.timezone("UTC", first), "MM-DD", type_=String), sorted(days))
        )
    return [number for number in session.scalars(statement) if number is not None]


def reviews_of_bought(session: Session, statuses: Sequence[str]) -> list[ReviewRow]:
    """Every review whose writer had bought the product before and kept some of it."""
    bought = exists().where(
        Order.customer_id == Review.customer_id,
        Order.placed_at <= Review.reviewed_at,
        *counts(statuses),
        OrderLine.order_id == Order.id,
        OrderLine.kept_quantity > 0,
        Product.id == OrderLine.product_id,
        Product.external_id == Review.product_external_id,
    )
    rows = session.execute(
        select(
            Review.customer_id, Review.product_external_id, Review.external_id, Review.reviewed_at
        ).where(Review.customer_id.is_not(None), bought)
    )
    return [ReviewRow(row[0] or 0, *row[1:]) for row in rows]


def birthdays(session: Session, people: Iterable[int] | None = None) -> list[BirthdayRow]:
    """The birthdays of these people, or of all whose account is still there."""
    statement = select(Birthday).order_by(Birthday.person)
    if people is None:
        statement = statement.join(Customer, Customer.id == Birthday.customer_id).where(
            Customer.gone.is_(False)
        )
    else:
        statement = statement.where(among(Birthday.person, people))
    return [
        BirthdayRow(
            row.person,
            row.customer_id,
            YearlyDay(row.calendar, row.month, row.day),  # type: ignore[arg-type]
            row.given_at,
            row.celebrated_on,
        )
        for row in session.scalars(statement)
    ]


def keep_birthday(
    session: Session, person: int, customer_id: int, birthday: YearlyDay, given_at: datetime
) -> None:
    """Keep a person's birthday in the place of the one before."""
    row = {
        "person": person,
        "customer_id": customer_id,
        "calendar": birthday.calendar,
        "month": birthday.month,
        "day": birthday.day,
        "given_at": given_at,
    }
    insert_rows(
        session,
        Birthday,
        [row],
        unique=("store_id", "person"),
        replace=("customer_id", "calendar", "month", "day", "given_at"),
    )


def hand_over_birthday(session: Session, person: int, customer_id: int) -> None:
    """Note the account that a person has in the place of one that is gone."""
    is_there = exists().where(Customer.id == Birthday.customer_id, Customer.gone.is_(False))
    session.execute(
        update(Birthday)
        .where(Birthday.person == person, ~is_there)
        .values(customer_id=customer_id)
        .execution_options(synchronize_session=False)
    )


def join_birthdays(session: Session, people: Mapping[int, int]) -> None:
    """Keep one birthday of people who became one, as {person: the one that stays}."""
    for person, kept in people.items():
        has_own = exists().where(Birthday.person == kept).correlate(None)
        for statement in (
            delete(Birthday).where(Birthday.person == person, has_own),
            update(Birthday).where(Birthday.person == person).values(person=kept),
        ):
            session.execute(statement.execution_options(synchronize_session=False))


def note_celebrated(session: Session, person: int, day: date) -> None:
    """Note the last birthday of a person that was celebrated."""
    session.execute(
        update(Birthday)
        .where(Birthday.person == person)
        .values(celebrated_on=day)
        .execution_options(synchronize_session=False)
    )


def forget_birthdays(session: Session, customers: Iterable[int]) -> None:
    """Remove the birthdays of these customers."""
    session.execute(
        delete(Birthday)
        .where(among(Birthday.customer_id, customers))
        .execution_options(synchronize_session=False)
    )


def read_again(session: Session) -> None:
    """Let the next reading of every account be applied, whatever is known of it."""
    session.execute(
        update(Customer)
        .where(Customer.account_id.is_not(None), Customer.gone.is_(False))
        .values(modified_at=None, content=b"")
        .execution_options(synchronize_session=False)
    )
