"""The end of redemptions: what was not used leaves the store, and then its points go back."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from connector.errors import ConnectorError, CredentialsRefused, TemporaryError
from connector.manifest import load
from database import redemptions, stores
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
from jobs.redemption_ledger import bring
from jobs.rewards import find, issue, kept, lock_name, release, reward_of, tell, tried
from retention.redemption import Redemption

# Making a reward is asked for again soon, because repeating it makes no second one.
SOON = timedelta(minutes=1)
# Taking one back waits longer: a request that was given up may still arrive and make it.
PAUSE = timedelta(minutes=10)
# How many seconds to wait for whoever asks the store about the same redemption.
PATIENCE = 8.0
PORTION = 100


def withdraw(
    context: Context, store: ActiveStore, reference: str, reason: str, *, with_grace: bool = True
) -> Redemption:
    """Take an open redemption's reward out of the store, and then give its points back.

    It stays open when the reward was used, or when the store has not yet answered whether it
    made it; store credit of which something was spent is used, and so is that of somebody erased.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
        ConnectorError: the store does not answer, or refuses.
    """
    with store_lock(context.engine, store.id, lock_name(reference), patience=PATIENCE) as held:
        if not held:
            raise TemporaryError("the store is being asked about it by somebody else")
        row = find(context, store, reference)
        if not row.is_open or _is_unanswered(context, store, row):
            return row
        if row.tried_at is not None:
            row = tried(context, store, reference)
            if row.kind == "store_credit" and row.account_id is None:
                # Whoever had it was erased, so that nobody can be asked about it.
                return _used(context, store, row)
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
        row = kept(session, row.reference)
        if row.is_open:
            row = replace(row, state="used")
            want_points(session, store, bring(session, store, [row]))
        return kept(session, row.reference)


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
    """Ask again for rewards that the store owes, and give back the points of unused ones.

    Those are over that lapsed, and those that an undone order may have used up.
    """
    context = current()
    queue.started(context.redis, queue.REDEMPTIONS, store_id)
    try:
        store = active_store(context, UUID(store_id))
        codes_come_back = load().platforms[store.platform.name].codes_come_back
        with store_transaction(context.engine, store.id) as session:
            moment = stores.now(session)
            owing = redemptions.unissued(session, moment, SOON, PORTION)
            over = redemptions.lapsed(session, moment, PAUSE, PORTION)
            undone = redemptions.called_off(
                session, moment, PAUSE, PORTION, codes_come_back=codes_come_back
            )
        for row in owing:
            issue(context, store, row.reference)
        for row in over:
            _end(context, store, row, "not used in time", with_grace=False)
        for row in undone:
            _end(context, store, row, "its order was called off", with_grace=True)
    except NotActive:
        return


def _end(
    context: Context, store: ActiveStore, row: Redemption, why: str, *, with_grace: bool
) -> None:
    try:
        withdraw(context, store, row.reference, why, with_grace=with_grace)
    except CredentialsRefused as error:
        disconnect(context, store, error)
        raise NotActive(str(store.id)) from None
    except ConnectorError as error:
        tell("reward not withdrawn", store, row.reference, error)
