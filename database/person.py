"""Finding all that the store in scope has about one person."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from database.models import Customer, Order
from database.privacy import Subject, identities_of

ERASED = "@erased.invalid"
"""How the e-mail address ends that stands for somebody who was erased."""


@dataclass(slots=True)
class Person:
    """A person's accounts, addresses and numbers, our customers for them, and their orders.

    `customers` maps our number to the customer's key, `orders` has the store's identifiers.
    """

    accounts: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    customers: dict[int, str] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)

    @property
    def identities(self) -> set[str]:
        """Everything that names the person, in the form in which identities are hashed."""
        return {
            identity
            for group in (
                *(identities_of(name, None, None) for name in self.accounts),
                *(identities_of(None, name, None) for name in self.emails),
                *(identities_of(None, None, name) for name in self.phones),
            )
            for identity in group
        }


def find(session: Session, subject: Subject) -> Person:
    """Who the subject is, by the strongest of what is told: account, else e-mail, else phone.

    An account brings its own e-mail address and phone number along, and the guest orders made
    with them, unless another account has them too: those stay with it. Guests who gave the
    e-mail address or phone number that was asked for, or whose orders are named, are the person.
    """
    person = Person(accounts=_accounts(session, subject))
    guests = _guests(session, subject)
    contacts = session.execute(
        select(Customer.email, Customer.phone).where(
            Customer.account_id.in_(person.accounts) | Customer.id.in_(guests)
        )
    ).all()
    emails = {subject.email, *(row.email for row in contacts)}
    phones = {subject.phone, *(row.phone for row in contacts)}
    person.emails = _exclusive(session, Customer.email, emails, person.accounts)
    person.phones = _exclusive(session, Customer.phone, phones, person.accounts)
    rows = session.execute(
        select(Customer.id, Customer.key).where(
            Customer.key.in_(person.identities) | Customer.id.in_(guests)
        )
    )
    person.customers = {row.id: row.key for row in rows}
    person.orders = set(
        session.scalars(
            select(Order.external_id).where(
                Order.customer_id.in_(person.customers)
                | Order.account_id.in_(person.accounts)
                | Order.external_id.in_(subject.order_ids)
            )
        )
    )
    return person


def _accounts(session: Session, subject: Subject) -> set[str]:
    if subject.account_id:
        return {subject.account_id}
    named = _named(subject)
    if named is None:
        return set()
    of_customer, of_order = named
    own = session.scalars(
        select(Customer.account_id).where(of_customer, Customer.account_id.is_not(None))
    )
    # Of an account that only orders have told of so far, they are all that is known.
    unread = session.scalars(
        select(Customer.account_id)
        .join(Order, Order.customer_id == Customer.id)
        .where(of_order, Customer.account_id.is_not(None), Customer.content.is_(None))
    )
    return {name for name in (*own, *unread) if name}


def _guests(session: Session, subject: Subject) -> set[int]:
    """Guests whose orders are named, or carry what the request names the person by."""
    which: list[ColumnElement[bool]] = [Order.external_id.in_(subject.order_ids)]
    named = None if subject.account_id else _named(subject)
    if named is not None:
        which.append(named[1])
    return set(
        session.scalars(
            select(Customer.id)
            .join(Order, Order.customer_id == Customer.id)
            .where(Customer.account_id.is_(None), or_(*which))
        )
    )


def _named(subject: Subject) -> tuple[ColumnElement[bool], ColumnElement[bool]] | None:
    """The conditions on customers and on orders that name somebody who has no account told."""
    if subject.email:
        return Customer.email == subject.email, Order.email == subject.email
    if subject.phone:
        return Customer.phone == subject.phone, Order.phone == subject.phone
    return None


def _exclusive(
    session: Session,
    column: InstrumentedAttribute[str | None],
    values: Iterable[str | None],
    accounts: Iterable[str],
) -> set[str]:
    """Those of the values that no other account has."""
    listed = {value for value in values if value}
    shared = session.scalars(
        select(column).where(
            column.in_(listed),
            Customer.account_id.is_not(None),
            Customer.account_id.not_in(list(accounts)),
        )
    )
    return listed - set(shared)
