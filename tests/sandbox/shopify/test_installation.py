"""The app's life in the shop, and what the law asks of it."""

from collections.abc import Iterator

import pytest

from sandbox.shopify.app_config import COMPLIANCE_TOPICS, AppConfig, AppSubscription
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.sandbox.receiver import Receiver
from tests.sandbox.shopify.client import Admin, document

BEANS, ADA = 82, 2


@pytest.fixture
def declared(receiver: Receiver) -> Iterator[RunningShop]:
    """A shop with an app that declares all it wants to be told."""
    names = ("app/uninstalled", "app/scopes_update", "orders/create", *COMPLIANCE_TOPICS)
    subscriptions = tuple(AppSubscription(name, f"{receiver.url}/ok") for name in names)
    options = ShopOptions(app=AppConfig(subscriptions=subscriptions))
    with RunningShop(small_store(), options) as running:
        yield running


def test_an_uninstall_is_told_once_and_ends_everything(
    declared: RunningShop, receiver: Receiver
) -> None:
    admin = Admin(declared, declared.new_token().access_token)
    admin.subscribe("PRODUCTS_UPDATE", f"{receiver.url}/api")
    declared.uninstall()
    assert admin.post(document("shop")).status_code == 401
    declared.merchant.place_order({BEANS: 1})
    declared.merchant.change_product(BEANS, title="New")
    declared.drain_deliveries()
    (told,) = receiver.requests
    assert told.topic == "app/uninstalled"
    assert told.json()["myshopify_domain"] == "bazgasht-demo.myshopify.com"
    declared.redact_shop()
    declared.drain_deliveries()
    assert receiver.topics == ["app/uninstalled", "shop/redact"]
    # After a reinstall what the app declares works again, what it made by the API is gone.
    admin.token = declared.new_token().access_token
    assert admin.data("webhooks", "Subscriptions", first=9)["webhookSubscriptions"]["nodes"] == []
    declared.merchant.place_order({BEANS: 1})
    declared.drain_deliveries()
    assert receiver.topics[2:] == ["orders/create"]
    admin.session.close()


def test_changed_scopes_are_told(declared: RunningShop, receiver: Receiver) -> None:
    declared.install(("read_orders",))
    declared.install(("read_orders",))
    declared.install(("read_products", "read_orders"))
    declared.drain_deliveries()
    (told,) = receiver.requests
    assert (told.json()["previous"], told.json()["current"]) == (
        ["read_orders"],
        ["read_orders", "read_products"],
    )


def test_requests_for_a_customer(declared: RunningShop, receiver: Receiver) -> None:
    order = declared.merchant.place_order({BEANS: 1}, customer_id=ADA)
    ada = declared.store.customers[ADA]
    declared.request_customer_data(ada)
    declared.redact_customer(ada)
    declared.drain_deliveries()
    asked, erased = (one.json() for one in receiver.requests)
    person = {"id": ADA, "email": "ada@example.test", "phone": "+15550100"}
    assert (asked["customer"], asked["orders_requested"]) == (person, [order.id])
    assert asked["data_request"] == {"id": 10_000}
    assert (erased["customer"], erased["orders_to_redact"]) == (person, [order.id])
