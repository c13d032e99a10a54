"""The app that the shop installs, as its shopify.app.toml declares it."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")


@dataclass(frozen=True)
class AppSubscription:
    """One topic that the app's configuration subscribes to, for every shop that installs it.

    `include_fields` are the only members of the body that are sent; empty sends them all.
    """

    topic: str
    uri: str
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class AppConfig:
    """An app of the shop; `id` is what `$app` namespaces are made of.

    `proxy_url` is where requests below /`proxy_prefix`/`proxy_subpath` are forwarded.
    """

    client_id: str = "6b6f3b1c5d3f4a0e9f8b7c2d1e0a9b8c"
    client_secret: str = "a client secret of the pretend shop"  # noqa: S105
    id: int = 84_000_101
    handle: str = "bazgasht"
    url: str = "http://127.0.0.1"
    scopes: tuple[str, ...] = (
        "read_all_orders",
        "read_discounts",
        "read_orders",
        "read_store_credit_account_transactions",
        "read_store_credit_accounts",
        "write_customers",
        "write_discounts",
        "write_products",
        "write_store_credit_account_transactions",
    )
    subscriptions: tuple[AppSubscription, ...] = ()
    proxy_url: str = ""
    proxy_prefix: str = "apps"
    proxy_subpath: str = "bazgasht"

    @property
    def namespace(self) -> str:
        """The metafield namespace that `$app` stands for."""
        return f"app--{self.id}"


def from_toml(
    path: Path, client_secret: str, *, client_id: str | None = None, origin: str | None = None
) -> AppConfig:
    """Read a shopify.app.toml.

    `origin`, such as http://127.0.0.1:8000, stands in for the scheme and host of all its
    addresses, `client_id` for the one in the file. Relative addresses lie below application_url.

    Raises ValueError when a subscription has a filter, which is not pretended here.
    """
    parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    home = str(parsed["application_url"])

    def address(uri: str) -> str:
        joined = urlsplit(f"{home.rstrip('/')}{uri}" if uri.startswith("/") else uri)
        if origin is None or joined.netloc != urlsplit(home).netloc:
            return joined.geturl()
        return f"{origin.rstrip('/')}{joined.path}"

    proxy = parsed.get("app_proxy", {})
    scopes = str(parsed.get("access_scopes", {}).get("scopes", ""))
    subscriptions = [
        replace(one, uri=address(one.uri))
        for table in parsed.get("webhooks", {}).get("subscriptions", [])
        for one in _subscriptions(table)
    ]
    return AppConfig(
        client_id=client_id or parsed["client_id"],
        client_secret=client_secret,
        handle=parsed.get("handle", "bazgasht"),
        url=address(home),
        scopes=tuple(sorted(filter(None, (scope.strip() for scope in scopes.split(","))))),
        subscriptions=tuple(subscriptions),
        proxy_url=address(proxy["url"]) if "url" in proxy else "",
        proxy_prefix=proxy.get("prefix", "apps"),
        proxy_subpath=proxy.get("subpath", "bazgasht"),
    )


def _subscriptions(table: dict[str, Any]) -> list[AppSubscription]:
    if table.get("filter"):
        raise ValueError(f"the filter {table['filter']!r} of a subscription is not pretended here")
    topics = [*table.get("topics", []), *table.get("compliance_topics", [])]
    return [
        AppSubscription(
            topic,
            str(table["uri"]),
            tuple(table.get("include_fields", [])),
            tuple(table.get("metafield_namespaces", [])),
        )
        for topic in topics
    ]
