"""Redeeming points: they are taken first, and then the store gives a reward for them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from database import points, redemptions, stores
from database.customers import contact
from database.person import find
from database.privacy import Subject
from database.session import store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, NotActive, active_store
from jobs.points import one_customer
from jobs.redemption_ledger import bring, redemption_rule
from jobs.rewards import issue, kept
from retention.ledger.book import Book
from retention.ledger.redemption import affordable
from retention.redemption import CannotRedeem, Redemption, RedemptionRule, new_code, new_reference

log = structlog.get_logger()

# A shopper who waits longer finds the code among the open ones.
PATIENCE = 8.0
# Each holds two connections to the database, so that only a few may.
HELPERS = ThreadPoolExecutor(3, thread_name_prefix="issue")


def redeem(
    context: Context, store_id: UUID, *, account_id: str, points: int, key: str
) -> Redemption:
    """Redeem points of the store's account; the same key again gives the same redemption.

    Its code is good once the state is issued; while it is reserved the store has not answered,
    and a job goes on asking.

    Raises:
        NotActive: there is no such store, or it is not active.
        CannotRedeem: it cannot be done; nothing was taken.
    """
    return redeem_for(context, store_id, Subject(account_id), points=points, key=key)


def redeem_for(
    context: Context, store_id: UUID, person: Subject, *, points: int, key: str
) -> Redemption:
    """Redeem points of a person, the account or else the one guest. Raises as `redeem`."""
    store = active_store(context, store_id)
    made = reserve(context, store, person, points, key)
    if made.state == "reserved":
        made = _issued_soon(context, store, made)
    if made.state == "reserved":
        queue.enqueue(context.redis, queue.REDEMPTIONS, store.id)
    return made


def reserve(
    context: Context, store: ActiveStore, person: Subject, wanted: int, key: str
) -> Redemption:
    """Take the points, and keep what for; nothing of it is in the store yet. Raises as `redeem`."""
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        known = redemptions.of_key(session, key)
        if known is not None:
            if known.points != wanted or known.customer_id not in find(session, person).customers:
                problem = "key was used for another redemption; give a new one"
                raise CannotRedeem("key_used", problem)
            return known
        rule = redemption_rule(store)
        made = _made(session, rule, _customer(session, person), wanted)
        redemptions.add(session, made, key)
        want_points(session, store, bring(session, store, [made], rule=rule.text()))
        made = kept(session, made.reference)
    log.info("points reserved", store=str(store.id), redemption=made.reference, points=wanted)
    return made


def _made(session: Session, rule: RedemptionRule, customer: int, wanted: int) -> Redemption:
    """A new redemption by the rule, if the customer can afford it."""
    moment = stores.now(session)
    book = Book(points.lots_of_customers(session, [customer]))
    rule.check(wanted, affordable(book, customer, moment))
    account, email = _contact(session, customer)
    worth = rule.worth(wanted)
    return Redemption(
        reference=new_reference(),
        customer_id=customer,
        account_id=account,
        email=email,
        points=wanted,
        worth=worth,
        currency=rule.currency,
        minimum=rule.minimum(worth),
        kind=rule.kind,
        code=new_code(),
        state="reserved",
        reason="",
        made_at=moment,
        expires_at=rule.expires_at(moment),
    )


def _customer(session: Session, person: Subject) -> int:
    try:
        return one_customer(session, person)
    except LookupError as error:
        raise CannotRedeem("nobody", str(error)) from None


def _contact(session: Session, customer: int) -> tuple[str | None, str | None]:
    """The account and the e-mail address to which a reward is bound."""
    account, email = contact(session, customer)
    if account is None and email is None:
        raise CannotRedeem("nobody", "the customer has neither an account nor an e-mail address")
    return account, email


def _issued_soon(context: Context, store: ActiveStore, made: Redemption) -> Redemption:
    """Ask the store for the reward, and wait for it as long as a shopper does."""
    try:
        return HELPERS.submit(issue, context, store, made.reference).result(PATIENCE)
    except (TimeoutError, NotActive):
        return made


def of_person(context: Context, store_id: UUID, person: Subject) -> list[Redemption]:
    """A person's redemptions, newest first. Raises LookupError for nobody whom we know."""
    with store_transaction(context.engine, store_id) as session:
        customers = find(session, person).customers
        if not customers:
            raise LookupError("no customer of the store is named like that")
        return redemptions.of_customers(session, customers)


def listing(context: Context, store_id: UUID, limit: int | None = None) -> list[Redemption]:
    """The store's redemptions, newest first."""
    with store_transaction(context.engine, store_id) as session:
        return redemptions.all_redemptions(session, limit)
