from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from retention.figures import looks
from retention.figures.columns import COUPONS, REVIEWS, SOURCES
from retention.figures.history import History
from retention.figures.period import Period
from tests.retention.figures.tables import at, bought, period
from tests.retention.tables import lines, products

PRODUCTS = products((1, 10, True), (2, 10, True), (3, 20, True))
MONTH = period(0, 30)

# 1: first (two products), second, third; 2: first only; 3: first before the month, second in it.
HISTORY = History.of(
    lines(
        (11, 1, 0, 1, "10"), (11, 1, 0, 3, "2"), (12, 1, 5, 1, "4"), (13, 1, 9, 3, "1"),
        (21, 2, 1, 2, "20"), (31, 3, -3, 1, "99"), (32, 3, 2, 3, "6"), (14, 1, 40, 1, "1"),
    ),
    PRODUCTS,
    at(50),
)  # fmt: skip


def test_what_kinds() -> None:
    found = looks.kinds(HISTORY.items, MONTH, minimum=2)

    assert found.n == 5
    assert found.table.select("part", "category_id", "count", "base", "units", "enough").rows() == [
        ("first", 10, 2, 2, 2, True),
        ("first", 20, 1, 2, 1, True),
        ("later", 20, 1, 1, 1, False),
        ("second", 10, 1, 2, 1, True),
        ("second", 20, 1, 2, 1, True),
    ]
    assert found.table["net"].to_list()[:2] == [Decimal(30), Decimal(2)]


def test_how_many() -> None:
    found = looks.how_many(HISTORY.items, MONTH, minimum=1)

    assert found.table.select("part", "units", "count", "base", "share").rows() == [
        ("first", 1, 1, 2, 0.5),
        ("first", 2, 1, 2, 0.5),
        ("later", 1, 1, 1, 1.0),
        ("second", 1, 2, 2, 1.0),
    ]


def test_large_purchases_are_counted_together() -> None:
    many = lines(*((1, 1, 0, product, "1") for product in range(12)))

    found = looks.how_many(History.of(many, PRODUCTS, at(1)).items, MONTH)

    assert found.table["units"].to_list() == [10]


def test_how_much() -> None:
    found = looks.how_much(
        bought(*((customer, 0, str(customer)) for customer in range(1, 6)), (1, 1, "0.07")), MONTH
    )

    assert found.table.rows() == [
        ("first", 5, Decimal(3), Decimal(2), Decimal(3), Decimal(4)),
        ("second", 1, Decimal("0.07"), Decimal("0.07"), Decimal("0.07"), Decimal("0.07")),
    ]


@pytest.mark.parametrize("zone", ["Asia/Tehran", "+03:30"])
def test_when(zone: str) -> None:
    # 20 March 2026 is a Friday; at 20:30 UTC it is Saturday and Nowruz in Tehran.
    placed = [datetime(2026, 3, 20, 20, minute, tzinfo=UTC) for minute in (29, 30)]
    table = bought((1, 0, "1"), (2, 0, "1")).with_columns(
        pl.Series("placed_at", placed, dtype=pl.Datetime("us", "UTC"))
    )

    found = looks.when(table, Period(placed[0], at(100), zone), "jalali", minimum=1).table

    assert found.select("part", "unit", "value", "count", "base").rows() == [
        ("first", "hour", 0, 1, 2),
        ("first", "hour", 23, 1, 2),
        ("first", "month", 1, 1, 2),
        ("first", "month", 12, 1, 2),
        ("first", "weekday", 5, 1, 2),
        ("first", "weekday", 6, 1, 2),
    ]


def test_nothing_was_bought() -> None:
    nothing = period(60, 70)

    assert looks.when(HISTORY.purchases, nothing, "gregorian").table.height == 0
    assert looks.how_much(HISTORY.purchases, nothing).table.height == 0
    assert looks.kinds(HISTORY.items, nothing).n == 0


def test_which_promotions() -> None:
    coupons = pl.DataFrame(
        [(11, "WELCOME"), (11, "WELCOME"), (12, "AGAIN"), (32, "AGAIN"), (31, "OLD"), (99, "X")],
        schema=COUPONS,
        orient="row",
    )

    found = looks.promotions(HISTORY, coupons, MONTH, minimum=1)

    # 1 came with WELCOME and came back; 2 came without a code and did not.
    assert found.table.select(
        "code", "base", "count", "second_purchases", "later_purchases", "share"
    ).rows() == [
        (None, 1, 0, 0, 1, 0.0),
        ("WELCOME", 1, 1, 0, 0, 1.0),
        ("AGAIN", 0, 0, 2, 0, None),
    ]


def test_which_sources() -> None:
    known = pl.DataFrame(
        [(11, "google", "cpc", None), (21, "google", "cpc", None), (32, "mail", None, "june")],
        schema=SOURCES,
        orient="row",
    )

    found = looks.sources(HISTORY, known, MONTH, minimum=1)

    assert found.table.select("source", "medium", "campaign", "base", "count").rows() == [
        ("google", "cpc", None, 2, 1),
        (None, None, None, 0, 0),
        ("mail", None, "june", 0, 0),
    ]


def test_reviews_and_what_followed() -> None:
    given = pl.DataFrame(
        [
            (1, 1, at(1), 5),
            (1, 1, at(41), 5),
            (1, 2, at(1), 5),
            (1, None, at(3), 1),
            (1, 3, at(4), 1),
        ],
        schema=REVIEWS,
        orient="row",
    )

    found = looks.reviews(HISTORY, given, MONTH, minimum=1)

    assert found.n == 4
    assert found.table.select("rating", "reviews", "base", "count").rows() == [
        (1, 2, 1, 0),
        (5, 2, 2, 1),
    ]
