"""Judge all recommendations and their rivals: `python -m bench.quality [--sample N] [--file FILE]`.

A file is a table like that of `bazgasht evaluate`, which also judges second categories on it.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from bazgasht.purchase_file import UnreadableFile, read_purchases
from bench.quality import journey, second_category, small_stores
from bench.quality.next_order import NextOrderRivals
from bench.quality.product_page import SCORES, PairRivals, sar
from bench.tables import print_table
from retention.columns import CUSTOMER_ID, OTHER_ID, PRODUCT_ID
from retention.evaluation.bootstrap import Estimate
from retention.evaluation.simple import popular, popularity, same_category
from retention.evaluation.splits import TimeSplit, sample_by_customers, split_in_time
from retention.evaluation.store import product_lists
from retention.evaluation.tasks import (
    SIZE,
    Judged,
    coverage,
    improvement,
    judge,
    next_order_cases,
    next_orders,
    page_cases,
    require_cases,
)
from retention.personal import personal_lists
from retention.prediction.evidence import NotEnoughData

Made = Iterator[tuple[str, Callable[[], pl.DataFrame]]]
IMPLICIT = ("ItemItemRecommender", "CosineRecommender", "TFIDFRecommender", "BM25Recommender")
HEADER = ("", "recall@10", "95 %", "hit rate", "coverage", "ours better by", "95 %", "s")


def main() -> None:
    """Print every task's table."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("--file", type=Path, help="purchases, instead of The Complete Journey")
    parser.add_argument("--sample", type=int, help="so many orders, of customers drawn at random")
    parser.add_argument("--only", choices=["page", "next", "second", "small"], help="one part")
    wanted = parser.parse_args()
    if wanted.sample is not None and wanted.sample < 1:
        parser.error(f"--sample is {wanted.sample}; give the number of orders, 1 at least")
    try:
        measure(wanted.file, wanted.sample, wanted.only)
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is not there; name a CSV or Parquet file")
    except (UnreadableFile, NotEnoughData) as error:
        sys.exit(f"{wanted.file or 'The Complete Journey'}: {error}")


def measure(file: Path | None, sample: int | None, only: str | None) -> None:
    """Print the tables of a file or of The Complete Journey, of a sample of it or of one part.

    Raises UnreadableFile, NotEnoughData below 50 orders.
    """
    lines, products = read_purchases(file) if file else (journey.lines(), journey.products())
    if sample:
        lines = sample_by_customers(lines, sample)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    name = file.name if file else "The Complete Journey"
    print(f"{name}, {lines.height:,} lines; {os.cpu_count()} cores, load {load}")
    split = split_in_time(lines)
    begin, end = (f"{moment:%Y-%m-%d %H:%M}" for moment in split.period)
    print(f"Orders from {begin} to {end}.")
    print(f"Known until {split.test_from:%Y-%m-%d %H:%M}, judged by what came from then on.")
    if only in (None, "page"):
        page(split, products)
    if only in (None, "next"):
        following(split)
    if only in (None, "second") and file is None:
        second_category.measure(lines)
    if only in (None, "small"):
        small_stores.measure(lines, products)


def page(split: TimeSplit, products: pl.DataFrame) -> None:
    """Print task a: a product of an order is given, the others are to be found."""
    known, test = split.known, split.test
    carried = products.join(known.select(PRODUCT_ID).unique(), on=PRODUCT_ID, how="semi")

    def judged(lists: pl.DataFrame) -> Judged:
        return judge(page_cases(lists, test), coverage(lists[OTHER_ID], known))

    cases = page_cases(popularity(known, carried, SIZE), test)
    if _enough("a. Product page", "later orders of several products", cases):
        _print("a. Product page: the rest of an order", _page_lists(known, carried), judged)


def _page_lists(known: pl.DataFrame, products: pl.DataFrame) -> Made:
    yield "ours", lambda: product_lists(known, products, SIZE)
    yield "popularity", lambda: popularity(known, products, SIZE)
    yield "same category", lambda: same_category(known, products, SIZE)
    rivals = PairRivals(known)
    for name in SCORES:
        yield name, partial(rivals.lists, name, SIZE)
    for name in IMPLICIT:
        yield f"implicit, {name}", partial(rivals.implicit, name, SIZE)
    yield "EASE, 3,000 products", lambda: rivals.ease(SIZE)
    if known[CUSTOMER_ID].count():
        yield "SAR", lambda: sar(known, SIZE)


def following(split: TimeSplit) -> None:
    """Print task b: the first order after the cut of each known customer."""
    known = split.known
    orders = next_orders(known, split.test)
    customers = orders[CUSTOMER_ID].unique()
    rivals = NextOrderRivals(known, customers)
    for title, only_new in (("b. Next order", False), ("b. Next order, new products", True)):
        without = known if only_new else None

        def judged(lists: pl.DataFrame, without: pl.DataFrame | None = without) -> Judged:
            cases = next_order_cases(lists, orders, without=without)
            return judge(cases, coverage(lists[PRODUCT_ID], known))

        cases = next_order_cases(popular(known, customers, 1), orders, without=without)
        if _enough(title, "customers who bought before and after", cases):
            _print(title, _next_lists(rivals, known, customers, only_new=only_new), judged)


def _next_lists(
    rivals: NextOrderRivals, known: pl.DataFrame, customers: pl.Series, *, only_new: bool
) -> Made:
    yield "ours", lambda: personal_lists(known, customers, SIZE, only_new=only_new)
    yield "popularity", lambda: rivals.popularity(SIZE, only_new=only_new)
    if not only_new:
        yield "personal frequency", lambda: rivals.frequency(SIZE)
        yield "personal frequency, .95 per order", lambda: rivals.frequency(SIZE, 0.95)
    yield "TIFU-KNN", lambda: rivals.tifu_knn(SIZE, only_new=only_new)
    yield "EASE, 3,000 products", lambda: rivals.ease(SIZE, only_new=only_new)


def _enough(title: str, what: str, cases: pl.DataFrame) -> bool:
    """Say so where there is too little to judge by."""
    try:
        require_cases(what, cases)
    except NotEnoughData as error:
        print(f"\n{title}: {error}")
        return False
    return True


def _print(title: str, made: Made, judged: Callable[[pl.DataFrame], Judged]) -> None:
    rows, first = [], None
    for name, lists in made:
        began = time.monotonic()
        found = judged(lists())
        first = first or found
        better = improvement(first, found)
        rows.append(
            (
                name,
                f"{found.recall.value:.4f}",
                _ends(found.recall),
                f"{found.hit_rate.value:.3f}",
                f"{found.coverage:.0%}",
                f"{better.value:+.4f}",
                _ends(better),
                f"{time.monotonic() - began:.1f}",
            )
        )
    print_table(title, HEADER, rows)
    if first:
        print(f"   {first.recall.n:,} orders of {first.recall.customers:,} customers")


def _ends(estimate: Estimate) -> str:
    return f"{estimate.low:.4f} to {estimate.high:.4f}"


if __name__ == "__main__":
    main()
