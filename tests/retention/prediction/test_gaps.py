import numpy as np
import polars as pl
import pytest

from retention.prediction.evidence import NotEnoughData
from retention.prediction.gaps import (
    SHARES,
    GapModel,
    bucket,
    completed,
    fit_gaps,
    group_mean,
    histories,
    location,
)
from tests.retention.prediction.tables import days

LN2, LN4, LN8 = np.log([2, 4, 8])


def test_a_history_holds_what_was_seen_up_to_each_purchase() -> None:
    table = histories(days((1, 0), (1, 2), (1, 10), (2, 5), (3, 0), (3, 4)), ["customer_id"])

    assert table["gap_days"].to_list() == [None, 2, 8, None, None, 4]
    assert table["known_gaps"].to_list() == [0, 1, 2, 0, 0, 1]
    assert table["sum_of_logarithms"].to_list() == pytest.approx([0, LN2, LN2 + LN8, 0, 0, LN4])
    assert table["latest"].to_list() == [False, False, True, True, False, True]


def test_a_completed_gap_knows_only_what_came_before_it() -> None:
    gaps = completed(histories(days((1, 0), (1, 2), (1, 10), (3, 0), (3, 4)), ["customer_id"]))

    assert gaps["gap_days"].to_list() == [2, 8, 4]
    assert gaps["known_gaps"].to_list() == [0, 1, 0]
    assert gaps["sum_of_logarithms"].to_list() == pytest.approx([0, LN2, 0])


def test_the_location_lies_between_ones_own_gaps_and_the_prior() -> None:
    # Three gaps of 8 days and five more at 2 days: (3 ln 8 + 5 ln 2) / 8 = 14 ln 2 / 8.
    drawn = location(np.array([3 * LN8, 0.0]), np.array([3, 0]), np.array([LN2, LN2]))
    assert drawn == pytest.approx([14 / 8 * LN2, LN2])


def test_a_group_is_drawn_toward_its_prior() -> None:
    table = pl.DataFrame(
        {"product": [1, 1, 2, None], "log_gap": [3.0, 5.0, 2.0, 9.0]}
    ).with_columns(prior=pl.lit(1.0))
    # Two gaps of 4 and two more of 1; one gap of 2 and two of 1.
    means = group_mean(table, "product", "prior", 2.0).sort("product")
    assert means.rows() == [(1, 2.5), (2, pytest.approx(4 / 3))]


def test_buckets_are_none_one_or_two_three_to_five_and_more() -> None:
    assert bucket(np.array([0, 1, 2, 3, 5, 6, 99])).tolist() == [0, 1, 1, 2, 2, 3, 3]


# Gaps are spread evenly on a logarithmic scale from 1 / e to e times what is expected.
EVEN = GapModel(spread=np.tile(2 * SHARES - 1, (4, 1)), gaps=100)
ONE, NONE = np.array([np.log(10.0)]), np.array([0])


def test_shares_of_an_even_spread() -> None:
    assert EVEN.days(ONE, NONE, 0.5) == pytest.approx([10])
    assert EVEN.days(ONE, NONE, 0.9) == pytest.approx([10 * np.exp(0.8)])
    assert EVEN.ended(ONE, NONE, np.array([10.0])) == pytest.approx([0.5])
    assert EVEN.ended(ONE, NONE, np.array([1.0])).tolist() == [0.0]
    assert EVEN.ended(ONE, NONE, np.array([99.0])).tolist() == [1.0]


def test_after_a_silence_only_longer_gaps_count() -> None:
    # Half of the gaps have ended after 10 days; half of the others end by the share 0.75.
    assert EVEN.days_after(ONE, NONE, np.array([10.0]), 0.5) == pytest.approx([10 * np.exp(0.5)])
    assert EVEN.days_after(ONE, NONE, np.array([0.0]), 0.5) == pytest.approx([10])
    assert np.isnan(EVEN.days_after(ONE, NONE, np.array([10 * np.exp(0.97)]), 0.5)).all()


def test_the_spread_of_a_bucket_is_its_own_when_it_is_large_enough() -> None:
    def gaps(known: int, count: int, log_gap: float) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "log_gap": [log_gap] * count,
                "prior": [0.0] * count,
                "sum_of_logarithms": [0.0] * count,
                "known_gaps": [known] * count,
            }
        )

    model = fit_gaps(pl.concat([gaps(0, 30, 1.0), gaps(1, 29, 3.0)]))
    assert model.gaps == 59
    assert set(model.spread[0]) == {1.0}
    # 29 gaps are too few: the second bucket has the spread of all 59, as the empty ones do.
    assert model.spread[1].tolist() == model.spread[3].tolist()
    assert set(model.spread[1][[0, -1]]) == {1.0, 3.0}
    with pytest.raises(NotEnoughData, match="have 29 gaps between purchases, need 30"):
        fit_gaps(gaps(0, 29, 1.0))
