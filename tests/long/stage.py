"""A pretend store with the app installed, whose deliveries a story holds in its hands."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from threading import current_thread
from typing import Any, Protocol
from uuid import UUID

import requests
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from jobs.context import Context
from sandbox import clock
from sandbox.operations import customers, orders, refunds
from sandbox.operations.refunds import RefundRequest
from sandbox.payloads.orders import refunded, total
from sandbox.records import Customer, Order
from sandbox.server import RunningStore
from sandbox.shopify.deliveries import Delivery
from sandbox.shopify.deliveries import signature as shop_signature
from sandbox.shopify.operations import Terms
from sandbox.small import small_store
from sandbox.store import MERCHANT_ID, Store
from tests.conftest import AppServer, install_app
from tests.faults.traffic import Letter, letter_of
from tests.merchant import Merchant, open_shop

DAY = 86_400
GOODS = ("Green Tea", "Earl Grey", "House Blend Beans")


class Crash(BaseException):
    """The process is killed: nothing that comes after it is done."""


@contextmanager
def crashing(engine: Engine, after: int) -> Iterator[None]:
    """Kill what runs in the block when it has sent so many statements to the database.

    From then on each further one fails, too, so that nothing is tidied up.
    """
    left, thread = [after], current_thread()

    def count_down(*_: object) -> None:
        if current_thread() is thread:
            left[0] -= 1
            if left[0] < 0:
                raise Crash

    event.listen(engine, "before_cursor_execute", count_down)
    try:
        yield
    except Crash:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", count_down)


class Stage(Protocol):
    """What a story does at a store of one platform."""

    context: Context
    id: UUID
    letters: list[Callable[[], Letter]]
    may_trash: bool

    @property
    def store(self) -> Store: ...
    def scope(self) -> AbstractContextManager[Session]: ...
    def catch_up(self) -> None: ...
    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        """Place an order, so many days ago, of an account or (0) of a guest."""

    def pay(self, order: Order) -> None: ...
    def trash(self, order: Order) -> None:
        """Move an order to the trash, or take it out."""

    def delete(self, order: Order) -> None: ...
    def cancel(self, order: Order) -> None: ...
    def give_back(self, order: Order, percent: int) -> None:
        """Refund a share of what is left of an order's first line."""

    def open_account(self, email: str) -> None: ...
    def counts(self, order: Order) -> bool: ...
    def kept(self, order: Order) -> int: ...
    def shown(self, customer: Customer) -> dict[str, str]: ...


def post(letter: Letter) -> None:
    """Deliver a letter, which the app must take."""
    answer = requests.post(letter.url, letter.body, headers=letter.headers, timeout=30)
    assert answer.status_code == 200, answer.text


class WooCommerceStage:
    """The small WooCommerce store."""

    may_trash = True

    def __init__(self, context: Context, _server: AppServer, stack: ExitStack) -> None:
        self.sandbox = stack.enter_context(RunningStore(small_store()))
        self._installed = install_app(context, self.sandbox)
        self.context, self.id = context, self._installed.id
        self.scope, self.catch_up = self._installed.scope, self._installed.catch_up
        self.letters: list[Callable[[], Letter]] = []
        self.store.listener = self._take

    @property
    def store(self) -> Store:
        return self.sandbox.store

    def _take(self, topic: str, resource: int) -> None:
        for webhook in list(self.store.webhooks.values()):
            if webhook.topic == topic:
                self.letters.append(partial(letter_of, self.store, webhook, resource))

    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        numbers = {one.name: one.id for one in self.store.products.values()}
        with self.store.lock:
            moment = clock.now()
            order = Order(
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
            orders.place(self.store, order, set_paid=paid)
            if paid:
                order.paid = order.created

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

    def counts(self, order: Order) -> bool:
        return order.status in orders.PAID_STATUSES

    def kept(self, order: Order) -> int:
        back = [one for number in order.refund_ids for one in self.store.refunds[number].lines]
        return sum(line.total for line in order.lines) + sum(line.total for line in back)

    def shown(self, customer: Customer) -> dict[str, str]:
        return {row.key.removeprefix("bazgasht_"): str(row.value) for row in customer.meta}


class ShopifyStage:
    """The small shop on Shopify."""

    may_trash = False

    def __init__(self, context: Context, server: AppServer, stack: ExitStack) -> None:
        self.merchant: Merchant = stack.enter_context(open_shop(context, server, small_store()))
        self.context, self.id = context, self.merchant.id
        self.scope, self.catch_up = self.merchant.scope, self.merchant.catch_up
        self.letters: list[Callable[[], Letter]] = []
        self.merchant.shop.deliveries.put = self._take  # type: ignore[method-assign]

    @property
    def store(self) -> Store:
        return self.merchant.shop.store

    def _take(self, *waiting: Delivery, after: float = 0) -> None:
        for one in waiting:
            secret = self.merchant.shop.deliveries.secret
            headers = one.headers | {"X-Shopify-Hmac-Sha256": shop_signature(secret, one.body)}
            key = one.headers["X-Shopify-Webhook-Id"]
            self.letters.append(partial(Letter, key, one.uri, headers, one.body))

    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        goods = {self.merchant.product(name): 1 for name in names}
        terms = Terms(paid=paid, created=clock.now() - age * DAY)
        self._hand.place_order(goods, email=email, customer_id=customer, terms=terms)

    @property
    def _hand(self) -> Any:
        return self.merchant.shop.merchant

    def pay(self, order: Order) -> None:
        if order.status == "pending":
            self._hand.pay(order.id)

    def cancel(self, order: Order) -> None:
        if order.status != "cancelled":
            self._hand.cancel(order.id)

    def trash(self, order: Order) -> None:
        raise NotImplementedError

    def delete(self, order: Order) -> None:
        self._hand.delete_order(order.id)

    def give_back(self, order: Order, percent: int) -> None:
        line = order.lines[0]
        back = self.merchant.shop.shop.refunds(order)
        given = sum(-one.total for refund in back for one in refund.lines)
        amount = (line.total - given) * percent // 100
        if amount > 0 and self.counts(order):
            self._hand.refund(order.id, {line.id: (0, amount)})

    def open_account(self, email: str) -> None:
        self._hand.create_customer(email)

    def counts(self, order: Order) -> bool:
        return order.status in orders.PAID_STATUSES

    def kept(self, order: Order) -> int:
        back = self.merchant.shop.shop.refunds(order)
        return sum(line.total for line in order.lines) + sum(
            one.total for refund in back for one in refund.lines
        )

    def shown(self, customer: Customer) -> dict[str, str]:
        return {key: str(value) for key, value in self.merchant.shop.services.notes(customer)}
