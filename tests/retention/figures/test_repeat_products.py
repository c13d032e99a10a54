from retention.figures.history import History
from retention.figures.repeat_products import repeat_orders
from tests.retention.figures.tables import at, period
from tests.retention.tables import orders, products

# Product 7: customer 1 buys it three times (twice in the same order counts once), customer 2
# once, customer 3 again after an order before the period. Product 8 is only ever bought once by
# each. Product 9 was bought before the period only.
LINES = orders(
    (1, 1, 1, [7, 7]), (2, 1, 2, [7]), (3, 1, 3, [7, 8]), (4, 2, 4, [7, 8]), (5, 3, -5, [7, 9]),
    (6, 3, 5, [7]), (7, None, 6, [7]), (8, 1, 40, [7]), (9, 1, 6, [None]),
)  # fmt: skip


def test_repeat_orders_and_the_customers_who_made_them() -> None:
    history = History.of(LINES, products((7, 1, True), (8, 1, True)), at(60))

    found = repeat_orders(history.items, period(0, 30), minimum=3)

    assert found.n == 7
    assert found.table.select(
        "product_id", "orders", "customers", "repeat_orders", "repeat_customers", "share", "enough"
    ).rows() == [(7, 5, 3, 3, 2, 2 / 3, True), (8, 2, 2, 0, 0, 0.0, False)]
