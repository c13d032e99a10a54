"""Of several facts about one object the newest is kept, and what no date decides is looked up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from database.versions import Version, version_of
from jobs.facts import Fact, Key, sort_out
from retention.records import Order
from tests.database.rows import NOON, order, product

KEY: Key = ("order", "1")
PAID, CANCELLED = order(status="completed"), order(status="cancelled")
LATER = order(status="refunded", modified_at=NOON + timedelta(seconds=1))
GONE = Fact(None, read_now=True)


def sorted_out(known: Version | None, *facts: Fact) -> tuple[Order | str, bool, bool]:
    """What is kept of the facts: the record, "gone" or "nothing"; whether changed and looked up."""
    result = sort_out({KEY: known} if known else {}, [(KEY, fact) for fact in facts])
    kept = result.facts.get(KEY)
    shown = "nothing" if kept is None else kept.record or "gone"
    assert not isinstance(shown, str) or shown in ("nothing", "gone")
    return shown, KEY in result.changed, KEY in result.look_up  # type: ignore[return-value]


def test_the_newest_of_several_is_kept_whatever_their_sequence() -> None:
    for facts in ((PAID, LATER), (LATER, PAID), (LATER, PAID, LATER)):
        assert sorted_out(None, *map(Fact, facts)) == (LATER, True, False)


def test_two_states_of_one_second_are_looked_up() -> None:
    assert sorted_out(None, Fact(PAID), Fact(CANCELLED)) == (PAID, True, True)
    assert sorted_out(version_of(PAID), Fact(CANCELLED)) == ("nothing", False, True)


def test_a_later_state_decides_what_a_second_left_open() -> None:
    shown, changed, _ = sorted_out(version_of(PAID), Fact(CANCELLED), Fact(LATER))
    assert (shown, changed) == (LATER, True)


@pytest.mark.parametrize("read_now", [False, True])
def test_what_is_known_already_is_nothing_new(read_now: bool) -> None:
    known = version_of(PAID)
    fact = Fact(PAID, read_now=read_now, known_before=known)
    assert sorted_out(known, fact) == ("nothing", False, False)


def test_the_same_state_at_a_later_date_is_kept_but_changes_nothing() -> None:
    later = replace(PAID, modified_at=LATER.modified_at)
    assert sorted_out(version_of(PAID), Fact(later)) == (later, False, False)


def test_a_reading_decides_if_nothing_was_kept_since_it_began() -> None:
    known = version_of(PAID)
    assert sorted_out(known, Fact(CANCELLED, read_now=True, known_before=known)) == (
        CANCELLED,
        True,
        False,
    )
    stale = Fact(CANCELLED, read_now=True, known_before=version_of(LATER))
    assert sorted_out(known, stale) == ("nothing", False, True)


def test_a_deletion_counts_once() -> None:
    known = version_of(PAID)
    assert sorted_out(known, GONE) == ("gone", True, False)
    assert sorted_out(replace(known, gone=True), GONE) == ("nothing", False, False)
    assert sorted_out(known, GONE, GONE) == ("gone", True, False)


def test_the_deletion_of_something_never_seen_is_kept_but_changes_nothing() -> None:
    assert sorted_out(None, GONE) == ("gone", False, False)


def test_what_is_gone_comes_back_only_by_a_reading() -> None:
    gone = replace(version_of(PAID), gone=True)
    assert sorted_out(gone, Fact(LATER)) == ("nothing", False, True)
    assert sorted_out(gone, Fact(LATER, read_now=True, known_before=gone)) == (LATER, True, False)
    assert sorted_out(None, GONE, Fact(LATER)) == ("gone", False, True)


def test_objects_do_not_mix() -> None:
    facts: list[tuple[Key, Fact]] = [(KEY, Fact(PAID)), (("product", "1"), Fact(product("1")))]
    result = sort_out({("product", "1"): version_of(product("1"))}, facts)
    assert set(result.facts) == result.changed == {KEY}
