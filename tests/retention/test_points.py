from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.points import EarningRule, settle, target
from retention.records import Order, PointEntry, Refund
from tests.retention.tables import order, refund_of_amount, refund_of_line

COUNTING = frozenset({"processing", "completed"})
ONE_PER_UNIT = EarningRule(points=1, per=Decimal(1), statuses=COUNTING)
TWO_PER_UNIT = EarningRule(points=2, per=Decimal(1), statuses=COUNTING)
TOMAN = EarningRule(points=1, per=Decimal(10_000), statuses=COUNTING, currency="IRT")

BUYER, ACCOUNT = 7, 8


def balances(entries: list[PointEntry]) -> dict[int, int]:
    held: dict[int, int] = {}
    for entry in entries:
        held[entry.customer_id] = held.get(entry.customer_id, 0) + entry.points
    return held


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


def test_the_first_entry_earns_and_a_second_look_writes_nothing() -> None:
    placed = order("100", identifier="204")
    entries = settle(placed, BUYER, [], ONE_PER_UNIT)

    assert entries == [
        PointEntry("order:204:7:1", "204", BUYER, 100, "earned", ONE_PER_UNIT.text())
    ]
    assert settle(placed, BUYER, entries, ONE_PER_UNIT) == []


def test_an_order_that_gives_nothing_writes_nothing() -> None:
    assert settle(order("100", status="failed"), BUYER, [], ONE_PER_UNIT) == []


def test_forty_and_then_sixty_of_a_hundred_leave_nothing() -> None:
    forty, sixty = refund_of_amount("a", "40"), refund_of_amount("b", "60")
    entries = settle(order("100"), BUYER, [], ONE_PER_UNIT)
    entries += settle(order("100", refunds=[forty]), BUYER, entries, ONE_PER_UNIT)
    entries += settle(order("100", refunds=[sixty, forty]), BUYER, entries, ONE_PER_UNIT)

    assert [(e.reference, e.points, e.reason) for e in entries] == [
        ("order:1:7:1", 100, "earned"),
        ("order:1:7:2", -40, "reversed"),
        ("order:1:7:3", -60, "reversed"),
    ]
    assert settle(order("100", refunds=[forty, sixty]), BUYER, entries, ONE_PER_UNIT) == []


def test_a_cancelled_order_that_comes_back_earns_again() -> None:
    entries = settle(order("100"), BUYER, [], ONE_PER_UNIT)
    entries += settle(order("100", status="cancelled"), BUYER, entries, ONE_PER_UNIT)
    assert balances(entries) == {BUYER: 0}

    entries += settle(order("100"), BUYER, entries, ONE_PER_UNIT)
    assert [entry.points for entry in entries] == [100, -100, 100]


def test_the_rule_at_which_an_order_earned_stays_its_rule() -> None:
    entries = settle(order("100"), BUYER, [], ONE_PER_UNIT)

    assert settle(order("100"), BUYER, entries, TWO_PER_UNIT) == []
    assert settle(order("100"), BUYER, entries, replace(ONE_PER_UNIT, enabled=False)) == []
    # 30 of 100 go back at 1 point each, not at 2.
    refunded = order("100", refunds=[refund_of_line("r", "a", "30", quantity=0)])
    [entry] = settle(refunded, BUYER, entries, TWO_PER_UNIT)
    assert (entry.points, entry.rule) == (-30, ONE_PER_UNIT.text())


def test_a_guest_who_makes_an_account_takes_the_points_along() -> None:
    entries = settle(order("100"), BUYER, [], ONE_PER_UNIT)
    entries += settle(order("100"), ACCOUNT, entries, ONE_PER_UNIT)

    assert [(e.reference, e.points, e.reason) for e in entries[1:]] == [
        ("order:1:7:2", -100, "moved"),
        ("order:1:8:1", 100, "moved"),
    ]
    entries += settle(order("100", status="trash"), ACCOUNT, entries, ONE_PER_UNIT)
    assert balances(entries) == {BUYER: 0, ACCOUNT: 0}
    assert (entries[-1].reference, entries[-1].reason) == ("order:1:8:2", "reversed")


def test_an_order_that_moved_and_gives_nothing_any_more_is_reversed() -> None:
    entries = settle(order("100"), BUYER, [], ONE_PER_UNIT)
    [entry] = settle(order("100", status="cancelled"), ACCOUNT, entries, ONE_PER_UNIT)

    assert (entry.customer_id, entry.points, entry.reason) == (BUYER, -100, "reversed")


def test_entries_of_other_orders_are_passed_over() -> None:
    others = settle(order("50", identifier="9"), BUYER, [], TWO_PER_UNIT)
    [entry] = settle(order("100"), BUYER, others, ONE_PER_UNIT)

    assert (entry.reference, entry.points) == ("order:1:7:1", 100)


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
    entries: list[PointEntry] = []
    for placed, owner in [*seen, seen[-1]]:
        new = settle(placed, owner, entries, rule)
        assert len({entry.customer_id for entry in new}) == len(new)
        entries += new

    last, owner = seen[-1]
    held = balances(entries)
    assert held.pop(owner, 0) == target(last, rule)
    assert not any(held.values())
    assert len({entry.reference for entry in entries}) == len(entries)
    assert all(entry.points != 0 for entry in entries)


@given(st.permutations("abcde"), st.lists(amounts, min_size=5, max_size=5))
def test_refunds_in_any_order_and_twice_leave_the_same_points(
    sequence: list[str], given_back: list[Decimal]
) -> None:
    by_name = dict(zip("abcde", given_back, strict=True))
    entries = settle(order("150.01"), BUYER, [], ONE_PER_UNIT)
    so_far: list[Refund] = []
    for name in sequence:
        so_far.append(refund_of_amount(name, str(by_name[name])))
        for refunds in (so_far, so_far[::-1], [*so_far, so_far[0]]):
            placed = order("150.01", refunds=refunds)
            entries += settle(placed, BUYER, entries, ONE_PER_UNIT)

    left = max(Decimal(0), Decimal("150.01") - sum(given_back, Decimal(0)))
    assert balances(entries)[BUYER] == int(left)
