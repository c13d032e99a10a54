"""What the web processes count, and what they ask the database for, in Prometheus' form."""

import os
from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from database import stores

ACKNOWLEDGED = Histogram(
    "bazgasht_acknowledgement_seconds",
    "Time from a delivery's arrival to its answer, by HTTP status.",
    ["status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def counted() -> CollectorRegistry:
    """What all web processes have counted, or this one where there is no other."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


ANSWERS = "Whether the database answers."


class InboxCollector(Collector):
    """Each store's inbox and the last check of its results, asked at each scrape."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """The gauges, labelled by store; while the database is away only that it is."""
        try:
            stores_health = stores.inbox_health(self._engine)
            results_health = stores.results_health(self._engine)
        except SQLAlchemyError:
            yield GaugeMetricFamily("bazgasht_database_up", ANSWERS, value=0)
            return
        yield GaugeMetricFamily("bazgasht_database_up", ANSWERS, value=1)
        waiting = _gauge("bazgasht_inbox_waiting_events", "Events that wait to be handled.")
        oldest = _gauge("bazgasht_inbox_oldest_seconds", "Age of the oldest unhandled event.")
        dead = _gauge("bazgasht_inbox_dead_events", "Events that failed for good.")
        last = _gauge(
            "bazgasht_inbox_last_delivery_timestamp_seconds", "When the last delivery came."
        )
        for health in stores_health:
            store = [str(health.store_id)]
            waiting.add_metric(store, health.waiting)
            oldest.add_metric(store, health.oldest_seconds or 0)
            dead.add_metric(store, health.dead)
            if health.last_delivery is not None:
                last.add_metric(store, health.last_delivery.timestamp())
        yield from (waiting, oldest, dead, last)
        yield from _of_results(results_health)


def _of_results(checks: Iterable[stores.ResultsHealth]) -> Iterator[Metric]:
    checked = _gauge(
        "bazgasht_results_checked_timestamp_seconds",
        "When lists were last compared with what all orders give.",
    )
    drifted = _gauge("bazgasht_results_drifted_rows", "Rows that differed in the last comparison.")
    drifts = CounterMetricFamily(
        "bazgasht_results_drifts", "Comparisons in which any row differed.", labels=["store"]
    )
    for check in checks:
        store = [str(check.store_id)]
        checked.add_metric(store, check.checked_at.timestamp())
        drifted.add_metric(store, check.drifted_rows)
        drifts.add_metric(store, check.drifts)
    yield from (checked, drifted, drifts)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["store"])
