"""Lots of points, changed by nothing but the entries posted to them.

What is kept of a lot is the fold of its entries, so the same few lines make it when an entry is
written and when the whole ledger is read anew.
"""

from collections.abc import Iterable

from retention.records import PointEntry, PointLot


def applied(lot: PointLot | None, entry: PointEntry) -> PointLot:
    """Return the lot after one more of its entries; None is a lot that has none yet."""
    if lot is None:
        lot = _opened(entry)
    terms = entry if entry.reason == "amended" else lot
    granted, written_off, expired = lot.granted, lot.written_off, lot.expired
    match entry.against:
        case "issued" | "moved":
            granted += entry.points
        case "written_off":
            written_off += entry.points
        case "expired":
            expired -= entry.points
        case _:
            pass
    return PointLot(
        lot.reference,
        lot.order_id,
        lot.customer_id,
        terms.rule,
        terms.matures_at,
        terms.expires_at,
        lot.pending + entry.pending,
        lot.available + entry.available,
        granted,
        written_off,
        expired,
        lot.entries + 1,
    )


def _opened(entry: PointEntry) -> PointLot:
    return PointLot(
        entry.lot,
        entry.order_id,
        entry.customer_id,
        entry.rule,
        entry.matures_at,
        entry.expires_at,
    )


class Book:
    """Lots at hand, and the entries posted to them since.

    `entries` are the new ones, in their sequence; `changed` are the lots that they changed.
    """

    def __init__(self, lots: Iterable[PointLot] = ()) -> None:
        self.lots = {lot.reference: lot for lot in lots}
        self.entries: list[PointEntry] = []
        self._by_order: dict[str, list[str]] = {}
        self._by_source: dict[str, list[str]] = {}
        for lot in self.lots.values():
            self._place(lot)

    @property
    def changed(self) -> list[PointLot]:
        """The lots that the new entries changed."""
        return [self.lots[name] for name in dict.fromkeys(entry.lot for entry in self.entries)]

    def post(self, entry: PointEntry) -> None:
        """Add an entry, and change its lot by it."""
        before = self.lots.get(entry.lot)
        self.lots[entry.lot] = applied(before, entry)
        if before is None:
            self._place(self.lots[entry.lot])
        self.entries.append(entry)

    def of_order(self, order_id: str) -> list[PointLot]:
        """The order's lots, one for each customer who ever had it, the first holder's first."""
        return [self.lots[name] for name in self._by_order.get(order_id, ())]

    def of_source(self, source: str) -> list[PointLot]:
        """The lots whose references are the source's and a customer: one for each who had it."""
        return [self.lots[name] for name in self._by_source.get(source, ())]

    def of_customer(self, customer_id: int) -> list[PointLot]:
        """The customer's lots, in the sequence in which they are spent: soonest to expire first."""
        own = [lot for lot in self.lots.values() if lot.customer_id == customer_id]
        return sorted(own, key=_spending_order)

    def available(self, customer_id: int) -> int:
        """The customer's available points, below 0 when points are owed."""
        return sum(lot.available for lot in self.of_customer(customer_id))

    def _place(self, lot: PointLot) -> None:
        self._by_source.setdefault(lot.reference.rpartition(":")[0], []).append(lot.reference)
        if lot.order_id is not None:
            self._by_order.setdefault(lot.order_id, []).append(lot.reference)


def _spending_order(lot: PointLot) -> tuple[bool, float]:
    return lot.expires_at is None, lot.expires_at.timestamp() if lot.expires_at else 0.0


def take(lot: PointLot, points: int) -> tuple[int, int]:
    """Return what `points` of the lot are: all of them, and those that are pending, which go first.

    No more is taken than is left.
    """
    taken = min(points, max(0, lot.left))
    return taken, min(taken, max(0, lot.pending))
