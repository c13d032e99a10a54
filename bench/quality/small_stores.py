"""Whether ours is ever worse than a simple rival in a small store.

A small store is some customers drawn at random with their orders of the last 90 days, about as
many as asked for, and at most half of all, so that one is not like the next. Several are drawn, and
their cases judged together.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import polars as pl

from bench.quality.next_order import NextOrderRivals
from bench.quality.product_page import SCORES, PairRivals
from bench.tables import print_table
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID
from retention.evaluation.simple import popularity, same_category
from retention.evaluation.splits import TimeSplit, sample_by_customers, split_in_time
from retention.evaluation.store import product_lists
from retention.evaluation.tasks import (
    SIZE,
    improvement,
    judge,
    next_order_cases,
    next_orders,
    page_cases,
    require_cases,
)
from retention.personal import personal_lists
from retention.prediction.evidence import NotEnoughData

DAYS = 90
DRAWS = {200: 40, 1000: 10, 5000: 2}
HEADER = ("", "orders", "recall@10", "ours better by", "95 %", "judged by")
Cases = dict[str, pl.DataFrame]


def measure(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """Print each task for each size of store of which there are orders enough."""
    last = lines[PLACED_AT].max()
    recent = lines.filter(pl.col(PLACED_AT) > pl.lit(last) - timedelta(days=DAYS))
    held = recent.drop_nulls(CUSTOMER_ID)[ORDER_ID].n_unique()
    sizes = {orders: draws for orders, draws in DRAWS.items() if held >= 2 * orders}
    tasks: dict[str, Callable[[TimeSplit, pl.DataFrame], Cases]] = {
        "a. Product page": _page,
        "b. Next order": _next,
        "b. New products": partial(_next, only_new=True),
    }
    for title, cases in tasks.items():
        rows: list[tuple[str, ...]] = []
        try:
            for orders, draws in sizes.items():
                rows += _rows(recent, products, orders, draws, cases)
        except NotEnoughData as error:
            print(f"\n{title}, small stores: {error}")
        if rows:
            print_table(f"{title}, small stores", HEADER, rows)
    if missing := [f"{orders:,}" for orders in DRAWS if orders not in sizes]:
        print(
            f"\nNot enough data for small stores of {', '.join(missing)} orders: known customers "
            f"have {held:,} in the last {DAYS} days, and twice as many are needed."
        )


def _rows(
    recent: pl.DataFrame,
    products: pl.DataFrame,
    orders: int,
    draws: int,
    cases: Callable[[TimeSplit, pl.DataFrame], Cases],
) -> list[tuple[str, ...]]:
    found: dict[str, list[pl.DataFrame]] = {}
    for seed in range(draws):
        split = split_in_time(sample_by_customers(recent, orders, seed))
        for name, table in cases(split, products).items():
            # The same order may be drawn twice: each draw is a store of its own.
            numbered = table.with_columns(pl.col(ORDER_ID) + pl.lit(seed) * 10**12)
            found.setdefault(name, []).append(numbered)
    cases_of = {name: pl.concat(tables) for name, tables in found.items()}
    for table in cases_of.values():
        require_cases(f"orders in stores of {orders:,}", table)
    judged = {name: judge(table, 0.0) for name, table in cases_of.items()}
    rows: list[tuple[str, ...]] = []
    for name, one in judged.items():
        better = improvement(judged["ours"], one)
        ends = f"{better.low:.4f} to {better.high:.4f}"
        value, difference = f"{one.recall.value:.4f}", f"{better.value:+.4f}"
        sample = f"{one.recall.n:,} orders of {one.recall.customers:,} customers"
        rows.append((name, f"{orders:,} x {draws}", value, difference, ends, sample))
    return rows


def _page(split: TimeSplit, products: pl.DataFrame) -> Cases:
    known = split.known
    carried = products.join(known.select(PRODUCT_ID).unique(), on=PRODUCT_ID, how="semi")
    rivals = PairRivals(known)
    lists = {
        "ours": product_lists(known, carried, SIZE),
        "popularity": popularity(known, carried, SIZE),
        "same category": same_category(known, carried, SIZE),
        **{name: rivals.lists(name, SIZE) for name in SCORES},
    }
    return {name: page_cases(table, split.test) for name, table in lists.items()}


def _next(split: TimeSplit, _products: pl.DataFrame, *, only_new: bool = False) -> Cases:
    known = split.known
    orders = next_orders(known, split.test)
    customers = orders[CUSTOMER_ID].unique()
    rivals = NextOrderRivals(known, customers)
    lists = {
        "ours": personal_lists(known, customers, SIZE, only_new=only_new),
        "popularity": rivals.popularity(SIZE, only_new=only_new),
    }
    if not only_new:
        lists |= {
            "personal frequency": rivals.frequency(SIZE),
            "personal frequency, .95 per order": rivals.frequency(SIZE, 0.95),
        }
    lists["TIFU-KNN"] = rivals.tifu_knn(SIZE, only_new=only_new)
    without = known if only_new else None
    return {name: next_order_cases(table, orders, without=without) for name, table in lists.items()}
