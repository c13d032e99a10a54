"""The small shop on Shopify with the app installed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from connector.registry import register
from connector.shopify import Shopify
from connector.shopify.shop import AppKeys
from jobs.context import Context
from sandbox import clock
from sandbox.faults import Fault
from sandbox.records import Customer, Order
from sandbox.shopify.deliveries import Delivery
from sandbox.shopify.deliveries import signature as shop_signature
from sandbox.shopify.operations import Terms
from sandbox.shopify.shop import Shop
from sandbox.small import small_store
from sandbox.store import Store
from tests.conftest import AppServer
from tests.faults.traffic import Letter
from tests.long.stage import DAY, HOUR, counts, renew, renew_store
from tests.merchant import SECRET, Merchant, open_shop

SHOP_KEPT = ("store", "scopes", "tokens", "metafields", "subscriptions", "order_lists")


class ShopifyStage:
    """The small shop on Shopify."""

    may_trash, may_merge = False, True

    def __init__(self, context: Context, server: AppServer, stack: ExitStack) -> None:
        self.merchant: Merchant = stack.enter_context(open_shop(context, server, small_store()))
        self.context, self.id = context, self.merchant.id
        self.scope, self.catch_up = self.merchant.scope, self.merchant.catch_up
        self.letters: list[Callable[[], Letter]] = []
        self.sure_letters: list[Callable[[], Letter]] = []
        self.merchant.shop.deliveries.put = self._take  # type: ignore[method-assign]

    def renew(self) -> None:
        self.letters.clear()
        self.sure_letters.clear()
        shop = self.merchant.shop.shop
        with self.store.lock:
            renew_store(self.store)
            renew(shop, Shop(shop.store, shop.app, shop.profile), SHOP_KEPT)
            shop.metafields.by_owner.clear()
        # Tokens and points of cost in memory: other tests share them between processes.
        keys, address = AppKeys(shop.app.client_id, SECRET), self.merchant.shop.url
        register(Shopify(keys, pretend_address=address))
        self.merchant.shop.restore_points(HOUR)

    def fail(self, *faults: Fault) -> None:
        self.merchant.shop.clear_faults()
        for one in faults:
            self.merchant.shop.add_fault(one)

    @property
    def store(self) -> Store:
        return self.merchant.shop.store

    def _take(self, *waiting: Delivery, after: float = 0) -> None:
        for one in waiting:
            secret = self.merchant.shop.deliveries.secret
            headers = one.headers | {"X-Shopify-Hmac-Sha256": shop_signature(secret, one.body)}
            key = one.headers["X-Shopify-Webhook-Id"]
            is_sure = one.headers["X-Shopify-Topic"] == "customers/merge"
            kept = self.sure_letters if is_sure else self.letters
            kept.append(partial(Letter, key, one.uri, headers, one.body))

    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        goods = {self.merchant.product(name): 1 for name in names}
        terms = Terms(paid=paid, created=clock.now() - age * DAY)
        order = self._hand.place_order(goods, email=email, customer_id=customer, terms=terms)
        if paid:
            with self.store.lock:
                order.paid = order.created

    def spend(self, customer: int, email: str, names: Sequence[str], code: str, paid: bool) -> bool:
        goods = {self.merchant.product(name): 1 for name in names}
        terms = Terms(paid=paid, codes=(code,))
        try:
            self._hand.place_order(goods, email=email, customer_id=customer, terms=terms)
        except ValueError:
            return False
        return True

    def codes_that_work(self) -> set[str]:
        listed = self.merchant.shop.shop.discounts.by_id.values()
        return {one.code for one in listed if one.status == "ACTIVE" and not one.used_by}

    @property
    def _hand(self) -> Any:
        return self.merchant.shop.merchant

    def pay(self, order: Order) -> None:
        if order.status == "pending":
            self._hand.pay(order.id)

    def cancel(self, order: Order) -> None:
        if order.status != "cancelled":
            self._hand.cancel(order.id, refund=not order.refund_ids)

    def trash(self, order: Order) -> None:
        raise NotImplementedError

    def delete(self, order: Order) -> None:
        self._hand.delete_order(order.id)

    def give_back(self, order: Order, percent: int) -> None:
        line = order.lines[0]
        back = self.merchant.shop.shop.refunds(order)
        given = sum(-one.total for refund in back for one in refund.lines)
        amount = (line.total - given) * percent // 100
        if amount > 0 and counts(order):
            self._hand.refund(order.id, {line.id: (0, amount)})

    def open_account(self, email: str) -> None:
        self._hand.create_customer(email)

    def merge(self, kept: int, removed: int) -> None:
        self._hand.merge_customers(kept, removed)

    def kept(self, order: Order) -> int:
        back = self.merchant.shop.shop.refunds(order)
        return sum(line.total for line in order.lines) + sum(
            one.total for refund in back for one in refund.lines
        )

    def shown(self, customer: Customer) -> dict[str, str]:
        return {key: str(value) for key, value in self.merchant.shop.services.notes(customer)}
