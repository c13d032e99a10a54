"""What commands about figures show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.store_figures import StoreFigures
from retention.figures.figure import Breakdown, Figure
from retention.figures.period import Calendar
from retention.figures.report import Report
from retention.figures.text import Language
from retention.prediction.report import Predictions

PRODUCT, CATEGORY, CUSTOMER = "product_id", "category_id", "customer_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """To whom a store's figures are told: in which language and calendar, and with which names.

    `customers` has the identity, such as "account:7", of customers that are told one by one.
    """

    store_id: UUID
    store: StoreFigures
    calendar: Calendar
    language: Language
    customers: Mapping[int, str] = field(default_factory=dict)

    def name(self, column: str, number: int) -> str:
        """What a number of a product, category or customer stands for, else the number."""
        known = {
            PRODUCT: self.store.names.products,
            CATEGORY: self.store.names.categories,
            CUSTOMER: self.customers,
        }
        for kind, names in known.items():
            if column.endswith(kind):
                return names.get(number, str(number))
        return str(number)

    def store_as_json(self) -> dict[str, str]:
        """Return what the store is and how its days and money are counted."""
        return {
            "id": str(self.store_id),
            "name": self.store.name,
            "time_zone": self.store.zone,
            "currency": self.store.currency,
            "calendar": self.calendar,
        }

    def names_in(self, *tables: Breakdown) -> dict[str, dict[str, str]]:
        """Return the names of the products, categories and customers that tables have as numbers.

        Customers are named only where they are told one by one.
        """
        known = {"products": (PRODUCT, self.store.names.products)}
        known["categories"] = (CATEGORY, self.store.names.categories)
        if self.customers:
            known["customers"] = (CUSTOMER, dict(self.customers))
        return {
            key: {str(number): names[number] for number in mentioned(kind, tables) & names.keys()}
            for key, (kind, names) in known.items()
        }


def mentioned(kind: str, tables: Iterable[Breakdown]) -> set[int]:
    """The numbers in all columns of that kind."""
    return {
        number
        for one in tables
        for column in one.table.columns
        if column.endswith(kind)
        for number in one.table[column].drop_nulls().unique()
    }


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Told):
    """A store's report with all that is told beside it."""

    report: Report
    predictions: Predictions | None
    changes: list[Noted]
    compared: list[Compared]
    sample: list[Figure]

    @property
    def breakdowns(self) -> tuple[Breakdown, ...]:
        """The tables of the period and of the predictions."""
        return self.report.breakdowns + (self.predictions.breakdowns if self.predictions else ())

    def as_json(self) -> dict[str, Any]:
        """Return everything, in both languages, with the names of what tables have as numbers."""
        return {
            "store": self.store_as_json(),
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
            "names": self.names_in(*self.breakdowns),
        }
