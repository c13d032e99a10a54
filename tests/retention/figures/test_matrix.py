from decimal import Decimal

import pytest

from retention.figures.history import History
from retention.figures.matrix import product_matrix
from tests.retention.figures.tables import at, period
from tests.retention.tables import Bought, lines, products

PRODUCTS = products((1, 10, True), (2, 20, True), (3, 30, True), (4, 40, True))
YEAR = period(0, 365)


def store(*rows: Bought) -> History:
    return History.of(lines(*rows), PRODUCTS, at(365))


def tea_and_sofas() -> History:
    """Tea every 10 days, oil every 20, sofas after 100, vases after 200, by two customers each."""
    rows: list[Bought] = []
    order = 0
    for product, gap, net in ((1, 10, "5"), (2, 20, "90"), (3, 100, "900"), (4, 200, "4")):
        for customer in (product * 10, product * 10 + 1):
            for time in (0, 1):
                order += 1
                rows.append((order, customer, time * gap, product, net))
    return store(*rows)


def test_four_quadrants() -> None:
    found = product_matrix(tea_and_sofas().items, YEAR, minimum=2).table

    # The median interval of the four is 60, the lower of the middle order values 5.
    assert found.select(
        "category_id", "orders", "average_order_value", "repurchases", "median_interval", "quadrant"
    ).rows() == [
        (10, 4, Decimal(5), 2, 10.0, "frequent, high value"),
        (20, 4, Decimal(90), 2, 20.0, "frequent, high value"),
        (30, 4, Decimal(900), 2, 100.0, "rare, high value"),
        (40, 4, Decimal(4), 2, 200.0, "rare, low value"),
    ]


def test_the_lines_can_be_set() -> None:
    found = product_matrix(tea_and_sofas().items, YEAR, 2, 15, Decimal(50)).table

    assert found["quadrant"].to_list() == [
        "frequent, low value",
        "rare, high value",
        "rare, high value",
        "rare, low value",
    ]


def test_few_repurchases_have_no_quadrant() -> None:
    found = product_matrix(tea_and_sofas().items, YEAR).table

    assert found["quadrant"].to_list() == [None] * 4
    assert found["enough"].to_list() == [False] * 4


def test_an_order_counts_once_with_all_it_spends_on_the_category() -> None:
    history = store((1, 1, 0, 1, "5"), (1, 1, 0, 1, "7"), (1, 1, 0, 2, "100"), (2, 1, 30, 2, "50"))

    found = product_matrix(history.items, YEAR, minimum=1).table

    assert found.select("category_id", "orders", "average_order_value", "repurchases").rows() == [
        (20, 2, Decimal(75), 1),
        (10, 1, Decimal(12), 0),
    ]


def test_the_interval_of_a_median_is_that_of_its_ranks() -> None:
    # Gaps of 1, 2, …, 9 days: the second and the eighth hold the median with 96.1 %.
    history = store(*((1 + 2 * gap + last, gap, last * gap, 1, "1")
                      for gap in range(1, 10) for last in (0, 1)))  # fmt: skip

    [found] = product_matrix(history.items, YEAR, minimum=1).table.iter_rows(named=True)

    assert (found["median_interval"], found["low"], found["high"]) == (5.0, 2.0, 8.0)


@pytest.mark.parametrize(("gaps", "ends"), [(5, (None, None)), (6, (1.0, 6.0))])
def test_five_gaps_are_too_few_for_an_interval(
    gaps: int, ends: tuple[float | None, float | None]
) -> None:
    history = store(*((1 + 2 * gap + last, gap, last * gap, 1, "1")
                      for gap in range(1, gaps + 1) for last in (0, 1)))  # fmt: skip

    [found] = product_matrix(history.items, YEAR, minimum=1).table.iter_rows(named=True)

    assert (found["low"], found["high"]) == ends
