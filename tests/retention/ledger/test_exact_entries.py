"""Entries to the last field: what time and hands write down."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.chain import linked
from retention.ledger.changes import adjust, expire, mature, undo
from retention.ledger.expiry import InactivityRule, lapse, restore
from retention.ledger.handover import hand_over
from retention.ledger.rewards import purchase_rewards
from retention.records import PointAccount, PointEntry, PointReason
from tests.retention.ledger.test_rewards import reward
from tests.retention.ledger.test_settle import (
    ACCOUNT,
    BUYER,
    LATER,
    ONE_PER_UNIT,
    PASSING,
    day,
    settled,
)
from tests.retention.tables import START, order

ASKED = InactivityRule(days=30, grace_days=0, since=START, zone="Asia/Tehran")


def entry(
    number: str,
    points: int,
    against: PointAccount,
    reason: PointReason | None = None,
    pending: int = 0,
    told: tuple[str, str] = ("", ""),
    rule: str = "",
) -> PointEntry:
    """An entry on the lot of the buyer's only order."""
    return PointEntry(
        reference=number if ":" in number else f"order:1:7:{number}",
        lot="order:1:7",
        order_id="1",
        customer_id=BUYER,
        points=points,
        pending=pending,
        against=against,
        reason=reason or against,  # type: ignore[arg-type]
        rule=rule,
        actor=told[0],
        note=told[1],
    )


def bought(rule: object = ONE_PER_UNIT, net: str = "100") -> Book:
    book = Book()
    settled(book, order(net), rule=rule)  # type: ignore[arg-type]
    return book


def sound(book: Book) -> None:
    audit = Audit()
    audit.read(linked(book.entries, START))
    audit.compare(audit.entries, audit.hash, book.lots.values())
    assert audit.problems == []
    assert sum(audit.accounts.values()) + audit.pending + audit.available == 0


def test_points_that_mature_move_from_pending_to_available() -> None:
    book = bought(LATER)
    mature(book, day(14) - timedelta(seconds=1))
    assert len(book.entries) == 1
    mature(book, day(14))
    assert book.entries[1:] == [entry("2", 0, "matured", pending=-100)]
    sound(book)


def test_points_that_expire_pay_what_is_owed_first() -> None:
    book = bought(PASSING, "50")
    settled(book, order("30", identifier="2"))
    adjust(book, BUYER, -60, "till", "Reza", "spent")
    settled(book, order("30", identifier="2", status="cancelled"), shortfall="owe")
    settled(book, order("80"), rule=PASSING)
    before = len(book.entries)
    expire(book, BUYER, day(100))
    assert book.entries[before:] == [
        entry("4", -10, "netted"),
        replace(entry("order:2:7:5", 10, "netted"), lot="order:2:7", order_id="2"),
        entry("5", -20, "expired"),
    ]
    assert book.available(BUYER) == 0
    expire(book, BUYER, day(100))
    assert len(book.entries) == before + 3
    sound(book)


@pytest.mark.parametrize("points", [1, 2])
def test_a_single_point_lapses_too(points: int) -> None:
    book = bought(PASSING, str(points))
    expire(book, BUYER, day(100))
    assert book.entries[1:] == [entry("2", -points, "expired")]


def test_what_lapsed_wrongly_is_given_back_to_its_lot() -> None:
    book = bought()
    lapse(book, BUYER, ASKED)
    rule = '{"inactivity_days":30,"grace_days":0}'
    assert book.entries[1:] == [entry("2", -100, "expired", "lapsed", rule=rule)]
    restore(book, book.entries[1:])
    assert book.entries[2:] == [entry("restore:order:1:7:2", 100, "expired", "restored")]
    sound(book)


def test_a_lapse_is_told_in_utc() -> None:
    lapses = ASKED.lapses_at(START, None)
    # Day 30 in Tehran begins at 20:30 of the day before; offsets are compared, too.
    assert lapses.isoformat() == "2026-01-30T20:30:00+00:00"
    assert lapses.tzinfo is UTC


def test_taking_by_hand_names_the_order_whose_points_are_taken() -> None:
    book = bought()
    adjust(book, BUYER, -1, "till", "Reza", "spent")
    assert book.entries[1:] == [entry("adjust:till:1", -1, "adjusted", told=("Reza", "spent"))]
    undo(book, book.entries[1:], "Ada", "a mistake")
    told = ("Ada", "a mistake")
    assert book.entries[2:] == [entry("undo:adjust:till:1", 1, "adjusted", "undone", told=told)]
    sound(book)


def test_refusals_say_it_all() -> None:
    book = bought()
    for points, said in (
        (0, "points is 0; give how many to add, or a number below 0 to take"),
        (-101, "points is -101, and customer 7 has 100 available; take no more than that"),
    ):
        with pytest.raises(ValueError, match="points is") as refused:
            adjust(book, BUYER, points, "k", "Reza", "why")
        assert str(refused.value) == said
    for actor, note, said in (
        (" ", "why", "actor is empty; name who does this"),
        ("Reza", " ", "reason is empty; say why, for whoever reads the history later"),
    ):
        with pytest.raises(ValueError, match="is empty") as refused:
            adjust(book, BUYER, 5, "k", actor, note)
        assert str(refused.value) == said
    with pytest.raises(ValueError, match="only an") as refused:
        undo(book, book.entries, "Reza", "why")
    assert str(refused.value) == (
        "only an adjustment can be undone; points of an order follow the order, adjust them"
    )
    adjust(book, BUYER, 1, "one", "Reza", "a gift")
    adjust(book, BUYER, -101, "all", "Reza", "spent")
    with pytest.raises(ValueError, match="would be") as refused:
        undo(book, book.entries[1:2], "Reza", "why")
    assert str(refused.value) == (
        "1 points would be taken back, and customer 7 has only 0 available"
    )
    settled(book, order("100", status="cancelled"), shortfall="owe")
    with pytest.raises(ValueError, match="has 0 available"):
        adjust(book, BUYER, -1, "more", "Reza", "why")
    # Giving is never refused, however much is owed.
    adjust(book, BUYER, 1, "gift", "Reza", "why")


def test_what_is_handed_over_keeps_its_place_in_the_ledger() -> None:
    book = Book()
    adjust(book, BUYER, 30, "g1", "Reza", "a gift")
    hand_over(book, ["adjust:g1"], ACCOUNT)
    gone = PointEntry("adjust:g1:moved:2", "adjust:g1", None, BUYER, -30, 0, "moved", "moved")
    come = PointEntry("adjust:g1:8:1", "adjust:g1:8", None, ACCOUNT, 30, 0, "moved", "moved")
    assert book.entries[1:] == [gone, come]
    sound(book)


def test_a_reward_keeps_the_days_with_which_it_was_given() -> None:
    rule = replace(ONE_PER_UNIT, pending_days=14, expiry_days=100, grace_days=30)
    book = Book()
    reward(book, BUYER, [day(1), day(5)], {2: 100}, rule, day(6))
    days = (day(19), day(119))
    assert (book.entries[0].matures_at, book.entries[0].expires_at) == days
    # Of old purchases they last at least the grace.
    late = Book()
    reward(late, BUYER, [day(1), day(5)], {2: 100}, rule, day(200))
    assert late.entries[0].expires_at == day(230)
    other = replace(rule, pending_days=0, expiry_days=0)
    reward(book, BUYER, [day(1)], {2: 100}, other, day(7))
    reward(book, BUYER, [day(1), day(6)], {2: 100}, other, day(8))
    assert [(e.matures_at, e.expires_at) for e in book.entries[1:]] == [days, days]
    sound(book)


def test_a_reward_of_nothing_does_not_keep_the_next_one_away() -> None:
    book = Book()
    reward(book, BUYER, [day(1), day(2), day(3)], {2: 0, 3: 50}, ONE_PER_UNIT, day(4))
    assert [(e.reference, e.points) for e in book.entries] == [("purchase:3:7:1", 50)]


def test_spent_rewards_are_left_to_the_customer_unless_they_are_owed() -> None:
    book = Book()
    reward(book, BUYER, [day(1), day(2)], {2: 50}, ONE_PER_UNIT, day(4))
    adjust(book, BUYER, -50, "till", "Reza", "spent")
    reward(book, BUYER, [day(1)], {2: 50}, ONE_PER_UNIT, day(5))
    assert (book.available(BUYER), book.lots["purchase:2:7"].written_off) == (0, 50)


def test_a_word_is_read_from_its_first_sign_on() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        purchase_rewards(["2=3=4"])
