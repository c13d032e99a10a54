"""The wc-auth flow: an app asks, the merchant approves, the store posts a key.

The merchant counts as logged in, so the login form of a running store is left out.
"""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import requests
from flask import Blueprint, Response, make_response, redirect, render_template, request

from sandbox import clock, json_text
from sandbox.delivery_queue import new_session
from sandbox.records import ApiKey
from sandbox.rest.exchange import NO_CACHE_HEADERS, services
from sandbox.store import MERCHANT_ID, WORDPRESS_VERSION

routes = Blueprint("wc_auth", __name__, url_prefix="/wc-auth/v1")
REQUIRED = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = {"read": "Read", "write": "Write", "read_write": "Read/Write"}
PERMISSIONS = {
    "read": (
        "View coupons",
        "View customers",
        "View orders and sales reports",
        "View products",
    ),
    "write": (
        "Create webhooks",
        "Create coupons",
        "Create customers",
        "Create orders",
        "Create products",
    ),
    "read_write": (
        "Create webhooks",
        "View and manage coupons",
        "View and manage customers",
        "View and manage orders and sales reports",
        "View and manage products",
    ),
}
NONCE_KEY = b"nonce key of the pretend store"
CALLBACK_TIMEOUT = 60
MOST_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
UNABLE_TO_SEND = (
    "An error occurred in the request and at the time were unable to send the consumer data."
)


class Denied(Exception):
    """The flow ends with the page "Access denied" (401)."""


@dataclass(frozen=True)
class Grant:
    """What an app asks for, checked."""

    app_name: str
    user_id: str
    return_url: str
    callback_url: str
    scope: str

    @property
    def nonce(self) -> str:
        """What the approve link must carry; it stays the same, so the link can be replayed."""
        return hmac.new(NONCE_KEY, self.scope.encode(), hashlib.sha256).hexdigest()[:10]

    def returning(self, *, success: bool) -> str:
        """Where the merchant is sent in the end."""
        extra = urlencode({"success": int(success), "user_id": self.user_id})
        return f"{self.return_url}{'&' if '?' in self.return_url else '?'}{extra}"

    def approve_link(self) -> str:
        """The link behind the button Approve."""
        values = {name: getattr(self, name) for name in REQUIRED}
        query = urlencode({**values, "wc_auth_nonce": self.nonce})
        return f"{services().store.url}/wc-auth/v1/access_granted/?{query}"


def _with_scheme(url: str) -> str:
    return url if urlsplit(url).scheme in {"http", "https"} else f"https://{url}"


def _checked_url(url: str) -> str:
    complete = _with_scheme(url)
    try:
        parts = urlsplit(complete)
        is_valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise Denied(f"The {complete} is not a valid URL.")
    return complete


def _grant() -> Grant:
    values = {name: request.args.get(name, "") for name in REQUIRED}
    for name, value in values.items():
        if not value:
            raise Denied(f"Missing parameter {name}.")
    if values["scope"] not in SCOPES:
        raise Denied(f"Invalid scope {values['scope']}.")
    values["return_url"] = _checked_url(values["return_url"])
    values["callback_url"] = _checked_url(values["callback_url"])
    if urlsplit(values["callback_url"]).scheme != "https":
        raise Denied("The callback_url needs to be over SSL.")
    return Grant(**values)


@routes.get("/authorize")
def authorize() -> str:
    """The page on which the merchant approves or denies."""
    grant = _grant()
    return render_template(
        "authorize.html",
        grant=grant,
        access=SCOPES[grant.scope],
        permissions=PERMISSIONS[grant.scope],
        shared_with=urlsplit(grant.return_url).hostname,
    )


@routes.get("/access_granted")
def access_granted() -> Response:
    """What the approve link does: make a key, post it, and send the merchant back."""
    grant = _grant()
    if not hmac.compare_digest(
        request.args.get("wc_auth_nonce", "").encode(), grant.nonce.encode()
    ):
        raise Denied("Invalid nonce verification.")
    store = services().store
    key = store.new_key(
        user_id=MERCHANT_ID,
        permissions=grant.scope,
        description=f"{grant.app_name} - API ({clock.naive_text(clock.now(), store.zone)})",
    )
    if _post_key(grant, key) != 200:
        with store.lock:
            del store.keys[key.consumer_key]
        raise Denied(UNABLE_TO_SEND)
    return make_response(redirect(grant.returning(success=True)))


def _post_key(grant: Grant, key: ApiKey) -> int | None:
    body = json_text.encode(
        {
            "key_id": key.id,
            "user_id": grant.user_id,
            "consumer_key": key.consumer_key,
            "consumer_secret": key.consumer_secret,
            "key_permissions": key.permissions,
        }
    )
    headers = {
        "User-Agent": f"WordPress/{WORDPRESS_VERSION}; {services().store.url}",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Content-Type": "application/json;charset=UTF-8",
        "Connection": "close",
    }
    method, url = "POST", grant.callback_url
    with new_session(services().deliveries.policy.verify) as session:
        for _redirect in range(MOST_REDIRECTS + 1):
            try:
                answer = session.request(
                    method,
                    url,
                    data=body.encode(),
                    headers=headers,
                    timeout=CALLBACK_TIMEOUT,
                    allow_redirects=False,
                )
            except requests.RequestException:
                return None
            if answer.status_code not in REDIRECTS:
                return answer.status_code
            # WordPress follows as GET and sends the body, and the secrets in it, again.
            method, url = "GET", requests.compat.urljoin(url, answer.headers.get("Location", ""))
    return None


@routes.errorhandler(Denied)
def _access_denied(error: Denied) -> Response:
    page = make_response(render_template("access_denied.html", message=f"Error: {error}"), 401)
    page.headers.update(NO_CACHE_HEADERS)
    return page
