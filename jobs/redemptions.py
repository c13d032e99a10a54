"""Redeeming points for a reward in the store: reserve, issue, and give back what was not used.

The points are taken, and the code is made, before the store is called; the code tells the store's
answers apart from those that were lost, so there is never a second reward for the same points.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from connector.errors import (
    ConnectorError,
    CredentialsRefused,
    PermanentError,
    Refused,
    TemporaryError,
)
from connector.platform import ConnectedStore, Reward
from database import points, redemptions, stores
from database.customers import contact
from database.person import find
from database.privacy import Subject
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    disconnect,
)
from jobs.points import one_customer
from jobs.redemption_ledger import bring, owned, redemption_rule
from retention.ledger.book import Book
from retention.ledger.redemption import affordable
from retention.redemption import CannotRedeem, Redemption, RedemptionRule, new_code, new_reference

log = structlog.get_logger()

# A shopper who waits longer gets the code from the list of open ones.
PATIENCE = 8.0
# Asked again after a pause; a request that was given up may still arrive within it.
PAUSE = timedelta(minutes=10)
PORTION = 100
SHOPPER = "the shopper"


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
                raise CannotRedeem(
                    "key_used", "key was used for another redemption; give a new one"
                )
            return known
        customer = _customer(session, person)
        rule = redemption_rule(store.settings, store.currency)
        moment = stores.now(session)
        book = Book(points.lots_of_customers(session, [customer]))
        rule.check(wanted, affordable(book, customer, moment))
        account, email = _contact(session, customer)
        made = Redemption(
            reference=new_reference(),
            customer_id=customer,
            account_id=account,
            email=email,
            points=wanted,
            worth=rule.worth(wanted),
            currency=rule.currency,
            minimum=rule.minimum(rule.worth(wanted)),
            kind=rule.kind if store.platform.name == "shopify" else "code",
            code=new_code(),
            state="reserved",
            reason="",
            made_at=moment,
            expires_at=rule.expires_at(moment),
        )
        redemptions.add(session, made, key)
        want_points(session, store, bring(session, store, [made], rule=rule.text()))
        made = _kept(session, made.reference)
    log.info("points reserved", store=str(store.id), redemption=made.reference, points=wanted)
    return made


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
    helper = ThreadPoolExecutor(1, thread_name_prefix="issue")
    try:
        return helper.submit(issue, context, store, made.reference).result(PATIENCE)
    except (TimeoutError, NotActive):
        return made
    finally:
        helper.shutdown(wait=False)


def issue(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """Let the store make the reward of a redemption, and note it.

    A store that will not have it gets no second chance: the points go back. While it does not
    answer, the redemption stays as it is.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
    """
    with store_lock(context.engine, store.id, _lock(reference)) as held:
        before = _tried(context, store, reference) if held else None
        if before is None or not _is_owed(before):
            return before or _find(context, store, reference)
        try:
            with connected(context, store) as connection:
                return _issue(context, store, connection, before)
        except CredentialsRefused as error:
            disconnect(context, store, error)
        except ConnectorError as error:
            _tell("reward not issued", store, reference, error)
        return before


def _issue(
    context: Context, store: ActiveStore, connection: ConnectedStore, before: Redemption
) -> Redemption:
    try:
        issued = connection.issue_reward(reward_of(before))
    except (CredentialsRefused, TemporaryError):
        raise
    except PermanentError as error:
        if isinstance(error, Refused) or connection.withdraw_reward(reward_of(before)):
            _tell("store refuses a reward", store, before.reference, error)
            return release(context, store, before.reference, f"the store refused it: {error}")
        raise
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = replace(_kept(session, before.reference), reward_id=issued.id)
        row = replace(row, state="issued") if row.state == "reserved" else row
        redemptions.save(session, row)
    log.info("reward issued", store=str(store.id), redemption=row.reference)
    return row


def _tried(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """Note that the store is asked now, before it is."""
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = _kept(session, reference)
        if row.is_open:
            row = replace(row, tried_at=stores.now(session))
            redemptions.save(session, row)
    return row


def _is_owed(row: Redemption) -> bool:
    """Whether the store still is to make the reward, of a redemption about which it is asked."""
    return row.state == "reserved" and row.tried_at is not None and row.tried_at < row.expires_at


def reward_of(redemption: Redemption) -> Reward:
    """What the store is to give for a redemption, the same whenever it is asked."""
    return Reward(
        code=redemption.code,
        amount=redemption.worth,
        currency=redemption.currency,
        account_id=redemption.account_id,
        email=redemption.email,
        expires_at=redemption.expires_at,
        minimum=redemption.minimum,
        kind=redemption.kind,
    )


def release(
    context: Context, store: ActiveStore, reference: str, reason: str, *, with_grace: bool = True
) -> Redemption:
    """Give the points of an open redemption back; the caller knows that nobody can use it.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
    """
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = _kept(session, reference)
        if row.is_open:
            (row,) = owned(session, store.settings, [replace(row, state="released", reason=reason)])
            want_points(session, store, bring(session, store, [row], with_grace=with_grace))
            log.info("points released", store=str(store.id), redemption=reference)
        return _kept(session, reference)


def withdraw(
    context: Context, store: ActiveStore, reference: str, reason: str, *, with_grace: bool = True
) -> Redemption:
    """Take an open redemption's reward out of the store, and then give its points back.

    It stays open when the reward was used, or when the store has not yet answered whether it
    made it; store credit of which something was spent is used.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
        ConnectorError: the store does not answer, or refuses.
    """
    with store_lock(context.engine, store.id, _lock(reference), patience=PATIENCE) as held:
        row = _find(context, store, reference)
        if not held or not row.is_open or _is_unanswered(context, store, row):
            return row
        if row.tried_at is not None:
            row = _tried(context, store, reference)
            with connected(context, store) as connection:
                if not connection.withdraw_reward(reward_of(row)):
                    return _used(context, store, row)
        return release(context, store, reference, reason, with_grace=with_grace)


def _is_unanswered(context: Context, store: ActiveStore, row: Redemption) -> bool:
    """Whether a request that was given up may still make the reward."""
    if row.reward_id is not None or row.tried_at is None:
        return False
    with store_transaction(context.engine, store.id) as session:
        return stores.now(session) < row.tried_at + PAUSE


def _used(context: Context, store: ActiveStore, row: Redemption) -> Redemption:
    """What the store says was used: credit is spent then, a code waits for its order's news."""
    if row.kind == "code":
        return row
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = _kept(session, row.reference)
        if row.is_open:
            row = replace(row, state="used")
            want_points(session, store, bring(session, store, [row]))
        return _kept(session, row.reference)


def cancel(
    context: Context, store_id: UUID, reference: str, *, actor: str, note: str
) -> Redemption:
    """Undo a redemption that was not used; one that was released already stays so.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: there is no such redemption.
        ConnectorError: the store does not answer, or refuses.
        ValueError: it was used, or the store has not yet answered; or nobody or no reason named.
    """
    for name, value in (("actor", actor), ("reason", note)):
        if not value.strip():
            raise ValueError(f"{name} is empty; say who cancels it, and why")
    store = active_store(context, store_id)
    row = withdraw(context, store, reference, f"cancelled by {actor}: {note}")
    if row.state == "used" or (row.is_open and row.reward_id):
        raise ValueError(f"redemption {reference} was used in the store; refund its order instead")
    if row.is_open:
        minutes = PAUSE // timedelta(minutes=1)
        raise ValueError(
            f"the store has not answered about redemption {reference}; "
            f"try again in {minutes} minutes"
        )
    return row


def sweep(store_id: str) -> None:
    """Ask again for rewards that the store owes, and give back the points of those that lapsed."""
    context = current()
    queue.started(context.redis, queue.REDEMPTIONS, store_id)
    try:
        store = active_store(context, UUID(store_id))
        with store_transaction(context.engine, store.id) as session:
            moment = stores.now(session)
            owing = redemptions.unissued(session, moment, PAUSE, PORTION)
            over = redemptions.lapsed(session, moment, PAUSE, PORTION)
        for row in owing:
            issue(context, store, row.reference)
        for row in over:
            _lapse(context, store, row)
    except NotActive:
        return


def _lapse(context: Context, store: ActiveStore, row: Redemption) -> None:
    try:
        withdraw(context, store, row.reference, "not used in time", with_grace=False)
    except CredentialsRefused as error:
        disconnect(context, store, error)
        raise NotActive(str(store.id)) from None
    except ConnectorError as error:
        _tell("reward not withdrawn", store, row.reference, error)


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


def offer(context: Context, store_id: UUID, account_id: str) -> tuple[RedemptionRule, int]:
    """By which rule the account can redeem points now, and how many it can spend.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    with store_transaction(context.engine, store.id) as session:
        rule = redemption_rule(store.settings, store.currency)
        try:
            customer = one_customer(session, Subject(account_id))
        except LookupError:
            return rule, 0
        book = Book(points.lots_of_customers(session, [customer]))
        return rule, affordable(book, customer, stores.now(session))


def _find(context: Context, store: ActiveStore, reference: str) -> Redemption:
    with store_transaction(context.engine, store.id) as session:
        return _kept(session, reference)


def _kept(session: Session, reference: str) -> Redemption:
    found = redemptions.named(session, reference)
    if found is None:
        raise LookupError(f"no redemption {reference!r}; `bazgasht points redemptions` lists them")
    return found


def _lock(reference: str) -> str:
    return f"redemption {reference}"


def _tell(event: str, store: ActiveStore, reference: str, error: ConnectorError) -> None:
    log.warning(event, store=str(store.id), redemption=reference, error=type(error).__name__)
