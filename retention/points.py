"""What an order earns: points by a rule, on what the customer kept of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any, Literal, Self

from retention.caps import NO_CAPS, Caps
from retention.money import in_currency
from retention.multipliers import ONE
from retention.net import kept, paid_in_money, weighted
from retention.records import Order

Rounding = Literal["down", "nearest", "up"]

ROUNDED: Mapping[Rounding, Callable[[Fraction], int]] = {
    "down": floor,
    "nearest": lambda points: floor(points + Fraction(1, 2)),
    "up": ceil,
}
"""Whole points of an exact amount of them; a half is rounded up where the nearest is asked for."""

_DAYS = ("pending_days", "expiry_days", "grace_days", "delivery_days")


@dataclass(frozen=True, slots=True)
class EarningRule:
    """`points` points for each `per` of net spend in orders whose status is in `statuses`.

    With a `currency`, `per` is an amount in it, and an order in a currency that no fixed rate
    joins to it (see `retention.money`) earns nothing; with None every order's own currency
    counts. An order of less than `minimum` net, before refunds, earns nothing. `lines` are the
    lines of one order with their multipliers (0: nothing), empty where no line's differs by its
    product; `period` and `tier_multiplier` multiply the whole order, and `tier` names the
    customer's tier. Exact points are rounded once per order, and are no more than `caps` leave, and
    `total_caps`, which count the points of all rules.
    Points are pending for `pending_days` after payment, or `from_delivery`; an order of which no
    delivery is told counts as delivered `delivery_days` after payment (0: it is waited for).
    They expire `expiry_days` after that (0: never), but not before `grace_days` after they were
    written down. `backfill` names what gave points to orders older than the programme.
    Raises ValueError for `points` or `per` that are not above 0, and for other numbers below 0.
    """

    points: int
    per: Decimal
    statuses: frozenset[str]
    enabled: bool = True
    currency: str | None = None
    pending_days: int = 0
    expiry_days: int = 0
    grace_days: int = 0
    minimum: Decimal = Decimal(0)
    lines: tuple[tuple[str, Fraction], ...] = ()
    period: Fraction = ONE
    tier: str = ""
    tier_multiplier: Fraction = ONE
    rounding: Rounding = "down"
    from_delivery: bool = False
    delivery_days: int = 0
    caps: Caps = NO_CAPS
    total_caps: Caps = NO_CAPS
    backfill: str = ""

    def __post_init__(self) -> None:
        if self.points < 1:
            raise ValueError(f"points is {self.points}; give at least 1, or disable the rule")
        if not (self.per.is_finite() and self.per > 0):
            raise ValueError(f"per is {self.per}; give an amount of money above 0")
        for name in _DAYS:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; give 0 or more")
        if not (self.minimum.is_finite() and self.minimum >= 0):
            raise ValueError(f"minimum is {self.minimum}; give an amount of money, 0 for none")
        named = [(f"line {line}", number) for line, number in self.lines]
        for name, multiplier in (
            *named,
            ("the period", self.period),
            ("the tier", self.tier_multiplier),
        ):
            if multiplier < 0:
                raise ValueError(f"the multiplier of {name} is {multiplier}; give 0 or more")
        if self.rounding not in ROUNDED:
            raise ValueError(f"rounding is {self.rounding!r}; give down, nearest or up")

    @property
    def rate(self) -> Fraction:
        """The points for each unit of the currency, before the lines' multipliers."""
        plain = _plain_rate(self.points, self.per)
        if self.period == ONE == self.tier_multiplier:
            return plain
        return plain * self.period * self.tier_multiplier

    def matures_at(self, order: Order) -> datetime | None:
        """Return when the order's points become available; None for at once, or while they wait."""
        if not self.from_delivery:
            return self.maturity(order.bought_at)
        delivered = self._delivered_at(order)
        return delivered and delivered + timedelta(days=self.pending_days)

    def waits(self, order: Order) -> bool:
        """Return whether the order's points are pending and it is not known until when."""
        return self.from_delivery and self._delivered_at(order) is None

    def expires_at(self, order: Order, moment: datetime) -> datetime | None:
        """Return when the order's points, written down at `moment`, expire.

        None is never, or not known because the points wait.
        """
        if not self.from_delivery:
            return self.expiry(order.bought_at, moment)
        delivered = self._delivered_at(order)
        return delivered and self.expiry(delivered, moment)

    def maturity(self, paid: datetime) -> datetime | None:
        """Return when points for what was paid then become available, None for at once."""
        return paid + timedelta(days=self.pending_days) if self.pending_days else None

    def expiry(self, paid: datetime, moment: datetime) -> datetime | None:
        """Return when such points, written down at `moment`, expire; None for never."""
        if not self.expiry_days:
            return None
        planned = paid + timedelta(days=self.pending_days + self.expiry_days)
        return max(planned, moment + timedelta(days=self.grace_days))

    def _delivered_at(self, order: Order) -> datetime | None:
        if order.delivered_at is not None or not self.delivery_days:
            return order.delivered_at
        return order.bought_at + timedelta(days=self.delivery_days)

    def text(self) -> str:
        """Return the rule as a stable line of JSON, the same for equal rules."""
        fields: dict[str, Any] = {
            "currency": self.currency,
            "enabled": self.enabled,
            "per": _plain(self.per),
            "points": self.points,
            "statuses": sorted(self.statuses),
        }
        fields |= {name: days for name in _DAYS if (days := getattr(self, name))}
        if self.minimum:
            fields["minimum"] = _plain(self.minimum)
        if self.lines:
            fields["lines"] = {line: str(multiplier) for line, multiplier in self.lines}
        if self.period != ONE:
            fields["period"] = str(self.period)
        if self.tier:
            fields |= {"tier": self.tier, "tier_multiplier": str(self.tier_multiplier)}
        if self.rounding != "down":
            fields["rounding"] = self.rounding
        if self.from_delivery:
            fields["from_delivery"] = True
        fields |= self.copied_caps()
        if self.backfill:
            fields["backfill"] = self.backfill
        return json.dumps(fields, separators=(",", ":"), sort_keys=True)

    @property
    def is_capped(self) -> bool:
        """Whether caps limit what the rule gives."""
        return bool(self.caps or self.total_caps)

    def copied_caps(self) -> dict[str, dict[str, Any]]:
        """Return the caps as entries copy them, nothing where there are none."""
        pairs = {"caps": self.caps, "total_caps": self.total_caps}
        return {name: caps.fields() for name, caps in pairs.items() if caps}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rule that `text()` wrote; raise ValueError for any other text."""
        try:
            fields = json.loads(text)
            return cls(
                points=int(fields["points"]),
                per=Decimal(fields["per"]),
                statuses=frozenset(fields["statuses"]),
                enabled=bool(fields["enabled"]),
                currency=fields["currency"],
                **{name: int(fields.get(name, 0)) for name in _DAYS},
                minimum=Decimal(fields.get("minimum", 0)),
                lines=tuple(
                    (line, Fraction(text)) for line, text in sorted(fields.get("lines", {}).items())
                ),
                period=Fraction(fields.get("period", 1)),
                tier=fields.get("tier", ""),
                tier_multiplier=Fraction(fields.get("tier_multiplier", 1)),
                rounding=fields.get("rounding", "down"),
                from_delivery=bool(fields.get("from_delivery", False)),
                caps=Caps(**fields.get("caps", {})),
                total_caps=Caps(**fields.get("total_caps", {})),
                backfill=fields.get("backfill", ""),
            )
        except (AttributeError, *_UNREADABLE) as error:
            raise ValueError(f"rule {text!r} is not an earning rule's text") from error


_UNREADABLE = (KeyError, TypeError, InvalidOperation, ZeroDivisionError, json.JSONDecodeError)


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1024)
def _plain_rate(points: int, per: Decimal) -> Fraction:
    return points / Fraction(per)


@lru_cache(maxsize=1024)
def copied_rule(text: str) -> EarningRule:
    """Return the rule copied into an entry; raise ValueError when it cannot be read."""
    return EarningRule.parse(text)


def is_capped(text: str) -> bool:
    """Return whether the rule copied into an entry has caps, of its own or of all rules."""
    return 'caps":' in text


@lru_cache(maxsize=1024)
def text_of(rule: EarningRule) -> str:
    """Return the rule's text, which many orders copy."""
    return rule.text()


def target(order: Order, rule: EarningRule) -> int:
    """Return the points the order should have given as it stands.

    They are points / per of the exact net amount kept (without tax and shipping) and of that the
    part that no credit paid, each line times its multiplier, times the period's and the tier's,
    rounded once per order; caps are not looked at. An order whose status does not count, one
    below the minimum, and a disabled rule, give 0.
    """
    if not rule.enabled or order.status not in rule.statuses:
        return 0
    if rule.minimum:
        placed = _in_currency_of(rule, Fraction(order.net), order.currency)
        if placed is None or placed < rule.minimum:
            return 0
    amount = _in_currency_of(rule, _earning(order, rule), order.currency)
    return ROUNDED[rule.rounding](amount * rule.rate) if amount else 0


def _earning(order: Order, rule: EarningRule) -> Fraction:
    """The amount kept that earns, without what credit paid of it."""
    if rule.lines:
        amount = weighted(order, dict(rule.lines))
    else:
        amount = kept(order).net if order.refunds else Fraction(max(order.net, Decimal(0)))
    return amount * paid_in_money(order) if order.paid_by_credit else amount


def _in_currency_of(rule: EarningRule, amount: Fraction, currency: str) -> Fraction | None:
    return amount if rule.currency is None else in_currency(amount, currency, rule.currency)
