"""The lists of stores that this worker computed, kept in memory to be brought up to date.

They are only an aid: what stands in the tables is the truth, and what is kept here continues it
or is dropped. A worker that has nothing kept, because it has just started or another one has
computed the store since, computes everything anew.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from retention import computation
from retention.columns import CATEGORY_ID, PRODUCT_ID
from retention.kept_lists import KeptLists, Options

MOST_TAKEN_IN = 0.01
"""When so great a share of a store's orders was taken in one by one, everything is computed anew,
and with it what depends on the store as a whole."""


@dataclass(frozen=True, slots=True)
class Source:
    """What lists are made from besides orders."""

    products: pl.DataFrame
    choices: pl.DataFrame
    options: Options
    statuses: Sequence[str]
    installed_at: datetime

    def follows(self, other: "Source") -> bool:
        """Whether lists of the other can become lists of this one by single changes.

        Products and choices may differ, but no product may be gone; settings may not.
        """
        known = self.products.join(other.products, on=PRODUCT_ID, how="semi")
        return (self.options, self.statuses, self.installed_at, known.height) == (
            other.options,
            other.statuses,
            other.installed_at,
            other.products.height,
        )

    def has_categories_of(self, other: "Source") -> bool:
        """Whether the other's products are in the same categories."""
        of = (PRODUCT_ID, CATEGORY_ID)
        same = self.products.join(other.products, on=of, how="semi", nulls_equal=True)
        return same.height == other.products.height


@dataclass(frozen=True, slots=True)
class Kept:
    """Lists with their source, as they stand in the tables since `computed_at`.

    `second_purchases` are the settings with which those beside them were computed.
    """

    lists: KeptLists
    source: Source
    second_purchases: computation.Options
    computed_at: datetime

    def continues(self, source: Source, computed_at: datetime | None, changed: int) -> bool:
        """Whether these lists can take in so many changed orders, and this source, and be right."""
        most = MOST_TAKEN_IN * self.lists.around.orders
        return (
            self.computed_at == computed_at
            and self.lists.taken_in + changed <= most
            and source.follows(self.source)
        )


class Shelf:
    """Lists of some stores."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, tuple[Kept, int]] = OrderedDict()

    def take(self, store_id: UUID) -> Kept | None:
        """Take a store's lists away: whoever changes them puts them back when that is kept."""
        return self._kept.pop(store_id, (None, 0))[0]

    def put(self, store_id: UUID, kept: Kept, most_bytes: int) -> None:
        """Keep a store's lists, and drop those computed least lately if all take more than that."""
        self._kept[store_id] = (kept, kept.lists.nbytes())
        self._kept.move_to_end(store_id)
        while sum(size for _, size in self._kept.values()) > most_bytes:
            self._kept.popitem(last=False)


SHELF = Shelf()
