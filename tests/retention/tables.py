"""Small tables and orders, written as tuples that can be read by eye."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from retention.columns import CONTENTS, LINES, PRODUCTS, PURCHASES
from retention.records import Order, OrderLine, Refund, RefundLine

START = datetime(2026, 1, 1, tzinfo=UTC)

Bought = tuple[int, int | None, float, int | None, str]
"""Order, customer, days after the start, product, kept net."""


def lines(*rows: Bought) -> pl.DataFrame:
    """One row per line; positions follow the rows, the quantity is 1, or 0 of a net below 0."""
    return pl.DataFrame(
        [
            (
                order,
                customer,
                START + timedelta(days=days),
                position,
                product,
                0 if Decimal(net) < 0 else 1,
                max(Decimal(net), Decimal(0)),
            )
            for position, (order, customer, days, product, net) in enumerate(rows)
        ],
        schema=LINES,
        orient="row",
    )


def orders(*baskets: tuple[int, int | None, float, Sequence[int | None]]) -> pl.DataFrame:
    """One row per order: its number, customer, days after the start and products, 10 each."""
    return lines(
        *(
            (order, customer, days, product, "10")
            for order, customer, days, products in baskets
            for product in products
        )
    )


def products(*rows: tuple[int, int | None, bool]) -> pl.DataFrame:
    """Product, category, whether it may be recommended."""
    return pl.DataFrame(list(rows), schema=PRODUCTS, orient="row")


def purchases(*customers: Sequence[int | None]) -> pl.DataFrame:
    """One customer per argument, numbered from 1: the categories of the purchases in sequence."""
    rows = [
        (customer * 100 + sequence, customer, START, sequence, category, Decimal(10))
        for customer, categories in enumerate(customers, 1)
        for sequence, category in enumerate(categories, 1)
    ]
    return pl.DataFrame(rows, schema=PURCHASES, orient="row")


def contents(bought: pl.DataFrame) -> pl.DataFrame:
    """Say of each of the purchases that it held its own category and nothing else."""
    return (
        bought.drop_nulls("category_id")
        .select("purchase_id", "category_id", pl.lit(1.0).alias("share"))
        .match_to_schema(CONTENTS)
    )


def order(
    *nets: str,
    total: str | None = None,
    refunds: Iterable[Refund] = (),
    status: str = "completed",
    currency: str = "USD",
    identifier: str = "1",
) -> Order:
    """An order with a line of quantity 1 for each net amount; the lines are called a, b, c."""
    made = tuple(
        OrderLine(id=name, product_id=name, name=name, quantity=1, net=Decimal(net))
        for name, net in zip("abcdefgh", nets, strict=False)
    )
    return Order(
        id=identifier,
        number=identifier,
        status=status,
        currency=currency,
        placed_at=START,
        paid_at=START,
        modified_at=START,
        account_id=None,
        email="buyer@example.test",
        phone=None,
        total=sum((line.net for line in made), Decimal(0)) if total is None else Decimal(total),
        lines=made,
        refunds=tuple(refunds),
    )


def refund_of_amount(identifier: str, amount: str) -> Refund:
    """A refund that names an amount and no line."""
    return Refund(id=identifier, amount=Decimal(amount), lines=())


def refund_of_line(identifier: str, line: str, net: str, quantity: int = 1) -> Refund:
    """A refund of one line, without tax."""
    return Refund(
        id=identifier,
        amount=Decimal(net),
        allocated=Decimal(net),
        lines=(RefundLine(order_line_id=line, quantity=quantity, net=Decimal(net)),),
    )
