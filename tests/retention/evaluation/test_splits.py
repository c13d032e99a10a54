import polars as pl
import pytest

from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT
from retention.evaluation.splits import sample_by_customers, split_in_time
from retention.prediction.evidence import NotEnoughData
from tests.retention.tables import orders


def _orders(table: pl.DataFrame) -> list[int]:
    return sorted(table[ORDER_ID].unique().to_list())


def test_the_last_orders_are_the_test_and_those_before_them_the_validation() -> None:
    lines = orders(*((order, 1, order, [7, 8]) for order in range(100)))
    split = split_in_time(lines, validation_share=0.1, test_share=0.2)
    assert _orders(split.train) == list(range(70))
    assert _orders(split.validation) == list(range(70, 80))
    assert _orders(split.test) == list(range(80, 100))
    assert _orders(split.known) == list(range(80))
    assert split.validation_from == split.validation[PLACED_AT].min()
    assert split.test_from == split.test[PLACED_AT].min()


def test_orders_of_one_moment_stay_together() -> None:
    lines = orders(*((order, order, order // 20, [7]) for order in range(100)))
    split = split_in_time(lines, validation_share=0.15, test_share=0.25)
    # The 75th order is one of the 20 of day 3, the 60th is the first of them.
    assert _orders(split.test) == list(range(60, 100))
    assert _orders(split.validation) == []
    assert _orders(split.train) == list(range(60))


def test_too_few_orders_and_senseless_shares_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 49 orders, need 50"):
        split_in_time(orders(*((order, 1, order, [7]) for order in range(49))))
    with pytest.raises(ValueError, match="validation_share is"):
        split_in_time(orders((1, 1, 0, [7])), validation_share=0.6, test_share=0.4)


def test_orders_of_one_moment_alone_cannot_be_cut() -> None:
    with pytest.raises(NotEnoughData, match="have 0 orders before those that are judged, need 1"):
        split_in_time(orders(*((order, order, 3, [7, 8]) for order in range(60))))


def test_a_sample_takes_whole_customers_and_is_the_same_for_the_same_seed() -> None:
    lines = orders(*((order, order // 4, order, [7, 8]) for order in range(40)), (99, None, 1, [7]))
    sample = sample_by_customers(lines, 10)
    assert sample[CUSTOMER_ID].n_unique() == 3
    assert sample[ORDER_ID].n_unique() == 12
    assert sample.height == 24
    assert sample.equals(sample_by_customers(lines, 10))
    assert not sample.equals(sample_by_customers(lines, 10, seed=2))
