"""Rewards in the store, made for points that are reserved.

The code is made before the store is called and tells its answers apart from those that were lost,
so there is never a second reward for the same points.
"""

from dataclasses import replace

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
from database import redemptions, stores
from database.session import store_lock, store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, connected, disconnect
from jobs.redemption_ledger import bring, owned
from retention.redemption import Redemption

log = structlog.get_logger()


def issue(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """Let the store make the reward of a redemption, and note it.

    A store that will not have it gets no second chance: the points go back. While it does not
    answer, the redemption stays as it is.

    Raises:
        NotActive: the store is no longer connected.
        LookupError: there is no such redemption.
    """
    with store_lock(context.engine, store.id, lock_name(reference)) as held:
        row = find(context, store, reference)
        before = tried(context, store, reference) if held else row
        if not held or not _is_owed(before):
            return before
        try:
            with connected(context, store) as connection:
                return _issue(context, store, connection, before, is_first=row.tried_at is None)
        except CredentialsRefused as error:
            disconnect(context, store, error)
        except ConnectorError as error:
            tell("reward not issued", store, reference, error)
        return before


def _issue(
    context: Context,
    store: ActiveStore,
    connection: ConnectedStore,
    before: Redemption,
    *,
    is_first: bool,
) -> Redemption:
    try:
        issued = connection.issue_reward(reward_of(before))
    except (CredentialsRefused, TemporaryError):
        raise
    except PermanentError as error:
        if not _is_surely_gone(connection, before, is_first=is_first):
            raise
        tell("store refuses a reward", store, before.reference, error)
        return release(context, store, before.reference, f"the store refused it: {error}")
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = replace(kept(session, before.reference), reward_id=issued.id)
        row = replace(row, state="issued") if row.state == "reserved" else row
        redemptions.save(session, row)
    log.info("reward issued", store=str(store.id), redemption=row.reference)
    return row


def _is_surely_gone(connection: ConnectedStore, refused: Redemption, *, is_first: bool) -> bool:
    """Whether nothing is left of a refused reward, nor of an earlier call whose answer was lost.

    A store that refuses this, too, as without permission, has refused all the more to make it, if
    that was the first time that it was asked. Otherwise Refused is raised.
    """
    try:
        return connection.withdraw_reward(reward_of(refused))
    except Refused:
        if is_first:
            return True
        raise


def tried(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """Note that the store is asked now, before it is."""
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = kept(session, reference)
        if row.state != "released":
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
        row = kept(session, reference)
        if row.is_open:
            (row,) = owned(session, store.settings, [replace(row, state="released", reason=reason)])
            want_points(session, store, bring(session, store, [row], with_grace=with_grace))
            log.info("points released", store=str(store.id), redemption=reference)
        return kept(session, reference)


def find(context: Context, store: ActiveStore, reference: str) -> Redemption:
    """The redemption of this reference. Raises LookupError when there is none."""
    with store_transaction(context.engine, store.id) as session:
        return kept(session, reference)


def kept(session: Session, reference: str) -> Redemption:
    """The redemption of this reference. Raises LookupError when there is none."""
    found = redemptions.named(session, reference)
    if found is None:
        raise LookupError(f"no redemption {reference!r}; `bazgasht points redemptions` lists them")
    return found


def lock_name(reference: str) -> str:
    """The purpose of the lock under which the store is asked about one redemption."""
    return f"redemption {reference}"


def tell(event: str, store: ActiveStore, reference: str, error: ConnectorError) -> None:
    """Log that the store did not do what it was asked for."""
    log.warning(event, store=str(store.id), redemption=reference, error=type(error).__name__)
