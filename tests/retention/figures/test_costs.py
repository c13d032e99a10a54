"""What keeping customers cost: given with orders and entered, by hand-worked tables."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from retention.figures.columns import COSTS, GIVEN
from retention.figures.costs import Spent, entered, given, retention_cost
from retention.figures.figure import NotEnough
from retention.figures.history import History
from retention.figures.period import Period, days
from retention.figures.retained import Movement
from tests.retention.figures.tables import at, period
from tests.retention.tables import lines, products

MONTH = period(0, 30)
STAYED = Movement(start=3, end=4, stayed=2, new=1, won_back=1)


def gifts(*rows: tuple[int, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(order, kind, Decimal(amount)) for order, kind, amount in rows], GIVEN, orient="row"
    )


def costs(*rows: tuple[date, date, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(first, last, kind, Decimal(amount)) for first, last, kind, amount in rows],
        COSTS,
        orient="row",
    )


def bought() -> History:
    """Customer 1 buys on days -5 (order 1) and 3 (order 2), customer 2 on day 4 (order 3)."""
    table = lines((1, 1, -5, 1, "9"), (2, 1, 3, 1, "9"), (3, 2, 4, 1, "9"))
    return History.of(table, products((1, 1, True)), at(30))


def test_discounts_count_from_the_second_purchase_on_and_points_with_every_one() -> None:
    told = gifts(
        (1, "discounts", "9"), (2, "discounts", "2.50"), (3, "discounts", "7"),
        (2, "points", "0.30"), (3, "points", "0.45"), (1, "points", "5"), (99, "points", "1"),
    )  # fmt: skip

    assert given(told, bought(), MONTH) == {
        "discounts": (1, Fraction("2.5")),
        "points": (2, Fraction("0.75")),
    }


def test_a_discount_of_a_joined_order_is_one_of_its_purchase() -> None:
    table = lines((1, 1, 1, 1, "9"), (2, 1, 1.001, 1, "9"), (3, 1, 9, 1, "9"))
    joined = History.of(table, products((1, 1, True)), at(30), joining_minutes=60)

    told = gifts((2, "discounts", "4"), (3, "discounts", "6"))
    assert given(told, joined, MONTH) == {"discounts": (1, Fraction(6))}


def test_an_entry_is_spread_evenly_over_its_days() -> None:
    january = days(date(2026, 1, 1), date(2026, 1, 31), "Asia/Tehran")
    told = costs(
        (date(2026, 1, 1), date(2026, 1, 31), "messages", "31"),
        (date(2025, 12, 31), date(2026, 1, 2), "messages", "10"),
        (date(2026, 1, 31), date(2026, 2, 9), "service", "5"),
        (date(2026, 2, 1), date(2026, 2, 1), "programme", "99"),
    )

    assert entered(told, january, january.end) == {
        "messages": (2, 31 + Fraction(20, 3)),
        "service": (1, Fraction(1, 2)),
    }
    # Observed until the tenth: 10 of 31 days, and none of what comes later.
    tenth = days(date(2026, 1, 10), date(2026, 1, 10), "Asia/Tehran").start
    assert entered(told, january, tenth + timedelta(hours=9)) == {
        "messages": (2, 10 + Fraction(20, 3))
    }


def test_the_parts_of_an_entry_add_up_to_it() -> None:
    told = costs((date(2026, 1, 1), date(2026, 1, 7), "messages", "0.01"))
    one, two = (
        days(date(2026, 1, first), date(2026, 1, last), "UTC") for first, last in ((1, 3), (4, 9))
    )

    parts = [entered(told, each, two.end)["messages"][1] for each in (one, two)]
    assert sum(parts) == Fraction("0.01")


def test_the_cost_of_each_customer_who_stayed() -> None:
    spent: Spent = {"points": (2, Fraction("4.75")), "discounts": (1, Fraction("10.5"))}

    (whole, each), by_kind = retention_cost(spent, STAYED, MONTH, "EUR")

    assert (whole.value, whole.n, whole.currency) == (Fraction("15.25"), 3, "EUR")
    assert (each.value, each.n) == (Fraction("7.625"), 2)
    assert by_kind.table.rows() == [
        ("discounts", 1, Decimal("10.5")),
        ("points", 2, Decimal("4.75")),
    ]
    assert by_kind.n == 3


def test_no_costs_are_not_costs_of_nothing() -> None:
    found, _ = retention_cost({}, STAYED, MONTH, "EUR")
    unknown, _ = retention_cost({"points": (1, Fraction(1))}, None, MONTH, "EUR")

    assert [one.not_enough for one in found] == [NotEnough(0, 1), NotEnough(0, 1)]
    assert [one.not_enough for one in unknown] == [None, NotEnough(0, 1)]


@pytest.mark.parametrize(
    ("kind", "amount", "message"),
    [("rent", "1", "kind is 'rent'; give one of"), ("points", "-1", "amount is negative")],
)
def test_senseless_gifts_are_refused(kind: str, amount: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        given(gifts((1, kind, amount)), bought(), MONTH)


def test_what_is_known_from_orders_is_not_entered() -> None:
    day = Period(at(0), at(1), "UTC").first_day
    with pytest.raises(ValueError, match="give one of messages, programme, service"):
        entered(costs((day, day, "discounts", "1")), MONTH, at(30))
