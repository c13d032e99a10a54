"""What an event from a store is, and what it means, the same for every platform."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from retention.records import Account, ObjectKind, Order, Product


@dataclass(frozen=True, slots=True)
class EventName:
    """What an event is, from its headers and body: `key` is unique per store and event.

    `broken` is None, or says why the body cannot be read (it is kept as a dead event).
    """

    topic: str
    key: str
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An event that carries the object as it is at `record.modified_at`."""

    record: Order | Product | Account


@dataclass(frozen=True, slots=True)
class LookUp:
    """An event that says only that something happened to an object: read it from the store.

    An empty `id` means some object of this kind, which one is not known: reconcile the kind.
    `at` is when the store changed it, where the event tells: whoever has read a later state
    need not read again. It is no part of what the event is about.
    """

    kind: ObjectKind
    id: str
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that changes nothing, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """Two accounts of one person became one: `gone_id` is no more, its orders are `kept_id`'s."""

    kept_id: str
    gone_id: str


@dataclass(frozen=True, slots=True)
class BulkFinished:
    """A file that was asked for is ready, or never will be: go on loading the history."""

    id: str


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """What the store says of itself changed, or what the app may do there: read it again."""


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """The merchant removed the app: its keys are dead, and all work for the store ends at once.

    `shop` is the store's domain as the signed body tells it, empty where it does not. What the
    event is called is not signed: a store that is really left refuses the next call.
    """

    shop: str


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A request about one person's data: to be told all of it, or to have it erased.

    The person is known by the account, the e-mail address (normalised), the phone number (E.164)
    or the orders; each may be missing. `request_id` is the platform's number for the request.
    `shop` is the store's domain as the signed body tells it.
    """

    action: Literal["export", "erase"]
    shop: str
    account_id: str | None
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    order_ids: tuple[str, ...]
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class StoreErased:
    """Everything of a store that was uninstalled before is to be removed.

    `shop` is the store's domain as the signed body tells it.
    """

    shop: str


Meaning = (
    Changed
    | LookUp
    | Ignored
    | Merged
    | BulkFinished
    | ProfileChanged
    | Uninstalled
    | PersonalData
    | StoreErased
)
