"""What time and people do to points: maturing, expiring, adjusting, undoing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retention.ledger.book import Book
from retention.ledger.changes import adjust, expire, mature, undo
from retention.records import PointEntry
from tests.retention.ledger.test_settle import BUYER, ONE_PER_UNIT, day, settled, told
from tests.retention.tables import order

SOON = replace(ONE_PER_UNIT, expiry_days=10)
LATE = replace(ONE_PER_UNIT, expiry_days=20)


def added(book: Book, points: int, key: str = "k") -> list[PointEntry]:
    before = len(book.entries)
    adjust(book, BUYER, points, key, "Reza", "a gift")
    return book.entries[before:]


def three_lots() -> Book:
    """100 that never expire, 30 that expire after 20 days, 20 that expire after 10."""
    book = Book()
    settled(book, order("100", identifier="1"))
    settled(book, order("30", identifier="2"), rule=LATE)
    settled(book, order("20", identifier="3"), rule=SOON)
    return book


def test_points_given_by_hand_are_a_lot_of_their_own() -> None:
    book = Book()
    assert added(book, 25) == [
        PointEntry(
            reference="adjust:k:1",
            lot="adjust:k",
            order_id=None,
            customer_id=BUYER,
            points=25,
            pending=0,
            against="adjusted",
            reason="adjusted",
            actor="Reza",
            note="a gift",
        )
    ]
    assert book.available(BUYER) == 25


def test_points_are_taken_from_the_lots_that_expire_first() -> None:
    book = three_lots()
    taken = added(book, -60)
    assert [(e.reference, e.lot, e.points) for e in taken] == [
        ("adjust:k:1", "order:3:7", -20),
        ("adjust:k:2", "order:2:7", -30),
        ("adjust:k:3", "order:1:7", -10),
    ]
    assert book.available(BUYER) == 90


def test_no_more_is_taken_than_is_available() -> None:
    book = Book()
    settled(book, order("100"), rule=replace(ONE_PER_UNIT, pending_days=14))
    settled(book, order("30", identifier="2"))
    with pytest.raises(ValueError, match="points is -31, and customer 7 has 30 available"):
        added(book, -31)
    assert [e.points for e in added(book, -30)] == [-30]


@pytest.mark.parametrize(
    ("points", "actor", "note", "problem"),
    [
        (0, "Reza", "why", "points is 0"),
        (5, " ", "why", "actor is empty"),
        (5, "Reza", "", "reason is empty"),
        (1_000_000_001, "Reza", "why", "points is 1000000001; give at most 1000000000 at once"),
        (10**30, "Reza", "why", "give at most 1000000000 at once"),
    ],
)
def test_an_adjustment_needs_points_somebody_and_a_reason(
    points: int, actor: str, note: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        adjust(Book(), BUYER, points, "k", actor, note)


def test_the_most_that_can_be_given_at_once_is_given() -> None:
    assert [e.points for e in added(Book(), 1_000_000_000)] == [1_000_000_000]


def test_undoing_gives_back_to_the_lots_that_were_taken_from() -> None:
    book = three_lots()
    before = dict(book.lots)
    taken = added(book, -60)
    undo(book, taken, "Sara", "wrong customer")
    undone = book.entries[-3:]
    assert [(e.reference, e.lot, e.points, e.reason) for e in undone] == [
        ("undo:adjust:k:1", "order:3:7", 20, "undone"),
        ("undo:adjust:k:2", "order:2:7", 30, "undone"),
        ("undo:adjust:k:3", "order:1:7", 10, "undone"),
    ]
    assert {e.against for e in undone} == {"adjusted"}
    assert {name: lot.available for name, lot in book.lots.items()} == {
        name: lot.available for name, lot in before.items()
    }


def test_points_that_are_spent_cannot_be_undone() -> None:
    book = Book()
    given = added(book, 50)
    added(book, -20, "other")
    with pytest.raises(ValueError, match=r"50 points would be taken back, .* has only 30"):
        undo(book, given, "Sara", "wrong")


def test_only_adjustments_can_be_undone() -> None:
    book = Book()
    earned = settled(book, order("100"))
    for effect in (earned, []):
        with pytest.raises(ValueError, match="only an adjustment can be undone"):
            undo(book, effect, "Sara", "wrong")
    given = added(book, 5)
    with pytest.raises(ValueError, match="reason is empty"):
        undo(book, given, "Sara", " ")


def test_points_expire_lot_by_lot_on_their_day() -> None:
    book = three_lots()
    earned = len(book.entries)
    expire(book, BUYER, day(9.99))
    assert len(book.entries) == earned
    expire(book, BUYER, day(10))
    expire(book, BUYER, day(11))
    expire(book, BUYER, day(20))
    lapsed = book.entries[earned:]
    assert [(e.reference, e.points, e.against) for e in lapsed] == [
        ("order:3:7:2", -20, "expired"),
        ("order:2:7:2", -30, "expired"),
    ]
    assert book.available(BUYER) == 100


def test_pending_points_do_not_expire() -> None:
    book = Book()
    settled(book, order("100"), rule=replace(SOON, pending_days=5))
    expire(book, BUYER, day(30))
    assert len(book.entries) == 1
    mature(book, day(30))
    expire(book, BUYER, day(30))
    assert told(book.entries[1:]) == [("matured", 100, -100), ("expired", -100, 0)]


def test_what_is_owed_is_paid_from_points_before_they_expire() -> None:
    book = Book()
    settled(book, order("100", identifier="1"))
    added(book, -60)
    settled(book, order("100", identifier="1", status="cancelled"), shortfall="owe")
    settled(book, order("80", identifier="2"), rule=SOON)
    assert book.available(BUYER) == 20
    before = len(book.entries)
    expire(book, BUYER, day(10))
    assert [(e.lot, e.points, e.reason) for e in book.entries[before:]] == [
        ("order:2:7", -60, "netted"),
        ("order:1:7", 60, "netted"),
        ("order:2:7", -20, "expired"),
    ]
    assert [lot.available for lot in book.of_customer(BUYER)] == [0, 0]
    assert book.available(BUYER) == 0


def test_a_debt_takes_all_of_what_would_expire() -> None:
    book = Book()
    settled(book, order("100", identifier="1"))
    added(book, -60)
    settled(book, order("100", identifier="1", status="cancelled"), shortfall="owe")
    settled(book, order("50", identifier="2"), rule=SOON)
    expire(book, BUYER, day(10))
    assert [(e.lot, e.points, e.reason) for e in book.entries[-2:]] == [
        ("order:2:7", -50, "netted"),
        ("order:1:7", 50, "netted"),
    ]
    assert book.available(BUYER) == -10


def test_the_last_points_are_a_matter_of_the_moment_not_of_a_clock() -> None:
    book = Book()
    settled(book, order("5"), rule=replace(ONE_PER_UNIT, pending_days=1), days=0.5)
    mature(book, day(1) - timedelta(microseconds=1))
    assert book.available(BUYER) == 0
    mature(book, day(1))
    assert book.available(BUYER) == 5
