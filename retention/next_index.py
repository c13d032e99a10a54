"""Pairs of products bought next, kept current order by order.

The index holds the customers' orders by time, and each product's list as
`retention.affinity.bought_next` would give it. An order's change alters pairs of its products
only: with what its customer bought before, and with what was bought later. Their lists are ranked
anew, and those in which their pairs stand or may come to stand.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from retention import affinity, ranked_lists
from retention.affinity import MICROSECONDS_PER_DAY, best_next_of
from retention.arrays import Cells, Integers
from retention.baskets import histories
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, QUANTITY
from retention.customers_orders import NOTHING, CustomersOrders
from retention.kept_next_sums import KeptNextSums
from retention.kernels import following, one_customer
from retention.kernels.one_customer import Sets
from retention.next_shift import Shift
from retention.ranked_lists import RankedLists

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
        orders = bought.orders.most_bought_first(affinity.buyers(bought))
        bought = replace(bought, orders=orders)
        self._window = (window_days * MICROSECONDS_PER_DAY, affinity.LONGEST_ORDER)
        best, base = best_next_of(bought, window_days, top + ranked_lists.SPARE_PAIRS)
        self._lists = RankedLists(orders.product_ids, base, top)
        self._lists.fill(best)
        self._orders = CustomersOrders(bought)
        self._sums = KeptNextSums(base, self._orders.bought, self._window)

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
        place = self._orders.place(order_id)
        cells = None if bought is None else self._products(bought.product_ids)
        if place is not None and bought is not None and cells is not None:
            customer, moment = self._orders.customer(bought.customer_id), bought.placed_at
            if (customer, moment) == (self._orders.buyer(place), self._orders.placed_at(place)):
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
        customers = self._orders.buyers() if total is None else total
        return self._lists.pairs("next", product_ids, customers)

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        return self._lists.nbytes() + self._orders.nbytes() + self._sums.nbytes()

    def _refill(self, place: int, cells: Cells) -> Shift:
        """Let an order have other products."""
        before = self._orders.products(place)
        fits = len(cells) <= affinity.LONGEST_ORDER
        turned = fits != (len(before) <= affinity.LONGEST_ORDER)
        different = np.union1d(before, cells) if turned else np.setxor1d(before, cells)
        change = partial(self._orders.refill, place, cells)
        shift = self._shift(self._orders.buyer(place), different, change, 0)
        return replace(shift, moved=shift.moved | turned)

    def _take_out(self, place: int) -> Shift:
        """Take an order away."""
        change = partial(self._orders.take_out, place)
        return self._shift(self._orders.buyer(place), self._orders.products(place), change, -1)

    def _put_in(self, order_id: int, bought: Bought, cells: Cells) -> Shift:
        """Put an order among its customer's."""
        customer = self._orders.customer(bought.customer_id)
        change = partial(self._orders.put_in, order_id, customer, bought.placed_at, cells)
        return self._shift(customer, cells, change, 1)

    def _shift(
        self, customer: int, products: Cells, change: Callable[[], None], more: int
    ) -> Shift:
        """Change a customer's orders, of which there are so many more then.

        Sums follow, and so do the numbers of buyers. `products` are those in whose places the
        orders differ.
        """
        had = self._orders.count(customer)
        if (had <= affinity.LONGEST_HISTORY) != (had + more <= affinity.LONGEST_HISTORY):
            return self._turn(customer, change)
        if len(products) == 0:
            change()
            return Shift.rough(products)
        whole = (0, len(products))
        before = self._sets(customer, products, whole)
        change()
        after = self._sets(customer, products, whole)
        self._count_again(products[before[0] >= 0], products[after[0] >= 0])
        ends, cells = self._shift_sums(products, before, after)
        self._add_columns(products)
        begins = np.concatenate([[0], ends[:-1]])
        return Shift(products, before[0] != after[0], begins, ends, cells)

    def _turn(self, customer: int, change: Callable[[], None]) -> Shift:
        """Change orders that become too many thereby, or few enough."""
        bought = self._orders.all_of(customer)
        fitted = self._orders.count(customer) <= affinity.LONGEST_HISTORY
        if fitted:
            self._shift_all(customer, bought, come=False)
        change()
        now = self._orders.all_of(customer)
        self._count_again(bought, now)
        if not fitted:
            self._shift_all(customer, now, come=True)
        self._add_columns(now)
        return Shift.rough(np.union1d(bought, now))

    def _shift_all(self, customer: int, products: Cells, *, come: bool) -> None:
        """Let all of a customer's pairs be in the sums, or in none."""
        for first in range(0, len(products), SHIFTED_AT_ONCE):
            part = (first, min(first + SHIFTED_AT_ONCE, len(products)))
            found = self._sets(customer, products, part)
            none = (found[0], np.zeros_like(found[1]), NOTHING)
            before, after = (none, found) if come else (found, none)
            self._shift_sums(products[slice(*part)], before, after)

    def _sets(self, customer: int, products: Cells, part: tuple[int, int]) -> Sets:
        return one_customer.customers_pairs(
            products,
            part,
            customer,
            self._orders.bought,
            self._window,
            self._orders.stamps,
            affinity.LONGEST_HISTORY,
        )

    def _shift_sums(self, products: Cells, before: Sets, after: Sets) -> tuple[Integers, Cells]:
        scratch = self._lists.work[0]
        return one_customer.shift_sums(products, before, after, self._sums.sums, scratch)

    def _count_again(self, gone: Cells, come: Cells) -> None:
        """Note that these products have a buyer less, and these one more."""
        self._lists.count_again(gone, come)
        self._sums.outgrow(come, self._lists.base)

    def _add_columns(self, products: Cells) -> None:
        """Let there be sums of pairs with those of these products that have two buyers now."""
        counted = (self._orders.bought, self._window, self._orders.stamps)
        counts, _, seen = self._lists.work[0]
        self._sums.add_columns(products, self._lists.base, counted, (counts, counts, seen))

    def _products(self, product_ids: Collection[int]) -> Cells:
        places = self._lists.places(product_ids)
        self._orders.lengthen(self._lists.count())
        self._sums.lengthen(self._lists.count())
        return places

    def _revise(self, shifts: Sequence[Shift]) -> Sequence[int]:
        if not any(len(shift.products) for shift in shifts):
            return []
        shift = Shift.of_both(shifts)
        many = following.revise_next(
            (
                shift.products,
                self._lists.rank_again(shift.products),
                np.flatnonzero(shift.moved),
            ),
            (shift.begins, shift.ends, shift.cells),
            (self._orders.bought, self._window, self._orders.stamps, self._sums.sums),
            self._lists.measure,
            self._lists.limits,
            self._lists.lists,
            self._lists.work,
        )
        return self._lists.revised(many)
