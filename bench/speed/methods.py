"""The same question put to each library, as its own documentation would have it asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from bench.speed import definition
from bench.speed.data import Purchases
from bench.speed.definition import TOP, Found, cell_weights, ours
from retention.affinity import LONGEST_ORDER, SMALLEST_COUNT, bought_together
from retention.columns import LINES

COLUMN = {"product": "product_id", "other": "other_id", "count": "count", "score": "score"}


FREQUENT = 0.001


def ours_from_lines(data: Purchases) -> Found:
    """The product's own function, from a table of lines as it stands in the database."""
    size = len(data.order)
    lines = pl.DataFrame(
        {
            "order_id": data.order.astype(np.int64),
            "customer_id": np.zeros(size, dtype=np.int64),
            "placed_at": pl.zeros(size, pl.Int64, eager=True).cast(LINES["placed_at"]),
            "position": np.zeros(size, dtype=np.int32),
            "product_id": data.product.astype(np.int64),
            "quantity": np.ones(size, dtype=np.int32),
            "net": pl.zeros(size, pl.Int64, eager=True).cast(LINES["net"]),
        }
    )
    table = bought_together(lines, TOP)
    return Found(**{name: table[column].to_numpy() for name, column in COLUMN.items()})


def with_scipy(data: Purchases) -> Found:
    """Two sparse products, of counts and of weights, and a sort."""
    _, base_power, other_power, weight = cell_weights(data)
    held = _matrix(data, (weight > 0).astype(np.float64))
    weighted = _matrix(data, np.sqrt(weight))
    return _best(
        sparse.csr_matrix(held.T @ held),
        sparse.csr_matrix(weighted.T @ weighted),
        base_power,
        other_power,
    )


def with_mkl(data: Purchases) -> Found:
    """The same by Intel's library."""
    dot_product_mkl = import_module("sparse_dot_mkl").dot_product_mkl
    _, base_power, other_power, weight = cell_weights(data)
    held = _matrix(data, (weight > 0).astype(np.float64))
    weighted = _matrix(data, np.sqrt(weight))
    counts = dot_product_mkl(held.T.tocsr(), held)
    weights = dot_product_mkl(weighted.T.tocsr(), weighted)
    return _best(counts, weights, base_power, other_power)


def with_sparse_dot_topn(data: Purchases) -> Found:
    """One product that keeps the best of each row; it cannot count beside."""
    sp_matmul_topn = import_module("sparse_dot_topn").sp_matmul_topn
    _, base_power, other_power, weight = cell_weights(data)
    left = _matrix(data, np.sqrt(weight) / base_power[data.product]).T.tocsr()
    right = _matrix(data, np.sqrt(weight) / other_power[data.product])
    # A product's best partner may be itself, so one more is asked for.
    best = sp_matmul_topn(left, right, top_n=TOP + 1, n_threads=2, sort=True)
    return _without_itself(best)


def with_implicit(data: Purchases) -> Found:
    """Its cosine model, which knows neither weights of orders nor an uneven norm."""
    implicit = import_module("implicit.nearest_neighbours")
    model = implicit.CosineRecommender(K=TOP + 1, num_threads=2)
    model.fit(_matrix(data, np.ones(len(data.order))), show_progress=False)
    return _without_itself(sparse.csr_matrix(model.similarity))


QUERY = f"""
    WITH sizes AS (SELECT "order", count(*) AS size FROM lines GROUP BY ALL),
    weights AS (SELECT "order", 1 / sqrt(size - 1) AS weight FROM sizes
                WHERE size BETWEEN 2 AND {LONGEST_ORDER}),
    half AS (
      SELECT a.product, b.product AS other, count(*) AS count, sum(weight) AS weight
      FROM lines a JOIN weights USING ("order") JOIN lines b USING ("order")
      WHERE a.product < b.product GROUP BY ALL HAVING count(*) >= {SMALLEST_COUNT}
    ),
    pairs AS (SELECT product, other, count, weight FROM half
              UNION ALL SELECT other, product, count, weight FROM half),
    scored AS (SELECT product, other, count, weight / (a.base_power * b.other_power) AS score
               FROM pairs JOIN powers a ON a.number = product JOIN powers b ON b.number = other)
    SELECT * FROM scored QUALIFY row_number() OVER (
      PARTITION BY product ORDER BY score DESC, count DESC, other) <= {TOP}
"""  # noqa: S608


def with_duckdb(data: Purchases) -> Found:
    """One query."""
    duckdb = import_module("duckdb")
    _, base_power, other_power, _ = cell_weights(data)
    with duckdb.connect() as database:
        database.execute("SET threads = 2")
        lines = {"order": data.order, "product": data.product}
        powers = {
            "number": np.arange(data.products),
            "base_power": base_power,
            "other_power": other_power,
        }
        database.register("lines", lines)
        database.register("powers", powers)
        return Found(**database.execute(QUERY).fetchnumpy())


def with_polars(data: Purchases) -> Found:
    """A join of the lines with themselves."""
    _, base_power, other_power, weight = cell_weights(data)
    lines = pl.LazyFrame({"order": data.order, "product": data.product, "weight": weight})
    powers = pl.LazyFrame(
        {
            "number": np.arange(data.products, dtype=np.int32),
            "base_power": base_power,
            "other_power": other_power,
        }
    )
    half = (
        lines.filter(pl.col("weight") > 0)
        .join(lines.select("order", other="product"), on="order")
        .filter(pl.col("product") < pl.col("other"))
        .group_by("product", "other")
        .agg(count=pl.len(), weight=pl.col("weight").sum())
        .filter(pl.col("count") >= SMALLEST_COUNT)
    )
    whole = pl.concat(
        [half, half.select("count", "weight", product="other", other="product")], how="diagonal"
    )
    best = (
        whole.join(powers.select("number", "base_power"), left_on="product", right_on="number")
        .join(powers.select("number", "other_power"), left_on="other", right_on="number")
        .with_columns(score=pl.col("weight") / (pl.col("base_power") * pl.col("other_power")))
        .sort("product", "score", "count", "other", descending=[False, True, True, False])
        .group_by("product", maintain_order=True)
        .head(TOP)
        .collect()
    )
    return Found(**{name: best[name].to_numpy() for name in COLUMN})


def with_pandas(data: Purchases) -> Found:
    """A merge of the lines with themselves."""
    pandas = import_module("pandas")
    _, base_power, other_power, weight = cell_weights(data)
    lines = pandas.DataFrame({"order": data.order, "product": data.product, "weight": weight})
    other = lines[["order", "product"]].rename(columns={"product": "other"})
    merged = lines[lines.weight > 0].merge(other, on="order")
    grouped = merged[merged["product"] != merged["other"]].groupby(["product", "other"])
    pairs = grouped["weight"].agg(["size", "sum"]).reset_index()
    pairs = pairs[pairs["size"] >= SMALLEST_COUNT]
    powers = base_power[pairs["product"]] * other_power[pairs["other"]]
    pairs["score"] = pairs["sum"] / powers
    best = (
        pairs.sort_values(
            ["product", "score", "size", "other"], ascending=[True, False, False, True]
        )
        .groupby("product")
        .head(TOP)
    )
    columns = (best[name].to_numpy() for name in ("product", "other", "size", "score"))
    return Found(*columns)


def with_pyfim(data: Purchases) -> Found:
    """All frequent pairs by Eclat: counts only, without any lists."""
    eclat = import_module("fim").eclat
    orders = np.split(data.product, np.flatnonzero(np.diff(data.order)) + 1)
    pairs = eclat([order.tolist() for order in orders], zmin=2, zmax=2, supp=-SMALLEST_COUNT)
    return _both_ways([items for items, _ in pairs], [count for _, count in pairs])


def with_mlxtend(data: Purchases) -> Found:
    """Pairs of a thousandth of the orders by FP-growth; all took a minute and 13 GB.

    A product of fewer orders is in none of these pairs. With all products its table, which it
    writes out cell by cell, takes 13 GB too.
    """
    pandas, patterns = (import_module(name) for name in ("pandas", "mlxtend.frequent_patterns"))
    held = sparse.csr_matrix(_matrix(data, np.ones(len(data.order))), dtype=bool)
    frequent = np.flatnonzero(held.sum(axis=0) >= FREQUENT * data.orders)
    table = pandas.DataFrame.sparse.from_spmatrix(held[:, frequent])
    sets = patterns.fpgrowth(table, min_support=FREQUENT, max_len=2)
    pairs = sets[sets["itemsets"].map(len) == 2]
    count = np.rint(pairs["support"].to_numpy() * data.orders).astype(np.int64)
    return _both_ways([frequent[sorted(items)] for items in pairs["itemsets"]], count)


def _matrix(data: Purchases, values: NDArray[np.float64]) -> Any:
    starts = np.zeros(data.orders + 1, dtype=np.int32)
    np.cumsum(np.bincount(data.order, minlength=data.orders), out=starts[1:])
    return sparse.csr_matrix((values, data.product, starts), shape=(data.orders, data.products))


def _best(counts: Any, weights: Any, base_power: Any, other_power: Any) -> Found:
    """Take the best of each row of two matrices of one pattern."""
    counts.sort_indices()
    weights.sort_indices()
    product = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    chosen = (counts.data >= SMALLEST_COUNT - 0.5) & (product != counts.indices)
    product, other = product[chosen], counts.indices[chosen]
    count = np.rint(counts.data[chosen]).astype(np.int64)
    score = weights.data[chosen] / (base_power[product] * other_power[other])
    sequence = np.lexsort((other, -count, -score, product))
    starts = np.searchsorted(product[sequence], product[sequence])
    best = sequence[np.arange(len(sequence)) - starts < TOP]
    return Found(product[best], other[best], count[best], score[best])


def _without_itself(best: Any) -> Found:
    product = np.repeat(np.arange(best.shape[0]), np.diff(best.indptr))
    chosen = (product != best.indices) & (best.data > 0)
    product, other, score = product[chosen], best.indices[chosen], best.data[chosen]
    sequence = np.lexsort((-score, product))
    starts = np.searchsorted(product, product[sequence])
    kept = sequence[np.arange(len(sequence)) - starts < TOP]
    return Found(product[kept], other[kept], score=score[kept])


def _both_ways(pairs: Sequence[ArrayLike], count: ArrayLike) -> Found:
    # Of no pair at all numpy would not know that there are two products in one.
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    counts = np.concatenate([count, count]).astype(np.int64)
    return Found(np.concatenate([one, other]), np.concatenate([other, one]), counts)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to count: up to how many million lines, whether it serves 68,509 products as well, \
what must agree with it, and in which words it differs."""

    run: Callable[[Purchases], Found]
    most: int
    expected: Callable[[Purchases], Found] | None = ours
    remark: str = "the same lists"
    real_data: bool = True


METHODS = {
    "ours": Method(ours, 100, None, "the lists that are compared with"),
    "ours, from a table of lines": Method(ours_from_lines, 100),
    "implicit": Method(with_implicit, 100, definition.ours_by_cosine, "plain cosine"),
    "sparse_dot_topn": Method(
        with_sparse_dot_topn, 100, definition.ours_without_least_count, "no least count"
    ),
    "sparse_dot_mkl": Method(with_mkl, 10),
    "scipy": Method(with_scipy, 10),
    "DuckDB": Method(with_duckdb, 100),
    "Polars": Method(with_polars, 10),
    "pandas": Method(with_pandas, 1, real_data=False),
    "pyfim": Method(with_pyfim, 1, remark="counts only, no lists", real_data=False),
    "mlxtend": Method(with_mlxtend, 1, remark="frequent pairs only", real_data=False),
}
