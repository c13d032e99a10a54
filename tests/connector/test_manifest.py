"""The manifest reads, and settings are checked against it."""

import ast
import json
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from connector.manifest import (
    BooleanSetting,
    ChoiceSetting,
    DecimalSetting,
    IntegerSetting,
    ListSetting,
    load,
)
from connector.settings import InvalidSettings, Settings, validate_settings

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("admin", "bazgasht", "connector", "database", "jobs", "retention", "webhooks")
TYPES = {
    IntegerSetting: int,
    DecimalSetting: Decimal,
    BooleanSetting: bool,
    ListSetting: tuple[str, ...],
}


def test_the_package_carries_the_manifest_of_the_root() -> None:
    whole = json.loads((ROOT / "manifest.json").read_text())
    assert load().version == whole["version"]
    assert load().name.fa == "بازگشت"
    assert list(load().settings) == list(whole["settings"])
    assert json.loads((ROOT / "connector" / "manifest.json").read_text()) == whole


def test_the_fields_of_settings_are_the_manifests() -> None:
    assert list(Settings.model_fields) == list(load().settings)
    for name, setting in load().settings.items():
        annotation = Settings.model_fields[name].annotation
        if isinstance(setting, ChoiceSetting):
            assert get_origin(annotation) is Literal
            assert get_args(annotation) == tuple(setting.choices)
        else:
            assert annotation == TYPES[type(setting)]


def test_every_setting_is_used() -> None:
    used: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path != ROOT / "connector" / "manifest.py":
                tree = ast.parse(path.read_text())
                used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set(load().settings) - used == set()


def test_defaults_fill_what_is_not_given() -> None:
    settings = validate_settings({})
    assert settings == Settings(
        purchase_statuses=("processing", "completed"),
        purchase_joining_minutes=0,
        category_level="leaf",
        category_source="taxonomy",
        minimum_customers=30,
        guest_identity="email",
        next_purchase_days=180,
        recommendations_per_product=5,
        largest_category_percent=60,
        cross_sell_mode="beside",
        customer_tags=False,
        personal_list_days=365,
        customer_recommendations=False,
        points_enabled=True,
        points_earned=1,
        points_per_amount=Decimal(1),
        points_minimum_order=Decimal(0),
        points_multipliers=(),
        points_periods=(),
        points_excluded_customers=(),
        points_rounding="down",
        points_cap_day=0,
        points_cap_month=0,
        points_cap_lifetime=0,
        points_total_cap_day=0,
        points_total_cap_month=0,
        points_total_cap_lifetime=0,
        points_rule_caps=(),
        points_purchase_rewards=(),
        points_pending_days=14,
        points_pending_from="payment",
        points_delivery_days=0,
        points_expiry_days=0,
        points_expiry_grace_days=30,
        points_shortfall="write_off",
        points_claim="at_once",
        points_welcome=0,
        points_birthday=0,
        points_anniversary=0,
        points_review=0,
        points_reviews_per_month=3,
        points_referral=0,
        points_referred=0,
        points_referrals_per_week=5,
        points_referrals_per_year=0,
        points_expiry="lot",
        points_inactivity_days=0,
        points_warning_days=("30", "7"),
        points_tiers=(),
        points_tier_measure="spend",
        points_tier_window="lifetime",
        points_tier_multipliers=(),
        points_tier_grace_days=0,
        points_tier_counts_pending=False,
        redemption_enabled=False,
        redemption_minimum_points=1,
        redemption_step=1,
        redemption_maximum_percent=100,
        redemption_days=30,
        redemption_kind="code",
        redemption_grace_days=30,
        calendar="automatic",
        prediction_days=90,
        due_days=7,
        alert_false_alarm_percent=Decimal(1),
        leaving_silence_days=0,
        return_horizon_days=180,
        contact_window_percent=50,
        gross_margin_percent=Decimal(100),
        later_margin=Decimal(0),
        what_if_points=Decimal(5),
        point_value=Decimal(0),
        stage_customers=100,
        stage_returners=30,
        stage_regular_weeks_percent=90,
        stage_large_base=1000,
        stage_repeat_revenue_percent=50,
        stage_growth_percent=10,
        recompute_after_seconds=1,
    )


def test_values_are_read_as_they_are_typed() -> None:
    settings = validate_settings(
        {
            "purchase_statuses": "completed، shipped ,completed",
            "minimum_customers": "۵۰",
            "points_per_amount": "۱۰٬۰۰۰٫۵",
            "recompute_after_seconds": "٣",
            "points_enabled": "off",
            "category_level": "top",
            "next_purchase_days": 30.0,
        }
    )
    assert settings.purchase_statuses == ("completed", "shipped")
    assert settings.minimum_customers == 50
    assert settings.points_per_amount == Decimal("10000.5")
    assert settings.recompute_after_seconds == 3
    assert settings.points_enabled is False
    assert settings.category_level == "top"
    assert settings.next_purchase_days == 30


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("minimum_customers", 4, "must be a number from 5 to 1000"),
        ("minimum_customers", 1001, "must be a number from 5 to 1000"),
        ("minimum_customers", "5.5", "must be a whole number, not 5.5"),
        ("minimum_customers", True, "must be a number from 5 to 1000"),
        ("minimum_customers", "1e999999999", "must be a number from 5 to 1000"),
        ("minimum_customers", "many", "must be a number from 5 to 1000"),
        ("points_per_amount", "0", "must be a number from 0.0001 to 1000000000"),
        ("points_per_amount", "NaN", "must be a number from 0.0001 to 1000000000"),
        ("points_per_amount", None, "must be a number from 0.0001 to 1000000000"),
        ("guest_identity", "fax", "must be one of: email, phone"),
        ("guest_identity", ["email"], "must be one of: email, phone"),
        ("points_enabled", "perhaps", "must be true or false"),
        ("purchase_statuses", [], "must be a list of at least one word, each of 1 to 64 letters"),
        ("purchase_statuses", 7, "must be a list of at least one word, each of 1 to 64 letters"),
        (
            "points_multipliers",
            "category:5=2, shop:5=2",
            "'shop:5=2' must be written like category:5=2 or product:70=0",
        ),
        (
            "points_purchase_rewards",
            "0=100",
            "'0=100' must be written like 2=100, which gives 100 points for the second purchase",
        ),
        ("colour", "red", "is not a setting"),
    ],
)
def test_a_bad_value_is_named_with_its_bounds(name: str, value: object, problem: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        validate_settings({name: value})
    assert caught.value.problems == {name: problem}
    assert str(caught.value) == f"{name}: {problem}"


def test_the_bounds_themselves_are_allowed_and_all_problems_are_told() -> None:
    assert validate_settings({"minimum_customers": 5}).minimum_customers == 5
    assert validate_settings({"minimum_customers": "1000"}).minimum_customers == 1000
    with pytest.raises(InvalidSettings) as caught:
        validate_settings({"minimum_customers": 0, "guest_identity": ""})
    assert list(caught.value.problems) == ["minimum_customers", "guest_identity"]


def test_periods_and_multipliers_of_tiers_must_make_sense() -> None:
    tiers = {"points_tiers": "silver|نقره‌ای=1000, gold=5000"}
    found = validate_settings({**tiers, "points_tier_multipliers": "gold=2, silver=1.5"})
    assert found.points_tier_multipliers == ("gold=2", "silver=1.5")
    with pytest.raises(InvalidSettings, match="points_tier_multipliers: 'bronze' is no tier"):
        validate_settings({**tiers, "points_tier_multipliers": "bronze=2"})
    days = validate_settings({"points_periods": "۱۴۰۵/۰۹/۰۴..۱۴۰۵/۰۹/۱۰=۲"})
    assert days.points_periods == ("۱۴۰۵/۰۹/۰۴..۱۴۰۵/۰۹/۱۰=۲",)
    with pytest.raises(InvalidSettings, match="no day of the jalali calendar"):
        validate_settings({"points_periods": "1405/13/04..1405/13/10=2"})
    with pytest.raises(InvalidSettings, match="points_periods: 'soon=2' must be written like"):
        validate_settings({"points_periods": "soon=2"})


def test_caps_of_rules_are_read_when_they_are_set() -> None:
    found = validate_settings({"points_rule_caps": "review:month=100، purchase:lifetime=۵۰۰"})
    assert found.points_rule_caps == ("review:month=100", "purchase:lifetime=۵۰۰")
    for word, problem in (
        ("review=100", "'review=100' must be written like review:month=100"),
        ("order:day=1", "'order' is no rule; the rules are purchase, birthday, anniversary"),
        ("review:week=1", "'week' is no time; the times are day, month, year, lifetime"),
        ("review:day=0", "give at least 1, or leave the word out for no limit"),
    ):
        with pytest.raises(InvalidSettings, match=problem):
            validate_settings({"points_rule_caps": word})
