"""What points are worth, when they can be redeemed, and what orders make of them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from retention.redemption import (
    CannotRedeem,
    Redemption,
    RedemptionRule,
    copied_grace,
    kept_share,
    new_code,
    new_reference,
    returned_points,
    used_share,
)
from tests.retention.tables import START, order, refund_of_amount, refund_of_line

RULE = RedemptionRule(enabled=True, point_value=Decimal("0.005"), currency="USD")
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
    ("changes", "points", "available", "problem", "amount"),
    [
        ({"enabled": False}, 100, 500, "off", 0),
        ({"point_value": Decimal(0)}, 100, 500, "no_value", 0),
        ({"least": 200}, 100, 500, "too_few", 200),
        ({}, 0, 500, "too_few", 1),
        ({}, -5, 500, "too_few", 1),
        ({"step": 50}, 120, 500, "step", 50),
        ({}, 501, 500, "not_enough", 500),
        ({}, 1, -3, "not_enough", 0),
        ({}, 1, 500, "worthless", 0),
    ],
)
def test_what_cannot_be_redeemed_is_refused_with_the_reason(
    changes: dict[str, Any], points: int, available: int, problem: str, amount: int
) -> None:
    with pytest.raises(CannotRedeem) as refused:
        replace(RULE, **changes).check(points, available)
    assert (refused.value.problem, refused.value.amount) == (problem, amount)


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


def test_points_go_back_in_proportion_rounded_down_once() -> None:
    assert returned_points(100, Fraction(1)) == 0
    assert returned_points(100, Fraction(60, 100)) == 40
    assert returned_points(100, Fraction(1, 3)) == 66
    assert returned_points(100, Fraction(0)) == 100
