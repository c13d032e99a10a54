"""Where a shop is and who the app is: domains, addresses, versions, keys."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import shopify
from shopify_app import AppConfig

from connector.errors import ForbiddenAddress

API_VERSION = "2026-10"
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class AppKeys:
    """The app's own keys at Shopify; `previous_secret` is still accepted while it is rotated."""

    client_id: str
    client_secret: str = field(repr=False)
    previous_secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that may have signed, the newest first."""
        return tuple(secret for secret in (self.client_secret, self.previous_secret) if secret)

    def config(self, secret: str | None = None) -> AppConfig:
        """The same for Shopify's own package, with one `secret` to verify with if given."""
        return AppConfig(
            client_id=self.client_id,
            client_secret=self.client_secret if secret is None else secret,
            old_client_secret=None,
        )


def is_shop_domain(text: str) -> bool:
    """Whether this is exactly a shop's permanent domain, `name.myshopify.com` in lower case."""
    return _DOMAIN.fullmatch(text) is not None


def shop_url(domain: str) -> str:
    """The address of a shop's API; ForbiddenAddress when the domain is no shop's."""
    if not is_shop_domain(domain):
        raise ForbiddenAddress("the shop's domain must be of the form name.myshopify.com")
    return f"https://{domain}"


def check_shop_url(address: str, *, development: bool) -> str:
    """The address without a slash at its end.

    Raises:
        ForbiddenAddress: it is not a shop's; `development` allows a pretend one on loopback.
    """
    parts = urlsplit(address.rstrip("/"))
    if parts.scheme == "https" and is_shop_domain(parts.netloc) and not parts.path:
        return f"https://{parts.netloc}"
    if development and _is_loopback(parts.hostname or ""):
        return address.rstrip("/")
    raise ForbiddenAddress(
        f"{parts.hostname}: is not a shop's address, which has the form name.myshopify.com"
    )


def graphql_address(address: str, token: str) -> str:
    """Where a shop's GraphQL API is, of the version that the documents are written for."""
    session = shopify.Session(urlsplit(address).hostname, API_VERSION, token)
    return f"{session.api_version.api_path(address)}/graphql.json"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
