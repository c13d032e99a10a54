"""Pairs of products bought next, kept current order by order.

The index holds the customers' orders by time, and each product's list as
`retention.affinity.bought_next` would give it. An order's change alters pairs of its products
only: with what its customer bought before, and with what was bought later. Their lists are ranked
anew, and those in which their pairs stand or may come to stand.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from retention import affinity, pair_kernels, ranked_lists
from retention.affinity import MICROSECONDS_PER_DAY, best_next_of, makes_pairs
from retention.baskets import Cells, histories
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, QUANTITY
from retention.pair_counting import orders_of_products
from retention.pool import Pool, longer
from retention.ranked_lists import BYTES_PER_NAME, RankedLists

NOTHING = np.empty(0, dtype=np.int32)

Touched = tuple[Cells, Cells, Cells]
"""The products of an order, those of them whose first purchase or buyers changed with it, and all
that its customer bought."""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order: who bought it, when in microseconds since 1970, and its distinct products."""

    customer_id: int
    placed_at: int
    product_ids: Collection[int]


class NextIndex:
    """The orders of a store's customers and each product's best pairs with later ones."""

    def __init__(self, lines: pl.DataFrame, window_days: int = 180, top: int = 20) -> None:
        """Take in `lines` (columns `LINES`), as `bought_next` does."""
        bought = histories(lines)
        orders = bought.orders
        self._window = (window_days * MICROSECONDS_PER_DAY, affinity.LONGEST_ORDER)
        best, base = best_next_of(bought, window_days, top + ranked_lists.SPARE_PAIRS)
        self._lists = RankedLists(orders.product_ids, base, top)
        self._lists.fill(best)
        self._orders = Pool(orders.starts, orders.products)
        # What a customer bought for the first time has as much room as all of the order.
        self._fresh = Pool(orders.starts, orders.products.copy())
        held = np.repeat(makes_pairs(bought), orders.sizes)
        self._rows = Pool(*orders_of_products(orders.only(held)))
        count, customers = len(bought.order_ids), len(bought.customer_ids)
        starts = np.searchsorted(bought.customers, np.arange(customers + 1))
        self._histories = Pool(starts, np.arange(count, dtype=np.int32))
        self._customers = bought.customers.astype(np.int32)
        self._times, self._names = bought.placed_at.copy(), bought.order_ids.copy()
        self._listed = makes_pairs(bought)
        self._numbers = (np.arange(count) - starts[bought.customers]).astype(np.int32)
        self._order_places = {number: k for k, number in enumerate(bought.order_ids.tolist())}
        self._customer_places = {name: k for k, name in enumerate(bought.customer_ids.tolist())}
        self._free_places: list[int] = []
        self._stamps = (np.zeros(len(base), dtype=np.int64), np.zeros(1, dtype=np.int64))
        self._note_fresh(0, customers)

    def take_in(self, order_ids: Collection[int], lines: pl.DataFrame) -> set[int]:
        """Let these orders have the lines (`LINES`) that they have now; one without is gone.

        Returns the products whose lists were ranked anew.
        """
        held = (
            lines.filter(pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null())
            .group_by(ORDER_ID)
            .agg(
                pl.col(CUSTOMER_ID).min(),
                pl.col(PLACED_AT).min().dt.timestamp("us"),
                pl.col(PRODUCT_ID).drop_nulls(),
            )
        )
        now = {number: Bought(*rest) for number, *rest in held.iter_rows()}
        revised: set[int] = set()
        for number in order_ids:
            revised.update(self.replace(number, now.get(number)))
        return revised

    def replace(self, order_id: int, bought: Bought | None) -> Sequence[int]:
        """Let an order be this one, or take it away (None).

        Returns the products whose lists were ranked anew: all others' are as they were.
        """
        place = self._order_places.get(order_id)
        if place is None and bought is None:
            return []
        if place is not None and bought is not None and self._is_as(place, bought):
            return []
        changes = zip(self._take_out(place), self._put_in(order_id, bought), strict=True)
        return self._revise(*(np.union1d(*cells) for cells in changes))

    def pairs(
        self, product_ids: Collection[int] | None = None, total: int | None = None
    ) -> pl.DataFrame:
        """Return these products' best pairs, or all (columns `PAIRS`), as `bought_next`."""
        customers = int((self._histories.sizes > 0).sum()) if total is None else total
        return self._lists.pairs("next", product_ids, customers)

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        pools = (self._orders, self._fresh, self._rows, self._histories)
        arrays = (self._customers, self._times, self._numbers, self._names, *self._stamps)
        names = len(self._order_places) + len(self._customer_places)
        held = sum(pool.nbytes for pool in pools) + sum(array.nbytes for array in arrays)
        return self._lists.nbytes() + held + BYTES_PER_NAME * names

    def _is_as(self, place: int, bought: Bought) -> bool:
        return (
            self._customer_places.get(bought.customer_id) == self._customers[place]
            and bought.placed_at == self._times[place]
            and np.array_equal(self._orders.get(place), self._products(bought.product_ids))
        )

    def _take_out(self, place: int | None) -> Touched:
        """Take an order away."""
        if place is None:
            return NOTHING, NOTHING, NOTHING
        customer = int(self._customers[place])
        self._list([place], wanted=False)
        history = self._histories.get(customer)
        moved = self._fresh.get(place).copy()
        touched = self._orders.get(place).copy()
        turned, theirs = self._arrange(customer, history[history != place])
        del self._order_places[int(self._names[place])]
        self._free_places.append(place)
        return (theirs, theirs, theirs) if turned else (touched, moved, theirs)

    def _put_in(self, order_id: int, bought: Bought | None) -> Touched:
        """Put an order among its customer's."""
        if bought is None:
            return NOTHING, NOTHING, NOTHING
        customer = self._customer_places.setdefault(bought.customer_id, len(self._customer_places))
        self._histories.lengthen(customer + 1)
        place = self._new_place(order_id)
        cells = self._products(bought.product_ids)
        self._orders.put(place, cells)
        self._fresh.put(place, cells)
        self._customers[place], self._times[place] = customer, bought.placed_at
        history = np.append(self._histories.get(customer), np.int32(place))
        history = history[np.lexsort((self._names[history], self._times[history]))]
        turned, theirs = self._arrange(customer, history)
        self._list([place], wanted=len(history) <= affinity.LONGEST_HISTORY)
        return (
            (theirs, theirs, theirs) if turned else (cells, self._fresh.get(place).copy(), theirs)
        )

    def _arrange(self, customer: int, history: Cells) -> tuple[bool, Cells]:
        """Let a customer have these orders.

        Returns whether these have become too many, or few enough, and all that was bought.
        """
        had, bought = len(self._histories.get(customer)), self._bought(customer)
        fitted, fits = (number <= affinity.LONGEST_HISTORY for number in (had, len(history)))
        self._histories.put(customer, history)
        self._numbers[history] = np.arange(len(history))
        self._note_fresh(customer, customer + 1)
        now = self._bought(customer)
        self._lists.count_again(bought, now)
        if fitted != fits:
            self._list(history.tolist(), wanted=fits)
        return fitted != fits, np.union1d(bought, now)

    def _bought(self, customer: int) -> Cells:
        """Return all that a customer bought."""
        orders = self._histories.get(customer)
        return np.concatenate([NOTHING, *(self._fresh.get(place) for place in orders)])

    def _note_fresh(self, first: int, last: int) -> None:
        """Find what some customers bought for the first time in which order."""
        pair_kernels.note_fresh(
            (first, last),
            self._histories.held,
            self._orders.held,
            self._fresh.held,
            self._stamps,
        )

    def _list(self, places: Collection[int], *, wanted: bool) -> None:
        """Let orders be in the rows of their products, or not; orders too long never are."""
        for place in places:
            cells = self._orders.get(place)
            if self._listed[place] == wanted or (wanted and len(cells) > affinity.LONGEST_ORDER):
                continue
            for product in cells:
                if wanted:
                    self._rows.add(product, place)
                else:
                    self._rows.remove(product, place)
            self._listed[place] = wanted

    def _new_place(self, order_id: int) -> int:
        place = self._free_places.pop() if self._free_places else len(self._order_places)
        self._order_places[order_id] = place
        if place >= len(self._names):
            self._names, self._customers, self._times, self._numbers, self._listed = (
                longer(known, place + 1)
                for known in (
                    *(self._names, self._customers, self._times, self._numbers, self._listed),
                )
            )
        self._names[place] = order_id
        return place

    def _products(self, product_ids: Collection[int]) -> Cells:
        places = self._lists.places(product_ids)
        self._rows.lengthen(self._lists.count())
        stamped, clock = self._stamps
        if len(stamped) < len(self._lists.base):
            self._stamps = longer(stamped, len(self._lists.base)), clock
        return places

    def _revise(self, touched: Cells, moved: Cells, doubtful: Cells) -> Sequence[int]:
        least_power = self._lists.rank_again(touched)
        bought = (
            self._orders.held,
            self._fresh.held,
            self._rows.held,
            self._histories.held,
            self._customers,
            self._times,
            self._numbers,
        )
        many = pair_kernels.revise_next(
            (touched, least_power, moved),
            doubtful,
            (bought, self._window, self._stamps),
            self._lists.measure,
            self._lists.limits,
            self._lists.lists,
            self._lists.work,
        )
        return self._lists.revised(many)
