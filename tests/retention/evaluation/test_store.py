"""What is judged of a whole store, and where nothing can be said."""

from retention.evaluation.store import evaluate
from retention.evaluation.tasks import Judged
from retention.prediction.evidence import NotEnoughData
from tests.retention.tables import orders, products


def test_an_interval_needs_customers_to_be_drawn() -> None:
    # Drawing one customer again and again gives the same mean each time: no interval at all.
    lines = orders(*((order, 1 + order % 9, order, [7, 8]) for order in range(200)))
    found = evaluate(lines, products((7, 1, True), (8, 1, True))).product_page
    assert isinstance(found, NotEnoughData)
    assert str(found) == (
        "not enough data (have 9 customers with later orders of several products, need 10)"
    )


def test_a_store_without_categories_is_compared_with_no_list_of_them() -> None:
    lines = orders(*((order, 1 + order % 20, order, [7, 8]) for order in range(200)))
    without = evaluate(lines, products((7, None, True), (8, None, True))).product_page
    assert isinstance(without, dict)
    assert list(without) == ["ours", "popularity"]
    ours = without["ours"]
    assert isinstance(ours, Judged)
    assert (ours.recall.value, ours.recall.n, ours.recall.customers) == (1.0, 40, 20)
