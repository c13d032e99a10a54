"""Discount codes of the pretend shop: for customers by name, of fixed amounts.

What Shopify does with a code that is used, late or someone else's follows its documentation; no
recording shows it. The texts of the refusals are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox import clock
from sandbox.records import CouponLine, Line, Order


@dataclass
class Discount:
    """A code; `used_by` are the orders that used it, cancelled ones too."""

    id: int
    code: str
    title: str
    amount: int
    starts: int
    ends: int | None = None
    customer_ids: tuple[int, ...] = ()
    usage_limit: int | None = None
    once_per_customer: bool = False
    minimum: int = 0
    used_by: list[int] = field(default_factory=list)

    @property
    def status(self) -> str:
        """A DiscountStatus."""
        now = clock.now()
        if self.ends is not None and self.ends <= now:
            return "EXPIRED"
        return "SCHEDULED" if self.starts > now else "ACTIVE"


@dataclass
class DiscountBook:
    """All codes, by their numbers. `counts_late` keeps uses out of the count, as Shopify may."""

    by_id: dict[int, Discount] = field(default_factory=dict)
    counts_late: bool = False

    def named(self, code: str) -> Discount | None:
        """The discount of a code, in whatever case it is typed."""
        wanted = code.casefold()
        return next((one for one in self.by_id.values() if one.code.casefold() == wanted), None)

    def count(self, discount: Discount) -> int:
        """How often a code is said to have been used."""
        return 0 if self.counts_late else len(discount.used_by)

    def use(self, code: str, order: Order, orders: dict[int, Order]) -> Discount:
        """The discount of a code that this order may use; ValueError says why it may not."""
        discount = self.named(code)
        if discount is None or discount.status != "ACTIVE":
            raise ValueError(f"code {code} is not valid")
        if discount.usage_limit is not None and len(discount.used_by) >= discount.usage_limit:
            raise ValueError(f"code {code} has reached its usage limit")
        buyers = {orders[used].customer_id for used in discount.used_by if used in orders}
        if discount.once_per_customer and order.customer_id in buyers:
            raise ValueError(f"code {code} was used by this customer before")
        if order.customer_id not in discount.customer_ids:
            raise ValueError(f"code {code} is not for this customer")
        if sum(line.subtotal for line in order.lines) < discount.minimum:
            raise ValueError(f"code {code} needs a larger order")
        return discount


def taken_off(amount: int, lines: Sequence[Line]) -> list[int]:
    """An amount spread over lines by what they cost, to the last unit."""
    whole = sum(line.total for line in lines)
    rest = min(amount, whole)
    shares = []
    for line in lines:
        share = rest * line.total // whole if whole else 0
        shares.append(share)
        rest, whole = rest - share, whole - line.total
    return shares


def used_line(number: int, discount: Discount, taken: int) -> CouponLine:
    """What an order keeps of the code that it used."""
    kept = Decimal(discount.amount)
    return CouponLine(number, discount.id, discount.code, "fixed_amount", kept, taken)
