"""Points given by hand follow their customer, and are undone where they are."""

from datetime import timedelta

import pytest

from retention.ledger.book import Book
from retention.ledger.changes import adjust, undo
from retention.ledger.handover import as_it_is_held, gift_of, hand_over
from retention.ledger.imports import Batch, ImportedBalance, bring_in
from retention.records import PointEntry, PointLot
from tests.retention.tables import START

GUEST, ACCOUNT = 7, 8


def handed(book: Book, gifts: list[str], customer: int = ACCOUNT) -> list[tuple[str, int]]:
    before = len(book.entries)
    hand_over(book, gifts, customer)
    assert all(one.against == one.reason == "moved" for one in book.entries[before:])
    return [(one.reference, one.points) for one in book.entries[before:]]


def given(points: int = 30) -> Book:
    book = Book()
    adjust(book, GUEST, points, "g1", "Reza", "a gift")
    return book


@pytest.mark.parametrize(
    ("lot", "gift"),
    [
        ("adjust:g1", "adjust:g1"),
        ("adjust:g1:8", "adjust:g1"),
        ("import:old:2:7", "import:old:2"),
        ("order:1:7", None),
        ("purchase:2:7", None),
        ("adjust:g1:8:9", None),
    ],
)
def test_a_lot_tells_which_gift_it_is_of(lot: str, gift: str | None) -> None:
    assert gift_of(lot) == gift


def test_what_was_given_by_hand_follows_the_customer_and_comes_back() -> None:
    book = given()
    assert handed(book, ["adjust:g1"]) == [("adjust:g1:moved:2", -30), ("adjust:g1:8:1", 30)]
    assert handed(book, ["adjust:g1"]) == []
    assert (book.available(GUEST), book.available(ACCOUNT)) == (0, 30)
    assert handed(book, ["adjust:g1"], GUEST) == [("adjust:g1:8:2", -30), ("adjust:g1:7:1", 30)]


def test_a_balance_brought_in_keeps_its_expiry() -> None:
    book, expires_at = Book(), START + timedelta(days=30)
    balance = ImportedBalance("2", GUEST, 100, expires_at)
    bring_in(book, Batch("old", "Reza", "csv"), balance, START)
    adjust(book, GUEST, -40, "till", "Reza", "spent in the shop")
    assert handed(book, ["import:old:2"]) == [("import:old:2:7:3", -60), ("import:old:2:8:1", 60)]
    assert book.lots["import:old:2:8"].expires_at == expires_at
    # Brought in once more, nothing comes twice.
    posted = len(book.entries)
    bring_in(book, Batch("old", "Reza", "csv"), ImportedBalance("2", ACCOUNT, 100), START)
    assert len(book.entries) == posted


def test_other_gifts_stay() -> None:
    book = given()
    adjust(book, GUEST, 5, "g11", "Reza", "another gift")
    assert handed(book, ["adjust:g11"]) == [("adjust:g11:moved:2", -5), ("adjust:g11:8:1", 5)]
    assert book.available(GUEST) == 30


def test_an_adjustment_is_undone_where_its_points_are() -> None:
    book = given()
    effect = list(book.entries)
    hand_over(book, ["adjust:g1"], ACCOUNT)
    moved = [as_it_is_held(entry, book.lots.values()) for entry in effect]
    undo(book, moved, "Reza", "a mistake")
    assert (book.available(GUEST), book.available(ACCOUNT)) == (0, 0)
    last: PointEntry = book.entries[-1]
    assert (last.reference, last.lot, last.points) == ("undo:adjust:g1:1", "adjust:g1:8", -30)
    # Nothing is left: it goes by who had it last.
    assert as_it_is_held(effect[0], book.lots.values()).customer_id == ACCOUNT


def test_what_has_not_moved_is_undone_as_ever() -> None:
    book = given()
    (entry,) = book.entries
    assert as_it_is_held(entry, book.lots.values()) == entry
    other = PointEntry("adjust:t:1", "order:1:7", "1", GUEST, -5, 0, "adjusted", "adjusted")
    assert as_it_is_held(other, book.lots.values()) is other


def test_of_several_who_had_a_gift_it_is_with_whom_some_of_it_is_left() -> None:
    lots = [
        PointLot("adjust:g1", None, GUEST, "", None, None, available=5),
        PointLot("adjust:g1:8", None, ACCOUNT, "", None, None),
        PointLot("adjust:g2", None, 9, "", None, None, available=5),
        PointLot("order:1:7", "1", 10, "", None, None, available=5),
    ]
    entry = PointEntry("adjust:g1:1", "adjust:g1", None, GUEST, 5, 0, "adjusted", "adjusted")
    assert as_it_is_held(entry, lots).lot == "adjust:g1"
    lots[0] = PointLot("adjust:g1", None, GUEST, "", None, None)
    assert as_it_is_held(entry, lots).lot == "adjust:g1:8"
