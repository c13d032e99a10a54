"""Batches taken ahead: beside the handling of the one before, and given back when not needed."""

import pytest
from sqlalchemy import text

from database import inbox
from database.inbox import Incoming
from jobs import drain
from jobs.reading import Batches
from sandbox.faults import Fault
from tests.conftest import Installed
from tests.jobs.state import ledger, orders
from tests.webhooks.deliveries import order_body


def put(installed: Installed, numbers: range, topic: str = "order.created") -> None:
    with installed.scope() as session:
        events = [
            Incoming(installed.id, f"event {n:02}", topic, {}, order_body(id=n)) for n in numbers
        ]
        inbox.put(session, events)


def leased(installed: Installed) -> list[str]:
    """The keys of the events that somebody holds."""
    with installed.scope() as session:
        rows = session.scalars(text("SELECT key FROM inbox_events WHERE lease IS NOT NULL"))
        return sorted(rows)


def test_a_full_batch_lets_the_next_be_taken_and_what_is_not_handled_is_given_back(
    installed: Installed,
) -> None:
    put(installed, range(1, 6))
    with Batches(installed.context, installed.store, 2) as batches:
        first, second = batches.next(), batches.next()
        assert [e.key for batch in (first, second) for e, _ in batch.events] == [
            f"event {n:02}" for n in range(1, 5)
        ]
    # The last one was taken ahead and nobody asked for it.
    assert leased(installed) == [f"event {n:02}" for n in range(1, 5)]
    with Batches(installed.context, installed.store, 2) as batches:
        assert [event.key for event, _ in batches.next().events] == ["event 05"]
        assert batches.next().events == []


def test_a_drain_of_many_batches_handles_every_event_once(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BATCH", 4)
    put(installed, range(1, 23))
    drain.drain(str(installed.id))
    with installed.scope() as session:
        handled = session.scalars(text("SELECT key FROM inbox_events WHERE state = 'handled'"))
        assert len(list(handled)) == len(orders(session)) == 22
        assert ledger(session) == [(12, "earned")] * 22


def test_when_a_store_refuses_our_key_what_was_taken_ahead_is_given_back(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BATCH", 2)
    put(installed, range(1, 7), "order.deleted")
    installed.sandbox.add_fault(Fault("revoked_key"))
    drain.drain(str(installed.id))
    with installed.scope() as session:
        assert session.scalars(text("SELECT state FROM stores")).one() == "disconnected"
        states = session.scalars(text("SELECT state FROM inbox_events"))
        assert list(states) == ["waiting"] * 6
    assert leased(installed) == []
