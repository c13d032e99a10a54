"""The app proxy: pages of the storefront that the app answers."""

import hashlib
import hmac
import time
from urllib.parse import urlencode

import requests
from flask import Blueprint, Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as PlainResponse

from sandbox.delivery_queue import new_session
from sandbox.shopify.services import services

routes = Blueprint("app_proxy", __name__)
LOGGED_IN_COOKIE = "customer"
PASSED_ON = ("Content-Type", "Cache-Control")
PATIENCE = 10


def signature(values: dict[str, list[str]], secret: str) -> str:
    """The hex HMAC-SHA256 over the sorted `k=v` pairs, joined without a separator.

    The values of a name that occurs more than once are joined by commas.
    """
    joined = "".join(sorted(f"{name}={','.join(found)}" for name, found in values.items()))
    return hmac.new(secret.encode(), joined.encode(), hashlib.sha256).hexdigest()


@routes.get("/account/login/<int:customer_id>")
def log_in(customer_id: int) -> PlainResponse:
    """Let a shopper be logged in, without asking for a password."""
    if services().shop.customer(customer_id) is None:
        abort(404)
    answer = redirect(f"/my-account/{customer_id}/")
    answer.set_cookie(LOGGED_IN_COOKIE, str(customer_id), httponly=True, samesite="Lax")
    return answer


@routes.get("/account/logout")
def log_out() -> PlainResponse:
    """Let nobody be logged in."""
    answer = redirect("/")
    answer.delete_cookie(LOGGED_IN_COOKIE)
    return answer


def _forward(path: str = "") -> Response:
    running = services()
    app = running.shop.app
    if running.shop.scopes is None or not app.proxy_url:
        abort(404)
    values = {name: request.args.getlist(name) for name in request.args}
    values |= {
        "shop": [running.shop.profile.domain],
        "logged_in_customer_id": [request.cookies.get(LOGGED_IN_COOKIE, "")],
        "path_prefix": [f"/{app.proxy_prefix}/{app.proxy_subpath}"],
        "timestamp": [str(int(time.time()))],
    }
    values["signature"] = [signature(values, running.deliveries.secret)]
    address = "/".join(filter(None, (app.proxy_url.rstrip("/"), path)))
    try:
        with new_session(running.deliveries.policy.verify) as session:
            found = session.request(
                request.method,
                f"{address}?{urlencode(values, doseq=True)}",
                data=request.get_data() or None,
                headers={
                    "X-Forwarded-For": request.remote_addr or "",
                    "Accept": "*/*",
                    "Content-Type": request.content_type,
                },
                timeout=PATIENCE,
                allow_redirects=False,
            )
    except requests.RequestException:
        return Response("There was an error in the third-party application.", 502)
    kept = {name: found.headers[name] for name in PASSED_ON if name in found.headers}
    return Response(found.content, found.status_code, kept)


def register(app: Flask, prefix: str, subpath: str) -> None:
    """Forward what lies below the app's path of the storefront."""
    app.register_blueprint(routes)
    base = f"/{prefix}/{subpath}"
    methods = ["GET", "POST"]
    app.add_url_rule(base, "app_proxy_home", _forward, methods=methods)
    app.add_url_rule(f"{base}/<path:path>", "app_proxy_page", _forward, methods=methods)
