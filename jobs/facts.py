"""From what a store said to what is true of it now: the newest state of each object.

A `Fact` is a record, or the news that an object is gone. Of several facts about one object the
newest is kept; where their dates cannot decide, the object must be read from the store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from connector.errors import NotFound
from connector.platform import ConnectedStore
from database.orders import known_refunds
from database.versions import Verdict, Version, judge, known_versions, version_of
from retention.records import Account, Category, ObjectKind, Order, Product, Refund

Key = tuple[ObjectKind, str]
VERSIONED: tuple[ObjectKind, ...] = ("order", "product", "customer", "category")
Record = Order | Product | Account | Category
KINDS: Mapping[type[Record], ObjectKind] = {
    Order: "order",
    Product: "product",
    Account: "customer",
    Category: "category",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """The state of an object, None when it is gone.

    `read_now` says that the store was just asked, `known_before` what the database held when it
    was: if that has changed since, somebody else may have been told of a still newer state.
    """

    record: Record | None
    read_now: bool = False
    known_before: Version | None = None
    version: Version = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once here, because what an object holds is compared again in each transaction.
        version = version_of(self.record) if self.record else Version(None, b"", gone=True)
        object.__setattr__(self, "version", version)


@dataclass(slots=True)
class Sorted:
    """Facts to apply, which of them change more than a date, and objects that must be read."""

    facts: dict[Key, Fact] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    look_up: set[Key] = field(default_factory=set)


def key_of(record: Record) -> Key:
    """The kind and identifier by which a record is known."""
    return KINDS[type(record)], record.id


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
    """Keep of each object the newest fact that tells something new."""
    newest: dict[Key, Version] = dict(versions)
    result = Sorted()
    for key, fact in facts:
        decisive = fact.read_now and versions.get(key) == fact.known_before
        verdict = judge(newest.get(key), fact.version, decisive=decisive)
        if verdict is Verdict.APPLY:
            result.facts[key] = fact
            newest[key] = fact.version
        elif verdict is Verdict.LOOK_UP:
            result.look_up.add(key)
    result.changed = {key for key in result.facts if _differ(versions.get(key), newest[key])}
    return result


def _differ(before: Version | None, after: Version) -> bool:
    if before is None:
        return not after.gone
    return (before.content, before.gone) != (after.content, after.gone)


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
    """The fact with every refund's lines, read from the store where they are still missing.

    An order that the store no longer has is gone, whatever was told of it before.
    """
    if not isinstance(fact.record, Order):
        return fact
    try:
        return replace(fact, record=connection.complete(fact.record))
    except NotFound:
        return Fact(None, read_now=True)
