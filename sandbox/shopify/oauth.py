"""The token endpoint: token exchange and refresh."""

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.shopify import session_tokens
from sandbox.shopify.services import services
from sandbox.shopify.tokens import TokenPair

routes = Blueprint("oauth", __name__)
PATH = "/admin/oauth/access_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
Answer = tuple[Response, int]


def _refused(code: str, description: str) -> Answer:
    return jsonify({"error": code, "error_description": description}), 400


def _granted(pair: TokenPair) -> Answer:
    now = time.time()
    body = {
        "access_token": pair.access_token,
        "scope": ",".join(pair.scopes),
        "expires_in": max(0, round(pair.access_expires - now)),
        "refresh_token": pair.refresh_token,
        "refresh_token_expires_in": max(0, round(pair.refresh_expires - now)),
    }
    return jsonify(body), 200


@routes.post(PATH)
def access_token() -> Answer:
    """Give tokens to the app of this shop."""
    given: dict[str, Any] = request.get_json(silent=True) or request.form.to_dict()
    running = services()
    app = running.shop.app
    known = {app.client_secret, running.installation.secret}
    if given.get("client_id") != app.client_id or given.get("client_secret") not in known:
        return _refused("invalid_client", "The client credentials are invalid.")
    if given.get("grant_type") == EXCHANGE:
        return _exchange(given)
    if given.get("grant_type") == "refresh_token":
        return _refresh(str(given.get("refresh_token", "")))
    return _refused("unsupported_grant_type", "The grant type is not supported.")


def _exchange(given: dict[str, Any]) -> Answer:
    running = services()
    shop = running.shop
    if given.get("subject_token_type") != ID_TOKEN:
        return _refused("invalid_request", "subject_token_type is not that of an id token.")
    if given.get("requested_token_type") != OFFLINE:
        return _refused("invalid_request", "The pretend shop gives offline tokens only.")
    if str(given.get("expiring", 0)) != "1":
        return _refused("invalid_request", "Public apps must ask for expiring offline tokens.")
    secrets = (running.installation.secret, shop.app.client_secret)
    token = str(given.get("subject_token", ""))
    if not session_tokens.is_valid(token, shop.app, shop.profile.domain, secrets):
        return _refused("invalid_subject_token", "The session token is not valid.")
    if shop.scopes is None:
        return _refused("invalid_subject_token", "The app is not installed.")
    return _granted(shop.tokens.issue(shop.scopes))


def _refresh(refresh_token: str) -> Answer:
    shop = services().shop
    pair = shop.tokens.refresh(refresh_token, shop.scopes or ())
    if pair is None:
        return _refused("invalid_grant", "This request requires an active refresh_token.")
    return _granted(pair)
