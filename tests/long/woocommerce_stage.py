"""The small WooCommerce store with the app installed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from jobs.context import Context
from sandbox import clock
from sandbox.errors import RestError
from sandbox.faults import Fault
from sandbox.operations import customers, orders, refunds
from sandbox.operations.refunds import RefundRequest
from sandbox.payloads.orders import refunded, total
from sandbox.records import Customer, Order
from sandbox.rest import order_body
from sandbox.server import RunningStore
from sandbox.small import small_store
from sandbox.store import MERCHANT_ID, Store
from tests.conftest import AppServer, install_app
from tests.faults.traffic import Letter, letter_of
from tests.long.stage import DAY, renew_store


class WooCommerceStage:
    """The small WooCommerce store."""

    may_trash, may_merge = True, False

    def __init__(self, context: Context, _server: AppServer, stack: ExitStack) -> None:
        self.sandbox = stack.enter_context(RunningStore(small_store()))
        self._installed = install_app(context, self.sandbox)
        self.context, self.id = context, self._installed.id
        self.scope, self.catch_up = self._installed.scope, self._installed.catch_up
        self.letters: list[Callable[[], Letter]] = []
        self.sure_letters: list[Callable[[], Letter]] = []
        self.store.listener = self._take

    def renew(self) -> None:
        self.letters.clear()
        self.sure_letters.clear()
        with self.store.lock:
            renew_store(self.store)

    def fail(self, *faults: Fault) -> None:
        self.sandbox.clear_faults()
        for one in faults:
            self.sandbox.add_fault(one)

    @property
    def store(self) -> Store:
        return self.sandbox.store

    def _take(self, topic: str, resource: int) -> None:
        for webhook in list(self.store.webhooks.values()):
            if webhook.topic == topic:
                self.letters.append(partial(letter_of, self.store, webhook, resource))

    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        with self.store.lock:
            self._place(self._order(customer, email, names, age), paid=paid)

    def spend(self, customer: int, email: str, names: Sequence[str], code: str, paid: bool) -> bool:
        with self.store.lock:
            order = self._order(customer, email, names, 0)
            try:
                order_body.write(self.store, order, {"coupon_lines": [{"code": code}]})
            except RestError:
                return False
            self._place(order, paid=paid)
            return True

    def _order(self, customer: int, email: str, names: Sequence[str], age: int) -> Order:
        numbers = {one.name: one.id for one in self.store.products.values()}
        moment = clock.now()
        return Order(
            id=self.store.next_post_id(),
            status="pending",
            currency="USD",
            created=moment - age * DAY,
            modified=moment,
            customer_id=customer,
            billing={"email": email},
            shipping={},
            lines=tuple(orders.new_line(self.store, numbers[one], 0, 1) for one in names),
            payment_method="bacs",
        )

    def _place(self, order: Order, *, paid: bool) -> None:
        orders.place(self.store, order, set_paid=paid)
        if paid:
            order.paid = order.created

    def codes_that_work(self) -> set[str]:
        listed = self.store.coupons.values()
        return {
            one.code
            for one in listed
            if one.status == "publish"
            and not one.used_by
            and (one.expires is None or one.expires > clock.now())
        }

    def pay(self, order: Order) -> None:
        with self.store.lock:
            orders.changed(self.store, order, "completed")

    def cancel(self, order: Order) -> None:
        with self.store.lock:
            orders.changed(self.store, order, "cancelled")

    def trash(self, order: Order) -> None:
        with self.store.lock:
            if order.status == "trash":
                orders.restore(self.store, order)
            else:
                orders.trash(self.store, order)

    def delete(self, order: Order) -> None:
        with self.store.lock:
            orders.delete(self.store, order)

    def give_back(self, order: Order, percent: int) -> None:
        with self.store.lock:
            left = total(order) - refunded(self.store, order)
            line = order.lines[0]
            given = sum(
                -one.total
                for number in order.refund_ids
                for one in self.store.refunds[number].lines
            )
            amount = min(left, (line.total - given) * percent // 100)
            if amount > 0:
                lines = ((line.id, 0, amount),)
                request = RefundRequest(amount, "", lines, MERCHANT_ID, False, restock=False)
                refunds.create(self.store, order, request)

    def open_account(self, email: str) -> None:
        with self.store.lock:
            made = Customer(self.store.next_user_id(), email, email, clock.now())
            customers.create(self.store, made)

    def merge(self, kept: int, removed: int) -> None:
        raise NotImplementedError

    def kept(self, order: Order) -> int:
        back = [one for number in order.refund_ids for one in self.store.refunds[number].lines]
        return sum(line.total for line in order.lines) + sum(line.total for line in back)

    def shown(self, customer: Customer) -> dict[str, str]:
        return {row.key.removeprefix("bazgasht_"): str(row.value) for row in customer.meta}
