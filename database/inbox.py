"""The inbox: every webhook once, leased in batches, settled with the effects it had."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import ColumnElement, Engine, Update, func, select, text, update
from sqlalchemy.orm import Session

from database.bulk import among
from database.models import InboxEvent
from database.packing import pack, unpack
from database.session import transaction

LEASE = timedelta(seconds=30)
# With the waits below an event is given up after some ten hours.
MAXIMUM_ATTEMPTS = 20
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 3600.0

_SCOPE = "SELECT set_config('bazgasht.store', %s, true)"
_PUT = """
    INSERT INTO inbox_events AS had (store_id, key, topic, headers, body, state, last_error)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (store_id, key) DO UPDATE
    SET state = EXCLUDED.state, last_error = EXCLUDED.last_error, attempts = 0,
      received_at = clock_timestamp(), next_attempt_at = clock_timestamp(), handled_at = NULL,
      lease = NULL, leased_until = NULL
    WHERE had.state <> 'waiting' OR had.lease IS NOT NULL
"""
# As a plain subquery the choice may be made once for each row, and then lock more than the limit.
_LEASE = """
    WITH due AS MATERIALIZED (
      SELECT id FROM inbox_events
      WHERE state = 'waiting' AND next_attempt_at <= clock_timestamp()
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
      ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE inbox_events AS had SET lease = %s, leased_until = clock_timestamp() + %s
    FROM due WHERE had.id = due.id
    RETURNING had.id, had.topic, had.body, had.attempts, had.key
"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A verified event on its way into the inbox. `dead_because` keeps it as a dead one."""

    store_id: UUID
    key: str
    topic: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    dead_because: str | None = None
    packed: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Here every request packs its own body; later it would hold up the one that writes all.
        object.__setattr__(self, "packed", pack(self.body))


@dataclass(frozen=True, slots=True)
class Leased:
    """An event that this worker may handle until its lease ends."""

    id: int
    topic: str
    body: bytes
    attempts: int
    key: str = ""


def keep(engine: Engine, events: Sequence[Incoming]) -> None:
    """Keep events of any stores in one commit.

    The statements go to the server all at once, because the wait for each answer would cost the
    web process more than the statement. Raises `psycopg.Error` or `SQLAlchemyError`.
    """
    with transaction(engine) as session:
        connection = _driver(session)
        with connection.pipeline():
            for store_id in sorted({event.store_id for event in events}):
                connection.execute(_SCOPE, [str(store_id)])
                put(session, [event for event in events if event.store_id == store_id])


def put(session: Session, events: Sequence[Incoming]) -> None:
    """Keep the events of the store in scope, each once.

    One that comes again, in the very same words, may be told again or be news: an order that was
    trashed, restored and trashed once more is told of in one body. So an event that was handled,
    or is being handled, waits anew; handling it again changes nothing that is already true.
    """
    # In one sequence for everybody, so that no two who keep the same events wait for each other.
    rows = [_row(event) for event in sorted(events, key=lambda event: event.key)]
    with _driver(session).cursor() as cursor:
        cursor.executemany(_PUT, rows)


def _driver(session: Session) -> psycopg.Connection:
    return cast(psycopg.Connection, session.connection().connection.driver_connection)


def _row(event: Incoming) -> tuple[object, ...]:
    state = "dead" if event.dead_because else "waiting"
    headers = json.dumps(event.headers)
    because = event.dead_because
    return (event.store_id, event.key, event.topic, headers, event.packed, state, because)


def lease(session: Session, limit: int) -> tuple[UUID, list[Leased]]:
    """Take up to `limit` waiting events whose time has come, oldest first, by the database's clock.

    Returns the lease, which settling names again, and the events.
    """
    token = uuid4()
    # Bodies come as they are: as text each byte would be written as two digits and read again.
    with _driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(_LEASE, [limit, token, LEASE]).fetchall()
    return token, [
        Leased(number, topic, unpack(body), attempts, key)
        for number, topic, body, attempts, key in sorted(rows)
    ]


def settle(session: Session, token: UUID, events: Sequence[int]) -> None:
    """Mark events handled, in the same transaction as their effects."""
    session.execute(
        _update_held(token, events).values(
            state="handled",
            handled_at=func.clock_timestamp(),
            lease=None,
            leased_until=None,
            last_error=None,
        )
    )


def _update_held(token: UUID, events: Sequence[int]) -> Update:
    # Rows are locked in the sequence in which events that come again are kept.
    held = (
        select(InboxEvent.id)
        .where(among(InboxEvent.id, events), InboxEvent.lease == token)
        .order_by(InboxEvent.key)
        .with_for_update()
        .cte("held")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(InboxEvent)
        .where(InboxEvent.id == held.c.id)
        .execution_options(synchronize_session=False)
    )


def fail(
    session: Session,
    token: UUID,
    event: Leased,
    error: str,
    *,
    permanent: bool,
    retry_after: float | None = None,
) -> None:
    """Put an event back for a later try with back-off and jitter, or declare it dead.

    `retry_after` (seconds) is what the store asked for. The error must hold no personal data.
    """
    attempts = event.attempts + 1
    dead = permanent or attempts >= MAXIMUM_ATTEMPTS
    session.execute(
        update(InboxEvent)
        .where(InboxEvent.id == event.id, InboxEvent.lease == token)
        .values(
            state="dead" if dead else "waiting",
            attempts=attempts,
            last_error=error[:1000],
            next_attempt_at=func.clock_timestamp() + retry_interval(attempts, retry_after),
            lease=None,
            leased_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def release(session: Session, token: UUID, events: Sequence[int]) -> None:
    """Give events back unhandled, so that the next drain takes them at once."""
    session.execute(_update_held(token, events).values(lease=None, leased_until=None))


def retry_seconds(attempts: int) -> float:
    """Seconds to wait after the given number of failed attempts: doubling, with a ceiling."""
    return min(FIRST_RETRY_SECONDS * 2.0 ** (attempts - 1), LONGEST_RETRY_SECONDS)


def retry_interval(attempts: int, asked: float | None = None) -> ColumnElement[timedelta]:
    """About `retry_seconds`, and no less than the store asked for, so that not all come at once."""
    usual = retry_seconds(attempts) * (0.75 + func.random() / 2)
    seconds = func.greatest(usual, (asked or 0) * (1 + func.random() / 4))
    interval: ColumnElement[timedelta] = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return interval


def replay(session: Session, event_id: int | None = None) -> int:
    """Let one dead event, or all of the store in scope, be tried anew; how many there were."""
    statement = (
        update(InboxEvent)
        .where(InboxEvent.state == "dead")
        .values(state="waiting", attempts=0, next_attempt_at=func.clock_timestamp())
        .returning(InboxEvent.id)
        .execution_options(synchronize_session=False)
    )
    if event_id is not None:
        statement = statement.where(InboxEvent.id == event_id)
    return len(session.execute(statement).all())


def listing(session: Session, state: str, limit: int = 50) -> Sequence[InboxEvent]:
    """The newest events in a state, for a person to look at."""
    return session.scalars(
        select(InboxEvent)
        .where(InboxEvent.state == state)
        .order_by(InboxEvent.id.desc())
        .limit(limit)
    ).all()


def prune(session: Session, older_than: timedelta) -> int:
    """Forget events handled longer ago than that; how many there were."""
    rows = session.execute(
        text(
            "DELETE FROM inbox_events WHERE state = 'handled' "
            "AND handled_at < clock_timestamp() - :age RETURNING id"
        ),
        {"age": older_than},
    ).all()
    return len(rows)


def received_since(session: Session, moment: datetime) -> int:
    """How many events of the store in scope came after `moment`."""
    return (
        session.scalar(
            select(func.count()).select_from(InboxEvent).where(InboxEvent.received_at > moment)
        )
        or 0
    )
