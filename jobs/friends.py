"""Codes by which customers bring friends, and what people decide about referrals."""

import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from database import customers, referral_codes, referrals
from database.models import Referral
from database.privacy import Subject
from database.referral_codes import MEDIUM, SOURCE
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, active_store
from jobs.occasion_rules import REFERRAL, Programme, programme
from jobs.occasions import follow_orders, settle
from jobs.points import one_customer
from jobs.referrals import given_by_referrers
from retention.ledger.changes import require_explained
from retention.referrals import Decision, State

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{2,39}")
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 8
STATES: tuple[State, ...] = ("waiting", "held", "accepted", "rejected", "void")


@dataclass(frozen=True, slots=True)
class Code:
    """A customer's code, and the link that tells it."""

    code: str
    link: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A referral as it stands; customers are our numbers of them, with their keys."""

    number: int
    state: str
    reasons: tuple[str, ...]
    referrer_id: int
    friend_id: int
    referrer: str
    friend: str
    code: str
    order_id: str | None
    placed_at: datetime | None
    decision: str | None
    decided_by: str | None
    decided_why: str | None


def code_for(context: Context, store_id: UUID, person: Subject, code: str | None = None) -> Code:
    """The code of a customer: the one given, else one that there is, else a new one.

    Orders that carry a code that is new count from then on, too.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: the person is no customer of the store.
        ValueError: the code cannot be one, or is another customer's.
    """
    store = active_store(context, store_id)
    wanted = code and code.strip().lower()
    if wanted and not CODE.fullmatch(wanted):
        raise ValueError(f"code {code!r}: use 3 to 40 letters a to z, digits, '-' and '_'")
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        customer = one_customer(session, person)
        known = referral_codes.codes_of(session, [customer]).get(customer, set())
        found = wanted or max(known, default=_new_code())
        if found not in known:
            if not referral_codes.add_code(session, found, customer):
                raise ValueError(f"code {found!r} is another customer's; choose another")
            _follow_code(session, store, found)
    return _told(store, found)


def codes_of_all(context: Context, store_id: UUID) -> list[tuple[str, str, Code]]:
    """The code of every account that has bought, with the account and its e-mail address.

    Those that have none get one.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        buyers = referral_codes.buyers(session, store.settings.purchase_statuses)
        known = referral_codes.codes_of(session, [number for number, _, _ in buyers])
        new = {_new_code(): number for number, _, _ in buyers if number not in known}
        referral_codes.add_codes(session, new)
        known = referral_codes.codes_of(session, [number for number, _, _ in buyers])
    return [(account, email, _told(store, max(known[number]))) for number, account, email in buyers]


def _told(store: ActiveStore, code: str) -> Code:
    marks = urlencode({"utm_source": SOURCE, "utm_medium": MEDIUM, "utm_campaign": code})
    return Code(code, f"{store.credentials.store_url.rstrip('/')}/?{marks}")


def _new_code() -> str:
    return "friend-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _follow_code(session: Session, store: ActiveStore, code: str) -> None:
    told = programme(session, store)
    if told is not None and REFERRAL in told.since:
        buyers = referral_codes.with_code(session, code, told.since[REFERRAL])
        want_points(session, store, follow_orders(session, store, (), buyers))


def refer(context: Context, store_id: UUID, friend: Subject, code: str) -> Listed:
    """Note by hand that a customer was brought by whoever has this code.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: the friend is no customer of the store, or nobody has the code.
        ValueError: the friend is known as brought by somebody already.
    """

    def change(session: Session) -> Referral:
        name = code.strip().lower()
        referrer = referral_codes.customers_of_codes(session, [name]).get(name)
        if referrer is None:
            raise LookupError(f"no code {code!r}; `bazgasht points referral-code` makes one")
        customer = one_customer(session, friend)
        known = referrals.find(session, customers=[customer])
        if any(row.friend_id == customer for row in known):
            raise ValueError(
                f"customer {customer} is known as brought by somebody; "
                "`bazgasht points referrals` lists that"
            )
        return referrals.add(session, customer, referrer, name, by_hand=True)

    return _changed(context, store_id, change)


def decide(
    context: Context, store_id: UUID, number: int, decision: Decision, *, actor: str, note: str
) -> Listed:
    """Approve or reject a referral by hand; either may be changed later.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: there is no such referral.
        ValueError: nobody or no reason is named, or the rule is switched off.
    """
    require_explained(actor, note)

    def change(session: Session) -> Referral:
        row = referrals.get(session, number)
        if row is None:
            raise LookupError(f"no referral {number}; `bazgasht points referrals` lists them")
        referrals.decide(session, row, decision, actor, note)
        return row

    return _changed(context, store_id, change)


def _changed(context: Context, store_id: UUID, change: Callable[[Session], Referral]) -> Listed:
    """Change one referral, with what follows from it for all of its referrer's."""
    store = active_store(context, store_id)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        told = programme(session, store)
        if told is None or REFERRAL not in told.since:
            raise ValueError("referrals give no points; set points_referral first")
        row = change(session)
        session.flush()
        want_points(session, store, _bring(session, told, row))
        return _listed(session, [row])[0]


def _bring(session: Session, told: Programme, row: Referral) -> set[int]:
    wanted, involved = given_by_referrers(session, told, {row.referrer_id})
    return settle(session, told, wanted, involved)


def listing(context: Context, store_id: UUID, states: Collection[str] = STATES) -> Sequence[Listed]:
    """The referrals in these states, the oldest first."""
    with store_transaction(context.engine, store_id) as session:
        return _listed(session, referrals.listing(session, states))


def _listed(session: Session, rows: Sequence[Referral]) -> list[Listed]:
    named = {one for row in rows for one in (row.referrer_id, row.friend_id)}
    keys = customers.keys(session, named)
    return [
        Listed(
            number=row.id,
            state=row.state,
            reasons=tuple(row.reasons),
            referrer_id=row.referrer_id,
            friend_id=row.friend_id,
            referrer=keys[row.referrer_id],
            friend=keys[row.friend_id],
            code=row.code,
            order_id=row.order_id,
            placed_at=row.placed_at,
            decision=row.decision,
            decided_by=row.decided_by,
            decided_why=row.decided_why,
        )
        for row in rows
    ]
