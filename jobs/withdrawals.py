"""The end of redemptions: what was not used leaves the store, and then its points go back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from connector.errors import ConnectorError, CredentialsRefused, TemporaryError
from connector.manifest import load
from connector.platform import CREDIT_OUTLASTS
from database import redemptions, stores
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    disconnect,
)
from jobs.credit_ends import CLOCKS_APART, look_at, spend
from jobs.rewards import find, issue, lock_name, release, reward_of, tell, tried
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
    made it. Store credit of which something was spent is used once it is over, for as much as was
    spent of it; that of somebody erased is used whole.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
        ConnectorError: the store does not answer, or refuses.
    """
    with _alone(context, store, reference):
        row = find(context, store, reference)
        if not row.is_open or _is_unanswered(context, store, row):
            return row
        if row.tried_at is not None:
            row = tried(context, store, reference)
            if row.kind == "store_credit" and row.account_id is None:
                # Whoever had it was erased, so that nobody can be asked about it.
                return spend(context, store, row, left=Decimal(0))
            with connected(context, store) as connection:
                if not connection.withdraw_reward(reward_of(row)):
                    is_code = row.kind == "code"  # Which waits for its order's news.
                    return row if is_code else look_at(context, store, connection, row)
        return release(context, store, reference, reason, with_grace=with_grace)


@contextmanager
def _alone(context: Context, store: ActiveStore, reference: str) -> Iterator[None]:
    """Ask the store about a redemption while nobody else does."""
    with store_lock(context.engine, store.id, lock_name(reference), patience=PATIENCE) as held:
        if not held:
            raise TemporaryError("the store is being asked about it by somebody else")
        yield


def look_again(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """Ask what is left of used store credit that is over, and give back the points of that.

    Raises as `withdraw`.
    """
    with _alone(context, store, reference), connected(context, store) as connection:
        return look_at(context, store, connection, tried(context, store, reference))


def _is_unanswered(context: Context, store: ActiveStore, row: Redemption) -> bool:
    """Whether a request that was given up may still make the reward."""
    if row.reward_id is not None or row.tried_at is None:
        return False
    with store_transaction(context.engine, store.id) as session:
        return stores.now(session) < row.tried_at + PAUSE


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

    Those are over that lapsed, and those that an undone order may have used up. Store credit that
    is over is asked about when it lapses, and again when an order may have given some of it back.
    """
    context = current()
    queue.started(context.redis, queue.REDEMPTIONS, store_id)
    try:
        store = active_store(context, UUID(store_id))
        codes_come_back = load().platforms[store.platform.name].codes_come_back
        with store_transaction(context.engine, store.id) as session:
            moment = stores.now(session)
            owing = redemptions.unissued(session, moment, SOON, PORTION)
            over = redemptions.lapsed(
                session, moment, PAUSE, PORTION, credit_outlasts=CREDIT_OUTLASTS + CLOCKS_APART
            )
            undone = redemptions.called_off(
                session, moment, PAUSE, PORTION, codes_come_back=codes_come_back
            )
            come_back = redemptions.credit_come_back(session, moment, PAUSE, PORTION)
        for row in owing:
            issue(context, store, row.reference)
        for row in over:
            with _told(context, store, row):
                withdraw(context, store, row.reference, "not used in time", with_grace=False)
        for row in undone:
            with _told(context, store, row):
                withdraw(context, store, row.reference, "its order was called off")
        for row in come_back:
            with _told(context, store, row):
                look_again(context, store, row.reference)
    except NotActive:
        return


@contextmanager
def _told(context: Context, store: ActiveStore, row: Redemption) -> Iterator[None]:
    """Tell of a store that does not do what it is asked for, and go on with the next."""
    try:
        yield
    except CredentialsRefused as error:
        disconnect(context, store, error)
        raise NotActive(str(store.id)) from None
    except ConnectorError as error:
        tell("reward not withdrawn", store, row.reference, error)
