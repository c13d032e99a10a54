"""Since when the rules of the store in scope have been as they are, and what was done when."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.bulk import insert_rows
from database.models import RuleStart


class Start(NamedTuple):
    """A rule as it was last applied, and since when."""

    rule: str
    since: datetime


def starts(session: Session) -> Mapping[str, Start]:
    """Every rule that was noted, by its name."""
    rows = session.execute(select(RuleStart.name, RuleStart.rule, RuleStart.since))
    return {row[0]: Start(row[1], row[2]) for row in rows}


def begin(session: Session, name: str, rule: str, since: datetime) -> None:
    """Note that a rule is this one since then."""
    insert_rows(
        session,
        RuleStart,
        [{"name": name, "rule": rule, "since": since}],
        unique=("store_id", "name"),
        replace=("rule", "since"),
    )


def end(session: Session, name: str) -> None:
    """Note that there is no such rule any more."""
    session.execute(
        delete(RuleStart).where(RuleStart.name == name).execution_options(synchronize_session=False)
    )
