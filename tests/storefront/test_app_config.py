"""The app's configuration file at Shopify, made from the manifest."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connector.manifest import Manifest, load
from connector.shopify.app_config import EXAMPLE_CLIENT_ID, EXAMPLE_URL, app_config
from connector.shopify.events import COMPLIANCE_TOPICS, INCLUDE_FIELDS
from tests.storefront.theme import source

FILE = Path(__file__).parents[2] / "storefront/shopify/shopify.app.toml"
CLIENT_ID = "0123456789abcdef0123456789abcdef"
URL = "https://app.example.com"


def manifest(**changes: Any) -> Manifest:
    """A manifest with few scopes and topics, the entry `shopify` changed as said."""
    entry = {
        "scope": "read_orders,write_app_proxy",
        "topics": [
            "orders/create",
            "refunds/create",
            "orders/updated",
            "app/scopes_update",
            "shop/redact",
        ],
        "purchase_statuses": ["PAID"],
        "undone_statuses": ["cancelled"],
        "codes_come_back": False,
        "gives_store_credit": True,
        "customer_fields": {},
    } | changes
    label = {"en": "Bazgasht", "fa": "بازگشت"}
    return Manifest.model_validate(
        {
            "name": label,
            "tagline": label,
            "description": label,
            "version": "1",
            "platforms": {"shopify": entry},
            "settings": {},
        }
    )


def test_gives_shopify_all_it_needs() -> None:
    webhooks = f"{URL}/webhooks/shopify"

    config = tomllib.loads(app_config(manifest(), URL, CLIENT_ID))

    assert config == {
        "name": "Bazgasht",
        "client_id": CLIENT_ID,
        "application_url": f"{URL}/shopify",
        "embedded": True,
        "access_scopes": {"scopes": "read_orders,write_app_proxy"},
        "auth": {"redirect_urls": [f"{URL}/install/shopify/callback"]},
        "webhooks": {
            "api_version": "2026-10",
            "subscriptions": [
                {
                    "topics": ["orders/create", "orders/updated"],
                    "uri": webhooks,
                    "include_fields": ["id", "admin_graphql_api_id", "updated_at"],
                },
                {
                    "topics": ["refunds/create"],
                    "uri": webhooks,
                    "include_fields": ["id", "order_id", "admin_graphql_api_id"],
                },
                {"topics": ["app/scopes_update"], "uri": webhooks},
                {
                    "compliance_topics": [
                        "customers/data_request",
                        "customers/redact",
                        "shop/redact",
                    ],
                    "uri": webhooks,
                },
            ],
        },
        "app_proxy": {"url": f"{URL}/shopify/proxy", "subpath": "bazgasht", "prefix": "apps"},
    }


def test_writes_the_file_in_a_form_that_is_easy_to_compare() -> None:
    text = app_config(manifest(topics=["refunds/create"]), f"{URL}/", CLIENT_ID)

    assert text.splitlines()[:11] == [
        "# Made from manifest.json by `bazgasht manifest`: change that, not this file.",
        'name = "Bazgasht"',
        f'client_id = "{CLIENT_ID}"',
        f'application_url = "{URL}/shopify"',
        "embedded = true",
        "",
        "[access_scopes]",
        'scopes = "read_orders,write_app_proxy"',
        "",
        "[auth]",
        "redirect_urls = [",
    ]
    assert text.endswith('prefix = "apps"\n')


@pytest.mark.parametrize(
    "address",
    ["http://app.example.com", "app.example.com", "https://", "https://a.example/b", f"{URL}?a=1"],
)
def test_refuses_an_address_that_shopify_could_not_use(address: str) -> None:
    with pytest.raises(ValueError, match=r"application_url: must be https:// and a host"):
        app_config(manifest(), address, CLIENT_ID)


@pytest.mark.parametrize("client_id", ["", "abc", CLIENT_ID.upper(), f'{CLIENT_ID[:31]}"'])
def test_refuses_a_number_that_is_none_of_shopifys(client_id: str) -> None:
    with pytest.raises(ValueError, match="client_id: must be the 32 hexadecimal digits"):
        app_config(manifest(), URL, client_id)


def test_refuses_a_manifest_that_would_leave_the_points_block_without_answer() -> None:
    with pytest.raises(ValueError, match="scope: must have write_app_proxy"):
        app_config(manifest(scope="read_orders"), URL, CLIENT_ID)


def test_refuses_a_topic_that_nothing_reads() -> None:
    with pytest.raises(ValueError, match="topics: carts/create is read by nothing"):
        app_config(manifest(topics=["carts/create"]), URL, CLIENT_ID)


def test_refuses_a_manifest_without_shopify() -> None:
    without = manifest().model_copy(update={"platforms": {}})

    with pytest.raises(ValueError, match="must have an entry `shopify`"):
        app_config(without, URL, CLIENT_ID)


def test_refuses_a_name_that_is_too_long_for_shopify() -> None:
    label = manifest().name.model_copy(update={"en": "B" * 31})

    with pytest.raises(ValueError, match=r"name\.en: must have at most 30 letters"):
        app_config(manifest().model_copy(update={"name": label}), URL, CLIENT_ID)


def test_leads_what_the_points_block_asks_to_the_app() -> None:
    proxy = tomllib.loads(app_config(manifest(), URL, CLIENT_ID))["app_proxy"]

    assert f'data-url="/{proxy["prefix"]}/{proxy["subpath"]}"' in source("your-points")


def test_the_file_of_the_repository_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == app_config(load(), EXAMPLE_URL, EXAMPLE_CLIENT_ID)


def test_the_file_of_the_repository_asks_for_every_topic_that_is_read() -> None:
    subscriptions = tomllib.loads(FILE.read_text("utf-8"))["webhooks"]["subscriptions"]
    topics = [topic for one in subscriptions for topic in one.get("topics", [])]
    compliance = [topic for one in subscriptions for topic in one.get("compliance_topics", [])]

    assert sorted(topics) == sorted(INCLUDE_FIELDS)
    assert compliance == list(COMPLIANCE_TOPICS)
