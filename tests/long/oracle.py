"""What everybody must have, made of a store's orders and of what a story did, and of nothing else.

Nothing here is computed by the product's code. Of the product it is told two things that no store
tells: the rule that each order's first entry has a copy of, and which codes it has called back.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import NamedTuple

from sandbox.records import Order
from tests.long.stage import DAY, Stage, counts

Balances = dict[str, tuple[int, int]]


class Spent(NamedTuple):
    """Points turned into a code, and whose they were: account:NUMBER."""

    reference: str
    home: str
    points: int


class Earned(NamedTuple):
    """By what an order earns: points for each unit of the currency, times the tier's."""

    points: int
    multiplier: Fraction


class Tiers(NamedTuple):
    """Tiers by name with the least that each asks for, ascending; of what, `spend` or `points`."""

    least: tuple[tuple[str, int], ...] = ()
    measure: str = "spend"


@dataclass
class Facts:
    """What a story did that its store does not know.

    Points are pending for `pending_days` after payment and lapse `expiry_days` after that (0:
    never), but no sooner than `grace_days` after they became known; nobody gets more than `cap` of
    them by orders (0: any number). `given` by hand and `spent`, by code, are of customers named
    account:NUMBER, or email:ADDRESS; `welcomed` has when accounts were made that got `welcome`
    points for it. `merged` are accounts that became another; `proves` says that a guest's address
    has to be `proved`.
    """

    proves: bool
    pending_days: int = 0
    expiry_days: int = 0
    grace_days: int = 0
    cap: int = 0
    welcome: int = 0
    welcomed: dict[str, int] = field(default_factory=dict)
    tiers: Tiers = field(default_factory=Tiers)
    given: Counter[str] = field(default_factory=Counter)
    spent: dict[str, Spent] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    proved: set[str] = field(default_factory=set)

    def kept(self, key: str) -> str:
        """The customer that one became by merging, or is still."""
        while key in self.merged:
            key = self.merged[key]
        return key


@dataclass
class Oracle:
    """The truth about a store at a moment, by rules copied into orders and codes called back."""

    stage: Stage
    facts: Facts
    rules: Mapping[str, Earned]
    called_back: frozenset[str]
    store_now: int
    our_now: int

    def balances(self) -> Balances:
        """Available and pending points of everybody who has any."""
        facts = self.facts
        rows: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        never_lapses = not facts.expiry_days or facts.grace_days
        for order in self.stage.store.orders.values():
            age = (self.store_now - paid_at(order)) // DAY
            if never_lapses or age < facts.pending_days + facts.expiry_days:
                rows[self.owner(order)][age < facts.pending_days] += self.earned[order.id]
        for home in facts.welcomed:
            rows[home][0] += facts.welcome
        for home, points in facts.given.items():
            rows[self.now(home)][0] += points
        for code, spent in facts.spent.items():
            rows[self.now(spent.home)][0] -= self.held(code)
        return {key: (own[0], own[1]) for key, own in rows.items() if any(own)}

    @cached_property
    def earned(self) -> dict[int, int]:
        """Each order's points, which are what earlier orders leave of its customer's cap."""
        found: dict[int, int] = {}
        used: Counter[str] = Counter()
        orders = self.stage.store.orders.values()
        for order in sorted(orders, key=lambda one: (paid_at(one), str(one.id))):
            owner, points = self.owner(order), self.by_rule(order)
            if self.facts.cap:
                points = min(points, self.facts.cap - used[owner])
            used[owner] += points
            found[order.id] = points
        return found

    def by_rule(self, order: Order) -> int:
        """An order's points without caps: what is kept of it by its own rule, rounded once."""
        rule = self.rules.get(str(order.id))
        if rule is None or not counts(order):
            return 0
        return floor(Fraction(self.stage.kept(order), 100) * rule.points * rule.multiplier)

    def held(self, code: str) -> int:
        """The points that a code still costs: the share kept of the first paid order with it.

        The points of a refunded order go back whole. Where no order is paid, those of a code that
        was called back go back, and else what was refunded before the order was called off.
        """
        carriers = self.carriers(code)
        uses = [
            (order.created, str(order.id), self.share(order))
            for order in carriers
            if counts(order) or order.status == "refunded"
        ]
        if uses:
            share = min(uses)[2]
        elif code in self.called_back:
            share = Fraction(0)
        else:
            share = max(map(self.share, carriers), default=Fraction(1))
        points = self.facts.spent[code].points
        return points - floor(points * (1 - share))

    def carriers(self, code: str) -> list[Order]:
        """The orders that have a code."""
        return [order for order in self.stage.store.orders.values() if code in codes_of(order)]

    def share(self, order: Order) -> Fraction:
        """How much of an order's goods was not refunded."""
        if order.status == "refunded":
            return Fraction(0)
        return Fraction(self.stage.kept(order), sum(line.total for line in order.lines))

    def is_idle(self, code: str) -> bool:
        """Whether no order that still stands has a code."""
        gone = {"cancelled", "trash"}
        return all(order.status in gone for order in self.carriers(code))

    def tier(self, key: str) -> str:
        """A customer's tier; what the store dates ahead of us counts when its moment has come."""
        # These points wait for nothing: they count from when they were given, by our clock.
        by_points = key in self.facts.welcomed and self.facts.tiers.measure == "points"
        amount = Fraction(self.facts.welcome if by_points else 0)
        for order in self.stage.store.orders.values():
            if self.owner(order) == key and counts(order) and paid_at(order) <= self.our_now:
                is_spend = self.facts.tiers.measure == "spend"
                kept = Fraction(self.stage.kept(order), 100)
                amount += kept if is_spend else self.earned[order.id]
        reached = [name for name, least in self.facts.tiers.least if amount >= least]
        return reached[-1] if reached else ""

    def owner(self, order: Order) -> str:
        """Whose an order is."""
        if order.customer_id:
            return f"account:{order.customer_id}"
        return self.now(f"email:{order.billing['email']}")

    def now(self, key: str) -> str:
        """Who a customer is in the end: an account that was merged, a guest with an account."""
        key = self.facts.kept(key)
        email = key.removeprefix("email:")
        number = account_of(self.stage, email)
        is_known = not self.facts.proves or email in self.facts.proved
        return f"account:{number}" if number and is_known else key


def account_of(stage: Stage, email: str) -> int:
    """The number of the account with this address, 0 for none."""
    customers = stage.store.customers.values()
    return next((one.id for one in customers if one.email == email), 0)


def codes_of(order: Order) -> set[str]:
    """The codes that an order uses."""
    return {line.code for line in order.coupon_lines}


def paid_at(order: Order) -> int:
    """When an order was paid, else placed, by the store's clock."""
    return order.paid or order.created


def earned_by(rule: str) -> Earned:
    """The rate in the text of a copied rule."""
    fields = json.loads(rule)
    return Earned(fields["points"], Fraction(fields.get("tier_multiplier", 1)))


class Entry(NamedTuple):
    """What is looked at of an entry of the ledger; `created_at` is by the database."""

    lot: str
    order_id: str | None
    customer_id: int
    points: int
    pending: int
    against: str
    reason: str
    expires_at: datetime | None
    created_at: datetime


def fold(entries: Iterable[Entry]) -> dict[int, tuple[int, int]]:
    """Fold all entries, in their sequence; what each customer has available, and pending.

    Points are spent only of lots that have them, available and not expired; what an order has
    taken back is never more than it had given; and nothing pending is less than none.
    """
    pending: Counter[str] = Counter()
    available: Counter[str] = Counter()
    issued: Counter[str | None] = Counter()
    people: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in entries:
        # What is owed for a code whose points had gone back opens a lot of its own.
        if one.reason in ("reserved", "redeemed") and one.lot in available:
            assert one.pending == 0, "pending points were spent"
            assert available[one.lot] + one.points >= 0, "more was spent than the lot had"
            assert one.expires_at is None or one.expires_at > one.created_at, "expired and spent"
        pending[one.lot] += one.pending
        available[one.lot] += one.points - one.pending
        assert pending[one.lot] >= 0, "less than nothing is pending"
        if one.against == "issued":
            issued[one.order_id or one.lot] += one.points
            assert issued[one.order_id or one.lot] >= 0, "more was taken back than given"
        people[one.customer_id][0] += one.points - one.pending
        people[one.customer_id][1] += one.pending
    return {customer: (own[0], own[1]) for customer, own in people.items()}
