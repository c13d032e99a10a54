"""What recommendations are judged by: a product's page and a customer's next order."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from retention.columns import CUSTOMER_ID, ORDER_ID, OTHER_ID, PLACED_AT, PRODUCT_ID, QUANTITY, RANK
from retention.evaluation.bootstrap import Estimate, mean_over_customers
from retention.prediction.evidence import require_evidence

SIZE = 10
SMALLEST_CASES = 30
SMALLEST_CUSTOMERS = 10
"""Of fewer customers an interval that draws them says too little of how sure a mean is."""

ProductLists = Callable[[pl.DataFrame, pl.DataFrame, int], pl.DataFrame]
"""From what is known (`LINES`, `PRODUCTS`) and a size to each product's list: `product_id`,
`rank` from 1 and `other_id`."""

CustomerLists = Callable[[pl.DataFrame, pl.Series, int], pl.DataFrame]
"""From what is known (`LINES`), customers and a size to each one's list: `customer_id`, `rank`
from 1 and `product_id`."""

CASES = pl.Schema(
    {ORDER_ID: pl.Int64(), CUSTOMER_ID: pl.Int64(), "recall": pl.Float64(), "hit": pl.Float64()}
)
"""One row per order judged: the share of what was to be found that the lists named, and the
share of lists that named any of it. `customer_id` is the order's own number where nobody is
known, negative, so that it stands for itself."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The cases (`CASES`), their means, and the share of the known catalogue on any list."""

    cases: pl.DataFrame
    recall: Estimate
    hit_rate: Estimate
    coverage: float

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON shows them."""
        return {
            "recall": self.recall.as_json(),
            "hit_rate": self.hit_rate.as_json(),
            "coverage": self.coverage,
        }


def require_cases(what: str, cases: pl.DataFrame) -> None:
    """Raise NotEnoughData unless there are 30 cases (`CASES`), `what` they are, of 10 customers."""
    require_evidence(what, cases.height, SMALLEST_CASES)
    customers = cases[CUSTOMER_ID].n_unique()
    require_evidence(f"customers with {what}", customers, SMALLEST_CUSTOMERS)


def judge(cases: pl.DataFrame, coverage: float) -> Judged:
    """Return the means of `cases` (`CASES`). Raises ValueError when there are none."""
    customers = cases[CUSTOMER_ID].to_numpy()
    return Judged(
        cases=cases,
        recall=mean_over_customers(cases["recall"].to_numpy(), customers),
        hit_rate=mean_over_customers(cases["hit"].to_numpy(), customers),
        coverage=coverage,
    )


def improvement(ours: Judged, rival: Judged) -> Estimate:
    """Return by how much our recall exceeds a rival's on the same cases, by pairs.

    Raises ValueError when the two were not judged by the same orders.
    """
    both = ours.cases.join(rival.cases, on=[ORDER_ID, CUSTOMER_ID], suffix="_rival")
    if both.height != ours.cases.height or both.height != rival.cases.height:
        raise ValueError("the two were judged by different orders; judge both by the same")
    difference = (both["recall"] - both["recall_rival"]).to_numpy()
    return mean_over_customers(difference, both[CUSTOMER_ID].to_numpy())


def page_cases(lists: pl.DataFrame, later: pl.DataFrame, size: int = SIZE) -> pl.DataFrame:
    """Return how well product pages foretell the rest of each order in `later` (`CASES`).

    Each distinct product of an order of two or more is given in turn; its list's first `size`
    are to name the others. The order's value is the mean over the products given. A product
    without a list names nothing.
    """
    held = _held(later).filter(pl.len().over(ORDER_ID) > 1)
    named = (
        held.join(lists.filter(pl.col(RANK) <= size), on=PRODUCT_ID)
        .join(held.select(ORDER_ID, pl.col(PRODUCT_ID).alias(OTHER_ID)), on=[ORDER_ID, OTHER_ID])
        .filter(pl.col(PRODUCT_ID) != pl.col(OTHER_ID))
        .group_by(ORDER_ID)
        .agg(pl.len().alias("named"), pl.col(PRODUCT_ID).n_unique().alias("hits"))
    )
    sizes = held.group_by(ORDER_ID, CUSTOMER_ID).agg(pl.len().alias("size"))
    return (
        sizes.join(named, on=ORDER_ID, how="left")
        .with_columns(pl.col("named", "hits").fill_null(0))
        .with_columns(
            (pl.col("named") / (pl.col("size") * (pl.col("size") - 1))).alias("recall"),
            (pl.col("hits") / pl.col("size")).alias("hit"),
        )
        .sort(ORDER_ID)
        .select(CASES.names())
        .cast(CASES)
    )


def next_orders(known: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of the first order in `later` of each customer in `known`."""
    again = later.join(known.select(CUSTOMER_ID).unique(), on=CUSTOMER_ID, how="semi")
    first = (
        again.filter(pl.col(QUANTITY) > 0)
        .group_by(CUSTOMER_ID, ORDER_ID)
        .agg(pl.col(PLACED_AT).min())
        .sort(CUSTOMER_ID, PLACED_AT, ORDER_ID)
        .unique(CUSTOMER_ID, keep="first", maintain_order=True)
    )
    return again.join(first.select(ORDER_ID), on=ORDER_ID, how="semi")


def next_order_cases(
    lists: pl.DataFrame, orders: pl.DataFrame, size: int = SIZE, without: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return how well each customer's list foretells the customer's order (`CASES`).

    With `without`, what a customer bought in those lines is neither to be found nor counted,
    and an order that has nothing else is no case.
    """
    held = _held(orders)
    if without is not None:
        bought = without.select(CUSTOMER_ID, PRODUCT_ID).unique()
        held = held.join(bought, on=[CUSTOMER_ID, PRODUCT_ID], how="anti")
    named = (
        held.join(lists.filter(pl.col(RANK) <= size), on=[CUSTOMER_ID, PRODUCT_ID])
        .group_by(ORDER_ID)
        .agg(pl.len().alias("named"))
    )
    return (
        held.group_by(ORDER_ID, CUSTOMER_ID)
        .agg(pl.len().alias("size"))
        .join(named, on=ORDER_ID, how="left")
        .with_columns(pl.col("named").fill_null(0))
        .with_columns(
            (pl.col("named") / pl.col("size")).alias("recall"),
            (pl.col("named") > 0).cast(pl.Float64).alias("hit"),
        )
        .sort(ORDER_ID)
        .select(CASES.names())
        .cast(CASES)
    )


def coverage(listed: pl.Series, known: pl.DataFrame) -> float:
    """Return the share of the products in `known` that are among `listed`."""
    catalogue = known[PRODUCT_ID].drop_nulls().unique()
    found = listed.unique().is_in(catalogue.implode()).sum()
    return float(found / max(len(catalogue), 1))


def _held(lines: pl.DataFrame) -> pl.DataFrame:
    """Return order, customer and each distinct product kept."""
    return (
        lines.filter(pl.col(QUANTITY) > 0, pl.col(PRODUCT_ID).is_not_null())
        .select(ORDER_ID, pl.col(CUSTOMER_ID).fill_null(-pl.col(ORDER_ID)), PRODUCT_ID)
        .unique()
    )
