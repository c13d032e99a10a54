"""Rebuilding everything from the entries, and comparing it with what is kept."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from retention.ledger.book import applied
from retention.ledger.chain import START, Link, is_intact
from retention.records import PointLot
from retention.redemption import Redemption

INNER = ("moved", "matured", "netted")
"""The accounts that only stand between two places of customers' points, and so must be at 0."""

REDEMPTION = re.compile(r"redemption:([^:]+):\d+")
"""The references of a redemption's own entries; those of its lots go on behind them."""


@dataclass(slots=True)
class Audit:
    """What the entries come to, and every disagreement, in words that name the place.

    `accounts` are the programme's own, with the sign that they have (issued points are below 0);
    `pending` and `available` are the sums over all customers. All together they sum to zero.
    """

    entries: int = 0
    hash: bytes = START
    pending: int = 0
    available: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    lots: dict[str, PointLot] = field(default_factory=dict)
    redemptions: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def read(self, links: Iterable[Link]) -> None:
        """Take the entries in, in their sequence, and check the chain."""
        for link in links:
            self._check(link)
            entry = link.entry
            self.entries, self.hash = link.number, link.hash
            self.pending += entry.pending
            self.available += entry.available
            self.accounts[entry.against] -= entry.points
            self.lots[entry.lot] = applied(self.lots.get(entry.lot), entry)
            if of_redemption := REDEMPTION.fullmatch(entry.reference):
                held = self.redemptions.setdefault(of_redemption[1], Counter())
                held["entries"] += 1
                held[entry.against] -= entry.points

    def _check(self, link: Link) -> None:
        entry, place = link.entry, f"entry {link.number} ({link.entry.reference})"
        if link.number != self.entries + 1:
            missing = f"{self.entries + 1} to {link.number - 1}"
            self.problems.append(f"before {place}: entries {missing} are missing")
        elif not is_intact(link, self.hash):
            self.problems.append(f"{place}: its hash is not that of its content, it was changed")
        lot = self.lots.get(entry.lot)
        if lot is not None and lot.customer_id != entry.customer_id:
            self.problems.append(f"{place}: its lot {entry.lot} is another customer's")
        if entry.against == "matured" and entry.points:
            self.problems.append(f"{place}: maturing must not change the sum of points")

    def compare(self, entries: int, last: bytes, kept: Iterable[PointLot]) -> None:
        """Compare with the number of entries, the last hash and the lots that are kept."""
        if (self.entries, self.hash) != (entries, last):
            self.problems.append(
                f"the ledger ends with entry {self.entries}, and {entries} were written: "
                "the last ones are missing, or another was put in"
            )
        for name in INNER:
            if self.accounts[name]:
                self.problems.append(f"account {name}: it is at {self.accounts[name]}, not at 0")
        self.problems += self._different(kept)

    def _different(self, kept: Iterable[PointLot]) -> Iterator[str]:
        unseen = dict(self.lots)
        for lot in kept:
            rebuilt = unseen.pop(lot.reference, None)
            if rebuilt is None:
                yield f"lot {lot.reference}: it is kept, and has no entries"
            elif rebuilt != lot:
                names = [
                    f"{one.name} {getattr(lot, one.name)}, by its entries "
                    f"{getattr(rebuilt, one.name)}"
                    for one in fields(PointLot)
                    if getattr(lot, one.name) != getattr(rebuilt, one.name)
                ]
                yield f"lot {lot.reference}: {'; '.join(names)}"
        for name in unseen:
            yield f"lot {name}: it has entries, and is not kept"

    def compare_redemptions(self, kept: Iterable[Redemption]) -> None:
        """Compare what redemptions hold, by the entries, with how they are kept."""
        unseen = dict(self.redemptions)
        for redemption in kept:
            held = unseen.pop(redemption.reference, Counter())
            for name in ("reserved", "redeemed", "entries"):
                if held[name] != getattr(redemption, name):
                    self.problems.append(
                        f"redemption {redemption.reference}: {name} "
                        f"{getattr(redemption, name)}, by its entries {held[name]}"
                    )
        for name in unseen:
            self.problems.append(f"redemption {name}: it has entries, and is not kept")

    def balances(self) -> dict[int, tuple[int, int]]:
        """Each customer's pending and available points, rebuilt."""
        found: dict[int, tuple[int, int]] = {}
        for lot in self.lots.values():
            pending, available = found.get(lot.customer_id, (0, 0))
            found[lot.customer_id] = pending + lot.pending, available + lot.available
        return found
