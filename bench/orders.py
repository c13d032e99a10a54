"""Order webhooks as a store sends them, each of another order, of a size like those of real ones.

A bare WooCommerce order of four lines is about 3.5 KB; the meta data that payment, invoice and
shipping plugins add make it about 10.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from connector.woocommerce.events import signature
from sandbox import json_text
from sandbox.live import check_out
from sandbox.payloads.orders import order_payload
from sandbox.small import small_store
from sandbox.store import Checkout

META_ROWS = 68
LINES = 4
ACCOUNTS = 4_000
PRODUCTS = 500
FIRST_ORDER = 1_000_000
FIRST_ACCOUNT = 50
FIRST_PRODUCT = 200_000


@dataclass(frozen=True)
class Template:
    """The body of an order, to be filled with the numbers of many."""

    content: dict[str, Any]

    def body(self, number: int) -> bytes:
        """The body of the order of this number (from 0): another order, shopper and basket."""
        order = dict(self.content)
        account = FIRST_ACCOUNT + number * 7919 % ACCOUNTS
        order["id"], order["customer_id"] = FIRST_ORDER + number, account
        order["number"] = str(order["id"])
        order["billing"] = order["billing"] | {"email": f"shopper-{account}@example.test"}
        order["line_items"] = [
            line
            | {
                "id": LINES * number + position + 1,
                "product_id": FIRST_PRODUCT + (number * 31 + position * 97) % PRODUCTS,
            }
            for position, line in enumerate(order["line_items"])
        ]
        order["meta_data"] = [
            {
                "id": row,
                "key": f"_plugin_{row}",
                "value": sha256(b"%d %d" % (number, row)).hexdigest(),
            }
            for row in range(META_ROWS)
        ]
        return json_text.encode(order).encode()


def template() -> Template:
    """A paid order of four products by an account, as the sandbox store would send it."""
    store = small_store()
    products = [product for product in store.products.values() if product.type == "simple"]
    items = tuple((product.id, 1, 1_000 + position) for position, product in enumerate(products))
    shopper = ("ada@example.test", "Ada", "Lovelace", "ada")
    order = check_out(store, Checkout(1_750_000_000, *shopper, items[:LINES]))
    return Template(json.loads(json_text.encode(order_payload(store, order))))


def bodies(first: int, count: int) -> Iterator[bytes]:
    """The bodies of `count` orders, beginning with that of the number `first`."""
    made = template()
    return (made.body(number) for number in range(first, first + count))


def headers(body: bytes, secret: str) -> dict[str, str]:
    """What comes along with a body, signed with the store's secret."""
    return {
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "http://store.example/",
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Resource": "order",
        "X-WC-Webhook-Event": "created",
        "X-WC-Webhook-Signature": signature(body, secret),
        "X-WC-Webhook-ID": "1",
        "X-WC-Webhook-Delivery-ID": "7a9010b78a0376d17453090bfc54188d",
    }
