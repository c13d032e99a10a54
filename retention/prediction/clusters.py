"""Clusters of customers that the data themselves suggest, beside the named segments.

k-means on the logarithms of silence, number of purchases and sum spent, each in standard
deviations. The number of clusters is that with the highest mean silhouette: how much closer
customers are to their own cluster than to the next one.
Sources: S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory
28 (1982), 129-137; P. J. Rousseeuw, "Silhouettes", Journal of Computational and Applied
Mathematics 20 (1987), 53-65.
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.cluster.vq import ClusterError, kmeans2
from scipy.spatial.distance import cdist

from retention.arrays import Floats
from retention.columns import COUNT, CUSTOMER_ID
from retention.prediction.columns import CLUSTER, CLUSTERS, FREQUENCY, SILENCE_DAYS, SPENT
from retention.prediction.evidence import require_evidence

NUMBERS = range(2, 9)
SMALLEST_SAMPLE = 100
SAMPLE = 1500
STARTS = 5
SEED = 1957


@dataclass(frozen=True, slots=True)
class Clusters:
    """`customers` has `customer_id` and `cluster`; `table` has the columns `CLUSTERS`.

    `silhouettes` holds the mean silhouette (-1 to 1) of each number of clusters that was tried:
    the highest one is the reason for the number taken. Below 0.25 there are hardly any clusters
    (L. Kaufman and P. J. Rousseeuw, "Finding Groups in Data", 1990), and `verdict` says so.
    """

    customers: pl.DataFrame
    table: pl.DataFrame
    silhouettes: dict[int, float]
    verdict: str


def clusters(segments: pl.DataFrame) -> Clusters:
    """Return the clusters of the customers in `segments` (columns `SEGMENTS`).

    The same customers always give the same clusters, whatever the sequence of the rows.
    Raises NotEnoughData when there are fewer than 100 customers or all are alike.
    """
    require_evidence("customers", segments.height, SMALLEST_SAMPLE)
    known = segments.sort(CUSTOMER_ID)
    points = _standardised(known)
    random = np.random.default_rng(SEED)
    chosen = points[random.permutation(len(points))[:SAMPLE]]
    distinct = len(np.unique(chosen, axis=0))
    require_evidence("customers who differ", distinct, SMALLEST_SAMPLE // 10)
    tried = {k: _best_centres(chosen, k, random) for k in NUMBERS}
    distances = cdist(chosen, chosen)
    silhouettes = {k: _silhouette(distances, _nearest(chosen, c)) for k, c in tried.items()}
    best = max(silhouettes, key=lambda k: silhouettes[k])
    customers = known.select(CUSTOMER_ID, SILENCE_DAYS, COUNT, SPENT).with_columns(
        pl.Series(CLUSTER, _nearest(points, tried[best]), dtype=pl.Int64)
    )
    table = _described(customers)
    numbers = table.select(pl.col("was"), CLUSTER)
    return Clusters(
        customers=customers.select(CUSTOMER_ID, pl.col(CLUSTER).alias("was"))
        .join(numbers, on="was", maintain_order="left")
        .select(CUSTOMER_ID, CLUSTER),
        table=table.select(CLUSTERS.names()),
        silhouettes=silhouettes,
        verdict="clusters" if silhouettes[best] >= 0.25 else "hardly any clusters",
    )


def _standardised(segments: pl.DataFrame) -> Floats:
    columns = segments.select(
        pl.col(SILENCE_DAYS), pl.col(COUNT), pl.col(SPENT).cast(pl.Float64).clip(lower_bound=0)
    )
    points = np.log1p(columns.to_numpy().astype(np.float64))
    spread = points.std(axis=0)
    return np.asarray((points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _best_centres(points: Floats, k: int, random: np.random.Generator) -> Floats:
    """Return the centres with the least squared distance of a few starts (k-means++)."""
    best, least = np.unique(points, axis=0)[:k], np.inf
    for _ in range(STARTS):
        # A start in which a cluster loses all its customers is no candidate.
        with suppress(ClusterError):
            centres, labels = kmeans2(points, k, minit="++", missing="raise", rng=random)
            distance = float(((points - centres[labels]) ** 2).sum())
            if distance < least:
                best, least = centres, distance
    return np.asarray(best, dtype=np.float64)


def _nearest(points: Floats, centres: Floats) -> NDArray[np.int64]:
    return np.asarray(cdist(points, centres).argmin(axis=1), dtype=np.int64)


def _silhouette(distances: Floats, labels: NDArray[np.int64]) -> float:
    """Return the mean silhouette; a customer alone in a cluster counts 0."""
    found = np.unique(labels)
    if len(found) < 2:
        return -1.0
    members = (labels[:, None] == found[None, :]).astype(np.float64)
    sizes = members.sum(axis=0)
    sums = distances @ members
    own = members.astype(bool)
    inside = sums[own] / np.maximum(sizes[np.searchsorted(found, labels)] - 1, 1)
    outside = np.where(own, np.inf, sums / sizes).min(axis=1)
    widest = np.maximum(inside, outside)
    alone = (sizes[np.searchsorted(found, labels)] == 1) | (widest == 0)
    value = np.divide(outside - inside, widest, out=np.zeros(len(labels)), where=~alone)
    return float(value.mean())


def _described(customers: pl.DataFrame) -> pl.DataFrame:
    return (
        customers.group_by(pl.col(CLUSTER).alias("was"))
        .agg(
            pl.col(SPENT).cast(pl.Float64).sum().alias("sum"),
            pl.len().cast(pl.Int64).alias("size"),
            pl.col(SILENCE_DAYS).median(),
            pl.col(COUNT).median().alias(FREQUENCY),
            pl.col(SPENT).cast(pl.Float64).median(),
        )
        .rename({"size": COUNT})
        .sort("sum", "was", descending=[True, False])
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(CLUSTER))
    )
