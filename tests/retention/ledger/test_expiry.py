"""When points expire, lot by lot and by inactivity, what is given back, and who is warned."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.ledger.book import Book
from retention.ledger.changes import adjust, expire, undo
from retention.ledger.expiry import (
    Holding,
    InactivityRule,
    Loss,
    Reminder,
    lapse,
    losses,
    reminders,
    restore,
)
from retention.ledger.posting import Source, Terms
from retention.records import PointEntry, PointLot

SARA = 1
TEHRAN = "Asia/Tehran"


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


JULY, AUGUST, LATER = day("2026-07-01"), day("2026-08-01"), day("2026-12-01")


def test_the_points_of_each_day_are_lost_in_turn() -> None:
    holding = Holding({JULY: 30, None: 50, AUGUST: 20}, pending=7)
    assert (holding.available, Holding({JULY: 30}, owed=40).available) == (100, -10)
    assert losses(holding) == [Loss(JULY, 30), Loss(AUGUST, 20)]
    assert losses(Holding({None: 50})) == []


def test_what_is_owed_is_paid_from_the_points_that_expire_first() -> None:
    assert losses(Holding({JULY: 30, AUGUST: 20}, owed=40)) == [Loss(AUGUST, 10)]
    assert losses(Holding({JULY: 30, AUGUST: 20}, owed=10)) == [Loss(JULY, 20), Loss(AUGUST, 20)]
    assert losses(Holding({JULY: 30}, owed=30)) == []


def test_all_that_is_left_lapses_at_once() -> None:
    holding = Holding({JULY: 30, None: 50, LATER: 20})
    assert losses(holding, AUGUST) == [Loss(JULY, 30), Loss(AUGUST, 70)]
    assert losses(holding, JULY) == [Loss(JULY, 100)]
    assert losses(Holding({None: 50}, owed=20), AUGUST) == [Loss(AUGUST, 30)]
    assert losses(Holding({None: 50}, owed=50), AUGUST) == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-40, 60), st.sampled_from([JULY, AUGUST, LATER, None]))),
)
def test_what_is_said_to_expire_is_what_the_ledger_lets_expire(
    lots: list[tuple[int, datetime | None]],
) -> None:
    book = Book()
    for number, (points, expires_at) in enumerate(lots):
        book.post(
            PointEntry(
                f"l{number}:1", f"l{number}", None, SARA, points, 0, "issued", "earned",
                expires_at=expires_at,
            )
        )  # fmt: skip
    own = book.of_customer(SARA)
    by_expiry: dict[datetime | None, int] = {}
    for lot in own:
        if lot.available > 0:
            by_expiry[lot.expires_at] = by_expiry.get(lot.expires_at, 0) + lot.available
    said = losses(Holding(by_expiry, -sum(min(0, lot.available) for lot in own)))
    lapsed: list[Loss] = []
    for moment in (JULY, AUGUST, LATER):
        before = len(book.entries)
        expire(book, SARA, moment)
        gone = -sum(e.points for e in book.entries[before:] if e.reason == "expired")
        lapsed += [Loss(moment, gone)] if gone else []
    assert said == lapsed


RULE = InactivityRule(days=365, grace_days=30, since=day("2026-01-01T12:00"), zone=TEHRAN)


@pytest.mark.parametrize(
    ("active", "given_at", "lapses_on"),
    [
        # 365 days after the store's day of the last order: 21:00 UTC is the next day in Tehran.
        ("2026-03-10T12:00", None, date(2027, 3, 10)),
        ("2026-03-10T21:00", None, date(2027, 3, 11)),
        # The rule is only just begun: 30 days from 1 January.
        ("2024-03-10T12:00", None, date(2026, 1, 31)),
        (None, None, date(2026, 1, 31)),
        # Points of an old order that became known on 5 May: 30 days from then.
        ("2024-03-10T12:00", "2026-05-05T12:00", date(2026, 6, 4)),
        ("2026-03-10T12:00", "2026-05-05T12:00", date(2027, 3, 10)),
    ],
)
def test_the_day_on_which_points_lapse(
    active: str | None, given_at: str | None, lapses_on: date
) -> None:
    moments = (active and day(active), given_at and day(given_at))
    assert RULE.lapses_on(*moments) == lapses_on  # type: ignore[arg-type]
    begins = datetime.combine(lapses_on, datetime.min.time(), UTC) - timedelta(hours=3.5)
    assert RULE.lapses_at(*moments) == begins  # type: ignore[arg-type]


def test_an_order_within_the_days_before_makes_a_lapse_wrong() -> None:
    lapsed_at = day("2027-03-10T00:00")  # 3:30 of 10 March in Tehran
    on_time, too_old = day("2026-03-10T20:30"), day("2026-03-10T20:29")
    assert RULE.was_wrong(lapsed_at, [on_time])
    assert not RULE.was_wrong(lapsed_at, [too_old])
    assert not RULE.was_wrong(lapsed_at, [lapsed_at, day("2027-03-11")])
    assert RULE.was_wrong(lapsed_at, [too_old, day("2027-03-01")])


def earned(book: Book, order: str, points: int, paid: str = "2025-01-01") -> None:
    """Bring an order's points to so many."""
    Source(
        book=book,
        name=f"order:{order}",
        lots=lambda: book.of_order(order),
        terms=Terms("{}", None, None),
        moment=day(paid),
        order_id=order,
    ).bring(SARA, points, "write_off")


def lot(book: Book, order: str) -> PointLot:
    return book.lots[f"order:{order}:{SARA}"]


def test_everything_lapses_with_an_entry_for_each_lot() -> None:
    book = Book()
    earned(book, "1", 100)
    earned(book, "2", 40)
    adjust(book, SARA, -30, "k", "Reza", "spent")
    lapse(book, SARA, RULE)
    told = [(e.lot, e.points, e.against, e.reason, e.rule) for e in book.entries[3:]]
    text = '{"inactivity_days":365,"grace_days":30}'
    assert told == [
        ("order:1:1", -70, "expired", "lapsed", text),
        ("order:2:1", -40, "expired", "lapsed", text),
    ]
    assert book.available(SARA) == 0
    before = len(book.entries)
    lapse(book, SARA, RULE)
    assert len(book.entries) == before


def lapsed_of(book: Book) -> list[PointEntry]:
    return [entry for entry in book.entries if entry.reason == "lapsed"]


def test_what_lapsed_wrongly_comes_back_to_its_lots() -> None:
    book = Book()
    earned(book, "1", 100)
    earned(book, "2", 40)
    lapse(book, SARA, RULE)
    restore(book, lapsed_of(book))
    assert [(lot(book, one).available, lot(book, one).expired) for one in "12"] == [
        (100, 0),
        (40, 0),
    ]
    assert [e.reference for e in book.entries[-2:]] == [
        "restore:order:1:1:2",
        "restore:order:2:1:2",
    ]
    # It may lapse once more, under a reference of its own.
    lapse(book, SARA, RULE)
    assert [e.reference for e in book.entries[-2:]] == ["order:1:1:4", "order:2:1:4"]


@pytest.mark.parametrize(
    ("kept", "left"),
    [(100, 100), (60, 60), (0, 0)],
)
def test_what_was_refunded_after_a_lapse_does_not_come_back(kept: int, left: int) -> None:
    book = Book()
    earned(book, "1", 100)
    lapse(book, SARA, RULE)
    earned(book, "1", kept)
    restore(book, lapsed_of(book))
    assert (lot(book, "1").available, lot(book, "1").granted) == (left, kept)
    # As though it had never lapsed.
    other = Book()
    earned(other, "1", 100)
    earned(other, "1", kept)
    assert other.available(SARA) == book.available(SARA) == left


@pytest.mark.parametrize(("kept", "left"), [(100, 50), (60, 10), (50, 0), (30, 0)])
def test_neither_does_what_had_been_spent(kept: int, left: int) -> None:
    book = Book()
    earned(book, "1", 100)
    adjust(book, SARA, -50, "k", "Reza", "spent")
    lapse(book, SARA, RULE)
    earned(book, "1", kept)
    restore(book, lapsed_of(book))
    assert book.available(SARA) == left


def test_each_day_is_warned_of_once_by_the_latest_warning_that_is_due() -> None:
    coming = [Loss(day("2026-07-31T21:00"), 30), Loss(day("2026-08-25"), 20)]

    def told(today: str) -> list[tuple[str, int, int]]:
        found = reminders(coming, date.fromisoformat(today), (30, 7), TEHRAN)
        return [(one.expires_on.isoformat(), one.days_before, one.points) for one in found]

    # 31 July, 21:00 UTC, is 1 August in Tehran.
    assert told("2026-07-01") == []
    assert told("2026-07-02") == [("2026-08-01", 30, 30)]
    assert told("2026-07-24") == [("2026-08-01", 30, 30)]
    assert told("2026-07-25") == [("2026-08-01", 7, 30)]
    assert told("2026-07-31") == [("2026-08-01", 7, 30), ("2026-08-25", 30, 20)]
    assert told("2026-08-01") == [("2026-08-25", 30, 20)]


def test_points_of_one_day_are_one_warning() -> None:
    coming = [Loss(day("2026-08-01T06:00"), 30), Loss(day("2026-08-01T18:00"), 20)]
    assert list(reminders(coming, date(2026, 7, 30), (7,), "UTC")) == [
        Reminder(date(2026, 8, 1), 7, 50)
    ]
    assert list(reminders(coming, date(2026, 7, 30), (), "UTC")) == []


def test_what_was_left_to_the_customer_before_a_lapse_comes_back_with_it() -> None:
    book = Book()
    earned(book, "1", 100)
    adjust(book, SARA, -50, "k", "Reza", "spent")
    spent = [book.entries[-1]]
    earned(book, "1", 40)  # of 60 taken back 10 were spent, and are left to the customer
    assert (lot(book, "1").left, lot(book, "1").written_off) == (0, 10)
    undo(book, spent, "Reza", "not spent after all")
    lapse(book, SARA, RULE)
    assert (lot(book, "1").left, lot(book, "1").expired) == (0, 50)
    restore(book, lapsed_of(book))
    assert (lot(book, "1").left, lot(book, "1").expired) == (50, 0)
