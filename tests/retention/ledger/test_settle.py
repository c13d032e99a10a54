"""What an order's state makes of the ledger: earned, taken back, moved."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from retention.ledger.book import Book
from retention.ledger.changes import adjust, expire, mature, undo
from retention.ledger.posting import Shortfall
from retention.ledger.settle import settle
from retention.points import EarningRule, target
from retention.records import Order, PointEntry, Refund
from tests.retention.tables import START, order, refund_of_amount, refund_of_line

COUNTING = frozenset({"processing", "completed"})
ONE_PER_UNIT = EarningRule(points=1, per=Decimal(1), statuses=COUNTING)
TWO_PER_UNIT = EarningRule(points=2, per=Decimal(1), statuses=COUNTING)
LATER = replace(ONE_PER_UNIT, pending_days=14)
PASSING = replace(ONE_PER_UNIT, expiry_days=100)

BUYER, ACCOUNT = 7, 8


def settled(
    book: Book,
    placed: Order,
    customer: int = BUYER,
    rule: EarningRule = ONE_PER_UNIT,
    days: float = 1,
    shortfall: Shortfall = "write_off",
) -> list[PointEntry]:
    """The entries that settling so many days after the order adds."""
    before = len(book.entries)
    settle(book, placed, customer, rule, START + timedelta(days=days), shortfall)
    return book.entries[before:]


def told(entries: list[PointEntry]) -> list[tuple[str, int, int]]:
    return [(entry.reason, entry.available, entry.pending) for entry in entries]


def balances(book: Book) -> dict[int, int]:
    customers = {entry.customer_id for entry in book.entries}
    return {one: sum(lot.left for lot in book.of_customer(one)) for one in customers}


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def test_the_first_entry_earns_and_a_second_look_writes_nothing() -> None:
    placed = order("100", identifier="204")
    book = Book()

    assert settled(book, placed) == [
        PointEntry(
            reference="order:204:7:1",
            lot="order:204:7",
            order_id="204",
            customer_id=BUYER,
            points=100,
            pending=0,
            against="issued",
            reason="earned",
            rule=ONE_PER_UNIT.text(),
        )
    ]
    assert settled(book, placed) == []


def test_an_order_that_gives_nothing_writes_nothing() -> None:
    assert settled(Book(), order("100", status="failed")) == []


def test_forty_and_then_sixty_of_a_hundred_leave_nothing() -> None:
    forty, sixty = refund_of_amount("a", "40"), refund_of_amount("b", "60")
    book = Book()
    settled(book, order("100"))
    settled(book, order("100", refunds=[forty]))
    settled(book, order("100", refunds=[sixty, forty]))

    assert [(e.reference, e.points, e.reason) for e in book.entries] == [
        ("order:1:7:1", 100, "earned"),
        ("order:1:7:2", -40, "reversed"),
        ("order:1:7:3", -60, "reversed"),
    ]
    assert settled(book, order("100", refunds=[forty, sixty])) == []


def test_a_cancelled_order_that_comes_back_earns_again() -> None:
    book = Book()
    settled(book, order("100"))
    settled(book, order("100", status="cancelled"))
    assert balances(book) == {BUYER: 0}

    settled(book, order("100"))
    assert [entry.points for entry in book.entries] == [100, -100, 100]


def test_the_rule_at_which_an_order_earned_stays_its_rule() -> None:
    book = Book()
    settled(book, order("100"))

    assert settled(book, order("100"), rule=TWO_PER_UNIT) == []
    assert settled(book, order("100"), rule=replace(ONE_PER_UNIT, enabled=False)) == []
    # 30 of 100 go back at 1 point each, not at 2.
    refunded = order("100", refunds=[refund_of_line("r", "a", "30", quantity=0)])
    [entry] = settled(book, refunded, rule=TWO_PER_UNIT)
    assert (entry.points, entry.rule) == (-30, ONE_PER_UNIT.text())


def test_a_guest_who_makes_an_account_takes_the_points_along() -> None:
    book = Book()
    settled(book, order("100"))
    moved = settled(book, order("100"), ACCOUNT)

    assert [(e.reference, e.points, e.reason) for e in moved] == [
        ("order:1:7:2", -100, "moved"),
        ("order:1:8:1", 100, "moved"),
    ]
    [entry] = settled(book, order("100", status="trash"), ACCOUNT)
    assert balances(book) == {BUYER: 0, ACCOUNT: 0}
    assert (entry.reference, entry.reason) == ("order:1:8:2", "reversed")


def test_an_order_that_moved_and_gives_nothing_any_more_is_reversed() -> None:
    book = Book()
    settled(book, order("100"))
    [entry] = settled(book, order("100", status="cancelled"), ACCOUNT)

    assert (entry.customer_id, entry.points, entry.reason) == (BUYER, -100, "reversed")


def test_entries_of_other_orders_are_passed_over() -> None:
    book = Book()
    settled(book, order("50", identifier="9"), rule=TWO_PER_UNIT)
    [entry] = settled(book, order("100"))

    assert (entry.reference, entry.points) == ("order:1:7:1", 100)


def test_points_are_pending_until_their_day_and_go_back_from_there() -> None:
    book = Book()
    assert told(settled(book, order("100"), rule=LATER, days=13.9)) == [("earned", 0, 100)]
    refunded = order("100", refunds=[refund_of_amount("a", "40")])
    assert told(settled(book, refunded, rule=LATER)) == [("reversed", 0, -40)]
    mature(book, day(13.99))
    assert len(book.entries) == 2
    mature(book, day(14))
    mature(book, day(15))
    assert told(book.entries[2:]) == [("matured", 60, -60)]
    assert told(settled(book, order("100", status="trash"))) == [("reversed", -60, 0)]


def test_points_of_an_order_that_is_old_are_available_at_once() -> None:
    assert told(settled(Book(), order("100"), rule=LATER, days=14)) == [("earned", 100, 0)]


def test_pending_points_go_back_before_available_ones() -> None:
    book = Book()
    settled(book, order("100", refunds=[refund_of_amount("a", "40")]), rule=LATER)
    mature(book, day(14))
    # The refund is taken back, by a clock that is an hour behind: its points wait.
    settled(book, order("100"), days=13.96)
    taken = settled(book, order("100", refunds=[refund_of_amount("b", "70")]), days=13.96)
    assert told(taken) == [("reversed", -30, -40)]


def spent(points: int, rule: EarningRule = ONE_PER_UNIT) -> Book:
    """An order of 100 of whose points some are spent."""
    book = Book()
    settled(book, order("100"), rule=rule)
    adjust(book, BUYER, -points, "s", "the till", "spent")
    return book


def test_what_is_left_bears_a_refund_before_what_was_spent() -> None:
    book = spent(30)
    refunded = order("100", refunds=[refund_of_amount("a", "70")])
    assert told(settled(book, refunded)) == [("reversed", -70, 0)]
    assert balances(book) == {BUYER: 0}


def test_spent_points_are_owed() -> None:
    book = spent(30)
    gone = order("100", status="cancelled")
    taken = settled(book, gone, shortfall="owe")
    assert told(taken) == [("reversed", -70, 0), ("reversed", -30, 0)]
    assert balances(book) == {BUYER: -30}
    assert settled(book, gone, shortfall="owe") == []
    # The next points pay the debt, because a balance is a sum.
    settled(book, order("50", identifier="2"))
    assert balances(book) == {BUYER: 20}


def test_spent_points_are_written_off_as_far_as_the_balance_does_not_cover_them() -> None:
    book = spent(30)
    settled(book, order("20", identifier="2"))
    taken = settled(book, order("100", status="cancelled"))
    assert told(taken) == [("reversed", -70, 0), ("reversed", -30, 0), ("written_off", 10, 0)]
    assert balances(book) == {BUYER: 0}
    assert settled(book, order("100", status="cancelled")) == []


def test_points_that_were_written_off_are_not_given_again() -> None:
    book = spent(30)
    settled(book, order("100", status="cancelled"))
    assert told(settled(book, order("100"))) == [("earned", 100, 0), ("reclaimed", -30, 0)]
    assert balances(book) == {BUYER: 70}
    assert [lot.written_off for lot in book.of_order("1")] == [0]


def test_expired_points_are_not_taken_a_second_time() -> None:
    book = Book()
    settled(book, order("100"), rule=PASSING)
    settled(book, order("40", identifier="2"))
    expire(book, BUYER, day(100))
    taken = settled(book, order("100", status="cancelled"), shortfall="owe")
    assert told(taken) == [("reversed", -100, 0), ("written_off", 100, 0)]
    assert balances(book) == {BUYER: 40}
    # And coming back, they are as expired as before.
    assert told(settled(book, order("100"))) == [("earned", 100, 0), ("reclaimed", -100, 0)]
    assert balances(book) == {BUYER: 40}


def test_what_expired_excuses_as_much_as_expired_and_no_more() -> None:
    book = Book()
    settled(book, order("100"), rule=PASSING)
    adjust(book, BUYER, -70, "s", "the till", "spent")
    expire(book, BUYER, day(100))
    thirty = refund_of_amount("a", "30")
    assert told(settled(book, order("100", refunds=[thirty]), shortfall="owe")) == [
        ("reversed", -30, 0),
        ("written_off", 30, 0),
    ]
    gone = order("100", refunds=[thirty, refund_of_amount("b", "70")])
    assert told(settled(book, gone, shortfall="owe")) == [("reversed", -70, 0)]
    assert balances(book) == {BUYER: -70}


def test_points_that_come_back_by_a_clock_behind_wait_without_those_written_off() -> None:
    book = Book()
    settled(book, order("100"), rule=LATER)
    mature(book, day(14))
    adjust(book, BUYER, -30, "s", "the till", "spent")
    settled(book, order("100", status="cancelled"), days=14)
    back = settled(book, order("100"), days=13.96)
    assert told(back) == [("earned", 0, 100), ("reclaimed", 0, -30)]


def test_a_refund_takes_first_what_a_former_holder_got_back() -> None:
    book = spent(30)
    taken = book.entries[-1:]
    settled(book, order("100"), ACCOUNT)
    undo(book, taken, "Reza", "a mistake")
    thirty = order("100", refunds=[refund_of_amount("a", "30")])
    assert [(e.customer_id, e.points, e.reason) for e in settled(book, thirty, ACCOUNT)] == [
        (BUYER, -30, "reversed")
    ]
    assert balances(book) == {BUYER: 0, ACCOUNT: 70}


def test_what_a_guest_has_spent_stays_with_the_guest_and_the_rest_is_moved() -> None:
    book = spent(30)
    moved = settled(book, order("100"), ACCOUNT)
    assert told(moved) == [("moved", -70, 0), ("moved", 70, 0)]
    assert settled(book, order("100"), ACCOUNT) == []
    gone = settled(book, order("100", status="cancelled"), ACCOUNT, shortfall="owe")
    assert [(e.customer_id, e.points) for e in gone] == [(ACCOUNT, -70), (ACCOUNT, -30)]
    assert balances(book) == {BUYER: 0, ACCOUNT: -30}


def test_pending_points_that_move_stay_pending_until_the_same_day() -> None:
    book = Book()
    settled(book, order("100"), rule=LATER)
    assert told(settled(book, order("100"), ACCOUNT)) == [("moved", 0, -100), ("moved", 0, 100)]
    assert book.lots["order:1:8"].matures_at == day(14)


amounts = st.decimals(min_value="0.01", max_value=60, places=2)


@st.composite
def states(draw: st.DrawFn) -> tuple[Order, int]:
    """The order as it may stand at some moment, and whose it is."""
    refunds = [
        draw(
            st.sampled_from(
                [
                    refund_of_amount(name, str(draw(amounts))),
                    refund_of_line(name, draw(st.sampled_from("ab")), str(draw(amounts))),
                    Refund(name, draw(amounts), lines=None),
                ]
            )
        )
        for name in draw(st.sets(st.sampled_from("xyz")))
    ]
    status = draw(st.sampled_from(["pending", "processing", "completed", "trash", "cancelled"]))
    placed = order("61.37", "38.63", total="117.95", refunds=refunds, status=status)
    return placed, draw(st.sampled_from([BUYER, ACCOUNT]))


@given(st.lists(states(), min_size=1, max_size=6), st.sampled_from([ONE_PER_UNIT, TWO_PER_UNIT]))
def test_only_the_last_state_of_an_order_decides(
    seen: list[tuple[Order, int]], rule: EarningRule
) -> None:
    book = Book()
    for placed, owner in seen:
        settled(book, placed, owner, rule)

    last, owner = seen[-1]
    assert settled(book, last, owner, rule) == []
    held = balances(book)
    assert held.pop(owner, 0) == target(last, rule)
    assert not any(held.values())
    assert len({entry.reference for entry in book.entries}) == len(book.entries)
    assert all(entry.points != 0 for entry in book.entries)


@given(st.permutations("abcde"), st.lists(amounts, min_size=5, max_size=5))
def test_refunds_in_any_order_and_twice_leave_the_same_points(
    sequence: list[str], given_back: list[Decimal]
) -> None:
    by_name = dict(zip("abcde", given_back, strict=True))
    book = Book()
    settled(book, order("150.01"))
    so_far: list[Refund] = []
    for name in sequence:
        so_far.append(refund_of_amount(name, str(by_name[name])))
        for refunds in (so_far, so_far[::-1], [*so_far, so_far[0]]):
            settled(book, order("150.01", refunds=refunds))

    left = max(Decimal(0), Decimal("150.01") - sum(given_back, Decimal(0)))
    assert balances(book)[BUYER] == int(left)
