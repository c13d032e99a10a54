import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.stats import dirichlet_multinomial

from retention.columns import CATEGORY_FLOW, CUSTOMER_CATEGORIES, PURCHASES
from retention.second_purchase import category_flow, customer_categories, first_and_second
from retention.second_purchase_predictions import second_categories
from tests.retention.tables import contents, purchases

MAKEUP, SKIN, SCENT = 10, 20, 30

# Of four who began with makeup three came back for it and one for skin care; of two who began
# with skin care one each. Two bought once, one came back for something without a category.
SHOP = purchases(
    [MAKEUP, MAKEUP],
    [MAKEUP, MAKEUP, SCENT],
    [MAKEUP, MAKEUP, MAKEUP],
    [MAKEUP, SKIN],
    [SKIN, SKIN],
    [SKIN, MAKEUP],
    [MAKEUP],
    [SCENT],
    [MAKEUP, None],
    [None, SCENT],
    [None],
)


def cell(flow: pl.DataFrame, first: int, second: int) -> dict[str, object]:
    found = flow.filter(
        pl.col("first_category_id") == first, pl.col("second_category_id") == second
    )
    [answer] = found.iter_rows(named=True)
    return answer


def test_only_the_first_two_purchases_are_looked_at() -> None:
    assert list(first_and_second(SHOP).iter_rows()) == [
        (1, MAKEUP, MAKEUP, True),
        (2, MAKEUP, MAKEUP, True),
        (3, MAKEUP, MAKEUP, True),
        (4, MAKEUP, SKIN, True),
        (5, SKIN, SKIN, True),
        (6, SKIN, MAKEUP, True),
        (7, MAKEUP, None, False),
        (8, SCENT, None, False),
        (9, MAKEUP, None, True),
        (10, None, SCENT, True),
        (11, None, None, False),
    ]


def test_the_flow_counts_those_who_came_back() -> None:
    flow = category_flow(SHOP, minimum_customers=4)

    assert flow.schema == CATEGORY_FLOW
    chosen = flow.select("first_category_id", "second_category_id", "count", "base", "enough")
    assert list(chosen.iter_rows()) == [
        (MAKEUP, MAKEUP, 3, 4, True),
        (MAKEUP, SKIN, 1, 4, True),
        (SKIN, MAKEUP, 1, 2, False),
        (SKIN, SKIN, 1, 2, False),
    ]


def test_a_cell_stands_beside_its_base_rate() -> None:
    # Six came back with both categories known, fewer than 7: the strength is 7.
    # Makeup is 4 of 6 second purchases: lift 3/4 over 4/6 = 1.125. Wilson of 3 of 4: centre
    # (3 + 1.920729) / 7.841459 = 0.627527, half 1.959964 / 7.841459 * sqrt(0.75 + 0.960365)
    # = 0.326885. Probability (3 + 7 * 4/6) / (4 + 7) = 23/33.
    assert cell(category_flow(SHOP, minimum_customers=7), MAKEUP, MAKEUP) == {
        "first_category_id": MAKEUP,
        "second_category_id": MAKEUP,
        "count": 3,
        "base": 4,
        "share": 0.75,
        "base_rate": pytest.approx(2 / 3),
        "lift": pytest.approx(1.125),
        "low": pytest.approx(0.300642, abs=1e-6),
        "high": pytest.approx(0.954412, abs=1e-6),
        "enough": False,
        "strength": 7.0,
        "probability": pytest.approx(23 / 33),
    }


def test_one_category_alone_says_nothing_about_the_strength() -> None:
    flow = category_flow(purchases(*[[MAKEUP, SKIN]] * 40), minimum_customers=30)

    assert flow["strength"].to_list() == [30.0]
    assert flow["probability"].to_list() == [1.0]


def test_categories_that_do_not_differ_are_drawn_to_the_base_rate() -> None:
    same = [[first, second] for first in (MAKEUP, SKIN) for second in (MAKEUP, SKIN)]
    flow = category_flow(purchases(*same * 10, [MAKEUP, MAKEUP]))

    # Of 41 second purchases 21 are makeup; among those who began with makeup 11 of 21.
    assert flow["strength"][0] > 100_000
    assert cell(flow, MAKEUP, MAKEUP)["probability"] == pytest.approx(21 / 41, abs=1e-5)


def test_categories_that_differ_altogether_keep_their_own_shares() -> None:
    flow = category_flow(purchases(*[[MAKEUP, MAKEUP]] * 50, *[[SKIN, SKIN]] * 50))

    # The strength is the smallest allowed, 1: (50 + 0.5) / (50 + 1).
    assert flow["strength"].to_list() == pytest.approx([1, 1], rel=1e-3)
    assert flow["probability"].to_list() == pytest.approx([50.5 / 51] * 2, rel=1e-4)


def test_the_strength_is_the_likeliest_of_all() -> None:
    counts = {MAKEUP: [30, 10, 10], SKIN: [12, 14, 9], SCENT: [4, 6, 13]}
    table = purchases(
        *(
            [first, second]
            for first, row in counts.items()
            for second, count in zip(counts, row, strict=True)
            for _ in range(count)
        )
    )
    strength = category_flow(table)["strength"][0]

    rows = np.array(list(counts.values()))
    rates = rows.sum(axis=0) / rows.sum()

    def likelihood(candidate: float) -> float:
        return float(
            sum(dirichlet_multinomial.logpmf(row, candidate * rates, row.sum()) for row in rows)
        )

    grid = np.exp(np.linspace(0, np.log(1e6), 400))
    assert 1 < strength < 1e6
    assert likelihood(strength) >= max(likelihood(float(m)) for m in grid) - 1e-9


def labelled(bought: pl.DataFrame, minimum: int = 4) -> pl.DataFrame:
    predicted, _ = second_categories(bought, contents(bought), minimum)
    return customer_categories(bought, category_flow(bought, minimum), predicted)


def categories(table: pl.DataFrame, customer: int) -> list[tuple[object, ...]]:
    """Rank, category, basis, count, base, enough."""
    chosen = table.filter(pl.col("customer_id") == customer)
    return list(
        chosen.select("rank", "category_id", "basis", "count", "base", "enough").iter_rows()
    )


def test_who_came_back_has_the_observed_category_and_who_did_not_the_likeliest() -> None:
    table = labelled(SHOP)

    assert table.schema == CUSTOMER_CATEGORIES
    assert categories(table, 4) == [(1, SKIN, "observed", 1, 4, True)]
    assert categories(table, 7) == [
        (1, MAKEUP, "predicted", 3, 4, True),
        (2, SKIN, "predicted", 1, 4, True),
        (3, SCENT, "predicted", 0, 4, True),
    ]
    # The evidence of a prediction is that of the flow.
    evidence = ["count", "base", "share", "base_rate", "low", "high", "enough"]
    [first, *_] = table.filter(pl.col("customer_id") == 7).select(evidence).iter_rows(named=True)
    of_flow = cell(category_flow(SHOP, minimum_customers=4), MAKEUP, MAKEUP)
    assert first == pytest.approx({name: of_flow[name] for name in evidence})


def test_where_nobody_came_back_from_the_evidence_is_of_nobody() -> None:
    table = labelled(SHOP)

    for customer in (8, 11):
        rows = table.filter(pl.col("customer_id") == customer)
        assert rows["share"].to_list() == [None] * rows.height
        assert set(rows.select("count", "base", "low", "high").iter_rows()) == {(0, 0, 0.0, 1.0)}
        rates = dict(rows.select("category_id", "base_rate").iter_rows())
        assert rates == pytest.approx({MAKEUP: 4 / 6, SKIN: 2 / 6, SCENT: 0})


def test_an_unknown_category_is_neither_observed_nor_predicted() -> None:
    table = labelled(SHOP)

    assert categories(table, 9) == []
    assert categories(table, 10) == [(1, SCENT, "observed", 0, 0, False)]
    assert sum(table.drop("share", "probability").null_count().row(0)) == 0
    # Six came back, too few to state how likely what did not come yet is.
    stated = table.group_by("basis").agg(pl.col("probability").unique()).sort("basis")
    assert stated["probability"].to_list() == [[1.0], [None]]


def test_where_nobody_came_back_nothing_is_predicted() -> None:
    once = purchases([MAKEUP], [SKIN])
    flow = category_flow(once)

    assert_frame_equal(flow, CATEGORY_FLOW.to_frame())
    assert_frame_equal(labelled(once), CUSTOMER_CATEGORIES.to_frame())
    assert category_flow(PURCHASES.to_frame()).is_empty()


def test_senseless_input_is_refused() -> None:
    with pytest.raises(ValueError, match="minimum_customers is 0"):
        category_flow(SHOP, 0)
    with pytest.raises(ValueError, match="purchases: column 'sequence' is missing"):
        category_flow(SHOP.drop("sequence"))


chosen = st.sampled_from([1, 2, 3, 4, 5, None])


@given(st.lists(st.lists(chosen, min_size=1, max_size=3), max_size=30), st.integers(1, 10))
def test_everyone_who_bought_has_what_is_known(
    history: list[list[int | None]], minimum: int
) -> None:
    table = labelled(purchases(*history), minimum)

    came_back = any(None not in bought[:2] for bought in history if len(bought) > 1)
    for customer, bought in enumerate(history, 1):
        rows = table.filter(pl.col("customer_id") == customer)
        if len(bought) > 1:
            assert rows["category_id"].to_list() == [one for one in bought[1:2] if one is not None]
            continue
        assert rows["rank"].to_list() == list(range(1, rows.height + 1))
        assert rows["category_id"].n_unique() == rows.height
        assert bool(rows.height) == came_back
