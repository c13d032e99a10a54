"""Points given for a reward in the store: by which rule, and what became of them."""

import json
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction
from math import floor
from typing import Literal

from retention.money import minor_digits
from retention.net import kept
from retention.records import Order

State = Literal["reserved", "issued", "used", "released"]
Kind = Literal["code", "store_credit"]
Problem = Literal[
    "off",
    "no_value",
    "too_few",
    "step",
    "not_enough",
    "worthless",
    "key_used",
    "nobody",
]

# Without vowels no words come about, and without these others none is taken for another.
LETTERS = "23456789bcdfghjkmnpqrstvwxz"


class CannotRedeem(ValueError):
    """Points cannot be redeemed; `problem` says why, for whoever puts it in other words.

    `amount` is the number of points that the problem is about: the least, the step, or those
    that are there.
    """

    def __init__(self, problem: Problem, message: str, amount: int = 0) -> None:
        super().__init__(message)
        self.problem = problem
        self.amount = amount


@dataclass(frozen=True, slots=True)
class RedemptionRule:
    """What points buy: each is worth `point_value` of the store's currency.

    At least `least` points, and a multiple of `step`, are redeemed at once; they pay up to
    `maximum_percent` of an order's goods, within `days`. `grace_days` is how long points that
    come back can at least be spent.
    """

    enabled: bool
    point_value: Decimal
    currency: str
    least: int = 1
    step: int = 1
    maximum_percent: int = 100
    days: int = 30
    kind: Kind = "code"
    grace_days: int = 0

    def worth(self, points: int) -> Decimal:
        """Return what so many points buy, rounded down to what the currency is written in."""
        return _rounded(self.point_value * points, self.currency, ROUND_DOWN)

    def minimum(self, worth: Decimal) -> Decimal | None:
        """Return the least amount of goods that an order with this reward may have, if any."""
        if self.maximum_percent >= 100:
            return None
        return _rounded(worth * 100 / self.maximum_percent, self.currency, ROUND_UP)

    def expires_at(self, moment: datetime) -> datetime:
        """Return when what is redeemed at the moment lapses, in whole seconds."""
        return (moment + timedelta(days=self.days)).replace(microsecond=0)

    def most(self, available: int) -> int:
        """Return the most of the available points that can be redeemed at once, 0 for none."""
        points = max(0, available) // self.step * self.step
        is_possible = self.enabled and points >= self.least and self.worth(points) > 0
        return points if is_possible else 0

    def check(self, points: int, available: int) -> None:
        """Raise CannotRedeem when so many points cannot be redeemed."""
        if not self.enabled:
            raise CannotRedeem("off", "points cannot be redeemed here; set redemption_enabled=true")
        if not self.point_value:
            raise CannotRedeem(
                "no_value", "a point is worth nothing; set point_value to what one is worth"
            )
        if points < self.least:
            raise CannotRedeem(
                "too_few", f"points is {points}; redeem at least {self.least}", self.least
            )
        if points % self.step:
            raise CannotRedeem(
                "step", f"points is {points}; redeem a multiple of {self.step}", self.step
            )
        if points > max(0, available):
            raise CannotRedeem(
                "not_enough",
                f"points is {points}, and {max(0, available)} can be spent; redeem no more",
                max(0, available),
            )
        if not self.worth(points):
            raise CannotRedeem(
                "worthless", f"{points} points are worth less than any coin; redeem more"
            )

    def text(self) -> str:
        """Return the rule as a stable line of JSON, to be copied into entries."""
        fields = {
            "currency": self.currency,
            "days": self.days,
            "grace_days": self.grace_days,
            "kind": self.kind,
            "maximum_percent": self.maximum_percent,
            "point_value": f"{self.point_value.normalize():f}",
        }
        return json.dumps(fields, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Redemption:
    """Points that a customer gave for a reward, and what became of both.

    `state` is reserved (the points are taken, the store has yet to give the reward), issued (it
    is in the shopper's hands), used (an order that counts uses it, or the credit was spent), or
    released (the points went back; `reason` says why the reward was taken out of the store, and
    stays if an order that has it is paid after all). `worth` and `minimum`, the least amount of
    goods of an order that uses it, are in `currency`. `returned` points went back because what
    they paid was refunded; it stays open then if the order was called off thereafter. `orders`
    are all that ever carried the code; of store credit those that may have given some of it
    back after its end, about which the store is to be asked.
    """

    reference: str
    customer_id: int
    account_id: str | None
    email: str | None = field(repr=False)
    points: int
    worth: Decimal
    currency: str
    minimum: Decimal | None
    kind: Kind
    code: str = field(repr=False)
    state: State
    reason: str
    made_at: datetime
    expires_at: datetime
    tried_at: datetime | None = None
    reward_id: str | None = None
    order_id: str | None = None
    orders: tuple[str, ...] = ()
    returned: int = 0
    entries: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it may still be used."""
        return self.state in ("reserved", "issued")

    @property
    def reserved(self) -> int:
        """The points that wait for the reward's being used."""
        return self.points - self.returned if self.is_open else 0

    @property
    def redeemed(self) -> int:
        """The points that are spent."""
        return self.points - self.returned if self.state == "used" else 0


def new_code() -> str:
    """Return a code that nobody guesses (57 bits) and everybody can read and type."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
    return f"points-{'-'.join(groups)}"


def new_reference() -> str:
    """Return a name for a redemption that tells nothing of its code."""
    return secrets.token_hex(5)


def copied_grace(text: str) -> int:
    """Return the grace in days of the rule that `text()` wrote."""
    return int(json.loads(text)["grace_days"])


def used_share(order: Order, counting: Collection[str], over: Collection[str]) -> Fraction | None:
    """Return the share of what its codes paid that the order keeps, None while it is not paid.

    `counting` are the statuses in which an order counts as paid; `over` those of an order that
    is undone and yet keeps its codes used.
    """
    if order.status in over:
        return Fraction(0)
    return kept_share(order) if order.status in counting else None


def kept_share(order: Order) -> Fraction:
    """Return the share of the order's goods that was not refunded, whatever its status.

    Goods that cost nothing, because points paid for all of them, are counted by the piece.
    """
    left = kept(order)
    if order.net > 0:
        return min(Fraction(1), left.net / Fraction(order.net))
    pieces = sum(line.quantity for line in order.lines)
    left_pieces = sum(line.quantity for line in left.lines)
    return Fraction(left_pieces, pieces) if pieces > 0 else Fraction(1)


def by_orders(
    redemption: Redemption,
    orders: Iterable[Order],
    counting: Collection[str],
    over: Collection[str],
) -> Redemption:
    """Return the redemption as the orders make it, as they stand; the first one paid uses it.

    The orders must be all that ever carried the code; others do not matter. The statuses are
    those of `used_share`.
    """
    carrying = [order for order in orders if redemption.code in order.coupon_codes]
    ever = {order.id for order in carrying} | set(redemption.orders)
    redemption = replace(redemption, orders=tuple(sorted(ever)))
    uses = [
        (order.placed_at, order.id, share)
        for order in carrying
        if (share := used_share(order, counting, over)) is not None
    ]
    if uses:
        _, order_id, share = min(uses)
        returned = returned_points(redemption.points, share)
        return replace(redemption, state="used", order_id=order_id, returned=returned)
    if redemption.state == "released" or redemption.reason:
        return replace(redemption, state="released", order_id=None)
    state: State = "issued" if redemption.reward_id else "reserved"
    share = max(map(kept_share, carrying), default=Fraction(1))
    returned = returned_points(redemption.points, share)
    return replace(redemption, state=state, order_id=None, returned=returned)


def returned_points(points: int, share: Fraction) -> int:
    """Return how many of the points go back when this share of what they paid is kept.

    It is rounded down once, on the whole, so that refunds of 40 and of 60 are one of 100.
    """
    return floor(points * (1 - share))


def _rounded(amount: Decimal, currency: str, rounding: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=rounding)
