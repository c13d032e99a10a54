"""What becomes known of an order after it gave points: its delivery, and lines that came later."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.chain import linked
from retention.ledger.changes import adjust, expire, mature
from retention.ledger.settle import settle
from retention.points import EarningRule, copied_rule
from retention.records import Order, OrderLine, PointEntry, PointLot
from tests.retention.ledger.test_settle import ACCOUNT, BUYER, ONE_PER_UNIT, settled, told
from tests.retention.tables import START, order, refund_of_amount

DELIVERED = replace(ONE_PER_UNIT, from_delivery=True, pending_days=14, expiry_days=100)


def come(placed: Order, days: float | None) -> Order:
    return replace(placed, delivered_at=None if days is None else START + timedelta(days=days))


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def dates(lot: PointLot) -> tuple[datetime | None, datetime | None]:
    return lot.matures_at, lot.expires_at


def agrees(book: Book) -> bool:
    """Whether reading all entries anew gives the lots that are kept."""
    audit = Audit()
    audit.read(linked(book.entries, START))
    audit.compare(audit.entries, audit.hash, book.lots.values())
    return not audit.problems and not audit.pending + audit.available + sum(audit.accounts.values())


def test_points_wait_for_the_delivery_and_get_their_days_by_an_entry() -> None:
    book, placed = Book(), order("100")
    assert told(settled(book, placed, rule=DELIVERED)) == [("earned", 0, 100)]
    assert dates(book.lots["order:1:7"]) == (None, None)
    mature(book, day(500))
    assert len(book.entries) == 1

    [amended] = settled(book, come(placed, 5), rule=DELIVERED, days=5.5)
    assert amended == PointEntry(
        reference="order:1:7:2",
        lot="order:1:7",
        order_id="1",
        customer_id=BUYER,
        points=0,
        pending=0,
        against="matured",
        reason="amended",
        rule=DELIVERED.text(),
        matures_at=day(19),
        expires_at=day(119),
    )
    assert dates(book.lots["order:1:7"]) == (day(19), day(119))
    assert settled(book, come(placed, 5), rule=DELIVERED, days=6) == []
    mature(book, day(19))
    assert told(book.entries[2:]) == [("matured", 100, -100)]
    expire(book, BUYER, day(119))
    assert told(book.entries[3:]) == [("expired", -100, 0)]
    assert agrees(book)


def test_a_delivery_that_is_told_otherwise_moves_the_days_but_no_points_back() -> None:
    book, placed = Book(), order("100")
    settled(book, come(placed, 5), rule=DELIVERED)
    settled(book, come(placed, None), rule=DELIVERED)
    assert dates(book.lots["order:1:7"]) == (None, None)
    mature(book, day(30))
    assert book.lots["order:1:7"].pending == 100
    settled(book, come(placed, 2), rule=DELIVERED)
    mature(book, day(16))
    settled(book, come(placed, 9), rule=DELIVERED, days=16.5)
    assert dates(book.lots["order:1:7"]) == (day(23), day(123))
    assert book.lots["order:1:7"].available == 100
    assert agrees(book)


def test_an_order_that_is_old_and_not_delivered_waits_all_the_same() -> None:
    book, placed = Book(), order("100")
    assert told(settled(book, placed, rule=DELIVERED, days=900)) == [("earned", 0, 100)]
    # Delivered before the app knew of it, the points are there at once.
    other = come(order("50", identifier="2"), 1)
    assert told(settled(book, other, rule=DELIVERED, days=900)) == [("earned", 50, 0)]


def test_waiting_points_are_taken_back_and_moved_as_pending_ones() -> None:
    book, placed = Book(), order("100")
    settled(book, placed, rule=DELIVERED)
    half = replace(placed, refunds=(refund_of_amount("a", "40"),))
    assert told(settled(book, half, rule=DELIVERED)) == [("reversed", 0, -40)]
    moved = settled(book, half, ACCOUNT, rule=DELIVERED)
    assert told(moved) == [("moved", 0, -60), ("moved", 0, 60)]
    assert [dates(lot) for lot in book.of_order("1")] == [(None, None)] * 2
    settled(book, come(half, 5), ACCOUNT, rule=DELIVERED)
    assert [dates(lot) for lot in book.of_order("1")] == [(day(19), day(119))] * 2
    assert agrees(book)


def test_the_rule_says_from_when_not_todays_setting() -> None:
    book, placed = Book(), order("100")
    settled(book, placed, rule=replace(ONE_PER_UNIT, pending_days=14))
    assert settled(book, come(placed, 5), rule=DELIVERED) == []
    waiting = order("50", identifier="2")
    settled(book, waiting, rule=DELIVERED)
    [amended] = settled(book, come(waiting, 5), rule=replace(ONE_PER_UNIT, points=9))
    assert (amended.rule, amended.matures_at) == (DELIVERED.text(), day(19))


def test_a_rule_that_was_written_otherwise_is_no_reason_to_amend() -> None:
    book, placed = Book(), order("100")
    settled(book, placed)
    [lot] = book.of_order("1")
    older = Book([replace(lot, rule=lot.rule.replace('"per":"1"', '"per":"1.00"'))])
    assert settled(older, placed) == []


def test_days_from_payment_stay_as_they_were_first_told() -> None:
    book, placed = Book(), order("100")
    rule = replace(ONE_PER_UNIT, pending_days=14, expiry_days=100)
    settled(book, placed, rule=rule)
    assert settled(book, replace(placed, paid_at=day(3)), rule=rule) == []
    assert dates(book.lots["order:1:7"]) == (day(14), day(114))


@given(st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=5), st.booleans())
def test_only_the_last_word_on_the_delivery_decides(
    told_days: list[int | None], with_expiry: bool
) -> None:
    rule = DELIVERED if with_expiry else replace(DELIVERED, expiry_days=0)
    book = Book()
    for days in told_days:
        settled(book, come(order("100"), days), rule=rule)
    at_once = Book()
    settled(at_once, come(order("100"), told_days[-1]), rule=rule)
    [lot], [expected] = book.of_order("1"), at_once.of_order("1")
    assert replace(lot, entries=1) == expected
    assert agrees(book)


DOUBLE = Fraction(2)


def extended(placed: Order, name: str, net: str) -> Order:
    line = OrderLine(name, None, name, 1, Decimal(net))
    return replace(placed, lines=(*placed.lines, line), total=placed.total + line.net)


def by_line(rule: EarningRule, **multipliers: int) -> EarningRule:
    return replace(rule, lines=tuple((name, Fraction(m)) for name, m in multipliers.items()))


def test_a_later_line_takes_its_own_multiplier_and_the_rest_of_the_copied_rule() -> None:
    first = by_line(
        replace(ONE_PER_UNIT, period=Fraction(3), tier="gold", tier_multiplier=DOUBLE), a=1
    )
    book, placed = Book(), order("10")
    settled(book, placed, rule=first)
    assert book.lots["order:1:7"].granted == 60

    # Today's rule is another in everything; of it the new line takes the multiplier alone.
    longer = extended(placed, "b", "5")
    today = by_line(replace(ONE_PER_UNIT, points=7), a=9, b=4)
    amended, earned = settled(book, longer, rule=today)
    assert (amended.reason, amended.points, earned.points) == ("amended", 0, 5 * 4 * 3 * 2)
    rule = copied_rule(book.lots["order:1:7"].rule)
    assert rule == replace(first, lines=(("a", Fraction(1)), ("b", Fraction(4))))
    assert (amended.rule, earned.rule) == (rule.text(), rule.text())

    # Once it is known a later setting changes nothing of it.
    assert settled(book, longer, rule=by_line(ONE_PER_UNIT, a=1, b=0)) == []
    third = extended(longer, "c", "1")
    settled(book, third, rule=by_line(ONE_PER_UNIT, a=9, b=9, c=0))
    assert book.lots["order:1:7"].granted == 60 + 120
    assert agrees(book)


def test_an_order_that_earned_without_multipliers_stays_without() -> None:
    book, placed = Book(), order("10")
    settled(book, placed)
    settled(book, extended(placed, "b", "5"), rule=by_line(ONE_PER_UNIT, a=9, b=4))
    assert book.lots["order:1:7"].granted == 15
    assert book.lots["order:1:7"].rule == ONE_PER_UNIT.text()


def test_a_lot_of_a_former_holder_is_amended_too() -> None:
    book, placed = Book(), order("10")
    settled(book, placed, rule=by_line(ONE_PER_UNIT, a=2))
    adjust(book, BUYER, -5, "s", "the till", "spent")
    settled(book, placed, ACCOUNT)
    settled(book, extended(placed, "b", "5"), ACCOUNT, rule=by_line(ONE_PER_UNIT, a=1, b=3))
    assert len({lot.rule for lot in book.of_order("1")}) == 1
    assert sum(lot.granted for lot in book.of_order("1")) == 20 + 15
    assert agrees(book)


def test_an_order_to_which_caps_leave_nothing_keeps_its_rule() -> None:
    book, placed = Book(), order("100")
    settle(book, placed, BUYER, ONE_PER_UNIT, START, most=0)
    assert told(book.entries) == [("earned", 0, 0)]
    settle(book, placed, BUYER, replace(ONE_PER_UNIT, points=5), START, most=130)
    assert told(book.entries[1:]) == [("earned", 100, 0)]
    settle(book, placed, BUYER, ONE_PER_UNIT, START, most=30)
    assert told(book.entries[2:]) == [("reversed", -70, 0)]
