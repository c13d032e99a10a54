"""Pairs of products bought next, kept current order by order.

The index holds the customers' orders by time, and each product's list as
`retention.affinity.bought_next` would give it. An order's change alters pairs of its products
only: with what its customer bought before, and with what was bought later. Their lists are ranked
anew, and those in which their pairs stand or may come to stand.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from retention import affinity, pair_kernels, ranked_lists
from retention.affinity import MICROSECONDS_PER_DAY, best_next_of, makes_pairs
from retention.baskets import Cells, Integers, histories
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, QUANTITY
from retention.kept_sums import KeptSumsNext
from retention.next_shift import Shift
from retention.pair_counting import orders_of_products
from retention.pool import Pool, longer
from retention.ranked_lists import BYTES_PER_NAME, RankedLists

NOTHING = np.empty(0, dtype=np.int32)

SHIFTED_AT_ONCE = 64
"""Of so many products of a customer the pairs are in memory at once, who may have bought all."""


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
        orders = bought.orders.most_bought_first()
        bought = replace(bought, orders=orders)
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
        self._clock = np.zeros(1, dtype=np.int64)
        self._stamped, self._found = np.empty(0, dtype=np.int64), NOTHING
        self._holds = np.zeros(count, dtype=np.int64)
        self._make_room()
        self._note_fresh(0, customers)
        self._sums = KeptSumsNext(base, self._bought, self._window, customers)

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
        cells = None if bought is None else self._products(bought.product_ids)
        if place is not None and bought is not None and cells is not None:
            customer = self._customer_places.get(bought.customer_id)
            if (customer, bought.placed_at) == (self._customers[place], self._times[place]):
                return self._revise([self._refill(place, cells)])
        shifts = []
        if place is not None:
            shifts.append(self._take_out(place))
        if bought is not None and cells is not None:
            shifts.append(self._put_in(order_id, bought, cells))
        return self._revise(shifts)

    def pairs(
        self, product_ids: Collection[int] | None = None, total: int | None = None
    ) -> pl.DataFrame:
        """Return these products' best pairs, or all (columns `PAIRS`), as `bought_next`."""
        customers = int((self._histories.sizes > 0).sum()) if total is None else total
        return self._lists.pairs("next", product_ids, customers)

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        pools = (self._orders, self._fresh, self._rows, self._histories)
        arrays = (
            self._customers,
            self._times,
            self._numbers,
            self._names,
            self._stamped,
            self._holds,
        )
        names = len(self._order_places) + len(self._customer_places)
        held = sum(pool.nbytes for pool in pools) + sum(array.nbytes for array in arrays)
        return self._lists.nbytes() + self._sums.nbytes() + held + BYTES_PER_NAME * names

    @property
    def _bought(self) -> pair_kernels.Bought:
        return (
            self._orders.held,
            self._fresh.held,
            self._rows.held,
            self._histories.held,
            self._customers,
            self._times,
            self._numbers,
        )

    @property
    def _stamps(self) -> pair_kernels.Stamps:
        return self._stamped, self._holds, self._clock, self._found

    def _refill(self, place: int, cells: Cells) -> Shift:
        """Let an order have other products."""
        before, customer = self._orders.get(place).copy(), int(self._customers[place])
        fits = len(cells) <= affinity.LONGEST_ORDER
        turned = fits != (len(before) <= affinity.LONGEST_ORDER)
        different = np.union1d(before, cells) if turned else np.setxor1d(before, cells)

        def change() -> None:
            self._list([place], wanted=False)
            self._orders.put(place, cells)
            self._fresh.put(place, cells)
            self._arrange(customer, self._histories.get(customer).copy())

        shift = self._shift(customer, different, change, 0)
        return replace(shift, moved=shift.moved | turned)

    def _take_out(self, place: int) -> Shift:
        """Take an order away."""
        customer = int(self._customers[place])

        def change() -> None:
            self._list([place], wanted=False)
            history = self._histories.get(customer)
            self._arrange(customer, history[history != place])
            del self._order_places[int(self._names[place])]
            self._free_places.append(place)

        return self._shift(customer, self._orders.get(place).copy(), change, -1)

    def _put_in(self, order_id: int, bought: Bought, cells: Cells) -> Shift:
        """Put an order among its customer's."""
        customer = self._customer_places.setdefault(bought.customer_id, len(self._customer_places))
        self._histories.lengthen(customer + 1)
        self._sums.widen(customer + 1)

        def change() -> None:
            place = self._new_place(order_id)
            self._orders.put(place, cells)
            self._fresh.put(place, cells)
            self._customers[place], self._times[place] = customer, bought.placed_at
            history = np.append(self._histories.get(customer), np.int32(place))
            self._arrange(
                customer, history[np.lexsort((self._names[history], self._times[history]))]
            )

        return self._shift(customer, cells, change, 1)

    def _shift(
        self, customer: int, products: Cells, change: Callable[[], None], more: int
    ) -> Shift:
        """Change a customer's orders, of which there are so many more then.

        Sums follow, and so do the numbers of buyers. `products` are those in whose places the
        orders differ.
        """
        had = self._histories.sizes[customer]
        if (had <= affinity.LONGEST_HISTORY) != (had + more <= affinity.LONGEST_HISTORY):
            return self._turn(customer, change)
        if len(products) == 0:
            change()
            return Shift.rough(products)
        whole = (0, len(products))
        before = self._sets(customer, products, whole)
        change()
        after = self._sets(customer, products, whole)
        self._lists.count_again(products[before[0] >= 0], products[after[0] >= 0])
        ends, cells = self._shift_sums(products, before, after)
        begins = np.concatenate([[0], ends[:-1]])
        return Shift(products, before[0] != after[0], begins, ends, cells)

    def _turn(self, customer: int, change: Callable[[], None]) -> Shift:
        """Change orders that become too many thereby, or few enough."""
        bought, fitted = self._all_of(customer), self._fits(customer)
        if fitted:
            self._shift_all(customer, bought, come=False)
        change()
        now = self._all_of(customer)
        self._lists.count_again(bought, now)
        self._list(self._histories.get(customer).tolist(), wanted=not fitted)
        if not fitted:
            self._shift_all(customer, now, come=True)
        return Shift.rough(np.union1d(bought, now))

    def _shift_all(self, customer: int, products: Cells, *, come: bool) -> None:
        """Let all of a customer's pairs be in the sums, or in none."""
        for first in range(0, len(products), SHIFTED_AT_ONCE):
            part = (first, min(first + SHIFTED_AT_ONCE, len(products)))
            found = self._sets(customer, products, part)
            none = (found[0], np.zeros_like(found[1]), NOTHING)
            before, after = (none, found) if come else (found, none)
            self._shift_sums(products[slice(*part)], before, after)

    def _sets(self, customer: int, products: Cells, part: tuple[int, int]) -> pair_kernels.Sets:
        return pair_kernels.customers_pairs(
            products,
            part,
            customer,
            self._bought,
            self._window,
            self._stamps,
            affinity.LONGEST_HISTORY,
        )

    def _shift_sums(
        self, products: Cells, before: pair_kernels.Sets, after: pair_kernels.Sets
    ) -> tuple[Integers, Cells]:
        scratch = self._lists.work[0]
        return pair_kernels.shift_sums(products, before, after, self._sums.sums, scratch)

    def _fits(self, customer: int) -> bool:
        return bool(self._histories.sizes[customer] <= affinity.LONGEST_HISTORY)

    def _all_of(self, customer: int) -> Cells:
        """Return all that a customer bought."""
        return np.sort(self._fresh.join(self._histories.get(customer)))

    def _arrange(self, customer: int, history: Cells) -> None:
        """Let a customer have these orders, which are listed if they are not too many."""
        self._histories.put(customer, history)
        self._numbers[history] = np.arange(len(history))
        self._note_fresh(customer, customer + 1)
        if self._fits(customer):
            self._list(history[~self._listed[history]].tolist(), wanted=True)

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
            if wanted:
                self._rows.add(cells, place)
            else:
                self._rows.remove(cells, place)
            self._listed[place] = wanted

    def _new_place(self, order_id: int) -> int:
        place = self._free_places.pop() if self._free_places else len(self._order_places)
        self._order_places[order_id] = place
        if place >= len(self._names):
            self._names, self._customers, self._times = (
                longer(known, place + 1) for known in (self._names, self._customers, self._times)
            )
            self._numbers, self._listed, self._holds = (
                longer(known, place + 1) for known in (self._numbers, self._listed, self._holds)
            )
        self._names[place] = order_id
        return place

    def _products(self, product_ids: Collection[int]) -> Cells:
        places = self._lists.places(product_ids)
        self._rows.lengthen(self._lists.count())
        self._sums.lengthen(self._lists.count())
        self._make_room()
        return places

    def _make_room(self) -> None:
        """Let there be stamps for each product."""
        size = len(self._lists.base)
        if len(self._stamped) < size:
            self._stamped, self._found = np.zeros(size, np.int64), np.empty(size + 1, np.int32)

    def _revise(self, shifts: Sequence[Shift]) -> Sequence[int]:
        if not any(len(shift.products) for shift in shifts):
            return []
        shift = Shift.of_both(shifts)
        many = pair_kernels.revise_next(
            (
                shift.products,
                self._lists.rank_again(shift.products),
                np.flatnonzero(shift.moved),
            ),
            (shift.begins, shift.ends, shift.cells),
            (self._bought, self._window, self._stamps, self._sums.sums),
            self._lists.measure,
            self._lists.limits,
            self._lists.lists,
            self._lists.work,
        )
        return self._lists.revised(many)
