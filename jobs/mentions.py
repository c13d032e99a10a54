"""Which people and orders a webhook's body mentions; forgetting bodies that mention erased ones.

A body is read as what its topic says, and searched for anything that has the form of an e-mail
address or a telephone number, so that one which no reader understands is found too.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pydantic_core
from sqlalchemy.orm import Session

from connector.errors import BadPayload
from connector.identity import normalise_email, normalise_phone
from connector.meanings import Changed, LookUp, Meaning, Merged, PersonalData
from connector.platform import StorePlatform
from connector.registry import platform
from database import erasure, inbox_privacy, privacy
from database.inbox import Leased
from database.inbox_privacy import Kept
from database.models import Store
from database.privacy import Hasher, identities_of
from jobs.context import ActiveStore, current
from jobs.erased import identities_in
from jobs.facts import Fact, Key, key_of

_ADDRESS = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+")
_NUMBER = re.compile(r"[+(]?[\d][\d\s()./-]{5,28}\d")
SomeEvent = TypeVar("SomeEvent", Kept, Leased)


@dataclass(frozen=True, slots=True)
class Reader:
    """How a store's bodies are read; `region` (two letters) reads local phone numbers."""

    platform: StorePlatform
    region: str

    @classmethod
    def of(cls, row: Store) -> "Reader":
        """The reader for this store, whatever state it is in."""
        return cls(platform(row.platform), row.country)

    def keys(self, topic: str, body: bytes) -> list[Key]:
        """The objects that a body is about; none where it does not read as what its topic says."""
        return [key for key, _ in _facts(self._meaning(topic, body))]

    def mentions(self, topic: str, body: bytes) -> set[str]:
        """Identities as they are hashed, and orders as "order:ID"."""
        meaning = self._meaning(topic, body)
        found = set(_named(meaning))
        for key, fact in _facts(meaning):
            found.update(identities_in(key, fact))
            if key[0] == "order":
                found.add(f"order:{key[1]}")
        for text in _texts(_content(body)):
            found.update(self._written(text))
        return found

    def _meaning(self, topic: str, body: bytes) -> Meaning | None:
        try:
            return self.platform.interpret(topic, body, region=self.region)
        except BadPayload:
            return None

    def _written(self, text: str) -> Iterator[str]:
        for address in _ADDRESS.findall(text):
            yield from identities_of(None, normalise_email(address), None)
        for number in _NUMBER.findall(text):
            yield from identities_of(None, None, normalise_phone(number, self.region))


def _facts(meaning: Meaning | None) -> list[tuple[Key, Fact]]:
    if isinstance(meaning, Changed):
        return [(key_of(meaning.record), Fact(meaning.record))]
    if isinstance(meaning, LookUp) and meaning.id:
        return [((meaning.kind, meaning.id), Fact(None))]
    return []


def _named(meaning: Meaning | None) -> tuple[str, ...]:
    if isinstance(meaning, PersonalData):
        return identities_of(meaning.account_id, meaning.email, meaning.phone)
    if isinstance(meaning, Merged):
        return (f"account:{meaning.kept_id}", f"account:{meaning.gone_id}")
    return ()


def _content(body: bytes) -> object:
    try:
        return pydantic_core.from_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def forget_erased(
    session: Session,
    reader: Reader,
    hasher: Hasher,
    events: Sequence[SomeEvent],
    states: Collection[str],
) -> list[SomeEvent]:
    """Remove those of the events that mention whoever was erased, and return them.

    One that is in none of these `states` by now, because it came again, is left.
    """
    mentioned = {event.id: reader.mentions(event.topic, event.body) for event in events}
    gone = _gone(session, hasher, {name for names in mentioned.values() for name in names})
    found = [event for event in events if mentioned[event.id] & gone]
    inbox_privacy.remove(session, [event.id for event in found], states)
    return found


def forget_handled(session: Session, store: ActiveStore, events: Sequence[Leased]) -> None:
    """Remove those of these events, handled just now, that mention whoever was erased.

    They have done what they could; kept longer, they would only tell again who it was.
    """
    hasher = privacy.hasher(session, current().vault)
    if hasher is not None:
        forget_erased(session, Reader(store.platform, store.region), hasher, events, ["handled"])


def _gone(session: Session, hasher: Hasher, names: Collection[str]) -> set[str]:
    orders = [name.removeprefix("order:") for name in names if name.startswith("order:")]
    found = set(erasure.erased(session, [n for n in names if n[:6] != "order:"], hasher))
    return found | {f"order:{name}" for name in erasure.erased_orders(session, orders)}
