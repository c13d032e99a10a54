"""Pages of the storefront that the app answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from shopify_app import RequestInput, ShopifyApp

from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.proxy import signature
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.sandbox.receiver import Receiver

ADA = 2
APP = AppConfig()


@dataclass
class Proxied:
    shop: RunningShop
    receiver: Receiver
    browser: requests.Session

    def get(self, path: str) -> requests.Response:
        return self.browser.get(f"{self.shop.url}{path}", timeout=5)

    def values(self) -> dict[str, list[str]]:
        query = urlsplit(self.receiver.requests[-1].path).query
        return parse_qs(query, keep_blank_values=True)


@pytest.fixture
def proxied(receiver: Receiver) -> Iterator[Proxied]:
    app = AppConfig(proxy_url=f"{receiver.url}/proxy")
    with (
        RunningShop(small_store(), ShopOptions(app=app)) as shop,
        requests.Session() as browser,
    ):
        shop.install()
        yield Proxied(shop, receiver, browser)


def test_the_signature_of_shopifys_documentation() -> None:
    values = {
        "extra": ["1", "2"],
        "shop": ["shop-name.myshopify.com"],
        "logged_in_customer_id": ["1"],
        "path_prefix": ["/apps/awesome_reviews"],
        "timestamp": ["1317327555"],
    }
    assert signature(values, "hush") == (
        "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    )


def test_a_shopper_is_named_only_when_logged_in(proxied: Proxied) -> None:
    assert proxied.get("/apps/bazgasht/points?lang=fa").status_code == 200
    assert proxied.receiver.requests[-1].path.startswith("/proxy/points?lang=fa&")
    values = proxied.values()
    assert values["shop"] == ["bazgasht-demo.myshopify.com"]
    assert values["path_prefix"] == ["/apps/bazgasht"]
    assert values["logged_in_customer_id"] == [""]
    assert proxied.get(f"/account/login/{ADA}").status_code == 200
    assert "customer" in proxied.browser.cookies
    proxied.get("/apps/bazgasht")
    assert proxied.values()["logged_in_customer_id"] == [str(ADA)]
    assert "Cookie" not in proxied.receiver.requests[-1].headers
    proxied.get("/account/logout")
    proxied.get("/apps/bazgasht/")
    assert proxied.values()["logged_in_customer_id"] == [""]


def test_shopifys_own_package_accepts_it(proxied: Proxied) -> None:
    proxied.get(f"/account/login/{ADA}")
    proxied.get("/apps/bazgasht/points?shop=evil.myshopify.com&a=1&a=2")
    request: RequestInput = {
        "method": "GET",
        "url": f"https://app.test{proxied.receiver.requests[-1].path}",
        "headers": {},
        "body": "",
    }
    theirs = ShopifyApp(client_id=APP.client_id, client_secret=APP.client_secret)
    verified = theirs.verify_app_proxy_req(request)
    assert (verified.ok, verified.shop) == (True, "bazgasht-demo")


def test_without_the_app_there_is_no_page(proxied: Proxied) -> None:
    proxied.receiver.stop()
    assert proxied.get("/apps/bazgasht/points").status_code == 502
    proxied.shop.uninstall()
    assert proxied.get("/apps/bazgasht/points").status_code == 404
    assert proxied.get("/account/login/999").status_code == 404
