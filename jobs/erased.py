"""Keeping erased people erased: what comes in about them is stripped before it is kept.

A webhook that comes late, a history that is loaded again or a file of old orders may tell once
more who somebody was. The identities that were erased are known as keyed hashes, so that they are
recognised without being kept. What lies before the erasure stays anonymous; whoever buys again
afterwards is a new customer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from database import erasure, privacy
from database.customers import Buyer, GuestIdentity
from database.erasure import Erased
from database.privacy import identities_of
from jobs.context import ActiveStore, current
from jobs.facts import Fact, Key
from retention.records import Account, Order


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the people and orders that some facts are about."""

    identities: Mapping[str, Erased]
    orders: Mapping[str, str]
    returned: set[str]
    guest_identity: GuestIdentity

    def concerns(self, order: Order, identity: str) -> Erased | None:
        """The erasure of this identity, if the order was placed before it."""
        found = self.identities.get(identity)
        return found if found and order.placed_at <= found.erased_at else None


def without_erased(
    session: Session, store: ActiveStore, facts: Iterable[tuple[Key, Fact]]
) -> list[tuple[Key, Fact]]:
    """The facts without what would bring erased people back.

    Their orders get the pseudonym as their buyer, their accounts are left out.
    """
    listed = list(facts)
    hasher = privacy.hasher(session, current().vault)
    if hasher is None:
        return listed
    identities = {identity for key, fact in listed for identity in identities_in(key, fact)}
    known = _Known(
        identities=erasure.erased(session, identities, hasher),
        orders=erasure.erased_orders(session, [name for kind, name in _keys(listed, "order")]),
        returned=erasure.returned_accounts(
            session, [name for _, name in _keys(listed, "customer")]
        ),
        guest_identity=store.settings.guest_identity,
    )
    return [
        (key, stripped)
        for key, fact in listed
        if (stripped := _stripped(key, fact, known)) is not None
    ]


def _keys(facts: Iterable[tuple[Key, Fact]], kind: str) -> list[Key]:
    return [key for key, _ in facts if key[0] == kind]


def identities_in(key: Key, fact: Fact) -> tuple[str, ...]:
    """The identities that a fact tells, as they are hashed."""
    record = fact.record
    if isinstance(record, Order):
        return identities_of(record.account_id, record.email, record.phone)
    if isinstance(record, Account):
        return identities_of(record.id, record.email, record.phone)
    return identities_of(key[1], None, None) if key[0] == "customer" else ()


def _stripped(key: Key, fact: Fact, known: _Known) -> Fact | None:
    if isinstance(fact.record, Order):
        return replace(fact, record=_order(fact.record, known))
    if key[0] != "customer" or key[1] in known.returned:
        return fact
    email = fact.record.email if isinstance(fact.record, Account) else None
    names = identities_of(key[1], email, None)
    return None if any(name in known.identities for name in names) else fact


def _order(order: Order, known: _Known) -> Order:
    if pseudonym := known.orders.get(order.id):
        return _anonymous(order, pseudonym)
    guest = Buyer(order.account_id, order.email, order.phone).guest_key(known.guest_identity)
    owner = f"account:{order.account_id}" if order.account_id else guest
    if owner and (found := known.concerns(order, owner)):
        return _anonymous(order, found.pseudonym)
    email = None if known.concerns(order, f"email:{order.email}") else order.email
    phone = None if known.concerns(order, f"phone:{order.phone}") else order.phone
    is_whole = (email, phone) == (order.email, order.phone)
    return replace(order, email=email, phone=phone, address=order.address if is_whole else None)


def _anonymous(order: Order, pseudonym: str) -> Order:
    return replace(order, account_id=None, email=pseudonym, phone=None, address=None)
