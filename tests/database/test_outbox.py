"""What is to be written to a store: wanted once, leased, noted before and after."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from database import outbox, stores
from database.models import WriteBack
from database.outbox import Due
from tests.database.conftest import Scope


def rows(scope: Scope) -> dict[str, WriteBack]:
    with scope() as session:
        return {row.external_id: row for row in session.scalars(select(WriteBack))}


def want(scope: Scope, **wanted: dict[str, Any]) -> int:
    with scope() as session:
        return outbox.want(session, "customer", wanted)


def take(scope: Scope, limit: int = 10) -> list[Due]:
    with scope() as session:
        return outbox.take(session, "customer", limit)


def accept(scope: Scope, name: str, fields: dict[str, Any]) -> None:
    with scope() as session:
        outbox.accepted(session, "customer", {name: fields}, {name: fields})


def test_fields_are_added_to_what_was_wanted_before(scope: Scope) -> None:
    assert want(scope, a={"points": "1"}) == 1
    assert want(scope, a={"category": "Tea"}) == 1
    assert rows(scope)["a"].desired == {"points": "1", "category": "Tea"}


def test_what_is_wanted_already_makes_no_work(scope: Scope) -> None:
    want(scope, a={"points": "1"})
    take(scope)
    accept(scope, "a", {"points": "1"})
    assert want(scope, a={"points": "1"}) == 0
    assert rows(scope)["a"].state == "done"
    assert take(scope) == []
    assert want(scope, a={"points": "2"}) == 1
    assert take(scope) == [Due("a", {"points": "2"}, None, {"points": "1"}, 0)]


def test_rows_are_leased_up_to_the_limit_and_come_back_after_a_crash(scope: Scope) -> None:
    want(scope, **{f"{n:02}": {"points": "1"} for n in range(30)})
    assert len(take(scope, 20)) == 20
    assert len(take(scope, 20)) == 10
    assert take(scope, 20) == []
    with scope() as session:
        left = session.scalars(
            text("SELECT extract(epoch FROM next_attempt_at - clock_timestamp()) FROM write_backs")
        ).all()
        longest = outbox.LEASE.total_seconds()
        assert all(longest - 5 < seconds <= longest for seconds in left)
        session.execute(text("UPDATE write_backs SET next_attempt_at = now() - interval '1 s'"))
    assert len(take(scope, 20)) == 20


def test_a_row_wanted_otherwise_while_it_was_written_stays_waiting(scope: Scope) -> None:
    want(scope, a={"points": "1"})
    (due,) = take(scope)
    want(scope, a={"points": "2"})
    with scope() as session:
        outbox.accepted(session, "customer", {"a": {"points": "1"}}, {"a": due.desired})
    row = rows(scope)["a"]
    assert (row.state, row.written, row.desired) == ("waiting", {"points": "1"}, {"points": "2"})
    assert [due.external_id for due in take(scope)] == ["a"]


def test_what_is_being_sent_is_noted_until_the_store_answers(scope: Scope) -> None:
    want(scope, a={"points": "1"})
    take(scope)
    with scope() as session:
        outbox.note_sending(session, "customer", {"a": {"points": "1"}})
    assert rows(scope)["a"].sending == {"points": "1"}
    accept(scope, "a", {"points": "1"})
    assert rows(scope)["a"].sending is None


@pytest.mark.parametrize(("permanent", "state"), [(True, "dead"), (False, "waiting")])
def test_a_refusal_is_final_only_when_trying_again_changes_nothing(
    scope: Scope, permanent: bool, state: str
) -> None:
    want(scope, a={"points": "1"})
    for attempt in range(30):
        due = Due("a", {"points": "1"}, None, None, attempt)
        with scope() as session:
            outbox.refused(session, "customer", due, "no", permanent=permanent, asked=60)
    row = rows(scope)["a"]
    assert (row.state, row.attempts, row.last_error) == (state, 30, "no")
    assert take(scope) == []


def test_a_dead_row_is_tried_again_when_it_is_wanted_otherwise_or_reconsidered(
    scope: Scope,
) -> None:
    for name in "ab":
        want(scope, **{name: {"points": "1"}})
        (due,) = take(scope)
        with scope() as session:
            outbox.refused(session, "customer", due, "no", permanent=True, asked=60)
    want(scope, a={"points": "1"})
    assert take(scope) == []
    want(scope, a={"points": "2"})
    assert [due.external_id for due in take(scope)] == ["a"]
    with scope() as session:
        outbox.reconsider_dead(session)
    assert [due.external_id for due in take(scope)] == ["b"]


def cross_sells(scope: Scope, state: str, written: list[str] | None) -> None:
    with scope() as session:
        outbox.want(session, "cross_sells", {"7": {"ours": ["1"]}})
        session.execute(
            text("UPDATE write_backs SET state = :state, written = CAST(:written AS jsonb)"),
            {"state": state, "written": json.dumps(written and {"list": written})},
        )
        outbox.reconsider_cross_sells(session, {"7": ["1", "2"]})


@pytest.mark.parametrize(
    ("state", "written", "after"),
    [
        ("done", ["1"], "waiting"),
        ("done", None, "waiting"),
        ("hidden", None, "waiting"),
        ("dead", None, "dead"),
    ],
)
def test_a_list_that_is_no_longer_ours_is_looked_at_again(
    scope: Scope, state: str, written: list[str] | None, after: str
) -> None:
    cross_sells(scope, state, written)
    assert rows(scope)["7"].state == after


def test_a_list_that_is_as_we_wrote_it_is_left_alone(scope: Scope) -> None:
    with scope() as session:
        outbox.want(session, "cross_sells", {"7": {"ours": ["1"]}})
        state = {"list": ["2", "1"], "ours": ["1"], "hidden": []}
        outbox.accepted(session, "cross_sells", {"7": state}, {"7": {"ours": ["1"]}})
        outbox.reconsider_cross_sells(session, {"7": ["2", "1"]})
    assert rows(scope)["7"].state == "done"


def test_objects_that_want_something_are_found(scope: Scope) -> None:
    with scope() as session:
        outbox.want(session, "cross_sells", {"1": {"ours": ["2"]}, "2": {"ours": []}})
        outbox.want(session, "customer", {"3": {"c": "Tea"}, "4": {"c": None}, "5": {"p": "1"}})
        assert outbox.wanting(session, "cross_sells", "ours") == {"1"}
        assert outbox.wanting(session, "customer", "c") == {"3"}
        assert outbox.unfinished(session) == 5
        assert outbox.counts(session) == {("cross_sells", "waiting"): 2, ("customer", "waiting"): 3}


def test_what_never_reached_the_store_is_forgotten(scope: Scope) -> None:
    want(scope, a={"p": "1"}, b={"p": "1"}, c={"p": "1"})
    accept(scope, "a", {"p": "1"})
    with scope() as session:
        outbox.note_sending(session, "customer", {"b": {"p": "1"}})
        assert set(outbox.ever_written(session, "customer")) == {"a", "b"}
        outbox.forget_unwritten(session)
    assert set(rows(scope)) == {"a", "b"}
    with scope() as session:
        outbox.forget(session, "customer", ["a"])
    assert set(rows(scope)) == {"b"}


def test_stores_with_something_to_write_are_found(
    engine: Engine, scope: Scope, store_id: UUID
) -> None:
    assert stores.to_write(engine) == []
    want(scope, a={"points": "1"})
    assert stores.to_write(engine) == [store_id]
    take(scope)
    assert stores.to_write(engine) == []
