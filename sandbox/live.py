"""The stretch of later orders that stream in as live checkouts."""

import time
from dataclasses import dataclass
from threading import Event, Lock, Thread

from sandbox import clock
from sandbox.operations import orders
from sandbox.records import Address, Customer, Order
from sandbox.store import Checkout, Store


@dataclass
class Progress:
    """How far the stream is: orders asked for and placed so far."""

    wanted: int = 0
    placed: int = 0
    running: bool = False


def check_out(store: Store, checkout: Checkout) -> Order:
    """Make one purchase as a shopper in the storefront does.

    The order is paid at once. As in a running store order.updated is queued before
    order.created. The order carries the data's date and was modified now.
    """
    with store.change():
        billing = {
            "first_name": checkout.first_name,
            "last_name": checkout.last_name,
            "email": checkout.email,
            "country": "US",
        }
        order = Order(
            id=store.next_post_id(),
            status="pending",
            currency=store.settings.currency,
            created=checkout.created,
            modified=clock.now(),
            customer_id=_account(store, checkout, billing),
            billing=billing,
            shipping={},
            lines=tuple(
                orders.new_line(store, product_id, 0, quantity, (total, total))
                for product_id, quantity, total in checkout.items
            ),
            paid=checkout.created,
            payment_method="card",
            payment_title="Card",
            created_via="checkout",
        )
        store.put_order(order)
        store.fire("order.updated", order.id)
        store.fire("order.created", order.id)
        orders.pay(store, order)
        return order


def _account(store: Store, checkout: Checkout, billing: Address) -> int:
    if checkout.username is None:
        return 0
    known = store.customer_ids_by_email.get(checkout.email.lower())
    if known is not None:
        return known
    moment = clock.now()
    customer = store.add_customer(
        Customer(
            id=store.next_user_id(),
            email=checkout.email,
            username=checkout.username,
            created=moment,
            modified=moment,
            first_name=checkout.first_name,
            last_name=checkout.last_name,
            billing=billing,
        )
    )
    store.fire("customer.created", customer.id)
    store.fire("customer.updated", customer.id)
    return customer.id


class LiveOrders:
    """Places the store's upcoming checkouts at a steady pace."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.progress = Progress()
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, orders_wanted: int, per_second: float) -> Progress:
        """Stream the next orders, or add them to the stream that runs."""
        if per_second <= 0:
            raise ValueError(f"per_second is {per_second}; it must be more than 0")
        with self._lock:
            self.progress.wanted += min(orders_wanted, self._left())
            if not self.progress.running:
                self.progress.running = True
                self._thread = Thread(
                    target=self._run, args=(per_second,), name="live orders", daemon=True
                )
                self._thread.start()
        return self.progress

    def stop(self) -> None:
        """End the stream."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _left(self) -> int:
        return len(self.store.upcoming) - (self.progress.wanted - self.progress.placed)

    def _claim(self) -> bool:
        with self._lock:
            if self._stop.is_set() or self.progress.placed >= self.progress.wanted:
                self.progress.running = False
                return False
            return True

    def _run(self, per_second: float) -> None:
        due = time.monotonic()
        while self._claim():
            check_out(self.store, self.store.upcoming.popleft())
            self.progress.placed += 1
            due += 1 / per_second
            self._stop.wait(max(0, due - time.monotonic()))
