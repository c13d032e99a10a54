"""The REST API of the pretend store: who may ask, and where each request goes."""

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox import faults, json_text
from sandbox.errors import RestError
from sandbox.faults import Fault
from sandbox.rest import (
    categories,
    coupons,
    customers,
    exchange,
    orders,
    php_query,
    products,
    refunds,
    reviews,
    settings,
    variations,
    webhooks,
)
from sandbox.services import EXTENSION, Services

FAULT_KINDS = ("too_many_requests", "server_error", "timeout", "half_answer", "revoked_key")
PREFIX = "/wp-json/wc/v3"
NO_ROUTE = RestError(
    "rest_no_route", "No route was found matching the URL and request method.", 404
)
FORBIDDEN = {
    "POST": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "PUT": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": (
        "woocommerce_rest_cannot_delete",
        "Sorry, you are not allowed to delete this resource.",
    ),
}
CANNOT_VIEW = "woocommerce_rest_cannot_view"


def blueprint() -> Blueprint:
    """All routes below wc/v3."""
    api = Blueprint("wc_v3", __name__, url_prefix=PREFIX)
    for module in (
        orders,
        refunds,
        products,
        variations,
        categories,
        reviews,
        coupons,
        customers,
        webhooks,
        settings,
    ):
        api.register_blueprint(module.routes)
    api.before_request(_admit)
    return api


def register(app: Flask) -> None:
    """Put the REST API and its errors into an app."""
    app.register_blueprint(blueprint())
    app.add_url_rule("/wp-json/", "rest_root", _root)
    app.add_url_rule(PREFIX, "wc_v3_index", _namespace)
    app.register_error_handler(RestError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    running: Services = app.extensions[EXTENSION]
    faults.install(app, running.faults, _key_of_request, _fault_answer)


def _root() -> Response:
    return exchange.answer(settings.root_index(exchange.services().store))


def _namespace() -> Response:
    return exchange.answer({"namespace": "wc/v3", "routes": {}}, allow="GET")


def _admit() -> None:
    services = exchange.services()
    key = services.authenticator.key_of(request)
    exchange.body()
    if key is None or key.user_id not in services.store.customers:
        raise _not_allowed()
    g.user = services.store.customers[key.user_id]


def _not_allowed() -> RestError:
    if request.path.endswith("/batch"):
        message = "Sorry, you are not allowed to batch manipulate this resource."
        return RestError("woocommerce_rest_cannot_batch", message, 401)
    if request.method in FORBIDDEN:
        return RestError(*FORBIDDEN[request.method], 401)
    is_one = request.path.rsplit("/", 1)[-1].isdigit()
    what = "view this resource" if is_one else "list resources"
    return RestError(CANNOT_VIEW, f"Sorry, you cannot {what}.", 401)


def _allowed_methods() -> str | None:
    if request.endpoint is None or not hasattr(g, "user"):
        return None
    last = request.path.rsplit("/", 1)[-1]
    if last == "batch":
        return exchange.BATCH_ALLOW
    return exchange.ITEM_ALLOW if last.isdigit() else exchange.COLLECTION_ALLOW


def _refused(error: RestError) -> Response:
    allow = None if error.code == "wc_user_invalid_id" else _allowed_methods()
    return exchange.answer(error.body(), error.status, allow=allow)


def _http_error(error: HTTPException) -> Response:
    if request.path.startswith("/wp-json"):
        return exchange.answer(NO_ROUTE.body(), NO_ROUTE.status)
    text = json_text.encode({"code": error.name, "message": error.description})
    return Response(text, error.code or 500, content_type=exchange.JSON_TYPE)


def _key_of_request() -> str | None:
    if not request.path.startswith("/wp-json/"):
        return None
    named = php_query.parse(request.query_string.decode()).get("oauth_consumer_key", "")
    return str(named) or (request.authorization.username or "" if request.authorization else "")


def _fault_answer(fault: Fault) -> Response:
    if fault.kind == "too_many_requests":
        body = {
            "code": "too_many_requests",
            "message": "Too many requests.",
            "data": {"status": 429},
        }
        headers = {"Retry-After": str(int(fault.seconds))}
        return exchange.answer(body, 429, headers=headers)
    if fault.kind == "server_error":
        body = {
            "code": "internal_server_error",
            "message": "<p>There has been a critical error on this website.</p>",
            "data": {"status": 500},
        }
        return exchange.answer(body, 500)
    if request.scheme == "https":
        raise _not_allowed()
    raise RestError("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401)
