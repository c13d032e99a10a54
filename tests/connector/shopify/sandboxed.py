"""The sandbox's Shopify shop, as the contract and other tests work with it."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from connector.platform import Credentials, Reward
from connector.shopify import Shopify
from connector.shopify.events import COMPLIANCE_TOPICS, READERS
from connector.shopify.shop import AppKeys
from connector.shopify.tokens import Tokens
from sandbox.faults import Fault
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.gid import gid
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.shopify.subscriptions import Subscription
from sandbox.shopify.tokens import TokenPair
from sandbox.small import small_store
from tests.connector.platform_contract import SECRET

APP = AppConfig(client_secret=SECRET)


def credentials(running: RunningShop, pair: TokenPair) -> Credentials:
    """The keys that an installation leaves, as they are kept."""
    tokens = Tokens(
        access_token=pair.access_token,
        expires_at=datetime.fromtimestamp(pair.access_expires, UTC),
        refresh_token=pair.refresh_token,
        refresh_expires_at=datetime.fromtimestamp(pair.refresh_expires, UTC),
        scopes=pair.scopes,
    )
    return Credentials(running.url, running.domain, json.dumps(tokens.as_json()))


class SandboxShop:
    """The sandbox shop, worked with as its merchant and its shoppers do."""

    platform = Shopify(AppKeys(APP.client_id, APP.client_secret))
    topics = tuple(topic for topic in READERS if topic not in COMPLIANCE_TOPICS)
    currency = "USD"
    time_zone = "America/Los_Angeles"
    trashed_status = "cancelled"
    lists_trashed = True

    def __init__(self, running: RunningShop) -> None:
        self.running = running
        self.shop = running.shop
        self.merchant = running.merchant
        self.credentials = credentials(running, running.new_token())
        number = self.shop.subscriptions.next_id()
        other = Subscription(number, "shop/update", f"{running.url}/other", app="Another app")
        self.shop.subscriptions.add(other)

    def product_ids(self) -> list[str]:
        return sorted(
            (str(one.id) for one in self.shop.products() if one.type == "simple"), key=int
        )

    def variation(self) -> tuple[str, str]:
        products = self.shop.store.products.values()
        one = next(product for product in products if product.type == "variation")
        return str(one.id), str(one.parent_id)

    def account_ids(self) -> list[str]:
        return [str(customer.id) for customer in self.shop.customers()]

    def order_goods(self, goods: Mapping[str, int], email: str, account: str | None) -> str:
        wanted = {int(product): quantity for product, quantity in goods.items()}
        order = self.merchant.place_order(wanted, email=email, customer_id=int(account or 0))
        return str(order.id)

    def order_many(self, how_many: int) -> None:
        product = int(self.product_ids()[0])
        for _ in range(how_many):
            self.merchant.place_order({product: 1})

    def price_of(self, product: str) -> Decimal:
        return Decimal(self.shop.store.products[int(product)].regular_price)

    def refund_line(self, order: str, line: str, quantity: int, amount: Decimal) -> None:
        self.merchant.refund(int(order), {int(line): (quantity, int(amount * 100))})

    def refund_amount(self, order: str, amount: Decimal) -> None:
        self.merchant.refund(int(order), {}, extra=int(amount * 100))

    def trash_order(self, order: str) -> None:
        self.merchant.cancel(int(order))

    def delete_order(self, order: str) -> None:
        self.merchant.delete_order(int(order))

    def rename_product(self, product: str, name: str) -> None:
        self.merchant.change_product(int(product), title=name)

    def unpublish_product(self, product: str) -> None:
        self.merchant.change_product(int(product), status="DRAFT")

    def fields_of(self, account: str) -> Mapping[str, str]:
        found = self.shop.metafields.by_owner.get(gid("Customer", int(account)), {})
        return {field.key: field.value for field in found.values()}

    def other_webhooks(self) -> int:
        return len(self.shop.subscriptions.by_api("Another app"))

    def switch_off_a_webhook(self, address: str) -> None:
        # Shopify deletes a subscription that has failed eight times in a row.
        ours = next(one for one in self.shop.subscriptions.by_api() if one.uri == address)
        for _ in range(8):
            self.shop.subscriptions.note(ours, succeeded=False)

    def deliver(self) -> None:
        self.running.drain_deliveries()

    def wait_a_second(self) -> None:
        time.sleep(1)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def order_with_code(self, reward: Reward, product: str) -> str:
        order = self.merchant.place_order(
            {int(product): 1},
            email=reward.email or "",
            customer_id=int(reward.account_id or 0),
            terms=Terms(paid=False, codes=(reward.code,)),
        )
        return str(order.id)

    def counted_rewards(self, code: str) -> int:
        discounts = self.shop.discounts.by_id.values()
        return sum(one.code.lower() == code.lower() for one in discounts)

    def lose_an_answer(self, request: str) -> None:
        self.running.add_fault(Fault("half_answer", times=1, text=request))

    def fail(self, kind: str, times: int) -> None:
        self.running.add_fault(Fault(kind, times=times, seconds=0.2))

    def revoke_key(self) -> None:
        self.shop.tokens.revoke()


@contextmanager
def sandbox_shop(options: ShopOptions | None = None) -> Iterator[SandboxShop]:
    """A running shop of the small catalogue, with the app installed."""
    store = small_store(time_zone=SandboxShop.time_zone)
    with RunningShop(store, options or ShopOptions(app=APP)) as running:
        yield SandboxShop(running)
