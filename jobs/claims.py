"""An account proves that its e-mail address is its holder's, and so claims what a guest had."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from database import claims, customers, orders, stores
from database.claims import Claimed
from database.privacy import Subject
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import settle_points, want_points
from jobs.context import ActiveStore, Context, NotActive, active_store
from jobs.gifts import follow_guests
from jobs.points import one_customer
from jobs.redemption_ledger import follow_customers

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Link:
    """Where an account's holder proves the e-mail address, and until when. Secret."""

    url: str
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link is about: the store's name, and the address that it proves."""

    store_name: str
    email: str


def claim_link(context: Context, store_id: UUID, person: Subject, *, days: int = 7) -> Link:
    """A new link that proves the e-mail address of an account, once, within so many days.

    Whoever mails it to that address learns by its use that the account's holder reads it there.

    Raises:
        LookupError: the person is no customer of the store.
        NotActive: there is no such store, or it is not active.
        ValueError: the person has no account, or it has no e-mail address.
    """
    store = active_store(context, store_id)
    with store_transaction(context.engine, store_id) as session:
        lock_store(session, store)
        customer = one_customer(session, person)
        account, email = customers.contact(session, customer)
        if account is None or email is None:
            raise ValueError("only an account with an e-mail address can prove it; this has none")
        token, expires_at = claims.new_link(session, customer, email, days)
    url = f"{context.public_url}/claim/{store_id}?token={token}"
    return Link(url, email, expires_at)


def look(context: Context, store_id: UUID, token: str) -> Claim | None:
    """What a link would prove; None when it is used, too old or unknown."""
    with store_transaction(context.engine, store_id) as session:
        row, claimed = stores.get(session), claims.find_link(session, token)
        if row is None or row.state != "active" or claimed is None:
            return None
        return Claim(row.name, claimed.email)


def prove(context: Context, store_id: UUID, token: str) -> bool:
    """Take the proof: the account gets what its e-mail address has as a guest. Whether it counted.

    A link counts once, and only while the account still has the address.
    """
    try:
        store = active_store(context, store_id)
        with store_transaction(context.engine, store_id) as session:
            lock_store(session, store)
            claimed = claims.find_link(session, token)
            if claimed is None:
                return False
            claims.prove(session, claimed)
            _claim(session, store, claimed)
    except NotActive:
        return False
    log.info("e-mail proved", store=str(store_id), customer=claimed.customer_id)
    return True


def _claim(session: Session, store: ActiveStore, claimed: Claimed) -> None:
    """Bring everything that the guest of this address had to whose it is now."""
    keys = {f"email:{claimed.email}"}
    buyers = customers.orders_of_guests(session, keys)
    owners = customers.resolve(session, buyers, store.settings) if buyers else {}
    follow_customers(session, store.settings, keys, [])
    if moved := orders.move_orders(session, owners):
        settle_points(session, store, orders.load_orders(session, moved))
        stores.mark_dirty(session)
    want_points(session, store, follow_guests(session, store, keys))
