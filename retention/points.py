"""Points earned by orders and taken back by refunds, as entries of an append-only ledger.

Nothing is computed from what happened, only from how the order stands: the entries written are
the difference between what the order should have given by now and what it has. So refunds and
cancellations may come in any sequence, and twice, and end in the same balance.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor
from typing import Literal, Self

from retention.money import in_currency
from retention.net import kept
from retention.records import Order, PointEntry

PointReason = Literal["earned", "reversed", "moved"]


@dataclass(frozen=True, slots=True)
class EarningRule:
    """`points` points for each `per` of net spend in orders whose status is in `statuses`.

    With a `currency`, `per` is an amount in it, and an order in a currency that no fixed rate
    joins to it (see `retention.money`) earns nothing; with None every order's own currency
    counts. Raises ValueError for `points` or `per` that are not above 0.
    """

    points: int
    per: Decimal
    statuses: frozenset[str]
    enabled: bool = True
    currency: str | None = None

    def __post_init__(self) -> None:
        if self.points < 1:
            raise ValueError(f"points is {self.points}; give at least 1, or disable the rule")
        if not (self.per.is_finite() and self.per > 0):
            raise ValueError(f"per is {self.per}; give an amount of money above 0")

    def text(self) -> str:
        """Return the rule as a stable line of JSON, the same for equal rules."""
        per = f"{self.per:f}"
        return json.dumps(
            {
                "currency": self.currency,
                "enabled": self.enabled,
                "per": per.rstrip("0").rstrip(".") if "." in per else per,
                "points": self.points,
                "statuses": sorted(self.statuses),
            },
            separators=(",", ":"),
        )

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
            )
        except (KeyError, TypeError, InvalidOperation, json.JSONDecodeError) as error:
            raise ValueError(f"rule {text!r} is not an earning rule's text") from error


def target(order: Order, rule: EarningRule) -> int:
    """Return the points the order should have given as it stands.

    They are points / per of the exact net amount kept (without tax and shipping), rounded down
    once per order. An order whose status does not count, and a disabled rule, give 0.
    """
    if not rule.enabled or order.status not in rule.statuses:
        return 0
    net = kept(order).net
    amount = net if rule.currency is None else in_currency(net, order.currency, rule.currency)
    return floor(amount * rule.points / Fraction(rule.per)) if amount else 0


def settle(
    order: Order, customer_id: int, existing: Sequence[PointEntry], rule: EarningRule
) -> list[PointEntry]:
    """Return the entries that bring the ledger to how the order stands now.

    `existing` are the entries written so far; those of other orders are passed over.
    `customer_id` is whose order it is now: what anyone else has from it is taken back ("moved",
    or "reversed" when the order gives nothing any more). An order that already has entries
    keeps the rule copied in the first of them, whatever today's `rule` says. Nothing to
    write gives an empty list. References are `order:{order}:{customer}:{n}`, n counting that
    customer's entries of the order from 1.
    Raises ValueError when a copied rule cannot be read.
    """
    entries = [entry for entry in existing if entry.order_id == order.id]
    rule = EarningRule.parse(entries[0].rule) if entries else rule
    wanted = target(order, rule)
    written = []
    for holder in sorted({entry.customer_id for entry in entries} - {customer_id}):
        held = sum(entry.points for entry in entries if entry.customer_id == holder)
        reason: PointReason = "moved" if wanted else "reversed"
        written += _entry(order, holder, -held, reason, entries, rule)
    own = sum(entry.points for entry in entries if entry.customer_id == customer_id)
    reason = "reversed" if wanted < own else "moved" if written else "earned"
    return written + _entry(order, customer_id, wanted - own, reason, entries, rule)


def _entry(
    order: Order,
    customer_id: int,
    points: int,
    reason: PointReason,
    entries: Sequence[PointEntry],
    rule: EarningRule,
) -> list[PointEntry]:
    """Return the one entry, or none when it would change nothing."""
    if points == 0:
        return []
    number = sum(entry.customer_id == customer_id for entry in entries) + 1
    return [
        PointEntry(
            reference=f"order:{order.id}:{customer_id}:{number}",
            order_id=order.id,
            customer_id=customer_id,
            points=points,
            reason=reason,
            rule=rule.text(),
        )
    ]
