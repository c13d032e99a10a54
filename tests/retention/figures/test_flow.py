from fractions import Fraction

from retention.figures.figure import Figure
from retention.figures.flow import category_flows, predicted_categories, product_flows
from retention.figures.history import History
from tests.retention.figures.tables import at, period
from tests.retention.tables import Bought, lines, products

# Products 1 and 2 are of category 10, product 3 of category 20.
PRODUCTS = products((1, 10, True), (2, 10, True), (3, 20, True))
WHOLE = period(0, 100)

# First and second purchase of each customer; 5 bought once. Customer 4's first purchase spends
# most on product 3; in the second one 1 and 2 cost the same and 2 is listed first.
FEW: list[Bought] = [
    (11, 1, 0, 1, "10"), (12, 1, 5, 2, "10"),
    (21, 2, 0, 1, "10"), (22, 2, 5, 1, "10"),
    (31, 3, 0, 3, "10"), (32, 3, 5, 3, "10"),
    (41, 4, 0, 1, "10"), (41, 4, 0, 3, "11"), (42, 4, 5, 2, "10"), (42, 4, 5, 1, "10"),
    (51, 5, 0, 1, "10"),
]  # fmt: skip


def flows(what: str, minimum: int = 1) -> tuple[Figure, list[tuple[object, ...]]]:
    history = History.of(lines(*FEW), PRODUCTS, at(100))
    made = category_flows if what == "category" else product_flows
    same, [flow, _] = made(history, WHOLE, minimum)
    return same, flow.table.select(f"first_{what}_id", f"second_{what}_id", "count", "base").rows()


def test_categories() -> None:
    same, flow = flows("category")

    assert (same.value, same.n) == (Fraction(75), 4)
    assert flow == [(10, 10, 2, 2), (20, 10, 1, 2), (20, 20, 1, 2)]


def test_products() -> None:
    same, flow = flows("product")

    assert (same.value, same.n) == (Fraction(50), 4)
    assert flow == [(1, 1, 1, 2), (1, 2, 1, 2), (3, 2, 1, 2), (3, 3, 1, 2)]


def test_products_that_few_began_with_say_nothing() -> None:
    history = History.of(lines(*FEW, (61, 6, 0, 2, "1"), (62, 6, 1, 2, "1")), PRODUCTS, at(100))

    same, [flow, test] = product_flows(history, WHOLE, minimum=2)

    # The share is of all five who came back, flow and test of those who began with 1 or 3.
    assert same.value == Fraction(60)
    assert set(flow.table["first_product_id"]) == {1, 3}
    assert test.table.select("product_id", "count", "base").rows() == [
        (None, 2, 4),
        (1, 1, 2),
        (3, 1, 2),
    ]
    assert test.n == 4


def test_the_test_of_the_same_category_stands_beside_the_flow() -> None:
    history = History.of(lines(*FEW), PRODUCTS, at(100))

    _, [_, test] = category_flows(history, WHOLE, 1)

    assert test.table.row(0, named=True)["count"] == 3
    assert (test.keys, test.table["category_id"].to_list()) == (("category_id",), [None, 10, 20])


def test_nobody_came_back() -> None:
    history = History.of(lines(FEW[0]), PRODUCTS, at(100))

    same, [flow, _] = product_flows(history, WHOLE, 1)

    assert same.value is None
    assert flow.table.height == 0


def test_predictions_stand_beside_always_naming_the_commonest() -> None:
    # Of fifty, thirty buy from category 10 and again, twenty from category 20 and again: every
    # one is predicted right, and thirty by naming category 10. sqrt(.4 * .6 / 50) = .0692820.
    rows: list[Bought] = []
    for customer in range(50):
        product = 1 if customer % 5 < 3 else 3
        rows += [
            (2 * customer, customer, 0, product, "9"),
            (2 * customer + 1, customer, 9, product, "9"),
        ]
    history = History.of(lines(*rows), PRODUCTS, at(100))

    [right, commonest], [verdict] = predicted_categories(history, WHOLE, 30)

    assert (right.value, right.n) == (Fraction(100), 50)
    assert (commonest.value, commonest.n) == (Fraction(60), 50)
    assert verdict.name == "second_category_better"
    assert "by 40.0 percentage points, 95 % interval 26.4 to 53.6" in verdict.words.en


def test_predictions_that_are_no_better_are_said_to_be_so() -> None:
    rows: list[Bought] = []
    for customer in range(40):
        first = 1 if customer % 2 else 3
        rows += [(2 * customer, customer, 0, first, "9"), (2 * customer + 1, customer, 9, 2, "9")]
    history = History.of(lines(*rows), PRODUCTS, at(100))

    [right, commonest], [verdict] = predicted_categories(history, WHOLE, 30)

    assert right.value == commonest.value == Fraction(100)
    assert verdict.name == "second_category_no_better"
    assert predicted_categories(history, WHOLE, 41)[1] == []
