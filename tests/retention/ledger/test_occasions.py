"""Points for what happens besides orders: once, by the facts, and the same in any sequence."""

from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.chain import linked
from retention.ledger.changes import adjust, expire, mature
from retention.ledger.occasions import Occasion, bring, is_withdrawn, withdraw
from retention.ledger.posting import Shortfall
from retention.points import EarningRule
from retention.records import PointEntry
from tests.retention.ledger.test_settle import BUYER, LATER, ONE_PER_UNIT, day, told

OTHER = 8
BIRTHDAY = Occasion("birthday:1405:7", "birthday", BUYER, 100, day(1))
GONE = replace(BIRTHDAY, stands=False)


def brought(
    book: Book,
    occasion: Occasion,
    *,
    at: float = 2,
    rule: EarningRule = ONE_PER_UNIT,
    shortfall: Shortfall = "write_off",
) -> list[PointEntry]:
    before = len(book.entries)
    bring(book, occasion, rule, day(at), shortfall)
    return book.entries[before:]


def test_an_occasion_gives_once_and_copies_its_rule() -> None:
    book = Book()
    assert brought(book, BIRTHDAY) == [
        PointEntry(
            reference="birthday:1405:7:7:1",
            lot="birthday:1405:7:7",
            order_id=None,
            customer_id=BUYER,
            points=100,
            pending=0,
            against="issued",
            reason="birthday",
            rule='{"occasion":"birthday","points":100}',
        )
    ]
    assert brought(book, replace(BIRTHDAY, points=500)) == []
    assert book.available(BUYER) == 100


def test_it_goes_back_with_its_facts_and_comes_again_as_it_was() -> None:
    book = Book()
    brought(book, BIRTHDAY)
    assert told(brought(book, GONE)) == [("reversed", -100, 0)]
    assert brought(book, GONE) == []
    assert told(brought(book, replace(BIRTHDAY, points=5))) == [("birthday", 100, 0)]


def test_what_may_not_begin_gives_nothing_but_what_it_gave_already() -> None:
    late = replace(BIRTHDAY, may_begin=False)
    assert brought(Book(), late) == []
    assert brought(Book(), replace(BIRTHDAY, points=0)) == []
    assert brought(Book(), GONE) == []
    assert brought(Book(), BIRTHDAY, rule=replace(ONE_PER_UNIT, enabled=False)) == []
    book = Book()
    brought(book, BIRTHDAY)
    assert brought(book, late) == []
    brought(book, GONE)
    assert told(brought(book, late)) == [("birthday", 100, 0)]


def test_points_are_there_at_once_unless_they_wait() -> None:
    book = Book()
    # The rule lets points of orders wait for fourteen days.
    assert told(brought(book, BIRTHDAY, rule=LATER)) == [("birthday", 100, 0)]
    waiting = replace(BIRTHDAY, source="referral:1", reason="referral", waits=True)
    assert told(brought(book, waiting, rule=LATER)) == [("referral", 0, 100)]
    assert book.entries[-1].rule == '{"occasion":"referral","pending_days":14,"points":100}'
    assert book.lots["referral:1:7"].matures_at == day(15)
    assert told(brought(book, replace(waiting, stands=False), at=3)) == [("reversed", 0, -100)]
    assert told(brought(book, waiting, at=15)) == [("referral", 100, 0)]


def test_expiry_counts_from_the_day_of_the_occasion() -> None:
    rule = replace(LATER, expiry_days=30)
    book = Book()
    brought(book, BIRTHDAY, rule=rule)
    assert book.lots["birthday:1405:7:7"].expires_at == day(31)
    expire(book, BUYER, day(31))
    assert book.available(BUYER) == 0
    assert brought(book, BIRTHDAY, rule=rule, at=32) == []
    # What expired is not taken a second time, nor given again.
    brought(book, GONE, at=33)
    brought(book, BIRTHDAY, at=34)
    assert book.available(BUYER) == 0


def test_what_is_left_moves_to_a_new_holder_and_what_was_spent_does_not_come_twice() -> None:
    book = Book()
    brought(book, BIRTHDAY)
    adjust(book, BUYER, -30, "s", "the till", "spent")
    moved = brought(book, replace(BIRTHDAY, customer_id=OTHER))
    assert [(e.customer_id, e.points, e.reason) for e in moved] == [
        (BUYER, -70, "moved"),
        (OTHER, 70, "moved"),
    ]
    brought(book, replace(GONE, customer_id=OTHER))
    brought(book, replace(BIRTHDAY, customer_id=OTHER))
    assert (book.available(BUYER), book.available(OTHER)) == (0, 70)


def test_a_shortfall_can_be_owed() -> None:
    book = Book()
    brought(book, BIRTHDAY)
    adjust(book, BUYER, -30, "s", "the till", "spent")
    brought(book, GONE, shortfall="owe")
    assert book.available(BUYER) == -30


def again(book: Book, occasion: Occasion, entries: Collection[PointEntry]) -> None:
    done = {entry.reference for entry in entries}
    if not is_withdrawn(occasion, book, done):
        bring(book, occasion, ONE_PER_UNIT, day(9))


def test_what_a_person_takes_back_stays_back() -> None:
    book = Book()
    brought(book, BIRTHDAY)
    withdraw(book, BIRTHDAY.source, "Reza", "given by mistake")
    last = book.entries[-1]
    assert (last.reference, last.points, last.reason, last.actor, last.note) == (
        "undo:birthday:1405:7:7",
        -100,
        "undone",
        "Reza",
        "given by mistake",
    )
    again(book, BIRTHDAY, book.entries)
    assert book.available(BUYER) == 0
    with pytest.raises(ValueError, match="has given nothing that could be taken back"):
        withdraw(book, BIRTHDAY.source, "Reza", "once more")


def test_what_is_spent_cannot_be_taken_back_by_hand() -> None:
    book = Book()
    brought(book, BIRTHDAY)
    adjust(book, BUYER, -30, "s", "the till", "spent")
    with pytest.raises(ValueError, match="100 points would be taken back, and customer 7 has only"):
        withdraw(book, BIRTHDAY.source, "Reza", "a mistake")
    with pytest.raises(
        ValueError, match=r"^reason is empty; say why, for whoever reads the history later$"
    ):
        withdraw(book, BIRTHDAY.source, "Reza", " ")


def test_pending_points_are_taken_back_as_they_are() -> None:
    book = Book()
    waiting = replace(BIRTHDAY, waits=True)
    brought(book, waiting, rule=LATER)
    withdraw(book, BIRTHDAY.source, "Reza", "a mistake")
    assert told(book.entries[-1:]) == [("undone", 0, -100)]
    mature(book, day(40))
    assert book.available(BUYER) == 0


STEPS = st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([BUYER, OTHER]))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=12), st.permutations("abc"))
def test_the_balance_is_that_of_the_last_facts_whatever_was_believed_before(
    steps: list[tuple[str, bool, int]], last: list[str]
) -> None:
    def occasion(name: str, stands: bool, customer: int) -> Occasion:
        points = {"a": 10, "b": 20, "c": 40}[name]
        return Occasion(f"review:{name}", "review", customer, points, day(1), stands=stands)

    book, clean = Book(), Book()
    for step in steps:
        bring(book, occasion(*step), ONE_PER_UNIT, day(2))
    final = {"a": (True, BUYER), "b": (False, BUYER), "c": (True, OTHER)}
    for name in last:
        for one in (book, clean):
            bring(one, occasion(name, *final[name]), ONE_PER_UNIT, day(3))
    assert (book.available(BUYER), book.available(OTHER)) == (10, 40)
    assert (clean.available(BUYER), clean.available(OTHER)) == (10, 40)
    audit = Audit()
    audit.read(linked(book.entries, day(3)))
    audit.compare(audit.entries, audit.hash, book.lots.values())
    assert audit.problems == []
