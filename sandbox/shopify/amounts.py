"""Money in the shop's currency and in the one that the buyer saw."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from sandbox import money
from sandbox.store import Settings


@dataclass(frozen=True)
class Presentment:
    """The currency that a buyer saw: its code, its minor digits, and its units per unit of the
    shop's currency."""

    currency: str
    decimals: int
    rate: Decimal


class Money(NamedTuple):
    """An amount in smallest units of a currency."""

    amount: int
    decimals: int
    currency: str

    @property
    def decimal_text(self) -> str:
        """The amount as GraphQL writes it: "10.0", "12.5", "1000.0"."""
        text = format(Decimal(self.amount).scaleb(-self.decimals).normalize(), "f")
        return text if "." in text else f"{text}.0"

    @property
    def fixed_text(self) -> str:
        """The amount as webhooks write it: "10.00" with two minor digits."""
        return money.to_text(self.amount, self.decimals)


class Bag(NamedTuple):
    """One amount in both currencies."""

    shop: Money
    presentment: Money


def bag(settings: Settings, presentment: Presentment | None, amount: int) -> Bag:
    """An amount in the shop's smallest units, in both currencies."""
    own = Money(amount, settings.decimals, settings.currency)
    if presentment is None:
        return Bag(own, own)
    exact = Decimal(amount).scaleb(presentment.decimals - settings.decimals) * presentment.rate
    shown = int(exact.to_integral_value(ROUND_HALF_UP))
    return Bag(own, Money(shown, presentment.decimals, presentment.currency))
