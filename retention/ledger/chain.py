"""The chain of hashes over a store's entries, by which a changed or missing one is found."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from retention.records import PointEntry

START = b""
"""What the first entry's hash continues."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in its place: its number from 1 on, when it was written down, and its hash."""

    number: int
    at: datetime
    entry: PointEntry
    hash: bytes


def linked(
    entries: Iterable[PointEntry], at: datetime, number: int = 0, last: bytes = START
) -> Iterator[Link]:
    """Yield the entries as links that go on from the number and hash of the last one."""
    moment = _time(at)
    for entry in entries:
        number += 1
        last = digest(last, number, moment, entry)
        yield Link(number, at, entry, last)


def is_intact(link: Link, last: bytes) -> bool:
    """Whether the link's hash is that of its entry, going on from the hash before."""
    return link.hash == digest(last, link.number, _time(link.at), link.entry)


def digest(last: bytes, number: int, moment: str | None, entry: PointEntry) -> bytes:
    """Return SHA-256 over the hash before and the entry as one JSON array in UTF-8.

    The array is: number, moment, reference, lot, order, customer, points, pending, against,
    reason, rule, when it matures, when it expires, actor, note. Times are ISO 8601 in UTC.
    """
    text = json.dumps(
        [
            number,
            moment,
            entry.reference,
            entry.lot,
            entry.order_id,
            entry.customer_id,
            entry.points,
            entry.pending,
            entry.against,
            entry.reason,
            entry.rule,
            _time(entry.matures_at),
            _time(entry.expires_at),
            entry.actor,
            entry.note,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return sha256(last + text.encode()).digest()


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
