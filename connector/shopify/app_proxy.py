"""Calls from a shop's own pages, which Shopify passes on and signs: the app proxy."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from shopify_app import RequestInput
from shopify_app.verify.app_proxy import verify_app_proxy_req

from connector.errors import BadSignature
from connector.shopify.shop import AppKeys, is_shop_domain

_INVALID = "the call does not come from a shop's page through Shopify"

# The signature covers the parameters joined without anything between them, so that a parameter
# of the visitor's could be cut up into others. Only these may come, each once, each of its form.
_FORMS = {
    "shop": r"[a-z0-9.-]{1,100}",
    "path_prefix": r"/[A-Za-z0-9/_-]{1,100}",
    "timestamp": r"[0-9]{1,12}",
    "logged_in_customer_id": r"[0-9]{0,20}",
    "signature": r"[0-9a-f]{64}",
    "locale": r"[A-Za-z-]{0,20}",
    "lang": r"en|fa",
    "points": r"[0-9]{1,9}",
    "key": r"[0-9a-f-]{16,64}",
}
_NEEDED = {"shop", "timestamp", "logged_in_customer_id", "signature"}


@dataclass(frozen=True, slots=True)
class ProxyCall:
    """A genuine call: the shop's domain and the account that is signed in there, if one is.

    `locale` is the language that the page is in. `points` and `key` are what the page asks to
    redeem, and under which name. All comes in the address, which is signed; a body is not.
    """

    shop: str
    account_id: str | None
    locale: str
    points: int = 0
    key: str = ""


def verify_app_proxy(address: str, app: AppKeys) -> ProxyCall:
    """What a call says, `address` being its whole address as it came, query included.

    Raises:
        BadSignature: it is not to be believed: forged, changed, older than 90 seconds, or with
            parameters that nobody but Shopify should have set.
    """
    try:
        pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadSignature(_INVALID) from None
    said = dict(pairs)
    is_plain = all(re.fullmatch(_FORMS.get(name, "(?!)"), value) for name, value in pairs)
    if not is_plain or len(said) < len(pairs) or not said.keys() >= _NEEDED:
        raise BadSignature(_INVALID)
    request = RequestInput(method="GET", headers={}, url=address, body="")
    if not is_shop_domain(said["shop"]) or not _is_signed(request, app):
        raise BadSignature(_INVALID)
    return ProxyCall(
        shop=said["shop"],
        account_id=said["logged_in_customer_id"] or None,
        locale=said.get("lang") or said.get("locale", ""),
        points=int(said.get("points", 0)),
        key=said.get("key", ""),
    )


def _is_signed(request: RequestInput, app: AppKeys) -> bool:
    # All secrets are tried, so that the time tells nothing about which one fits.
    answers = [verify_app_proxy_req(request, app.config(secret)).ok for secret in app.secrets]
    return any(answers)
