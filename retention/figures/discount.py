"""A discount on the second purchase as an investment in the repeat rate.

A share p of the first-time buyers comes back without the discount. Offered to all of them, it
is also given to those who would have come anyway, so that it pays only if it lifts the share.
With d the discount's share of the price, m the gross margin's, V the value of the second order
and F the margin on what a customer who came back buys later:

    gain without: p × (m V + F)            gain with: q × ((m - d) V + F)

They are equal at q = p × (m V + F) / ((m - d) V + F), and the lift is q - p. The formula is
elementary: both gains are set equal.
"""

from fractions import Fraction

import polars as pl

from retention.columns import SEQUENCE
from retention.figures.catalogue import figure, lacking, without_value
from retention.figures.figure import Figure, Interval
from retention.figures.history import inside
from retention.figures.period import Period
from retention.figures.sales import money

DISCOUNTS = (10, 20)


def rate_to_break_even(
    rate: Fraction,
    discount: Fraction,
    order_value: Fraction,
    margin: Fraction = Fraction(1),
    later_margin: Fraction = Fraction(0),
) -> Fraction | None:
    """Return the share that must come back for the discount to pay, or None when none is enough.

    `rate`, `discount` and `margin` are shares between 0 and 1, `order_value` and `later_margin`
    amounts of money; see the module for the formula. A share above 1 cannot be reached: None.
    Raises ValueError when an input is outside its range.
    """
    for name, value in (("rate", rate), ("discount", discount), ("margin", margin)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; give a share between 0 and 1")
    if order_value <= 0 or later_margin < 0:
        raise ValueError("order_value must be above 0 and later_margin not negative")
    kept = (margin - discount) * order_value + later_margin
    if kept <= 0:
        return None
    needed = rate * (margin * order_value + later_margin) / kept
    return needed if needed <= 1 else None


def return_on_discount(
    rate: Fraction,
    new_rate: Fraction,
    discount: Fraction,
    order_value: Fraction,
    margin: Fraction = Fraction(1),
    later_margin: Fraction = Fraction(0),
) -> Fraction:
    """Return (gain - cost) / cost if the discount lifts the share from `rate` to `new_rate`.

    The gain is the margin on the additional second orders, at full price, and on what follows;
    the cost is the discount on all second orders. It is 0 at `rate_to_break_even`.
    Raises ValueError when nothing is given away, because then nothing is invested.
    """
    cost = new_rate * discount * order_value
    if cost <= 0:
        raise ValueError("the discount costs nothing; give a discount and a new_rate above 0")
    gain = (new_rate - rate) * (margin * order_value + later_margin)
    return (gain - cost) / cost


def discounts(
    purchases: pl.DataFrame,
    returned: Figure,
    period: Period,
    currency: str,
    margin: Fraction = Fraction(1),
    later_margin: Fraction = Fraction(0),
) -> list[Figure]:
    """Return the average second order and the lift that discounts of 10 and 20 % need.

    `purchases` has the columns `PURCHASES`, `returned` is the present rate in percent, counted
    among customers observed long enough. Lifts are in percentage points; their interval is that
    of the present rate.
    """
    second = inside(purchases, period).filter(pl.col(SEQUENCE) == 2)
    value = money(second) / second.height if second.height else None
    found = [figure("second_order_value", period, second.height, value, currency=currency, need=1)]
    for discount in DISCOUNTS:
        name = f"break_even_lift_{discount}"
        if returned.not_enough is not None:
            found.append(lacking(name, period, returned))
        elif not value:
            found.append(figure(name, period, 0, None, need=1))
        else:
            terms = (Fraction(discount, 100), value, margin, later_margin)
            found.append(_lift(name, returned, period, terms))
    return found


def _lift(
    name: str,
    returned: Figure,
    period: Period,
    terms: tuple[Fraction, Fraction, Fraction, Fraction],
) -> Figure:
    rate = Fraction(returned.value or 0) / 100
    needed = rate_to_break_even(rate, *terms)
    if needed is None:
        return without_value(figure(name, period, returned.n, None), "never_breaks_even")
    factor = needed / rate - 1 if rate else Fraction(0)
    low, high = returned.interval or (0.0, 0.0)
    interval: Interval = (low * float(factor), None if high is None else high * float(factor))
    return figure(name, period, returned.n, (needed - rate) * 100, interval=interval)
