"""The app's listing, `manifest.json` at the root of the repository, as typed data.

Registration of webhooks, the check of settings and the settings page all read it. The package
carries it as `connector/manifest.json`, a link to the file at the root that a wheel turns into
a copy, so it is found in a checkout and in an installed wheel alike.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from retention.caps import read_rule_caps
from retention.multipliers import Periods
from retention.tier_setting import read_tiers


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Listed):
    """A text in English and in Persian."""

    en: str
    fa: str


class PlatformEntry(_Listed):
    """What the app asks of one platform, and the names under which it writes there.

    `undone_statuses` are those of an order that is undone and whose codes yet stay used;
    `codes_come_back` says that the codes of one that is called off can surely be used again.
    """

    scope: str
    topics: tuple[str, ...]
    purchase_statuses: tuple[str, ...]
    undone_statuses: tuple[str, ...]
    codes_come_back: bool
    customer_fields: Mapping[str, str]


class IntegerSetting(_Listed):
    """A whole number between `minimum` and `maximum`, both allowed."""

    type: Literal["integer"]
    label: Label
    default: int
    minimum: int
    maximum: int

    def read(self, value: object) -> int:
        """The value as a whole number; ValueError says what is wrong."""
        number = _number(value, Decimal(self.minimum), Decimal(self.maximum))
        if number != int(number):
            raise ValueError(f"must be a whole number, not {number:f}")
        return int(number)


class DecimalSetting(_Listed):
    """An exact number between `minimum` and `maximum`, both allowed."""

    type: Literal["decimal"]
    label: Label
    default: Decimal
    minimum: Decimal
    maximum: Decimal

    def read(self, value: object) -> Decimal:
        """The value as a decimal; ValueError says what is wrong."""
        return _number(value, self.minimum, self.maximum)


class BooleanSetting(_Listed):
    """On or off."""

    type: Literal["boolean"]
    label: Label
    default: bool

    def read(self, value: object) -> bool:
        """The value as a truth; ValueError says what is wrong."""
        words = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
        word = str(value).strip().lower()
        if word not in words:
            raise ValueError("must be true or false")
        return words[word]


class ChoiceSetting(_Listed):
    """One of some words."""

    type: Literal["choice"]
    label: Label
    default: str
    choices: Mapping[str, Label]

    def read(self, value: object) -> str:
        """The value as one of the choices; ValueError names them."""
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(f"must be one of: {', '.join(self.choices)}")
        return value


class ListSetting(_Listed):
    """Some words, none twice, and `least` of them; where there is a `pattern`, each follows it.

    The `example` is told to whoever writes another word.
    """

    type: Literal["list"]
    label: Label
    default: tuple[str, ...]
    least: int = 1
    pattern: str = ""
    example: str = ""

    def read(self, value: object) -> tuple[str, ...]:
        """The value as words, from a list or from text with commas; ValueError tells the form."""
        parts = value.replace("،", ",").split(",") if isinstance(value, str) else value
        listed = parts if isinstance(parts, (list, tuple)) else ()
        words = tuple(dict.fromkeys(word for part in listed if (word := str(part).strip())))
        if len(words) < self.least or not all(len(word) <= 64 for word in words):
            raise ValueError("must be a list of at least one word, each of 1 to 64 letters")
        for word in words if self.pattern else ():
            if not re.fullmatch(self.pattern, word):
                raise ValueError(f"{word!r} must be written like {self.example}")
        return words


Setting = Annotated[
    IntegerSetting | DecimalSetting | BooleanSetting | ChoiceSetting | ListSetting,
    Field(discriminator="type"),
]


class Manifest(_Listed):
    """The whole listing."""

    name: Label
    tagline: Label
    description: Label
    version: str
    platforms: Mapping[str, PlatformEntry]
    settings: Mapping[str, Setting]


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


@lru_cache(maxsize=1)
def load() -> Manifest:
    """The manifest, read once."""
    text = resources.files("connector").joinpath("manifest.json").read_bytes()
    return Manifest.model_validate_json(text)


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


def _number(value: object, minimum: Decimal, maximum: Decimal) -> Decimal:
    # Decimal reads the digits of every script, but not the Arabic separators.
    text = str(value).strip().replace("٬", "").replace("٫", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_nan() or not minimum <= number <= maximum:
        raise ValueError(f"must be a number from {minimum:f} to {maximum:f}")
    return number
