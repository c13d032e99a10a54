"""The earning rule to the last word: refusals, and the text that is copied into entries."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from retention.caps import Caps
from retention.points import EarningRule, copied_rule
from retention.records import Order
from tests.retention.ledger.test_settle import ONE_PER_UNIT
from tests.retention.tables import START, order

FULL = EarningRule(
    points=3,
    per=Decimal("2.50"),
    statuses=frozenset({"processing", "completed"}),
    enabled=False,
    currency="EUR",
    pending_days=14,
    expiry_days=365,
    grace_days=30,
    minimum=Decimal(10),
    lines=(("a", Fraction(2)), ("b", Fraction(0))),
    period=Fraction(3, 2),
    tier="gold",
    tier_multiplier=Fraction(5, 4),
    rounding="up",
    from_delivery=True,
    delivery_days=7,
    caps=Caps(day=100, month=500, lifetime=0, zone="Asia/Tehran", calendar="jalali"),
    backfill="past",
)


def test_everything_of_a_rule_is_in_its_text_and_is_read_back() -> None:
    assert json.loads(FULL.text()) == {
        "backfill": "past",
        "caps": {
            "day": 100, "month": 500, "lifetime": 0, "zone": "Asia/Tehran", "calendar": "jalali",
        },
        "currency": "EUR",
        "delivery_days": 7,
        "enabled": False,
        "expiry_days": 365,
        "from_delivery": True,
        "grace_days": 30,
        "lines": {"a": "2", "b": "0"},
        "minimum": "10",
        "pending_days": 14,
        "per": "2.5",
        "period": "3/2",
        "points": 3,
        "rounding": "up",
        "statuses": ["completed", "processing"],
        "tier": "gold",
        "tier_multiplier": "5/4",
    }  # fmt: skip
    assert EarningRule.parse(FULL.text()) == FULL
    assert copied_rule(FULL.text()) == FULL
    assert " " not in FULL.text()
    assert list(json.loads(FULL.text())) == sorted(json.loads(FULL.text()))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"points": 0}, "points is 0; give at least 1, or disable the rule"),
        ({"per": Decimal(0)}, "per is 0; give an amount of money above 0"),
        ({"per": Decimal("NaN")}, "per is NaN; give an amount of money above 0"),
        ({"pending_days": -1}, "pending_days is -1; give 0 or more"),
        ({"delivery_days": -1}, "delivery_days is -1; give 0 or more"),
        ({"minimum": Decimal(-1)}, "minimum is -1; give an amount of money, 0 for none"),
        ({"minimum": Decimal("inf")}, "minimum is Infinity; give an amount of money, 0 for none"),
        (
            {"lines": (("a", Fraction(1)), ("b", Fraction(-1)))},
            "the multiplier of line b is -1; give 0 or more",
        ),
        ({"period": Fraction(-1, 2)}, "the multiplier of the period is -1/2; give 0 or more"),
        ({"tier_multiplier": Fraction(-2)}, "the multiplier of the tier is -2; give 0 or more"),
        ({"rounding": "off"}, "rounding is 'off'; give down, nearest or up"),
    ],
)
def test_a_refusal_names_the_field_and_the_fix(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=" is ") as refused:
        replace(ONE_PER_UNIT, **changed)
    assert str(refused.value) == said


def test_the_least_that_a_rule_takes() -> None:
    least = EarningRule(1, Decimal("0.0001"), frozenset(), minimum=Decimal(0), period=Fraction(0))
    assert least.rate == 0
    assert replace(least, period=Fraction(1)).rate == 10_000


def test_a_text_that_is_no_rule_is_quoted() -> None:
    with pytest.raises(ValueError, match="is not") as refused:
        EarningRule.parse("{}")
    assert str(refused.value) == "rule '{}' is not an earning rule's text"


def delivered(days: float | None) -> Order:
    placed = replace(order("1"), paid_at=START + timedelta(days=1))
    return placed if days is None else replace(placed, delivered_at=START + timedelta(days=days))


def test_days_are_counted_from_delivery_where_the_rule_says_so() -> None:
    rule = replace(ONE_PER_UNIT, from_delivery=True, pending_days=14, expiry_days=100)
    assert rule.waits(delivered(None))
    assert rule.matures_at(delivered(None)) is None
    assert rule.expires_at(delivered(None), START) is None
    assert not rule.waits(delivered(5))
    assert rule.matures_at(delivered(5)) == START + timedelta(days=19)
    assert rule.expires_at(delivered(5), START) == START + timedelta(days=119)
    # Untold, it counts as delivered a week after payment, or else after the order.
    told = replace(rule, delivery_days=7)
    assert not told.waits(delivered(None))
    assert told.matures_at(delivered(None)) == START + timedelta(days=22)
    assert told.matures_at(delivered(3)) == START + timedelta(days=17)
    assert told.matures_at(replace(delivered(None), paid_at=None)) == START + timedelta(days=21)
    assert not ONE_PER_UNIT.waits(delivered(None))
