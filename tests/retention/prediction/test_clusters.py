import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.spatial.distance import cdist

from retention.prediction.clusters import _silhouette, clusters
from retention.prediction.columns import CLUSTERS
from retention.prediction.evidence import NotEnoughData
from retention.prediction.segments import segments
from tests.retention.prediction.tables import day, days, store


def two_kinds(count: int = 60) -> pl.DataFrame:
    """As many customers who bought once long ago as ones who buy often, dear and lately."""
    random = np.random.default_rng(4)
    once = [(c, int(random.integers(0, 90)), str(random.integers(5, 9))) for c in range(count)]
    often = [
        (1000 + customer, int(end) - step * 7, str(random.integers(80, 120)))
        for customer, end in enumerate(random.integers(170, 195, count))
        for step in range(8)
    ]
    return segments(days(*once, *often), day(200))


def test_two_kinds_of_customers_are_two_clusters() -> None:
    found = clusters(two_kinds())

    assert found.table.schema == CLUSTERS
    assert found.table["count"].to_list() == [60, 60]
    # The first cluster is that which spent the most.
    assert found.table["frequency"].to_list() == [8.0, 1.0]
    assert found.table["spent"][0] > 600 > found.table["spent"][1]
    assert max(found.silhouettes, key=lambda k: found.silhouettes[k]) == 2
    assert found.silhouettes[2] > 0.8
    assert found.verdict == "clusters"
    assert found.customers.filter(pl.col("customer_id") >= 1000)["cluster"].unique().to_list() == [
        1
    ]
    assert list(found.silhouettes) == [2, 3, 4, 5, 6, 7, 8]


def test_the_silhouette_of_four_points() -> None:
    # On a line at 0, 1 | 5, 7. The first: inside 1, outside (5 + 7) / 2 = 6: 5 / 6. The others:
    # 1 and 5: 4 / 5; 2 and 4.5: 2.5 / 4.5; 2 and 6.5: 4.5 / 6.5.
    points = np.array([[0.0], [1.0], [5.0], [7.0]])
    found = _silhouette(cdist(points, points), np.array([0, 0, 1, 1]))
    assert found == pytest.approx((5 / 6 + 4 / 5 + 2.5 / 4.5 + 4.5 / 6.5) / 4)
    # A point alone in its cluster counts 0; one cluster has no silhouette.
    alone = _silhouette(cdist(points, points), np.array([0, 0, 0, 2]))
    parts = (1 - 3 / 7, 1 - 2.5 / 6, -(1 - 2 / 4.5), 0)
    assert alone == pytest.approx(sum(parts) / 4)
    assert _silhouette(cdist(points, points), np.zeros(4, dtype=np.int64)) == -1


def test_the_same_customers_give_the_same_clusters() -> None:
    table = segments(store(300), day(300))
    found, again = clusters(table), clusters(table[::-1])

    assert found.silhouettes == again.silhouettes
    assert_frame_equal(found.customers, again.customers)
    assert_frame_equal(found.table, again.table)
    assert found.table["count"].sum() == table.height


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 98 customers, need 100"):
        clusters(two_kinds(49))
    alike = segments(days(*[(customer, 5) for customer in range(1, 121)]), day(200))
    with pytest.raises(NotEnoughData, match="have 1 customers who differ, need 10"):
        clusters(alike)
