"""How far the long tasks of the store in scope are: kept, so that they resume and can be shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from database.models import Progress


@dataclass(frozen=True, slots=True)
class Step:
    """One finished page: its number of all pages, and how many records it held of the total."""

    page: int
    pages: int
    records: int
    total: int
    rejected: Sequence[tuple[str, str]] = ()


def get(session: Session, task: str) -> Progress | None:
    """The task's progress, None if it never began."""
    return session.scalar(
        select(Progress).where(Progress.task == task).execution_options(populate_existing=True)
    )


def all_tasks(session: Session) -> Sequence[Progress]:
    """Every task's progress, in the order they began."""
    return session.scalars(select(Progress).order_by(Progress.started_at)).all()


def begin(session: Session, task: str) -> None:
    """Start a task from its beginning; what it had done before is forgotten, its cursor is kept."""
    session.execute(
        text(
            """
            INSERT INTO progress (store_id, task, state)
            VALUES (current_setting('bazgasht.store')::uuid, :task, 'running')
            ON CONFLICT (store_id, task) DO UPDATE SET state = 'running', page = 0, pages = 0,
              done = 0, total = 0, rejected = '[]', last_error = NULL,
              started_at = clock_timestamp(), updated_at = clock_timestamp()
            """
        ),
        {"task": task},
    )


def advance(session: Session, task: str, step: Step) -> None:
    """Note a finished page, in the same transaction as its effects."""
    session.execute(
        text(
            """
            UPDATE progress SET state = 'running', page = :page, pages = :pages,
              done = done + :records, total = :total, last_error = NULL,
              rejected = rejected || CAST(:rejected AS jsonb), updated_at = clock_timestamp()
            WHERE task = :task
            """
        ),
        {
            "task": task,
            "page": step.page,
            "pages": step.pages,
            "records": step.records,
            "total": step.total,
            "rejected": json.dumps(list(step.rejected)),
        },
    )


def note_error(session: Session, task: str, error: str) -> None:
    """Note why the task stopped; it resumes from its last finished page."""
    session.execute(
        text(
            "UPDATE progress SET state = 'running', last_error = :error, "
            "updated_at = clock_timestamp() WHERE task = :task"
        ),
        {"task": task, "error": error[:1000]},
    )


def note_waiting(session: Session, task: str) -> None:
    """Note that the store is still preparing what the task asked for: nothing is wrong."""
    session.execute(
        text(
            "UPDATE progress SET state = 'waiting', last_error = NULL, "
            "updated_at = clock_timestamp() WHERE task = :task"
        ),
        {"task": task},
    )


def finish(session: Session, task: str, cursor: datetime | None = None) -> None:
    """Mark a task done; `cursor` is the modification time from which the next poll goes on."""
    session.execute(
        text(
            "UPDATE progress SET state = 'done', cursor = COALESCE(:cursor, cursor), "
            "last_error = NULL, updated_at = clock_timestamp() WHERE task = :task"
        ),
        {"task": task, "cursor": cursor},
    )
