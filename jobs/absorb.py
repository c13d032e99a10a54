"""Absorbing facts: the one way from what stores say into the tables.

Reading from the store happens before the transaction, because a slow store must not hold the
database; inside it the facts are sorted once more against what others have committed meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from connector.errors import ConnectorError, CredentialsRefused, TemporaryError
from connector.platform import ConnectedStore
from database import stores
from database.session import store_transaction
from jobs.apply import apply
from jobs.context import ActiveStore, Context, NotActive, connected
from jobs.facts import Fact, Key, Sorted, completed, known, read, sort_out, with_known_refunds

Facts = Sequence[tuple[Key, Fact]]


@dataclass(slots=True)
class Prepared:
    """Facts ready to be absorbed, and the objects that the store would not tell us, with why."""

    facts: list[tuple[Key, Fact]] = field(default_factory=list)
    failures: dict[Key, ConnectorError] = field(default_factory=dict)


def prepare(context: Context, store: ActiveStore, facts: Facts, look_up: Iterable[Key]) -> Prepared:
    """The facts that matter, with what had to be read from the store: objects and refunds."""
    with store_transaction(context.engine, store.id) as session:
        result = sort_out(known(session, [key for key, _ in facts]), facts)
        ready = with_known_refunds(session, result.facts)
    wanted = set(look_up) | result.look_up
    prepared = Prepared()
    for key, fact in ready.items():
        if key not in wanted and is_complete(fact):
            prepared.facts.append((key, fact))
    incomplete = {key: f for key, f in ready.items() if key not in wanted and not is_complete(f)}
    if wanted or incomplete:
        with connected(context, store) as connection:
            _ask(connection, prepared, sorted(wanted), incomplete)
    return prepared


def is_complete(fact: Fact) -> bool:
    """Whether nothing is missing of the fact's refunds."""
    return bool(getattr(fact.record, "refunds_are_complete", True))


def _ask(
    connection: ConnectedStore,
    prepared: Prepared,
    wanted: Sequence[Key],
    incomplete: Mapping[Key, Fact],
) -> None:
    """Ask the store object by object; once it does not answer at all, stop asking."""
    broken: ConnectorError | None = None
    for key in (*wanted, *incomplete):
        if broken:
            prepared.failures[key] = broken
            continue
        try:
            fact = incomplete.get(key)
            answer = (key, completed(connection, fact)) if fact else read(connection, key)
            prepared.facts.append(answer)
        except ConnectorError as error:
            prepared.failures[key] = error
            if isinstance(error, TemporaryError | CredentialsRefused):
                broken = error


def absorb(session: Session, store: ActiveStore, facts: Facts) -> Sorted:
    """Apply prepared facts in this transaction; what is left to look up comes back unapplied.

    Raises:
        NotActive: the store was uninstalled or disconnected meanwhile; nothing is applied.
    """
    row = stores.get(session, lock=True)
    if row is None or row.state != "active":
        raise NotActive(str(store.id))
    result = sort_out(known(session, [key for key, _ in facts]), facts)
    apply(session, store, with_known_refunds(session, result.facts))
    if result.changed:
        stores.mark_dirty(session)
    return result
