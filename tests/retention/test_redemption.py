"""What points are worth, when they can be redeemed, and what orders make of them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.records import Order
from retention.redemption import (
    CannotRedeem,
    Redemption,
    RedemptionRule,
    by_orders,
    copied_grace,
    kept_share,
    new_code,
    new_reference,
    returned_points,
    used_share,
)
from tests.retention.tables import START, order, refund_of_amount, refund_of_line

RULE = RedemptionRule(enabled=True, point_value=Decimal("0.005"), currency="USD")
SECOND = timedelta(seconds=1)
PAID, OVER = {"processing", "completed"}, {"refunded"}


def kept(**changes: Any) -> Redemption:
    """A redemption of 100 points for a dollar that is reserved."""
    made = Redemption(
        reference="r",
        customer_id=7,
        account_id="7",
        email="buyer@example.test",
        points=100,
        worth=Decimal("1.00"),
        currency="USD",
        minimum=None,
        kind="code",
        code="points-2345-6789-bcdf",
        state="reserved",
        reason="",
        made_at=START,
        expires_at=START + timedelta(days=30),
    )
    return replace(made, **changes)


def test_worth_is_rounded_down_to_what_the_currency_is_written_in() -> None:
    assert RULE.worth(101) == Decimal("0.50")
    assert replace(RULE, currency="IRT", point_value=Decimal("0.75")).worth(7) == Decimal(5)
    assert replace(RULE, currency="KWD").worth(101) == Decimal("0.505")


def test_a_share_of_the_order_is_held_by_the_least_amount_of_it() -> None:
    assert RULE.minimum(Decimal("10.00")) is None
    assert replace(RULE, maximum_percent=30).minimum(Decimal("10.00")) == Decimal("33.34")
    assert replace(RULE, maximum_percent=50).minimum(Decimal("10.00")) == Decimal("20.00")


def test_it_lapses_after_days_in_whole_seconds() -> None:
    made = datetime(2026, 5, 1, 12, 30, 15, 999, tzinfo=UTC)
    assert RULE.expires_at(made) == datetime(2026, 5, 31, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "points", "available", "problem", "message"),
    [
        (
            {"enabled": False}, 100, 500, ("off", 0),
            "points cannot be redeemed here; set redemption_enabled=true",
        ),
        (
            {"point_value": Decimal(0)}, 100, 500, ("no_value", 0),
            "a point is worth nothing; set point_value to what one is worth",
        ),
        ({"least": 200}, 100, 500, ("too_few", 200), "points is 100; redeem at least 200"),
        ({}, 0, 500, ("too_few", 1), "points is 0; redeem at least 1"),
        ({}, -5, 500, ("too_few", 1), "points is -5; redeem at least 1"),
        ({"step": 50}, 120, 500, ("step", 50), "points is 120; redeem a multiple of 50"),
        (
            {}, 501, 500, ("not_enough", 500),
            "points is 501, and 500 can be spent; redeem no more",
        ),
        ({}, 1, -3, ("not_enough", 0), "points is 1, and 0 can be spent; redeem no more"),
        ({}, 1, 500, ("worthless", 0), "1 points are worth less than any coin; redeem more"),
    ],
)  # fmt: skip
def test_what_cannot_be_redeemed_is_refused_with_the_reason(
    changes: dict[str, Any],
    points: int,
    available: int,
    problem: tuple[str, int],
    message: str,
) -> None:
    with pytest.raises(CannotRedeem) as refused:
        replace(RULE, **changes).check(points, available)
    assert (refused.value.problem, refused.value.amount) == problem
    assert str(refused.value) == message


def test_what_can_be_redeemed_is_not_refused() -> None:
    replace(RULE, least=100, step=50).check(150, 150)


def test_the_most_that_can_be_redeemed_follows_the_steps() -> None:
    rule = replace(RULE, least=100, step=50)
    assert [rule.most(available) for available in (-5, 99, 149, 150, 333)] == [0, 0, 100, 150, 300]
    assert replace(rule, enabled=False).most(333) == 0
    assert replace(rule, point_value=Decimal(0)).most(333) == 0


def test_the_rule_is_copied_as_text() -> None:
    rule = replace(RULE, point_value=Decimal("0.0500"), grace_days=30)
    assert rule.text() == (
        '{"currency":"USD","days":30,"grace_days":30,"kind":"code","maximum_percent":100,'
        '"point_value":"0.05"}'
    )
    assert copied_grace(rule.text()) == 30
    assert '"point_value":"100"' in replace(RULE, point_value=Decimal(100)).text()


def test_codes_are_readable_unguessable_and_never_the_same() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    letters = "[23456789bcdfghjkmnpqrstvwxz]{4}"
    assert all(re.fullmatch(f"points-{letters}-{letters}-{letters}", code) for code in codes)
    assert len({new_reference() for _ in range(200)}) == 200


def test_neither_code_nor_address_are_told_by_chance() -> None:
    told = repr(kept())
    assert "points-2345" not in told
    assert "buyer@" not in told


def test_what_is_reserved_and_redeemed_follows_the_state() -> None:
    row = kept(returned=30)
    assert [
        (one.is_open, one.reserved, one.redeemed)
        for state in ("reserved", "issued", "used", "released")
        for one in [replace(row, state=state)]
    ] == [(True, 70, 0), (True, 70, 0), (False, 0, 70), (False, 0, 0)]


def test_an_order_pays_for_what_is_kept_of_it() -> None:
    placed = order("60", "40")
    assert used_share(placed, PAID, OVER) == 1
    part = replace(placed, refunds=(refund_of_amount("r", "40"),))
    assert used_share(part, PAID, OVER) == kept_share(part) == Fraction(60, 100)
    line = refund_of_line("r", "a", "60")
    assert used_share(replace(placed, refunds=(line,)), PAID, OVER) == Fraction(40, 100)
    called_off = replace(part, status="cancelled")
    assert (used_share(called_off, PAID, OVER), kept_share(called_off)) == (None, Fraction(3, 5))


def test_an_order_that_is_undone_keeps_nothing_and_one_that_is_not_paid_says_nothing() -> None:
    assert used_share(order("60", status="refunded"), PAID, OVER) == 0
    for status in ("pending", "on-hold", "cancelled", "trash", "gone"):
        assert used_share(order("60", status=status), PAID, OVER) is None


def test_goods_that_points_paid_for_in_full_are_counted_by_the_piece() -> None:
    free = order("0", "0", "0", "0", total="5")
    assert kept_share(free) == 1
    returned = replace(free, refunds=(refund_of_line("r", "a", "0"),))
    assert kept_share(returned) == Fraction(3, 4)
    assert kept_share(order()) == 1
    assert kept_share(replace(order("0.5"), refunds=(refund_of_amount("r", "0.25"),))) == (
        Fraction(1, 2)
    )


def test_the_first_order_that_is_paid_uses_the_code() -> None:
    code = ("points-2345-6789-bcdf",)
    later = replace(order("60", identifier="1"), coupon_codes=code)
    first = replace(order("9", identifier="2"), coupon_codes=code, placed_at=START - SECOND)
    other = order("60", identifier="3")
    assert by_orders(kept(), [later, other], PAID, OVER) == kept(
        state="used", order_id="1", orders=("1",)
    )
    assert by_orders(kept(), [later, first], PAID, OVER) == kept(
        state="used", order_id="2", orders=("1", "2")
    )
    assert by_orders(kept(), [other], PAID, OVER) == kept()


def test_an_order_called_off_keeps_what_went_back_for_its_refunds() -> None:
    placed = replace(order("60", "40"), coupon_codes=(kept().code,), status="cancelled")
    part = replace(placed, refunds=(refund_of_amount("r", "40"),))
    assert by_orders(kept(), [placed], PAID, OVER) == kept(orders=("1",))
    was_used = kept(state="used", order_id="1", orders=("1",), returned=40, reward_id="5")
    assert by_orders(was_used, [part], PAID, OVER) == replace(
        was_used, state="issued", order_id=None
    )


def test_what_was_released_stays_so_until_an_order_is_paid() -> None:
    placed = replace(order("60"), coupon_codes=(kept().code,), status="pending")
    released = kept(state="released", reason="not used in time")
    assert by_orders(released, [placed], PAID, OVER) == replace(released, orders=("1",))
    paid = replace(placed, status="completed")
    used = by_orders(released, [paid], PAID, OVER)
    assert used == replace(released, state="used", order_id="1", orders=("1",))
    # The reward is no longer in the store, so nothing waits for another order to use it.
    called_off = by_orders(used, [replace(placed, status="cancelled")], PAID, OVER)
    assert called_off == replace(released, orders=("1",))


STATES = st.builds(
    lambda name, status, refunded, has_code: replace(
        order("60", "40", identifier=name, status=status),
        refunds=(refund_of_amount("r", refunded),),
        coupon_codes=(kept().code,) if has_code else (),
    ),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["processing", "completed", "pending", "cancelled", "trash", "refunded"]),
    st.sampled_from(["0", "10", "33.33", "100"]),
    st.booleans(),
)


@given(st.lists(STATES, min_size=1, max_size=8), st.data())
def test_whatever_news_came_before_only_how_orders_stand_matters(
    news: list[Order], data: st.DataObject
) -> None:
    stand: dict[str, Order] = {}
    row = kept()
    for placed in news:
        stand[placed.id] = placed
        row = by_orders(row, stand.values(), PAID, OVER)
    told_again = data.draw(st.permutations(list(stand.values())))
    assert by_orders(row, told_again, PAID, OVER) == row
    direct = by_orders(kept(), stand.values(), PAID, OVER)
    # Orders that carried the code once are remembered, and say nothing once they do not.
    assert replace(row, orders=()) == replace(direct, orders=())


def test_points_go_back_in_proportion_rounded_down_once() -> None:
    assert returned_points(100, Fraction(1)) == 0
    assert returned_points(100, Fraction(60, 100)) == 40
    assert returned_points(100, Fraction(1, 3)) == 66
    assert returned_points(100, Fraction(0)) == 100
