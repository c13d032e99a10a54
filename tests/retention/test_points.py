from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.caps import NO_CAPS, Caps
from retention.net import kept, weighted
from retention.points import EarningRule, Rounding, copied_rule, is_capped, target
from retention.records import Order, Refund
from tests.retention.tables import START, order, refund_of_amount, refund_of_line

COUNTING = frozenset({"processing", "completed"})
ONE_PER_UNIT = EarningRule(points=1, per=Decimal(1), statuses=COUNTING)
TWO_PER_UNIT = EarningRule(points=2, per=Decimal(1), statuses=COUNTING)
TOMAN = EarningRule(points=1, per=Decimal(10_000), statuses=COUNTING, currency="IRT")


@pytest.mark.parametrize(
    ("net", "points"), [("25999", 2), ("9999", 0), ("10000", 1), ("0", 0), ("1e15", 10**11)]
)
def test_points_are_rounded_down(net: str, points: int) -> None:
    assert target(order(net, currency="IRT"), TOMAN) == points


def test_points_are_rounded_once_per_order_not_per_line() -> None:
    # 6,000 + 6,000 + 8,000 = 20,000 Toman: 2 points; line by line there would be none.
    assert target(order("6000", "6000", "8000", currency="IRT"), TOMAN) == 2


def test_points_are_exact_where_floats_are_not() -> None:
    # 3 * 0.1 = 0.3: exactly 3 points of 1 per 0.1; in floats 0.1 + 0.1 + 0.1 over 0.1 is above 3.
    tenth = EarningRule(points=1, per=Decimal("0.1"), statuses=COUNTING)
    assert target(order("0.1", "0.1", "0.1"), tenth) == 3
    # 4.35 * 100 is 434.99999999999994 in floats.
    hundred = EarningRule(points=100, per=Decimal(1), statuses=COUNTING)
    assert target(order("4.35"), hundred) == 435


@pytest.mark.parametrize(
    ("currency", "net", "points"),
    [("IRR", "259990", 2), ("IRHT", "25.999", 2), ("IRHR", "259.99", 2), ("USD", "25999", 0)],
)
def test_a_rule_in_toman_reads_other_units_of_iranian_money(
    currency: str, net: str, points: int
) -> None:
    assert target(order(net, currency=currency), TOMAN) == points


def test_orders_that_do_not_count_and_disabled_rules_give_nothing() -> None:
    assert target(order("100", status="cancelled"), ONE_PER_UNIT) == 0
    assert target(order("100", status="processing"), ONE_PER_UNIT) == 100
    assert target(order("100"), replace(ONE_PER_UNIT, enabled=False)) == 0
    assert target(order("-5"), ONE_PER_UNIT) == 0
    assert target(order(total="5"), ONE_PER_UNIT) == 0


def test_tax_and_shipping_earn_nothing() -> None:
    assert target(order("35.99", "41.40", "22.50", total="113.38"), ONE_PER_UNIT) == 99


def test_equal_rules_have_one_text_that_reads_back() -> None:
    rule = EarningRule(3, Decimal("10000.50"), frozenset({"b", "a"}), enabled=True, currency="IRT")

    assert rule.text() == (
        '{"currency":"IRT","enabled":true,"per":"10000.5","points":3,"statuses":["a","b"]}'
    )
    assert EarningRule.parse(rule.text()) == rule
    assert replace(ONE_PER_UNIT, per=Decimal("1.00")).text() == ONE_PER_UNIT.text()
    assert replace(TOMAN, per=Decimal("1E+4")).text() == TOMAN.text()


@pytest.mark.parametrize("text", ["", "1 point per 10", "{}", "[]", '{"points":1}'])
def test_other_texts_are_no_rules(text: str) -> None:
    with pytest.raises(ValueError, match="is not an earning rule's text"):
        EarningRule.parse(text)


@pytest.mark.parametrize("per", ["0", "-1", "NaN", "Infinity"])
def test_a_rule_needs_an_amount_above_zero(per: str) -> None:
    with pytest.raises(ValueError, match="per is"):
        EarningRule(1, Decimal(per), COUNTING)


def test_a_rule_needs_points() -> None:
    with pytest.raises(ValueError, match="points is 0"):
        EarningRule(0, Decimal(1), COUNTING)


@pytest.mark.parametrize("name", ["pending_days", "expiry_days", "grace_days"])
def test_a_rule_needs_days_of_at_least_zero(name: str) -> None:
    days: dict[str, Any] = {name: -1}
    with pytest.raises(ValueError, match=f"{name} is -1"):
        replace(ONE_PER_UNIT, **days)


def test_days_are_part_of_a_rules_text_when_there_are_any() -> None:
    rule = replace(ONE_PER_UNIT, pending_days=14, expiry_days=365, grace_days=30)
    assert '"expiry_days":365,"grace_days":30,"pending_days":14,"per":"1"' in rule.text()
    assert copied_rule(rule.text()) == rule
    assert "days" not in ONE_PER_UNIT.text()


def test_the_backfill_by_which_an_order_earned_is_part_of_its_rule() -> None:
    rule = replace(ONE_PER_UNIT, backfill="past")
    assert rule.text().startswith('{"backfill":"past","currency":')
    assert copied_rule(rule.text()) == rule
    assert "backfill" not in ONE_PER_UNIT.text()


def test_points_mature_so_many_days_after_payment_or_else_the_order() -> None:
    rule = replace(ONE_PER_UNIT, pending_days=14)
    paid = replace(order("1"), paid_at=START + timedelta(days=3))
    assert rule.matures_at(paid) == START + timedelta(days=17)
    assert rule.matures_at(replace(paid, paid_at=None)) == START + timedelta(days=14)
    assert ONE_PER_UNIT.matures_at(paid) is None


def test_points_expire_after_they_matured_and_not_before_the_grace() -> None:
    rule = replace(ONE_PER_UNIT, pending_days=14, expiry_days=100, grace_days=30)
    assert rule.expires_at(order("1"), START) == START + timedelta(days=114)
    late = START + timedelta(days=500)
    assert rule.expires_at(order("1"), late) == late + timedelta(days=30)
    assert replace(rule, pending_days=0).expires_at(order("1"), START) == START + timedelta(100)
    assert ONE_PER_UNIT.expires_at(order("1"), START) is None


def test_an_order_below_the_minimum_earns_nothing_and_a_refund_does_not_bring_it_there() -> None:
    rule = replace(ONE_PER_UNIT, minimum=Decimal(50))
    assert target(order("49.99"), rule) == 0
    assert target(order("50"), rule) == 50
    assert target(order("60", refunds=[refund_of_amount("r", "20")]), rule) == 40
    tomans = replace(TOMAN, minimum=Decimal(50_000))
    assert target(order("499990", currency="IRR"), tomans) == 0
    assert target(order("500000", currency="IRR"), tomans) == 5


def test_lines_earn_by_their_multipliers_and_are_rounded_once() -> None:
    rule = replace(ONE_PER_UNIT, lines=(("a", Fraction(2)), ("b", Fraction(0))))
    # 2 * 10.4 + 0 * 30 + 5.3 = 26.1
    assert target(order("10.4", "30", "5.3"), rule) == 26
    # Of the doubled line half is given back: 2 * 5.2 + 5.3 = 15.7
    half = order("10.4", "30", "5.3", refunds=[refund_of_line("r", "a", "5.2")])
    assert target(half, rule) == 15
    # An amount that no line is named for is spread: 26.1 * (45.7 - 9.14) / 45.7 = 20.88
    spread = order("10.4", "30", "5.3", refunds=[refund_of_amount("r", "9.14")])
    assert target(spread, rule) == 20
    assert target(order("10", "10", refunds=[refund_of_amount("r", "20")]), rule) == 0
    thirds = replace(ONE_PER_UNIT, lines=(("a", Fraction(1, 3)),))
    assert target(order("9"), thirds) == 3


def test_minimum_and_lines_are_part_of_the_text() -> None:
    rule = replace(ONE_PER_UNIT, minimum=Decimal("9.50"), lines=(("a", Fraction(3, 2)),))
    assert '"lines":{"a":"3/2"},"minimum":"9.5"' in rule.text()
    assert EarningRule.parse(rule.text()) == rule
    broken = rule.text().replace("3/2", "3/0")
    with pytest.raises(ValueError, match="is not an earning rule's text"):
        EarningRule.parse(broken)


def test_minimum_and_multipliers_are_not_below_zero() -> None:
    with pytest.raises(ValueError, match="minimum is -1"):
        replace(ONE_PER_UNIT, minimum=Decimal(-1))
    with pytest.raises(ValueError, match="multiplier of line a is -1"):
        replace(ONE_PER_UNIT, lines=(("a", Fraction(-1)),))


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=4), st.integers(0, 40_000))
def test_without_multipliers_the_two_ways_of_counting_agree(nets: list[int], back: int) -> None:
    refunds = [refund_of_amount("r", f"{back / 100:.2f}")] if back else []
    placed = order(*(f"{net / 100:.2f}" for net in nets), refunds=refunds)
    assert weighted(placed, {}) == kept(placed).net


@pytest.mark.parametrize(
    ("net", "rounding", "points"),
    [
        ("14999", "down", 1),
        ("14999", "nearest", 1),
        ("15000", "nearest", 2),
        ("10000", "up", 1),
        ("10001", "up", 2),
        ("0", "up", 0),
    ],
)
def test_points_are_rounded_as_the_rule_says(net: str, rounding: Rounding, points: int) -> None:
    rule = replace(TOMAN, rounding=rounding)
    assert target(order(net, currency="IRT"), rule) == points


def test_a_period_and_a_tier_multiply_exactly_before_rounding() -> None:
    # 29,999 Toman * 3/2 * 4/3 = 59,998: 5 points; rounded in between there would be 4 or fewer.
    rule = replace(TOMAN, period=Fraction(3, 2), tier="gold", tier_multiplier=Fraction(4, 3))
    assert target(order("29999", currency="IRT"), rule) == 5
    assert target(order("30000", currency="IRT"), rule) == 6
    by_line = replace(rule, lines=(("a", Fraction(2)), ("b", Fraction(0))))
    assert target(order("15000", "99999", currency="IRT"), by_line) == 6
    assert target(order("30000", currency="IRT"), replace(rule, period=Fraction(0))) == 0


def credited(credit: str, *nets: str, total: str, refunds: Iterable[Refund] = ()) -> Order:
    placed = order(*nets, total=total, refunds=refunds)
    return replace(placed, paid_by_credit=Decimal(credit))


def test_what_credit_paid_earns_nothing() -> None:
    # 40 of 120, of which 20 are tax and shipping, so a third of the 100 that goods cost.
    assert target(credited("40", "100", total="120"), ONE_PER_UNIT) == 66
    assert target(credited("120", "100", total="120"), ONE_PER_UNIT) == 0
    assert target(credited("121", "100", total="120"), ONE_PER_UNIT) == 0
    assert target(credited("0", "100", total="120"), ONE_PER_UNIT) == 100
    # Half of it goes back: half of the two thirds.
    half = [refund_of_line("r", "a", "50")]
    assert target(credited("40", "100", total="120", refunds=half), ONE_PER_UNIT) == 33
    double = replace(ONE_PER_UNIT, lines=(("a", Fraction(2)), ("b", Fraction(1))))
    assert target(credited("25", "60", "40", total="100"), double) == 120
    # The smallest order that counts is one before credit.
    least = replace(ONE_PER_UNIT, minimum=Decimal(100))
    assert target(credited("40", "100", total="120"), least) == 66


def test_credit_that_was_taken_off_the_total_is_a_part_of_what_it_was_before() -> None:
    placed = replace(credited("30", "100", total="70"), total_before_credit=Decimal(100))
    assert target(placed, ONE_PER_UNIT) == 70
    # 35 of the 70 in money go back, so half of all.
    half = replace(placed, refunds=(refund_of_amount("r", "35"),))
    assert target(half, ONE_PER_UNIT) == 35
    assert target(replace(placed, total_before_credit=Decimal(0)), ONE_PER_UNIT) == 0


DELIVERED = replace(ONE_PER_UNIT, from_delivery=True, pending_days=14, expiry_days=100)


def test_points_that_count_from_delivery_wait_for_it() -> None:
    placed = order("1")
    assert DELIVERED.waits(placed)
    assert DELIVERED.matures_at(placed) is None
    assert DELIVERED.expires_at(placed, START) is None
    come = replace(placed, delivered_at=START + timedelta(days=5))
    assert not DELIVERED.waits(come)
    assert DELIVERED.matures_at(come) == START + timedelta(days=19)
    assert DELIVERED.expires_at(come, START) == START + timedelta(days=119)
    at_once = replace(DELIVERED, pending_days=0)
    assert at_once.matures_at(come) == START + timedelta(days=5)
    assert not ONE_PER_UNIT.waits(placed)
    assert replace(ONE_PER_UNIT, pending_days=2).matures_at(come) == START + timedelta(days=2)


def test_an_order_of_which_no_delivery_is_told_may_count_as_delivered_after_days() -> None:
    rule = replace(DELIVERED, delivery_days=30)
    placed = replace(order("1"), paid_at=START + timedelta(days=1))
    assert not rule.waits(placed)
    assert rule.matures_at(placed) == START + timedelta(days=45)
    late = replace(placed, delivered_at=START + timedelta(days=40))
    assert rule.matures_at(late) == START + timedelta(days=54)
    assert rule.expires_at(late, START) == START + timedelta(days=154)


def test_all_that_makes_a_rule_is_in_its_text() -> None:
    whole = replace(
        DELIVERED,
        minimum=Decimal("5.50"),
        lines=(("a", Fraction(2)), ("b", Fraction(1))),
        period=Fraction(3, 2),
        tier="طلایی",
        tier_multiplier=Fraction(4, 3),
        rounding="nearest",
        delivery_days=30,
        caps=Caps(day=5, zone="Asia/Tehran", calendar="jalali"),
        total_caps=Caps(month=7, year=9),
    )
    assert copied_rule(whole.text()) == whole
    assert is_capped(whole.text())
    assert is_capped(replace(whole, caps=NO_CAPS).text())
    free = replace(whole, caps=NO_CAPS, total_caps=NO_CAPS, tier='caps":')
    assert not is_capped(free.text())
    assert (whole.is_capped, replace(whole, caps=NO_CAPS).is_capped) == (True, True)
    assert (free.is_capped, ONE_PER_UNIT.is_capped) == (False, False)
    assert ONE_PER_UNIT.text() == (
        '{"currency":null,"enabled":true,"per":"1","points":1,"statuses":["completed","processing"]}'
    )


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"rounding": "half"}, "rounding is 'half'; give down, nearest or up"),
        ({"period": Fraction(-1)}, "the multiplier of the period is -1"),
        ({"tier_multiplier": Fraction(-1)}, "the multiplier of the tier is -1"),
        ({"delivery_days": -1}, "delivery_days is -1; give 0 or more"),
    ],
)
def test_what_no_rule_can_be_is_refused(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        replace(ONE_PER_UNIT, **wrong)
