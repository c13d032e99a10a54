"""What the report command shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.store_figures import StoreFigures
from retention.figures.figure import Breakdown, Figure
from retention.figures.period import Calendar
from retention.figures.report import Report
from retention.figures.text import Language
from retention.prediction.report import Predictions

PRODUCT, CATEGORY = "product_id", "category_id"


@dataclass(frozen=True, slots=True)
class Noted:
    """Changes of the period's figures that were noted at a moment, as JSON."""

    at: datetime
    changes: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A rate that was stored as the baseline, and how far the period's is from it."""

    baseline: Figure
    change: Figure


@dataclass(frozen=True, slots=True)
class Shown:
    """A store's report with all that is told beside it."""

    store_id: UUID
    store: StoreFigures
    calendar: Calendar
    language: Language
    report: Report
    predictions: Predictions | None
    changes: list[Noted]
    compared: list[Compared]
    sample: list[Figure]

    @property
    def breakdowns(self) -> tuple[Breakdown, ...]:
        """The tables of the period and of the predictions."""
        return self.report.breakdowns + (self.predictions.breakdowns if self.predictions else ())

    def name(self, column: str, number: int) -> str:
        """What a number in a column of products or categories is called, else the number."""
        if column.endswith(PRODUCT):
            return self.store.names.products.get(number, str(number))
        if column.endswith(CATEGORY):
            return self.store.names.categories.get(number, str(number))
        return str(number)

    def as_json(self) -> dict[str, Any]:
        """Return everything, in both languages, with the names of what tables have as numbers."""
        return {
            "store": {
                "id": str(self.store_id),
                "name": self.store.name,
                "time_zone": self.store.zone,
                "currency": self.store.currency,
                "calendar": self.calendar,
            },
            "computed_at": self.store.moment.isoformat(),
            "report": self.report.as_json(),
            "predictions": None if self.predictions is None else self.predictions.as_json(),
            "sample": [one.as_json() for one in self.sample],
            "baseline": [
                {"baseline": one.baseline.as_json(), "change": one.change.as_json()}
                for one in self.compared
            ],
            "changes": [
                {"noted_at": one.at.isoformat(), "changes": list(one.changes)}
                for one in self.changes
            ],
            "names": {
                "products": self._named(PRODUCT, self.store.names.products),
                "categories": self._named(CATEGORY, self.store.names.categories),
            },
        }

    def _named(self, kind: str, names: Mapping[int, str]) -> dict[str, str]:
        mentioned = {number for number in self._mentioned(kind) if number in names}
        return {str(number): names[number] for number in sorted(mentioned)}

    def _mentioned(self, kind: str) -> Iterable[int]:
        for one in self.breakdowns:
            for column in one.table.columns:
                if column.endswith(kind):
                    yield from one.table[column].drop_nulls().unique()
