"""Customers' orders by time, kept current order by order, and what was bought first in which."""

from collections.abc import Collection

import numpy as np

from retention import affinity
from retention.affinity import makes_pairs
from retention.arrays import Cells
from retention.baskets import Histories
from retention.kernels import buyers
from retention.kernels.buyers import Bought, Stamps
from retention.pair_counting import orders_of_products
from retention.pool import Pool, longer
from retention.ranked_lists import BYTES_PER_NAME

NOTHING = np.empty(0, dtype=np.int32)


class CustomersOrders:
    """The orders of a store's customers, each told by its place, as are customers and products."""

    def __init__(self, bought: Histories) -> None:
        """Take in orders sorted by customer, time and identifier."""
        orders, count, customers = bought.orders, len(bought.order_ids), len(bought.customer_ids)
        self._orders = Pool(orders.starts, orders.products)
        # What a customer bought for the first time has as much room as all of the order.
        self._fresh = Pool(orders.starts, orders.products.copy())
        self._listed = makes_pairs(bought)
        self._rows = Pool(*orders_of_products(orders.only(np.repeat(self._listed, orders.sizes))))
        starts = np.searchsorted(bought.customers, np.arange(customers + 1))
        self._histories = Pool(starts, np.arange(count, dtype=np.int32))
        self._customers = bought.customers.astype(np.int32)
        self._times, self._names = bought.placed_at.copy(), bought.order_ids.copy()
        self._numbers = (np.arange(count) - starts[bought.customers]).astype(np.int32)
        self._order_places = {number: k for k, number in enumerate(bought.order_ids.tolist())}
        self._customer_places = {name: k for k, name in enumerate(bought.customer_ids.tolist())}
        self._free_places: list[int] = []
        self._clock, self._holds = np.zeros(1, dtype=np.int64), np.zeros(count, dtype=np.int64)
        self._stamped, self._found = np.empty(0, dtype=np.int64), NOTHING
        self.lengthen(len(orders.product_ids))
        self._note_fresh(0, customers)

    @property
    def bought(self) -> Bought:
        """All orders, as compiled code takes them."""
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
    def stamps(self) -> Stamps:
        """What compiled code notes while it counts."""
        return self._stamped, self._holds, self._clock, self._found

    def place(self, order_id: int) -> int | None:
        """Where an order is, if it is there."""
        return self._order_places.get(order_id)

    def customer(self, customer_id: int) -> int:
        """The place of a customer, who gets one when never seen before."""
        customer = self._customer_places.setdefault(customer_id, len(self._customer_places))
        self._histories.lengthen(customer + 1)
        return customer

    def buyer(self, place: int) -> int:
        """Whose order this is."""
        return int(self._customers[place])

    def placed_at(self, place: int) -> int:
        """When an order was placed, in microseconds since 1970."""
        return int(self._times[place])

    def products(self, place: int) -> Cells:
        """The products of an order, rising."""
        return self._orders.get(place).copy()

    def count(self, customer: int) -> int:
        """How many orders a customer has."""
        return int(self._histories.sizes[customer])

    def buyers(self) -> int:
        """How many customers have orders."""
        return int((self._histories.sizes > 0).sum())

    def all_of(self, customer: int) -> Cells:
        """All products that a customer bought, rising."""
        return np.sort(self._fresh.join(self._histories.get(customer)))

    def refill(self, place: int, cells: Cells) -> None:
        """Let an order have other products."""
        self._list([place], wanted=False)
        self._orders.put(place, cells)
        self._fresh.put(place, cells)
        customer = self.buyer(place)
        self._arrange(customer, self._histories.get(customer).copy())

    def take_out(self, place: int) -> None:
        """Take an order away."""
        self._list([place], wanted=False)
        customer = self.buyer(place)
        history = self._histories.get(customer)
        self._arrange(customer, history[history != place])
        del self._order_places[int(self._names[place])]
        self._free_places.append(place)

    def put_in(self, order_id: int, customer: int, placed_at: int, cells: Cells) -> None:
        """Put an order among its customer's."""
        place = self._new_place(order_id)
        self._orders.put(place, cells)
        self._fresh.put(place, cells)
        self._customers[place], self._times[place] = customer, placed_at
        history = np.append(self._histories.get(customer), np.int32(place))
        self._arrange(customer, history[np.lexsort((self._names[history], self._times[history]))])

    def lengthen(self, products: int) -> None:
        """Make room for so many products."""
        self._rows.lengthen(products)
        if len(self._stamped) < products:
            self._stamped = longer(np.empty(0, dtype=np.int64), products)
            self._found = longer(NOTHING, products)

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        pools = (self._orders, self._fresh, self._rows, self._histories)
        arrays = (self._customers, self._times, self._numbers, self._names, *self.stamps)
        names = len(self._order_places) + len(self._customer_places)
        held = sum(pool.nbytes for pool in pools) + sum(array.nbytes for array in arrays)
        return held + BYTES_PER_NAME * names

    def _arrange(self, customer: int, history: Cells) -> None:
        """Let a customer have these orders, which make pairs if they are not too many."""
        self._histories.put(customer, history)
        self._numbers[history] = np.arange(len(history))
        self._note_fresh(customer, customer + 1)
        fits = len(history) <= affinity.LONGEST_HISTORY
        self._list(history[self._listed[history] != fits].tolist(), wanted=fits)

    def _note_fresh(self, first: int, last: int) -> None:
        """Find what some customers bought for the first time in which order."""
        buyers.note_fresh(
            (first, last),
            self._histories.held,
            self._orders.held,
            self._fresh.held,
            self.stamps,
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
