"""Absorbing facts: the one way from what stores say into the tables.

Reading from the store happens before the transaction, because a slow store must not hold the
database; inside it the facts are sorted once more against what others have committed meanwhile.
"""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rq.timeouts import BaseTimeoutException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from connector.errors import ConnectorError
from database import stores
from jobs.apply import apply
from jobs.context import ActiveStore, NotActive
from jobs.erased import without_erased
from jobs.facts import Fact, Key, known, sort_out, with_known_refunds

Facts = Sequence[tuple[Key, Fact]]

# Others may change an object between our reading it and keeping it; then it is read once more.
ROUNDS = 3

# What befalls everything alike, so that no single fact is to blame for it.
NO_FACTS_FAULT = (OperationalError, InterfaceError, BaseTimeoutException, NotActive)


@dataclass(slots=True)
class Absorbed:
    """What of some facts could not be applied: objects to read once more, and what failed why.

    `to_reconcile` says that a product's category has to be read, or the product again.
    """

    look_up: set[Key] = field(default_factory=set)
    failures: dict[Key, Exception] = field(default_factory=dict)
    to_reconcile: bool = False


def absorb(session: Session, store: ActiveStore, facts: Facts) -> Absorbed:
    """Apply prepared facts in this transaction, with every effect that follows from them.

    A fact that cannot be kept fails alone: the others are applied.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile; nothing is applied.
    """
    lock_store(session, store)
    facts = without_erased(session, store, facts)
    result = sort_out(known(session, [key for key, _ in facts]), facts)
    ready = with_known_refunds(session, result.facts)
    absorbed = Absorbed(look_up=result.look_up)
    _apply(session, store, list(ready.items()), result.changed, absorbed)
    return absorbed


def lock_store(session: Session, store: ActiveStore) -> None:
    """Let one transaction at a time change the store's data, while the store is as we found it.

    Raises:
        NotActive: its state is no longer the one that it had when the job began, or the app was
            removed and installed anew meanwhile.
    """
    row = stores.get(session, lock=True)
    if row is None or (row.state, row.installed_at) != (store.state, store.installed_at):
        raise NotActive(str(store.id))


def _apply(
    session: Session, store: ActiveStore, facts: Facts, changed: Iterable[Key], absorbed: Absorbed
) -> None:
    if not facts:
        return
    try:
        with session.begin_nested():
            applied = apply(session, store, dict(facts), changed)
            if applied.computed_from:
                stores.mark_dirty(session)
            absorbed.to_reconcile |= applied.to_reconcile
    except NO_FACTS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 -- one bad fact must not hold up a store
        if len(facts) == 1:
            absorbed.failures[facts[0][0]] = error
            return
        middle = len(facts) // 2
        _apply(session, store, facts[:middle], changed, absorbed)
        _apply(session, store, facts[middle:], changed, absorbed)


def describe(error: Exception) -> str:
    """An error in words that hold no data: only our own errors are sure to quote none."""
    if isinstance(error, ConnectorError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}: the database cannot keep a value of this object"
    place = traceback.extract_tb(error.__traceback__)[-1:]
    return " ".join(
        [type(error).__name__, *(f"in {step.name}, line {step.lineno}" for step in place)]
    )
