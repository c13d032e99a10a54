from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.net import kept, paid_in_money, weighted
from retention.records import Order, OrderLine, Refund, RefundLine
from tests.retention.tables import order, refund_of_amount, refund_of_line

# The order of the recordings: tax 8.49 and shipping 5.00 on 99.89 of goods.
GOODS = ("35.99", "41.40", "22.50")
FIVE = refund_of_amount("205", "5.00")
LINE = refund_of_line("206", "a", "35.99")
REST = refund_of_amount("207", "72.39")


def nets(order: Order) -> list[str]:
    return [str(line.net) for line in kept(order).lines]


def quantities(order: Order) -> list[int]:
    return [line.quantity for line in kept(order).lines]


def test_without_refunds_everything_is_kept() -> None:
    whole = order(*GOODS, total="113.38")

    assert kept(whole).net == Fraction("99.89")
    assert nets(whole) == ["35.9900", "41.4000", "22.5000"]
    assert quantities(whole) == [1, 1, 1]


def test_goods_bear_their_share_of_an_amount_without_lines() -> None:
    refunded = order(*GOODS, total="113.38", refunds=[FIVE])

    # Goods bear 5 * 99.89 / 113.38; what is kept of each is the factor (113.38 - 5) / 113.38.
    assert kept(refunded).net == Fraction("99.89") * Fraction("108.38") / Fraction("113.38")
    # 35.99 * 108.38 / 113.38 = 34.40286, 41.40 * ... = 39.57428, 22.50 * ... = 21.50776.
    assert nets(refunded) == ["34.4029", "39.5743", "21.5078"]
    assert quantities(refunded) == [1, 1, 1]


def test_a_refunded_line_is_not_kept_and_an_amount_falls_on_the_others() -> None:
    refunded = order(*GOODS, total="113.38", refunds=[FIVE, LINE])

    # 99.89 - 35.99 = 63.90 less 5 * 99.89 / 113.38 = 4.4050979.
    assert kept(refunded).net == Fraction("63.90") - Fraction("499.45") / Fraction("113.38")
    # 63.90 - 4.4050979 = 59.4949021: 41.40 and 22.50 of 63.90 of it.
    assert nets(refunded) == ["0.0000", "38.5460", "20.9489"]
    assert quantities(refunded) == [0, 1, 1]


@pytest.mark.parametrize("refunds", list(permutations([FIVE, LINE, REST])))
def test_refunds_that_reach_the_total_leave_nothing_in_any_order(
    refunds: tuple[Refund, ...],
) -> None:
    refunded = order(*GOODS, total="113.38", refunds=refunds)

    assert kept(refunded).net == 0
    assert nets(refunded) == ["0.0000", "0.0000", "0.0000"]
    assert quantities(refunded) == [0, 0, 0]


def test_a_refund_whose_lines_are_not_known_yet_is_an_amount() -> None:
    unread = Refund(id="1", amount=Decimal(50), allocated=Decimal(50), lines=None)

    assert kept(order("100", refunds=[unread])).net == 50


def test_a_refund_listed_twice_counts_once_in_its_fuller_version() -> None:
    unread = Refund(id="1", amount=Decimal(60), lines=None)
    read = refund_of_line("1", "b", "60")

    for refunds in ([unread, read], [read, unread], [read, read]):
        refunded = order("40", "60", refunds=refunds)
        assert nets(refunded) == ["40.0000", "0.0000"]
        assert kept(refunded).net == 40


def test_tax_and_shipping_that_a_refund_names_do_not_fall_on_goods() -> None:
    shipping = Refund(id="1", amount=Decimal(5), allocated=Decimal(5), lines=())

    assert kept(order(*GOODS, total="113.38", refunds=[shipping])).net == Fraction("99.89")


def test_a_line_never_goes_below_zero() -> None:
    # 30 is refunded on a line of 20: the other line is not touched.
    refunded = order("20", "80", total="110", refunds=[refund_of_line("1", "a", "30")])

    assert nets(refunded) == ["0.0000", "80.0000"]


def test_a_line_whose_money_went_back_is_returned_though_no_quantity_was_named() -> None:
    refunded = order("20", "80", refunds=[refund_of_line("1", "a", "20", quantity=0)])

    assert quantities(refunded) == [0, 1]


def test_part_of_a_quantity_can_be_kept() -> None:
    refund = refund_of_line("1", "a", "20", quantity=2)
    three = OrderLine(id="a", product_id="a", name="a", quantity=3, net=Decimal(30))
    placed = replace(order("30", refunds=[refund]), lines=(three,))

    assert quantities(placed) == [1]
    assert nets(placed) == ["10.0000"]


def test_a_free_line_is_kept_until_it_is_returned() -> None:
    gift = order("0", "50", refunds=[refund_of_amount("1", "10")])
    assert quantities(gift) == [1, 1]

    returned = order("0", "50", refunds=[refund_of_line("1", "a", "0")])
    assert quantities(returned) == [0, 1]


def test_a_free_order_keeps_its_lines() -> None:
    assert quantities(order("0", "0", total="0")) == [1, 1]


def test_a_negative_line_is_a_discount() -> None:
    discounted = order("100", "-10")

    assert kept(discounted).net == 90
    # 45 of 90 goes back: half of everything is kept, and no line shows less than zero.
    half = order("100", "-10", refunds=[refund_of_amount("1", "45")])
    assert kept(half).net == 45
    assert nets(half) == ["50.0000", "0.0000"]


def test_a_line_of_an_unknown_order_line_changes_nothing() -> None:
    assert nets(order("40", "60", refunds=[refund_of_line("1", "z", "10")])) == [
        "40.0000",
        "60.0000",
    ]


def test_an_order_without_lines_keeps_nothing() -> None:
    assert kept(order(total="5", refunds=[refund_of_amount("1", "2")])).net == 0


cents = st.decimals(min_value=0, max_value=200, places=2)


@st.composite
def refunds(draw: st.DrawFn, identifier: str) -> Refund:
    amount, allocated = draw(cents), draw(cents)
    parts = draw(st.lists(st.tuples(st.sampled_from("abcz"), st.integers(0, 2), cents), max_size=3))
    return Refund(
        id=identifier,
        amount=amount,
        allocated=allocated,
        lines=draw(st.sampled_from([None, tuple(RefundLine(*part) for part in parts)])),
    )


@given(
    st.lists(cents.map(str), min_size=1, max_size=3),
    st.tuples(refunds("1"), refunds("2"), refunds("3")),
    cents,
    st.data(),
)
def test_neither_order_nor_repetition_of_refunds_matters(
    goods: list[str], given_back: tuple[Refund, ...], extra: Decimal, data: st.DataObject
) -> None:
    total = str(sum(map(Decimal, goods), extra))
    repeated = data.draw(st.permutations([*given_back, *given_back[:2]]))
    plain = kept(order(*goods, total=total, refunds=given_back))

    assert kept(order(*goods, total=total, refunds=repeated)) == plain
    assert 0 <= plain.net <= sum(map(Fraction, goods), Fraction(0))
    # Each line is rounded by at most half of 0.0001.
    rounded = sum((Fraction(line.net) for line in plain.lines), Fraction(0))
    assert abs(rounded - plain.net) <= len(goods) * Fraction("0.00005")
    assert all(0 <= line.quantity <= 1 and line.net >= 0 for line in plain.lines)


def test_each_line_counts_times_its_weight() -> None:
    twice = {"a": Fraction(2), "b": Fraction(0)}
    assert weighted(order("10", "20", "5"), twice) == 25
    assert weighted(order("10", "20", "5"), {}) == 35
    # A refund of 7 without a line takes a fifth of each.
    spread = order("10", "20", "5", refunds=[refund_of_amount("1", "7")])
    assert weighted(spread, twice) == 20
    # One of 2 on line a leaves 8 of it.
    lined = order("10", "20", "5", refunds=[refund_of_line("1", "a", "2")])
    assert weighted(lined, twice) == 21
    # Half of the total is shipping, which bears its part of what is on nothing.
    shipped = order("10", "20", "5", total="70", refunds=[refund_of_amount("1", "7")])
    assert weighted(shipped, twice) == Fraction(45, 2)
    assert weighted(replace(spread, refunds=(*spread.refunds, *spread.refunds)), twice) == 20


def test_nothing_kept_counts_nothing_whatever_it_weighs() -> None:
    heavy = {"a": Fraction(3), "b": Fraction(5)}
    assert weighted(order("10", refunds=[refund_of_amount("1", "10")]), heavy) == 0
    assert weighted(order("10", refunds=[refund_of_amount("1", "10.01")]), heavy) == 0
    assert weighted(order("10", refunds=[refund_of_amount("1", "9.99")]), heavy) == Fraction(3, 100)
    assert weighted(order("0"), heavy) == 0
    assert weighted(order("10", "-10"), heavy) == 0
    # A discount in disguise that weighs more takes no more than there is.
    assert weighted(order("10", "-9"), heavy) == 0
    assert weighted(order("10", "-1"), heavy) == 25
    assert weighted(order("0", total="5"), heavy) == 0


@pytest.mark.parametrize(
    ("total", "before_credit", "credit", "part"),
    [
        ("100", None, "0", "1"),
        ("100", None, "25", "3/4"),
        ("100", None, "100", "0"),
        ("100", None, "101", "0"),
        ("0", None, "25", "0"),
        ("75", "100", "25", "3/4"),
        ("0", "25", "25", "0"),
        ("1", None, "0.5", "1/2"),
    ],
)
def test_what_credit_paid_is_spread_over_the_whole_order(
    total: str, before_credit: str | None, credit: str, part: str
) -> None:
    paid = replace(
        order("10", total=total),
        paid_by_credit=Decimal(credit),
        total_before_credit=None if before_credit is None else Decimal(before_credit),
    )
    assert paid_in_money(paid) == Fraction(part)


def test_of_two_versions_of_a_refund_the_one_that_tells_more_counts() -> None:
    told = refund_of_line("1", "a", "4")
    untold = replace(told, lines=None)
    for both in ((told, untold), (untold, told)):
        assert [line.net for line in kept(order("10", "10", refunds=both)).lines] == [6, 10]
    smaller = refund_of_amount("1", "2")
    larger = refund_of_amount("1", "6")
    for sizes in ((smaller, larger), (larger, smaller)):
        assert kept(order("10", "10", refunds=sizes)).net == 14
    assigned = replace(larger, allocated=Decimal(6))
    for parts in ((assigned, larger), (larger, assigned)):
        assert kept(order("10", "10", refunds=parts)).net == 20


def test_an_order_without_refunds_is_kept_to_four_decimals() -> None:
    whole = kept(order("10", "-3"))
    assert [str(line.net) for line in whole.lines] == ["10.0000", "0.0000"]
    assert whole.net == 7
    assert kept(order("1", "-3")).net == 0
