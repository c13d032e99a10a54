"""What a redemption holds of which lots, folded from its entries."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from retention.ledger.apportionment import apportioned
from retention.records import PointEntry, PointReason

Account = Literal["reserved", "redeemed"]

TAKING: dict[Account, PointReason] = {"reserved": "reserved", "redeemed": "redeemed"}
GIVING_BACK: dict[Account, PointReason] = {"reserved": "released", "redeemed": "returned"}


@dataclass(slots=True)
class Part:
    """Points taken of a lot, of which `back` went back since anything was last taken.

    `is_missing` are points that nobody had: their lot was opened by taking them.
    """

    lot: str
    taken: int
    is_missing: bool = False
    back: int = 0

    @property
    def held(self) -> int:
        """The points that are held."""
        return self.taken - self.back


@dataclass(slots=True)
class Holdings:
    """What a redemption holds; `parts` are by their lots, in the sequence in which they came."""

    parts: dict[str, Part] = field(default_factory=dict)
    reserved: int = 0
    redeemed: int = 0

    @classmethod
    def of(cls, entries: Iterable[PointEntry]) -> "Holdings":
        """The holdings that these entries, in their sequence, make."""
        holdings = cls()
        for entry in entries:
            holdings.add(entry)
        return holdings

    @property
    def points(self) -> int:
        """All points that are held."""
        return self.reserved + self.redeemed

    def add(self, entry: PointEntry) -> None:
        """Take one more entry in."""
        if entry.against == "reserved":
            self.reserved -= entry.points
        elif entry.against == "redeemed":
            self.redeemed -= entry.points
        if entry.reason in TAKING.values():
            self._take(entry)
        elif entry.reason in GIVING_BACK.values():
            self._give_back(entry.note or entry.lot, entry.points)

    def _take(self, entry: PointEntry) -> None:
        """What is held from here on is what further returns are shares of."""
        if any(part.back for part in self.parts.values()):
            held = [part for part in self.parts.values() if part.held]
            self.parts = {part.lot: Part(part.lot, part.held, part.is_missing) for part in held}
        is_missing = entry.lot == entry.reference
        part = self.parts.setdefault(entry.lot, Part(entry.lot, 0, is_missing))
        part.taken -= entry.points

    def _give_back(self, source: str, points: int) -> None:
        """Note points of a lot as given back.

        Entries of lots of their own that name no source gave back what was taken last.
        """
        for name in chain([source], reversed(self.parts)):
            if points and (part := self.parts.get(name)):
                given = min(points, part.held)
                part.back += given
                points -= given

    def shares(self, points: int) -> Iterator[tuple[str, int]]:
        """Yield of which lots how many are given back when so many are, the last taken first.

        What nobody had goes back first. The rest is shared out in proportion to what was taken of
        each lot, counted from when anything was last taken: so refunds of 40 and of 60 give back
        what one of 100 does. A lot that has had more than its share waits for the others.
        """
        for part in reversed(self.parts.values()):
            if part.is_missing:
                yield part.lot, (given := min(points, part.held))
                points -= given
        if points:
            lots = [part for part in self.parts.values() if not part.is_missing]
            for part, given in reversed([*zip(lots, _shared(lots, points), strict=True)]):
                yield part.lot, given


def _shared(parts: list[Part], points: int) -> list[int]:
    """How many more points of each part go back when so many do."""
    taken = [part.taken for part in parts]

    def more(back: int) -> list[int]:
        shares = apportioned(back, taken)
        return [max(0, share - part.back) for share, part in zip(shares, parts, strict=True)]

    most = range(points + sum(part.back for part in parts) + 1)
    return more(bisect_left(most, points, key=lambda back: sum(more(back))))
