"""The platform contract, kept by the WooCommerce adapter against the sandbox store."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from woocommerce import API

from connector.errors import ForbiddenAddress
from connector.manifest import load
from connector.platform import Credentials, Reward
from connector.registry import platform
from connector.woocommerce.reading import NEEDS_ADMINISTRATOR
from sandbox.faults import Fault
from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.connector.platform_contract import PlatformContract
from tests.connector.reward_contract import RewardContract


class SandboxShop:
    """The sandbox store, worked with through the official client."""

    platform = platform("woocommerce")
    topics = load().platforms["woocommerce"].topics
    currency = "USD"
    time_zone = "America/Los_Angeles"
    trashed_status = "trash"
    lists_trashed = False

    def __init__(self, running: RunningStore) -> None:
        self.running = running
        self._merchant = running.new_key()
        self._app = running.new_key()
        self.credentials = Credentials(
            running.url, self._app.consumer_key, self._app.consumer_secret
        )
        self._api = API(
            running.url, self._merchant.consumer_key, self._merchant.consumer_secret, timeout=30
        )
        self._call(
            "POST",
            "webhooks",
            {
                "name": "Another app",
                "topic": "order.created",
                "delivery_url": f"{running.url}/?other=1",
                "status": "active",
            },
        )

    def product_ids(self) -> list[str]:
        products = self._call("GET", "products", per_page=100, orderby="id", order="asc")
        return [str(product["id"]) for product in products if product["type"] == "simple"]

    def variation(self) -> tuple[str, str]:
        (parent,) = self._call("GET", "products", type="variable")
        return str(parent["variations"][0]), str(parent["id"])

    def account_ids(self) -> list[str]:
        return [str(customer["id"]) for customer in self._call("GET", "customers", orderby="id")]

    def order_goods(self, goods: Mapping[str, int], email: str, account: str | None) -> str:
        order = {
            "customer_id": int(account or 0),
            "billing": {"email": email},
            "payment_method": "bacs",
            "set_paid": True,
            "line_items": [
                {"product_id": int(product), "quantity": quantity}
                for product, quantity in goods.items()
            ],
        }
        return str(self._call("POST", "orders", order)["id"])

    def order_many(self, how_many: int) -> None:
        line = {"product_id": int(self.product_ids()[0]), "quantity": 1}
        for start in range(0, how_many, 100):
            orders = [{"line_items": [line]} for _ in range(start, min(start + 100, how_many))]
            self._call("POST", "orders/batch", {"create": orders})

    def price_of(self, product: str) -> Decimal:
        return Decimal(self._call("GET", f"products/{product}")["price"])

    def refund_line(self, order: str, line: str, quantity: int, amount: Decimal) -> None:
        item = {"id": int(line), "quantity": quantity, "refund_total": float(amount)}
        refund = {"api_refund": False, "line_items": [item]}
        self._call("POST", f"orders/{order}/refunds", refund)

    def refund_amount(self, order: str, amount: Decimal) -> None:
        refund = {"api_refund": False, "amount": str(amount)}
        self._call("POST", f"orders/{order}/refunds", refund)

    def trash_order(self, order: str) -> None:
        self._call("DELETE", f"orders/{order}")

    def delete_order(self, order: str) -> None:
        self._call("DELETE", f"orders/{order}", force="true")

    def rename_product(self, product: str, name: str) -> None:
        self._call("PUT", f"products/{product}", {"name": name})

    def unpublish_product(self, product: str) -> None:
        self._call("PUT", f"products/{product}", {"status": "draft"})

    def fields_of(self, account: str) -> Mapping[str, str]:
        customer = self._call("GET", f"customers/{account}")
        return {meta["key"]: meta["value"] for meta in customer["meta_data"]}

    def other_webhooks(self) -> int:
        webhooks = self._call("GET", "webhooks", per_page=100)
        return sum(webhook["name"] == "Another app" for webhook in webhooks)

    def switch_off_a_webhook(self, address: str) -> None:
        webhooks = self._call("GET", "webhooks", per_page=100)
        ours = next(webhook for webhook in webhooks if webhook["delivery_url"] == address)
        self._call("PUT", f"webhooks/{ours['id']}", {"status": "disabled"})

    def deliver(self) -> None:
        self.running.drain_deliveries()

    def wait_a_second(self) -> None:
        time.sleep(1)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def order_with_code(self, reward: Reward, product: str) -> str:
        order = {
            "customer_id": int(reward.account_id or 0),
            "billing": {"email": reward.email},
            "line_items": [{"product_id": int(product), "quantity": 1}],
            "coupon_lines": [{"code": reward.code}],
        }
        return str(self._call("POST", "orders", order)["id"])

    def counted_rewards(self, code: str) -> int:
        coupons = self._call("GET", "coupons", per_page=100)
        return sum(coupon["code"] == code.lower() for coupon in coupons)

    def lose_an_answer(self, request: str) -> None:
        self.running.add_fault(Fault("half_answer", times=1, text=request))

    def fail(self, kind: str, times: int) -> None:
        self.running.add_fault(Fault(kind, times=times, seconds=0.2))

    def revoke_key(self) -> None:
        self._app.revoked = True

    def _call(
        self, method: str, endpoint: str, data: object = None, **parameters: str | int
    ) -> Any:
        arguments = (endpoint, data) if method in ("POST", "PUT") else (endpoint,)
        answer = getattr(self._api, method.lower())(*arguments, params=parameters)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture
def shop() -> Iterator[SandboxShop]:
    with RunningStore(small_store(time_zone=SandboxShop.time_zone)) as running:
        yield SandboxShop(running)


class TestWooCommerceContract(PlatformContract):
    """All of the contract."""


class TestWooCommerceRewards(RewardContract):
    """All of the contract about rewards."""


def test_a_managers_key_is_warned_of_and_its_writes_are_not_trusted(shop: SandboxShop) -> None:
    key = shop.running.new_key("shop_manager")
    credentials = Credentials(shop.running.url, key.consumer_key, key.consumer_secret)
    store = shop.platform.open(credentials, region="IR", development=True)
    assert store.profile().warnings == (NEEDS_ADMINISTRATOR,)
    store.close()


def test_a_store_is_not_called_at_a_private_address_outside_development(
    shop: SandboxShop,
) -> None:
    store = shop.platform.open(shop.credentials, region="IR", development=False)
    with pytest.raises(ForbiddenAddress):
        store.profile()
    store.close()
