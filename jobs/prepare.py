"""Making facts ready: reading from the store what they leave open."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.errors import CredentialsRefused, RateLimited, TemporaryError
from connector.platform import ConnectedStore
from database.orders import placed_at
from database.session import store_transaction
from database.versions import Version
from jobs.absorb import NO_FACTS_FAULT, Facts
from jobs.context import ActiveStore, Context, connected
from jobs.facts import Fact, Key, completed, key_of, known, sort_out, with_known_refunds

# After so many failures in a row the store itself is taken to be in trouble, not the objects.
GIVE_UP_AFTER = 2


@dataclass(slots=True)
class Prepared:
    """Facts ready to be absorbed, and the objects that the store would not tell us, with why.

    `broken` is why the store as a whole was given up, `unasked` are the objects for which there
    was no time. `renamed` are those that turned out to be part of another one, as a variation is.
    """

    facts: list[tuple[Key, Fact]] = field(default_factory=list)
    failures: dict[Key, Exception] = field(default_factory=dict)
    broken: Exception | None = None
    unasked: set[Key] = field(default_factory=set)
    renamed: dict[Key, Key] = field(default_factory=dict)


def prepare(
    context: Context,
    store: ActiveStore,
    facts: Facts,
    look_up: Iterable[Key],
    *,
    patience: float = float("inf"),
) -> Prepared:
    """The facts that matter, with what had to be read from the store: objects and refunds.

    After `patience` seconds no further object is asked for.
    """
    asked = set(look_up)
    with store_transaction(context.engine, store.id) as session:
        versions = known(session, {key for key, _ in facts} | asked)
        result = sort_out(versions, facts)
        ready = with_known_refunds(session, result.facts)
    wanted = asked | result.look_up
    incomplete = {key: f for key, f in ready.items() if key not in wanted and not is_complete(f)}
    prepared = Prepared()
    prepared.facts += [(k, f) for k, f in ready.items() if k not in wanted and k not in incomplete]
    if wanted or incomplete:
        with connected(context, store) as connection:
            reading = _Reading(context, store, connection, versions, prepared)
            reading.run([*sorted(wanted), *incomplete], incomplete, time.monotonic() + patience)
    return prepared


def is_complete(fact: Fact) -> bool:
    """Whether nothing is missing of the fact's refunds."""
    return bool(getattr(fact.record, "refunds_are_complete", True))


@dataclass(slots=True)
class _Reading:
    context: Context
    store: ActiveStore
    connection: ConnectedStore
    versions: dict[Key, Version]
    prepared: Prepared

    def run(self, keys: Iterable[Key], incomplete: Mapping[Key, Fact], until: float) -> None:
        """Ask object by object; once the store itself fails, let the rest fail with it."""
        in_a_row = 0
        for key in keys:
            if self.prepared.broken:
                self.prepared.failures[key] = self.prepared.broken
            elif time.monotonic() > until:
                self.prepared.unasked.add(key)
            elif error := self._ask(key, incomplete.get(key)):
                self.prepared.failures[key] = error
                in_a_row = in_a_row + 1 if isinstance(error, TemporaryError) else 0
                if in_a_row >= GIVE_UP_AFTER or isinstance(error, CredentialsRefused | RateLimited):
                    self.prepared.broken = error
            else:
                in_a_row = 0

    def _ask(self, key: Key, fact: Fact | None) -> Exception | None:
        try:
            if fact:
                self.prepared.facts.append((key, completed(self.connection, fact)))
            else:
                self._look_up(key)
        except NO_FACTS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 -- one bad object must not hold up a store
            return error
        return None

    def _look_up(self, key: Key) -> None:
        record = self.connection.read(*key)
        name = key_of(record) if record else key
        if name != key:
            self.prepared.renamed[key] = name
            with store_transaction(self.context.engine, self.store.id) as session:
                before = known(session, [name]).get(name)
            record = self.connection.read(*name)
        else:
            before = self.versions.get(key)
        if record is None and self._is_hidden(key):
            return
        self.prepared.facts.append((name, Fact(record, read_now=True, known_before=before)))

    def _is_hidden(self, key: Key) -> bool:
        """Whether the store may have the order and only not show it, because it is old."""
        if key[0] != "order" or (since := self.connection.shows_orders_since()) is None:
            return False
        with store_transaction(self.context.engine, self.store.id) as session:
            placed = placed_at(session, key[1])
        return placed is not None and placed < since
