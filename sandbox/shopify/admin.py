"""The admin of the shop: its GraphQL endpoint, the files of bulk operations, the app's frame."""

import base64
import hashlib
import hmac
import time
import uuid
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, send_file

from sandbox.faults import Fault
from sandbox.shopify.api.execution import Answer
from sandbox.shopify.deliveries import API_VERSION
from sandbox.shopify.services import json_of, services

routes = Blueprint("admin", __name__)
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
FAULT_KINDS = (
    "too_many_requests",
    "throttled",
    "server_error",
    "timeout",
    "half_answer",
    "revoked_key",
)
API_PATHS = ("/admin/api/", "/admin/oauth/", "/bulk-results/")


def _answer(found: Answer) -> Response:
    response = Response(json_of(found.body), found.status, mimetype="application/json")
    response.headers["X-Request-Id"] = str(uuid.uuid4())
    response.headers["X-Shopify-API-Version"] = API_VERSION
    return response


def _unauthorized() -> Response:
    return _answer(Answer(401, {"errors": UNAUTHORIZED}))


@routes.post("/admin/api/<version>/graphql.json")
def graphql(version: str) -> Response:
    """Execute a GraphQL document for the app whose token the request holds."""
    running = services()
    if running.shop.tokens.holder(request.headers.get(TOKEN_HEADER, "")) is None:
        return _unauthorized()
    if version != API_VERSION:
        return _answer(Answer(404, {"errors": "Not Found"}))
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        problem = {"query": "Required parameter missing or invalid"}
        return _answer(Answer(400, {"errors": problem}))
    found = running.api.answer(
        running.new_call(), given["query"], given.get("variables"), given.get("operationName")
    )
    return _answer(found)


@routes.get("/bulk-results/<secret>/bulk-<int:number>.jsonl")
def bulk_result(secret: str, number: int) -> Response:
    """The file of a bulk operation; ranges of it can be asked for."""
    running = services()
    operation = running.bulk.get(number)
    if operation is None or not hmac.compare_digest(operation.secret, secret):
        abort(404)
    file = running.bulk.file_of(operation)
    if not operation.is_over or not file.exists():
        abort(404)
    return send_file(file, mimetype="application/jsonl", conditional=True)


def app_address(path: str = "") -> str:
    """Where the admin's frame opens the app, with a fresh session token."""
    running = services()
    profile, app = running.shop.profile, running.shop.app
    host = base64.b64encode(f"{profile.domain}/admin".encode()).decode().rstrip("=")
    values = {
        "embedded": "1",
        "host": host,
        "id_token": running.installation.session_token(),
        "locale": "en",
        "session": uuid.uuid4().hex,
        "shop": profile.domain,
        "timestamp": str(int(time.time())),
    }
    message = "&".join(f"{name}={value}" for name, value in sorted(values.items()))
    key = running.installation.secret.encode()
    values["hmac"] = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    return f"{app.url.rstrip('/')}/{path.lstrip('/')}?{urlencode(values)}"


@routes.get("/admin/apps/<handle>")
def app_page(handle: str) -> str:
    """The page of the admin that shows the app in a frame, and installs it when it is not."""
    running = services()
    if handle not in {running.shop.app.handle, running.shop.app.client_id}:
        abort(404)
    return render_template(
        "admin_app.html", store=running.store, app=running.shop.app, address=app_address()
    )


def key_of_request() -> str | None:
    """The token that a request to the API holds; None when it is not one to the API."""
    if not request.path.startswith(API_PATHS):
        return None
    return request.headers.get(TOKEN_HEADER, "")


def fault_answer(fault: Fault) -> Response:
    """The answer to a fault that replaces the usual answer."""
    api = services().api
    if fault.kind == "throttled":
        return _answer(api.throttled(0, 200))
    if fault.kind == "too_many_requests":
        answer = _answer(api.throttled(0, 429))
        answer.headers["Retry-After"] = str(fault.seconds)
        return answer
    if fault.kind == "server_error":
        return _answer(Answer(500, {"errors": "Internal Server Error"}))
    return _unauthorized()
