from fractions import Fraction

import polars as pl
import pytest

from retention.columns import PURCHASES
from retention.figures.figure import NotEnough
from retention.figures.stickiness import change_from_baseline, sample_of_customers, stickiness
from retention.figures.text import value_text
from tests.retention.figures.tables import at, bought, period

NINETY_DAYS = period(0, 90)

# Customer 1 came back in the period, but the first order was before it; 2 bought twice inside;
# 3 and 4 once, 4 again on the day after the period; 5 never inside.
FEW = bought(
    (1, -10, "5"), (1, 5, "5"), (2, 1, "5"), (2, 20, "5"), (3, 3, "5"), (4, 89, "5"),
    (4, 90, "5"), (5, -1, "5"), (5, 91, "5"),
)  # fmt: skip


def many(customers: int, repeating: int) -> pl.DataFrame:
    """So many customers on the first day, of whom some buy again thirty days later."""
    first = pl.select(customer_id=pl.int_range(1, customers + 1)).with_columns(
        pl.lit(1, pl.Int32).alias("sequence"), pl.lit(at(0)).alias("placed_at")
    )
    second = first.head(repeating).with_columns(
        pl.lit(2, pl.Int32).alias("sequence"), pl.lit(at(30)).alias("placed_at")
    )
    table = (
        pl.concat([first, second])
        .with_row_index("purchase_id")
        .with_columns(pl.lit(1).alias("category_id"), pl.lit(10).alias("net"))
    )
    return table.select(pl.col(name).cast(dtype) for name, dtype in PURCHASES.items())


def test_the_two_readings_differ_by_what_came_before() -> None:
    repeat, returning = stickiness(FEW, NINETY_DAYS, minimum=1)

    assert (repeat.name, repeat.value, repeat.n) == ("stickiness_repeat", Fraction(25), 4)
    assert (returning.name, returning.value) == ("stickiness_returning", Fraction(50))
    # Wilson of 1 in 4, worked with z^2 = 3.841459.
    assert repeat.interval == pytest.approx((4.5587, 69.9358), abs=1e-4)


def test_a_store_of_ten_thousand_customers() -> None:
    repeat, returning = stickiness(many(10_000, 3_000), NINETY_DAYS)

    assert repeat.value == returning.value == Fraction(30)
    assert value_text(repeat, "en") == "30.0 % (29.1–30.9 %)"


def test_a_few_customers_are_not_enough() -> None:
    for found in stickiness(FEW, NINETY_DAYS):
        assert found.not_enough == NotEnough(4, 30)


def test_a_random_sample_of_a_hundred() -> None:
    store = many(10_000, 3_000)
    samples = (sample_of_customers(store, NINETY_DAYS, 100, seed) for seed in range(200))
    found = [stickiness(sample, NINETY_DAYS)[0] for sample in samples]

    assert {one.n for one in found} == {100}
    # The sample that is like the store says 30 %, and no more exactly than this.
    alike = next(one for one in found if one.value == 30)
    assert value_text(alike, "en") == "30.0 % (21.9–39.6 %)"
    # Of 200 intervals at 95 % about 190 hold the truth; below 180 or all would be past 3 sigma.
    holding = sum(
        low <= 30 <= (high or 0) for low, high in (one.interval or (0, 0) for one in found)
    )
    assert 180 <= holding <= 199


def test_a_sample_does_not_depend_on_the_order_of_rows_and_keeps_whole_customers() -> None:
    drawn = sample_of_customers(FEW, NINETY_DAYS, 2, seed=1)

    assert drawn["customer_id"].n_unique() == 2
    again = sample_of_customers(FEW.reverse(), NINETY_DAYS, 2, seed=1)
    assert again.sort("purchase_id").equals(drawn.sort("purchase_id"))
    everybody = sample_of_customers(FEW, NINETY_DAYS, 4, seed=1)
    assert everybody.equals(FEW.filter(pl.col("customer_id") < 5))
    others = {tuple(sample_of_customers(FEW, NINETY_DAYS, 2, s)["customer_id"]) for s in range(9)}
    assert len(others) > 1


@pytest.mark.parametrize("size", [0, 5])
def test_an_impossible_sample_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="draw 1 to 4 customers"):
        sample_of_customers(FEW, NINETY_DAYS, size, seed=1)


def test_a_later_period_is_compared_with_the_baseline() -> None:
    # 56 of 70 against 48 of 80 is Newcombe's own example: 0.2000, 0.0524 to 0.3339.
    [baseline, _] = stickiness(many(80, 48), NINETY_DAYS)
    [current, _] = stickiness(many(70, 56), NINETY_DAYS)

    found = change_from_baseline(baseline, current)

    assert (found.value, found.n, found.unit) == (Fraction(20), 70, "points")
    assert found.interval == pytest.approx((5.24, 33.39), abs=0.005)
    assert value_text(found, "en") == "20.0 points (5.2–33.4 points)"


def test_a_comparison_needs_both_rates() -> None:
    baseline, other = stickiness(FEW, NINETY_DAYS)
    current, _ = stickiness(many(80, 48), NINETY_DAYS)

    assert change_from_baseline(baseline, current).not_enough == NotEnough(4, 30)
    with pytest.raises(ValueError, match="cannot be compared"):
        change_from_baseline(other, current)
