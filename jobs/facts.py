"""From what a store said to what is true of it now: the newest state of each object.

A `Fact` is a record, or the news that an object is gone. Of several facts about one object the
newest is kept; where their dates cannot decide, the object must be read from the store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from connector.platform import ConnectedStore
from database.orders import known_refunds
from database.versions import Verdict, Version, judge, known_versions, version_of
from retention.records import Account, ObjectKind, Order, Product, Refund

Key = tuple[ObjectKind, str]
VERSIONED: tuple[ObjectKind, ...] = ("order", "product", "customer")


@dataclass(frozen=True, slots=True)
class Fact:
    """The state of an object, None when it is gone; `read_now` says the store was just asked."""

    record: Order | Product | Account | None
    read_now: bool = False


@dataclass(slots=True)
class Sorted:
    """Facts to apply, which of them change more than a date, and objects that must be read."""

    facts: dict[Key, Fact] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    look_up: set[Key] = field(default_factory=set)


def key_of(record: Order | Product | Account) -> Key:
    """The kind and identifier by which a record is known."""
    if isinstance(record, Order):
        return "order", record.id
    return ("product" if isinstance(record, Product) else "customer"), record.id


def known(session: Session, keys: Iterable[Key]) -> dict[Key, Version]:
    """What the database holds of these objects."""
    listed = list(keys)
    return {
        (kind, identifier): version
        for kind in VERSIONED
        if (identifiers := [name for key, name in listed if key == kind])
        for identifier, version in known_versions(session, kind, identifiers).items()
    }


def sort_out(versions: Mapping[Key, Version], facts: Iterable[tuple[Key, Fact]]) -> Sorted:
    """Keep of each object the newest fact that changes what is known."""
    newest: dict[Key, Version] = dict(versions)
    result = Sorted()
    for key, fact in facts:
        version = version_of(fact.record) if fact.record else Version(None, b"", gone=True)
        verdict = judge(newest.get(key), version, read_now=fact.read_now)
        if fact.record is None or verdict is Verdict.APPLY:
            result.facts[key] = fact
            newest[key] = version
        elif verdict is Verdict.LOOK_UP:
            result.look_up.add(key)
    for key in result.facts:
        before = versions.get(key)
        if before is None or (before.content, before.gone) != (
            newest[key].content,
            newest[key].gone,
        ):
            result.changed.add(key)
    return result


def with_known_refunds(session: Session, facts: Mapping[Key, Fact]) -> dict[Key, Fact]:
    """The facts with the lines of those refunds that the database already holds."""
    incomplete = [
        fact.record.id
        for fact in facts.values()
        if isinstance(fact.record, Order) and not fact.record.refunds_are_complete
    ]
    refunds = known_refunds(session, incomplete) if incomplete else {}
    return {key: _filled(fact, refunds) for key, fact in facts.items()}


def _filled(fact: Fact, refunds: Mapping[tuple[str, str], Refund]) -> Fact:
    order = fact.record
    if not isinstance(order, Order) or order.refunds_are_complete:
        return fact
    filled = tuple(refunds.get((order.id, refund.id), refund) for refund in order.refunds)
    return replace(fact, record=replace(order, refunds=filled))


def completed(connection: ConnectedStore, fact: Fact) -> Fact:
    """The fact with every refund's lines, read from the store where they are still missing."""
    if isinstance(fact.record, Order) and not fact.record.refunds_are_complete:
        return replace(fact, record=connection.complete(fact.record))
    return fact


def read(connection: ConnectedStore, key: Key) -> tuple[Key, Fact]:
    """The object as the store has it now; a variation's fact is its parent's."""
    record = connection.read(*key)
    if record is None or not isinstance(record, Order | Product | Account):
        return key, Fact(None, read_now=True)
    return key_of(record), Fact(record, read_now=True)
