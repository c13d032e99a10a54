from fractions import Fraction

from retention.figures.figure import Figure, NotEnough
from retention.figures.sales import old_against_new, revenue_shares, sales
from tests.retention.figures.tables import bought, period

MONTH = period(0, 30)

# Customer 1 is old and buys twice, 2 is new and buys twice, 3 is new and buys once. Orders
# before and after the month count nowhere.
FEW = bought(
    (1, -5, "1000"), (1, 0, "10"), (1, 29.9, "30.05"), (2, 1, "20"), (2, 2, "0.10"),
    (3, 3, "39.95"), (3, 30, "1000"),
)  # fmt: skip


def by_name(found: list[Figure]) -> dict[str, Figure]:
    return {one.name: one for one in found}


def test_the_four_rates_of_a_month() -> None:
    found = by_name(sales(FEW, MONTH, "EUR", minimum=1))

    assert found["customers"].value == 3
    assert found["orders"].value == 5
    assert found["revenue"].value == Fraction("100.10")
    assert found["repeat_purchase_rate"].value == Fraction(200, 3)
    assert found["purchase_frequency"].value == Fraction(5, 3)
    assert found["average_order_value"].value == Fraction("20.02")
    assert found["customer_value"].value == Fraction("100.10") / 3
    assert found["revenue"].currency == "EUR"


def test_a_month_without_orders() -> None:
    found = by_name(sales(FEW, period(40, 70), "EUR", minimum=1))

    assert (found["orders"].value, found["revenue"].value) == (0, 0)
    for name in ("repeat_purchase_rate", "average_order_value", "customer_value"):
        assert found[name].not_enough == NotEnough(0, 1)


def test_a_rate_of_few_customers_is_not_shown_but_their_money_is() -> None:
    found = by_name(sales(FEW, MONTH, "EUR"))

    assert found["repeat_purchase_rate"].not_enough == NotEnough(3, 30)
    assert found["average_order_value"].value == Fraction("20.02")


def test_the_share_of_revenue_from_repeat_customers() -> None:
    repeat, returning = revenue_shares(FEW, MONTH)

    # 1 and 2 made 60.15 of 100.10; in the first half, before both repeat, 1 is returning already.
    assert repeat.value == returning.value == Fraction("60.15") * 100 / Fraction("100.10")
    repeat, returning = revenue_shares(FEW, period(0, 1.5))
    assert (repeat.value, returning.value) == (0, Fraction(100, 3))
    assert revenue_shares(FEW, period(50, 60))[0].not_enough == NotEnough(0, 1)


def test_old_customers_against_new_ones() -> None:
    found = by_name(old_against_new(FEW, MONTH, "EUR"))

    assert found["order_value_old"].value == Fraction("40.05") / 2
    assert found["spend_per_old_customer"].value == Fraction("40.05")
    assert found["order_value_new"].value == Fraction("60.05") / 3
    assert found["spend_per_new_customer"].value == Fraction("60.05") / 2
    assert found["old_to_new_spend"].value == Fraction("40.05") / (Fraction("60.05") / 2)
    assert found["old_to_new_spend"].n == 1


def test_nothing_to_compare_with() -> None:
    found = by_name(old_against_new(FEW, period(-10, -4), "EUR"))

    assert found["spend_per_new_customer"].value == 1000
    assert found["spend_per_old_customer"].not_enough == NotEnough(0, 1)
    assert found["old_to_new_spend"].not_enough == NotEnough(0, 1)
