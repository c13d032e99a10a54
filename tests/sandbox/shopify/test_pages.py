"""The shop's pages: the storefront, and the admin with the app in a frame."""

import hashlib
import hmac
import html
import json
import re
from urllib.parse import parse_qsl, urlsplit

import requests

from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.gid import gid
from sandbox.shopify.server import RunningShop
from tests.sandbox.shopify.client import Admin

BEANS, PRESS = 82, 85
ADA = 2


def page(shop: RunningShop, path: str) -> str:
    answer = requests.get(f"{shop.url}{path}", timeout=5)
    assert answer.status_code == 200
    return answer.text


def test_a_product_shows_what_its_metafield_recommends(shop: RunningShop, admin: Admin) -> None:
    assert "Nothing is suggested" in page(shop, "/product/house-blend-beans/")
    admin.set_metafields(
        {
            "ownerId": gid("Product", BEANS),
            "key": "recommendations",
            "type": "list.product_reference",
            "value": json.dumps([gid("Product", PRESS)]),
        }
    )
    shown = page(shop, "/product/house-blend-beans/")
    assert "You may also like" in shown
    assert 'href="/product/french-press/"' in shown
    assert page(shop, "/products/house-blend-beans") == shown


def test_an_account_shows_points_and_tags(shop: RunningShop, admin: Admin) -> None:
    shop.merchant.place_order({BEANS: 1}, customer_id=ADA)
    owner = gid("Customer", ADA)
    admin.set_metafields(
        {"ownerId": owner, "key": "points", "type": "number_integer", "value": "120"},
        {"ownerId": owner, "namespace": "other", "key": "note", "type": "json", "value": "[]"},
    )
    admin.data("tags", "AddTags", id=owner, tags=["second-purchase-tea"])
    shown = page(shop, f"/my-account/{ADA}/")
    assert "Points" in shown
    assert "120" in shown
    assert "other.note" in shown
    assert "second-purchase-tea" in shown


def test_the_admin_opens_the_app_in_a_frame(shop: RunningShop) -> None:
    shown = page(shop, "/admin/apps/bazgasht")
    found = re.search(r'src="([^"]+)"', shown)
    assert found
    address = urlsplit(html.unescape(found[1]))
    values = dict(parse_qsl(address.query))
    given = values.pop("hmac")
    message = "&".join(f"{name}={value}" for name, value in sorted(values.items()))
    key = AppConfig().client_secret.encode()
    assert given == hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    assert values["shop"] == "bazgasht-demo.myshopify.com"
    assert values["id_token"].count(".") == 2
    assert shop.shop.scopes == AppConfig().scopes
    assert requests.get(f"{shop.url}/admin/apps/other", timeout=5).status_code == 404
