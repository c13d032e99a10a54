"""The rivals that recommendations are judged beside, on tables that can be worked out by hand."""

from math import log, sqrt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bench.quality import __main__ as quality
from bench.quality import small_stores
from bench.quality.next_order import NextOrderRivals
from bench.quality.product_page import SCORES, PairRivals, sar
from retention.columns import CUSTOMER_ID, PRODUCT_ID
from tests.retention.tables import orders, products

STORE = orders((1, 1, 0, [1, 2]), (2, 2, 1, [1, 2]), (3, 3, 2, [1, 3]), (4, 3, 3, [3]))
"""Of four orders three have product 1, two 2 and two 3; 1 and 2 are in two, 1 and 3 in one."""


@pytest.mark.parametrize(
    ("name", "with_2", "with_3"),
    [
        ("count", 2, 1),
        ("confidence", 2 / 3, 1 / 3),
        ("lift", 2 * 4 / (3 * 2), 1 * 4 / (3 * 2)),
        ("cosine", 2 / sqrt(3 * 2), 1 / sqrt(3 * 2)),
        ("Jaccard", 2 / 3, 1 / 4),
        # Twice the sum of each cell times the logarithm of itself over what is expected of it;
        # 1 and 3 came together less often than the 1.5 times expected.
        ("log-likelihood ratio", 2 * (2 * log(2 / 1.5) + log(1 / 1.5) + log(1 / 0.5)), 0),
        ("asymmetric cosine", 2 / (3**0.85 * 2**0.15), 1 / (3**0.85 * 2**0.15)),
        ("asymmetric cosine, weighted", 2 / (3**0.85 * 2**0.15), 1 / (3**0.85 * 2**0.15)),
    ],
)
def test_pairs_have_the_scores_of_their_definition(name: str, with_2: float, with_3: float) -> None:
    rivals = PairRivals(STORE)
    scores = SCORES[name](rivals.pairs)
    table = rivals.pairs.table
    row = slice(table.indptr[0], table.indptr[1])
    found = dict(zip(rivals.product_ids[table.indices[row]], scores[row], strict=True))
    assert found[2] == pytest.approx(with_2)
    assert found[3] == pytest.approx(with_3)


def test_a_pair_of_a_long_order_weighs_less() -> None:
    rivals = PairRivals(orders((1, 1, 0, [1, 2]), (2, 2, 1, [1, 3, 4, 5, 6])))
    weighted = rivals.pairs.weight[rivals.pairs.table.indices != 0]
    # 1 / sqrt(size - 1): of two products 1, of five a half.
    assert set(np.round(weighted, 9)) >= {1.0, 0.5}


def test_lists_have_the_highest_scores_and_never_the_product_itself() -> None:
    lists = PairRivals(STORE).lists("count", 1)
    assert lists.rows() == [(1, 2, 1), (2, 1, 1), (3, 1, 1)]


def test_sar_compares_products_by_their_customers() -> None:
    # Of three customers all have 1, two 2 and one 3; nobody has 2 and 3. Product, other, rank.
    assert sar(STORE, 2).rows() == [(1, 2, 1), (1, 3, 2), (2, 1, 1), (3, 1, 1)]


@pytest.mark.parametrize(("decay", "best"), [(1.0, [7, 8]), (0.5, [8, 7])])
def test_personal_frequency_may_forget(decay: float, best: list[int]) -> None:
    known = orders((1, 1, 0, [7]), (2, 1, 1, [7]), (3, 1, 2, [8]), (4, 2, 3, [9]))
    rivals = NextOrderRivals(known, pl.Series([1]))
    # Of customer 1 product 7 was in two orders; forgetting, it has .25 + .5, and 8 has 1.
    lists = rivals.frequency(2, decay)
    assert lists[CUSTOMER_ID].to_list() == [1, 1]
    assert lists[PRODUCT_ID].to_list() == best


def test_stores_are_not_drawn_from_too_few_orders(capsys: pytest.CaptureFixture[str]) -> None:
    # 300 orders of 30 customers: half of them is less than a store of 200 orders.
    lines = orders(*((order, order % 30, order / 10, [7, 8]) for order in range(300)))
    small_stores.measure(lines, products((7, 1, True), (8, 1, True)))
    told = capsys.readouterr().out
    assert "small stores of 200, 1,000, 5,000 orders: known customers have 300" in told
    assert "recall@10" not in told


def test_a_file_is_judged_beside_all_rivals_or_told_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "purchases.csv"
    rows = [f"c{n % 20},{n},2026-01-{1 + n // 2:02},tea,x,1,5" for n in range(60)]
    file.write_text("\n".join(["customer,order,time,product,category,quantity,price", *rows]))
    quality.measure(file, None, None)
    told = capsys.readouterr().out
    assert "purchases.csv, 60 lines" in told
    assert "Orders from 2026-01-01 00:00 to 2026-01-30 00:00." in told
    assert "a. Product page: not enough data (have 0 later orders of several products" in told
    assert "b. Next order: not enough data (have 12 customers who bought before and after" in told


def test_small_stores_of_few_customers_have_no_interval(capsys: pytest.CaptureFixture[str]) -> None:
    lines = orders(*((order, order % 9, order / 10, [7, 8]) for order in range(450)))
    small_stores.measure(lines, products((7, 1, True), (8, 1, True)))
    told = capsys.readouterr().out
    assert (
        "a. Product page, small stores: not enough data (have 9 customers with orders in " in told
    )
    assert "b. Next order, small stores: not enough data (have 9 customers with orders in " in told
    assert "b. New products, small stores: not enough data (have 0 orders in stores of 200" in told
    assert "recall@10" not in told


def test_nobody_has_no_list() -> None:
    known = orders((1, None, 0, [7]), (2, None, 1, [8]))
    assert NextOrderRivals(known, pl.Series([], dtype=pl.Int64)).popularity(10).height == 0
