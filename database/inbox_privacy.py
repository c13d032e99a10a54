"""The bodies that the inbox of the store in scope holds, read through and removed for privacy."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.models import InboxEvent
from database.packing import unpack


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as the inbox holds it."""

    id: int
    topic: str
    state: str
    received_at: datetime
    body: bytes = field(repr=False)


def portion(session: Session, states: Collection[str], after: int, limit: int) -> Sequence[Kept]:
    """Up to `limit` events in one of the states, in order of their numbers, after that number."""
    rows = session.execute(
        select(
            InboxEvent.id,
            InboxEvent.topic,
            InboxEvent.state,
            InboxEvent.received_at,
            InboxEvent.body,
        )
        .where(InboxEvent.id > after, InboxEvent.state.in_(list(states)))
        .order_by(InboxEvent.id)
        .limit(limit)
    )
    return [Kept(r.id, r.topic, r.state, r.received_at, unpack(r.body)) for r in rows]


def remove(session: Session, events: Collection[int], states: Collection[str]) -> None:
    """Delete those of the events that are in one of the states, body and all."""
    session.execute(
        delete(InboxEvent)
        .where(InboxEvent.id.in_(list(events)), InboxEvent.state.in_(list(states)))
        .execution_options(synchronize_session=False)
    )
