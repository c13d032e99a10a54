"""Balances of another programme: brought in once, undone as far as they are still there."""

from datetime import timedelta

import pytest

from retention.ledger.book import Book
from retention.ledger.changes import adjust, expire
from retention.ledger.imports import Batch, ImportedBalance, bring_in, name_of, spent, take_back
from retention.ledger.posting import Shortfall
from retention.records import PointEntry
from tests.retention.tables import START

BATCH = Batch("old", "Reza", "csv", "ab12")
SARA, ACCOUNT = 7, 8
NAME = "import:old:2"


def brought(book: Book, points: int = 100, customer: int = SARA, days: int = 0) -> list[PointEntry]:
    """The entries that bringing Sara's balance in adds."""
    before = len(book.entries)
    expires_at = START + timedelta(days=days) if days else None
    balance = ImportedBalance("2", customer, points, expires_at, "from the old shop")
    bring_in(book, BATCH, balance, START)
    return book.entries[before:]


def undone(book: Book, shortfall: Shortfall = "write_off") -> list[tuple[str, int]]:
    before = len(book.entries)
    take_back(book, NAME, shortfall, START, "Reza", "the wrong file")
    return [(entry.reason, entry.points) for entry in book.entries[before:]]


def test_a_balance_is_brought_in_as_a_lot_of_its_own() -> None:
    book = Book()
    assert brought(book, days=30) == [
        PointEntry(
            reference="import:old:2:7:1",
            lot="import:old:2:7",
            order_id=None,
            customer_id=SARA,
            points=100,
            pending=0,
            against="issued",
            reason="imported",
            rule='{"digest":"ab12","import":"csv"}',
            expires_at=START + timedelta(days=30),
            actor="Reza",
            note="from the old shop",
        )
    ]
    assert name_of(book.lots["import:old:2:7"]) == NAME


def test_the_same_balance_twice_gives_nothing_twice() -> None:
    book = Book()
    brought(book)
    assert brought(book) == []
    assert [entry.points for entry in brought(book, 130)] == [30]
    assert [entry.points for entry in brought(book, 90)] == [-40]


def test_points_that_came_keep_the_expiry_with_which_they_came() -> None:
    book = Book()
    brought(book, days=30)
    (more,) = brought(book, 130, days=60)
    assert more.expires_at == START + timedelta(days=30)


def test_a_balance_follows_the_customer_to_the_account() -> None:
    book = Book()
    brought(book)
    moved = brought(book, customer=ACCOUNT)
    assert [(e.reference, e.points, e.reason) for e in moved] == [
        ("import:old:2:7:2", -100, "moved"),
        ("import:old:2:8:1", 100, "moved"),
    ]
    assert undone(book) == [("reversed", -100)]
    assert book.entries[-1].customer_id == ACCOUNT
    assert (book.entries[-1].actor, book.entries[-1].note) == ("Reza", "the wrong file")


def test_a_balance_that_was_undone_comes_again() -> None:
    book = Book()
    brought(book)
    assert undone(book) == [("reversed", -100)]
    assert undone(book) == []
    assert [entry.points for entry in brought(book)] == [100]


@pytest.mark.parametrize(
    ("shortfall", "entries", "left"),
    [
        ("write_off", [("reversed", -40), ("reversed", -60), ("written_off", 60)], 0),
        ("owe", [("reversed", -40), ("reversed", -60)], -60),
    ],
)
def test_of_spent_points_the_policy_decides(
    shortfall: Shortfall, entries: list[tuple[str, int]], left: int
) -> None:
    book = Book()
    brought(book)
    assert spent(book, NAME) == 0
    adjust(book, SARA, -60, "till", "Reza", "spent in the shop")
    assert spent(book, NAME) == 60
    assert undone(book, shortfall) == entries
    assert book.available(SARA) == left
    assert spent(book, NAME) == 0


def test_points_that_expired_are_not_spent() -> None:
    book = Book()
    brought(book, days=30)
    adjust(book, SARA, -10, "till", "Reza", "spent in the shop")
    expire(book, SARA, START + timedelta(days=30))
    assert spent(book, NAME) == 10
    assert undone(book) == [("reversed", -100), ("written_off", 100)]


def test_the_balances_of_other_lines_are_left_alone() -> None:
    book = Book()
    brought(book)
    bring_in(book, BATCH, ImportedBalance("22", SARA, 5), START)
    assert undone(book) == [("reversed", -100)]
    assert book.available(SARA) == 5


def test_a_single_point_can_be_brought_in() -> None:
    assert [entry.points for entry in brought(Book(), 1)] == [1]


def test_a_balance_that_shrank_leaves_what_is_spent_to_the_customer() -> None:
    book = Book()
    brought(book, days=30)
    adjust(book, SARA, -80, "till", "Reza", "spent in the shop")
    taken = brought(book, 50, days=60)
    assert [(e.reason, e.points) for e in taken] == [
        ("reversed", -20),
        ("reversed", -30),
        ("written_off", 30),
    ]
    undone(book)
    assert {e.expires_at for e in book.entries if e.reason != "adjusted"} == {
        START + timedelta(days=30)
    }


def test_who_and_why_and_how_many_must_be_told() -> None:
    book = Book()
    with pytest.raises(ValueError, match="points is 0; give 1 or more"):
        brought(book, 0)
    with pytest.raises(ValueError, match="actor is empty"):
        bring_in(book, Batch("old", " ", "csv"), ImportedBalance("2", SARA, 5), START)
    with pytest.raises(ValueError, match=r"^actor is empty; name who does this$"):
        take_back(book, NAME, "owe", START, "", "why")
    said = r"^reason is empty; say why, for whoever reads the history later$"
    with pytest.raises(ValueError, match=said):
        take_back(book, NAME, "owe", START, "Reza", " ")
    assert book.entries == []
    assert undone(book) == []
