"""A store's settings as typed data, checked by what the manifest says of each, and together."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from connector.manifest import load
from retention.caps import read_rule_caps
from retention.multipliers import Periods
from retention.tier_setting import read_tiers


class Settings(BaseModel):
    """A store's settings, checked and complete; the manifest says what each means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purchase_statuses: tuple[str, ...]
    purchase_joining_minutes: int
    category_level: Literal["leaf", "top"]
    category_source: Literal["taxonomy", "product_type", "collection"]
    minimum_customers: int
    guest_identity: Literal["email", "phone"]
    next_purchase_days: int
    recommendations_per_product: int
    largest_category_percent: int
    cross_sell_mode: Literal["beside", "replace", "off"]
    customer_tags: bool
    personal_list_days: int
    customer_recommendations: bool
    points_enabled: bool
    points_earned: int
    points_per_amount: Decimal
    points_minimum_order: Decimal
    points_multipliers: tuple[str, ...]
    points_periods: tuple[str, ...]
    points_excluded_customers: tuple[str, ...]
    points_rounding: Literal["down", "nearest", "up"]
    points_cap_day: int
    points_cap_month: int
    points_cap_lifetime: int
    points_total_cap_day: int
    points_total_cap_month: int
    points_total_cap_lifetime: int
    points_rule_caps: tuple[str, ...]
    points_purchase_rewards: tuple[str, ...]
    points_welcome: int
    points_birthday: int
    points_anniversary: int
    points_review: int
    points_reviews_per_month: int
    points_referral: int
    points_referred: int
    points_referrals_per_week: int
    points_referrals_per_year: int
    points_pending_days: int
    points_pending_from: Literal["payment", "delivery"]
    points_delivery_days: int
    points_expiry_days: int
    points_expiry_grace_days: int
    points_shortfall: Literal["write_off", "owe"]
    points_claim: Literal["at_once", "proved"]
    points_expiry: Literal["lot", "inactivity"]
    points_inactivity_days: int
    points_warning_days: tuple[str, ...]
    points_tiers: tuple[str, ...]
    points_tier_measure: Literal["spend", "points"]
    points_tier_window: Literal["lifetime", "rolling_year", "calendar_year", "jalali_year"]
    points_tier_multipliers: tuple[str, ...]
    points_tier_grace_days: int
    points_tier_counts_pending: bool
    redemption_enabled: bool
    redemption_minimum_points: int
    redemption_step: int
    redemption_maximum_percent: int
    redemption_days: int
    redemption_kind: Literal["code", "store_credit"]
    redemption_grace_days: int
    calendar: Literal["automatic", "gregorian", "jalali"]
    prediction_days: int
    due_days: int
    alert_false_alarm_percent: Decimal
    leaving_silence_days: int
    return_horizon_days: int
    contact_window_percent: int
    gross_margin_percent: Decimal
    later_margin: Decimal
    what_if_points: Decimal
    point_value: Decimal
    stage_customers: int
    stage_returners: int
    stage_regular_weeks_percent: int
    stage_large_base: int
    stage_repeat_revenue_percent: int
    stage_growth_percent: int
    recompute_after_seconds: int


MEANINGS: Mapping[str, Callable[[Any], object]] = {
    "points_tiers": read_tiers,
    "points_periods": Periods.parse,
    "points_rule_caps": read_rule_caps,
}
"""What reads a setting further, and raises ValueError for words that do not go together."""


class InvalidSettings(ValueError):
    """Settings that cannot be used; `problems` gives for each its name and what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


def validate_settings(values: Mapping[str, object]) -> Settings:
    """The settings that `values` give, with the manifest's defaults for the rest.

    Numbers may be typed with Persian or Arabic digits.

    Raises:
        InvalidSettings: some values cannot be used; all of them are named, with their bounds.
    """
    known = load().settings
    problems = {name: "is not a setting" for name in values if name not in known}
    read: dict[str, object] = {}
    for name, setting in known.items():
        try:
            read[name] = setting.read(values.get(name, setting.default))
            if name in MEANINGS:
                MEANINGS[name](read[name])
        except ValueError as error:
            problems[name] = str(error)
    if not problems:
        settings = Settings.model_validate(read)
        problems = _disagreements(settings)
    if problems:
        raise InvalidSettings(problems)
    return settings


def _disagreements(settings: Settings) -> dict[str, str]:
    """Settings that each can be used, but not together."""
    tiers = {tier.name for tier in read_tiers(settings.points_tiers)}
    named = (word.rpartition("=")[0].strip() for word in settings.points_tier_multipliers)
    unknown = sorted(set(named) - tiers)
    if not unknown:
        return {}
    return {"points_tier_multipliers": f"{unknown[0]!r} is no tier; points_tiers names them"}
