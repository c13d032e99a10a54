"""What must be written to the store in scope, and what was: one row per object, absolute values."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.orm import Session

from database.bulk import among
from database.inbox import retry_interval
from database.models import WriteBack

WriteKind = Literal["cross_sells", "customer"]
LEASE = timedelta(seconds=30)

_WANT = text(
    """
    INSERT INTO write_backs AS had (store_id, kind, external_id, desired, state)
    SELECT current_setting('bazgasht.store')::uuid, :kind, key, value, 'waiting'
    FROM jsonb_each(CAST(:wanted AS jsonb)) ORDER BY key
    ON CONFLICT (store_id, kind, external_id) DO UPDATE
    SET desired = had.desired || EXCLUDED.desired, state = 'waiting', attempts = 0,
        last_error = NULL, next_attempt_at = clock_timestamp()
    WHERE jsonb_strip_nulls(had.desired || EXCLUDED.desired) <> jsonb_strip_nulls(had.desired)
    RETURNING external_id
    """
)
_RECONSIDER = text(
    """
    UPDATE write_backs SET state = 'waiting', next_attempt_at = clock_timestamp(), attempts = 0
    FROM jsonb_each(CAST(:lists AS jsonb)) AS now(product, list)
    WHERE kind = 'cross_sells' AND external_id = now.product
      AND (state = 'hidden'
           OR (state = 'done' AND written -> 'list' IS DISTINCT FROM now.list))
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """A row to be written now: `sending` and `written` as last noted, None if never."""

    external_id: str
    desired: dict[str, Any]
    sending: dict[str, Any] | None
    written: dict[str, Any] | None
    attempts: int


def want(session: Session, kind: WriteKind, wanted: Mapping[str, Mapping[str, Any]]) -> int:
    """Note what objects shall have, added to what was wanted before; how many rows that changed.

    `wanted` maps the store's identifier to fields; what already is wanted makes no work, nor does
    None for a field that nothing was wanted in.
    """
    if not wanted:
        return 0
    return len(session.execute(_WANT, {"kind": kind, "wanted": json.dumps(wanted)}).all())


def reconsider_cross_sells(session: Session, lists: Mapping[str, Sequence[str]]) -> None:
    """Look again at published products whose list in the store is not the one we wrote."""
    if lists:
        session.execute(_RECONSIDER, {"lists": json.dumps(lists)})


def reconsider_all(session: Session, kind: WriteKind) -> None:
    """Look again at every row of a kind, for example after a setting changed."""
    _reconsider(session, WriteBack.kind == kind)


def doubt_written(session: Session, kind: WriteKind) -> None:
    """Let every row of a kind be sent again in full: the store may have lost what it was given."""
    session.execute(
        update(WriteBack)
        .where(WriteBack.kind == kind, WriteBack.written.is_not(None))
        .values(sending=WriteBack.written, state="waiting", next_attempt_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def reconsider_dead(session: Session) -> None:
    """Try again what was refused for good, for example with a key that may do more."""
    _reconsider(session, WriteBack.state == "dead")


def _reconsider(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(
        update(WriteBack)
        .where(which)
        .values(state="waiting", attempts=0, next_attempt_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def take(session: Session, kind: WriteKind, limit: int) -> list[Due]:
    """Lease up to `limit` rows that are due; they come back by themselves after a crash."""
    due = (
        select(WriteBack.external_id)
        .where(
            WriteBack.kind == kind,
            WriteBack.state == "waiting",
            WriteBack.next_attempt_at <= func.clock_timestamp(),
        )
        .order_by(WriteBack.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # As a subquery it may be run once for each row, and then lock more than the limit.
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        update(WriteBack)
        .where(WriteBack.kind == kind, WriteBack.external_id == due.c.external_id)
        .values(next_attempt_at=func.clock_timestamp() + LEASE)
        .returning(
            WriteBack.external_id,
            WriteBack.desired,
            WriteBack.sending,
            WriteBack.written,
            WriteBack.attempts,
        )
        .execution_options(synchronize_session=False)
    ).all()
    return [Due(*row) for row in rows]


def note_sending(
    session: Session, kind: WriteKind, sending: Mapping[str, Mapping[str, Any]]
) -> None:
    """Note, before the call, what is about to be written."""
    session.execute(
        text(
            "UPDATE write_backs SET sending = value FROM jsonb_each(CAST(:sending AS jsonb)) "
            "WHERE kind = :kind AND external_id = key"
        ),
        {"kind": kind, "sending": json.dumps(sending)},
    )


def hide(session: Session, kind: WriteKind, identifiers: Iterable[str]) -> None:
    """Leave rows alone until their objects are shown to shoppers again."""
    session.execute(
        update(WriteBack)
        .where(WriteBack.kind == kind, among(WriteBack.external_id, identifiers))
        .values(state="hidden", attempts=0, last_error=None)
        .execution_options(synchronize_session=False)
    )


def accepted(
    session: Session,
    kind: WriteKind,
    written: Mapping[str, Mapping[str, Any]],
    desired: Mapping[str, Mapping[str, Any]],
) -> None:
    """Note what the store now has; a row wanted otherwise meanwhile (`desired`) stays waiting."""
    session.execute(
        text(
            """
            UPDATE write_backs
            SET written = sent.value, sending = NULL, written_at = clock_timestamp(),
                last_error = NULL, attempts = 0, next_attempt_at = clock_timestamp(),
                state = CASE WHEN desired = wanted.value THEN 'done' ELSE 'waiting' END
            FROM jsonb_each(CAST(:written AS jsonb)) AS sent
            JOIN jsonb_each(CAST(:desired AS jsonb)) AS wanted ON wanted.key = sent.key
            WHERE kind = :kind AND external_id = sent.key
            """
        ),
        {"kind": kind, "written": json.dumps(written), "desired": json.dumps(desired)},
    )


def refused(
    session: Session,
    kind: WriteKind,
    due: Due,
    error: str,
    *,
    permanent: bool,
    asked: float | None = None,
) -> None:
    """Note a refusal: tried again after a while, or dead when that would change nothing.

    `asked` are the seconds that the store asked to wait.

    However long a store is out of reach, what is for it waits: the values are absolute, so what
    is written late is still right.
    """
    session.execute(
        update(WriteBack)
        .where(WriteBack.kind == kind, WriteBack.external_id == due.external_id)
        .values(
            attempts=due.attempts + 1,
            last_error=error[:1000],
            state="dead" if permanent else "waiting",
            next_attempt_at=func.clock_timestamp() + retry_interval(due.attempts + 1, asked),
        )
        .execution_options(synchronize_session=False)
    )


def unfinished(session: Session) -> int:
    """How many rows have yet to be written."""
    return (
        session.scalar(
            select(func.count()).select_from(WriteBack).where(WriteBack.state == "waiting")
        )
        or 0
    )


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many rows there are by kind and state."""
    rows = session.execute(
        select(WriteBack.kind, WriteBack.state, func.count()).group_by(
            WriteBack.kind, WriteBack.state
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def wanting(
    session: Session, kind: WriteKind, name: str, of: Iterable[str] | None = None
) -> set[str]:
    """The objects, or those of some, that shall have something under this name."""
    return set(
        session.scalars(
            text(
                "SELECT external_id FROM write_backs WHERE kind = :kind "
                "AND COALESCE(desired -> :name, 'null') NOT IN ('null', '[]') "
                "AND (CAST(:of AS text[]) IS NULL OR external_id = ANY(:of))"
            ),
            {"kind": kind, "name": name, "of": None if of is None else list(of)},
        )
    )


def unlisted(session: Session) -> set[str]:
    """The products that a shopper may be looking at and that shall have no list."""
    return set(
        session.scalars(
            text(
                "SELECT external_id FROM products p WHERE published AND NOT EXISTS ("
                "SELECT FROM write_backs w WHERE kind = 'cross_sells' "
                "AND w.external_id = p.external_id "
                "AND COALESCE(desired -> 'ours', 'null') NOT IN ('null', '[]'))"
            )
        )
    )


def ever_written(session: Session, kind: WriteKind) -> Iterable[str]:
    """The objects that we have written to, or were about to."""
    return session.scalars(
        select(WriteBack.external_id).where(
            WriteBack.kind == kind,
            WriteBack.written.is_not(None) | WriteBack.sending.is_not(None),
        )
    ).all()


def forget(session: Session, kind: WriteKind, identifiers: Iterable[str]) -> None:
    """Drop what is for objects that the store no longer has."""
    session.execute(
        delete(WriteBack)
        .where(WriteBack.kind == kind, among(WriteBack.external_id, identifiers))
        .execution_options(synchronize_session=False)
    )


def forget_unwritten(session: Session) -> None:
    """Drop what never reached the store and shall not any more."""
    session.execute(
        delete(WriteBack)
        .where(WriteBack.written.is_(None), WriteBack.sending.is_(None))
        .execution_options(synchronize_session=False)
    )
