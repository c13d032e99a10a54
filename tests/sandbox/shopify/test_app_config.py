"""Reading a shopify.app.toml."""

from pathlib import Path

import pytest

from sandbox.shopify.app_config import AppSubscription, from_toml

TOML = """
name = "An app"
client_id = "0123"
application_url = "https://app.test/shopify"
handle = "an-app"

[access_scopes]
scopes = "write_products, read_orders"

[webhooks]
api_version = "2026-10"

[[webhooks.subscriptions]]
topics = ["orders/create", "orders/updated"]
uri = "https://app.test/webhooks/shopify"
include_fields = ["id"]

[[webhooks.subscriptions]]
compliance_topics = ["shop/redact"]
uri = "/hooks"
metafield_namespaces = ["$app"]

[app_proxy]
url = "https://app.test/proxy"
prefix = "a"
subpath = "thing"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shopify.app.toml"
    file.write_text(TOML)
    return file


def test_what_the_file_declares(path: Path) -> None:
    app = from_toml(path, "a secret")
    assert (app.client_id, app.client_secret, app.handle) == ("0123", "a secret", "an-app")
    assert app.url == "https://app.test/shopify"
    assert app.scopes == ("read_orders", "write_products")
    hooks = "https://app.test/webhooks/shopify"
    assert app.subscriptions == (
        AppSubscription("orders/create", hooks, ("id",)),
        AppSubscription("orders/updated", hooks, ("id",)),
        AppSubscription(
            "shop/redact", "https://app.test/shopify/hooks", metafield_namespaces=("$app",)
        ),
    )
    assert (app.proxy_url, app.proxy_prefix, app.proxy_subpath) == (
        "https://app.test/proxy",
        "a",
        "thing",
    )


def test_the_app_may_be_elsewhere(path: Path) -> None:
    app = from_toml(path, "a secret", client_id="9", origin="http://127.0.0.1:8000")
    assert (app.client_id, app.url) == ("9", "http://127.0.0.1:8000/shopify")
    assert app.subscriptions[0].uri == "http://127.0.0.1:8000/webhooks/shopify"
    assert app.proxy_url == "http://127.0.0.1:8000/proxy"


def test_a_filter_is_not_pretended(path: Path) -> None:
    path.write_text(TOML.replace("include_fields", 'filter = "id:1"\ninclude_fields'))
    with pytest.raises(ValueError, match="the filter 'id:1'"):
        from_toml(path, "a secret")
