"""What a period sold, to whom, and how much of it to customers who came back."""

from fractions import Fraction

import polars as pl

from retention.columns import NET
from retention.figures.catalogue import figure, percent, share
from retention.figures.customers import NEW, ORDERS, REPEATED, RETURNING, customers_in
from retention.figures.figure import Figure, Value
from retention.figures.period import Period


def sales(
    purchases: pl.DataFrame, period: Period, currency: str, minimum: int = 30
) -> list[Figure]:
    """Return customers, orders, revenue, and the four rates of retention marketing.

    `purchases` has the columns `PURCHASES`. All over the same period: repeat purchase rate =
    customers with more than one purchase / unique customers; purchase frequency = orders /
    unique customers; average order value = revenue / orders; customer value = purchase
    frequency × average order value.
    """
    bought = customers_in(purchases, period)
    customers, orders, revenue = bought.height, int(bought[ORDERS].sum()), money(bought)
    frequency, value = _ratio(orders, customers), _ratio(revenue, orders)
    return [
        figure("customers", period, customers, customers),
        figure("orders", period, orders, orders),
        figure("revenue", period, orders, revenue, currency=currency),
        share("repeat_purchase_rate", period, int(bought[REPEATED].sum()), customers, minimum),
        figure("purchase_frequency", period, customers, frequency, need=1),
        figure("average_order_value", period, orders, value, currency=currency, need=1),
        figure(
            "customer_value",
            period,
            customers,
            None if frequency is None or value is None else frequency * value,
            currency=currency,
            need=1,
        ),
    ]


def revenue_shares(purchases: pl.DataFrame, period: Period) -> list[Figure]:
    """Return the shares of the period's revenue from repeat customers, in both readings.

    The readings are those of stickiness; all orders of such a customer in the period count.
    """
    bought = customers_in(purchases, period)
    revenue = money(bought)
    return [
        figure(
            name,
            period,
            bought.height if revenue else 0,
            percent(money(bought.filter(pl.col(reading))), revenue) if revenue else None,
            need=1,
        )
        for name, reading in (
            ("revenue_share_repeat", REPEATED),
            ("revenue_share_returning", RETURNING),
        )
    ]


def old_against_new(purchases: pl.DataFrame, period: Period, currency: str) -> list[Figure]:
    """Return what new and old customers spend per order and per customer, and the ratio.

    A new customer's very first purchase is inside the period, an old one's before it.
    """
    bought = customers_in(purchases, period)
    found: list[Figure] = []
    per_customer: dict[str, Fraction] = {}
    for kind, rows in (("new", bought.filter(NEW)), ("old", bought.filter(~pl.col(NEW)))):
        customers, orders, revenue = rows.height, int(rows[ORDERS].sum()), money(rows)
        spend = _ratio(revenue, customers)
        per_customer[kind] = spend or Fraction(0)
        found += [
            figure(
                f"order_value_{kind}",
                period,
                orders,
                _ratio(revenue, orders),
                currency=currency,
                need=1,
            ),
            figure(
                f"spend_per_{kind}_customer", period, customers, spend, currency=currency, need=1
            ),
        ]
    old, new = int((~bought[NEW]).sum()), int(bought[NEW].sum())
    comparable = min(old, new) if per_customer["new"] else 0
    ratio: Value | None = per_customer["old"] / per_customer["new"] if comparable else None
    return [*found, figure("old_to_new_spend", period, comparable, ratio, need=1)]


def money(rows: pl.DataFrame, column: str = NET) -> Fraction:
    """Return the exact sum of a money column."""
    return Fraction(rows[column].sum())


def _ratio(amount: Fraction | int, count: int) -> Fraction | None:
    return Fraction(amount) / count if count else None
