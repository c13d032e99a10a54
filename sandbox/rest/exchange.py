"""One request and its answer, in the form that WordPress gives them."""

import json
from collections.abc import Callable, Iterable
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote_plus

from flask import Response, current_app, g, request

from sandbox import json_text
from sandbox.errors import RestError
from sandbox.payloads.common import Payload
from sandbox.records import Customer
from sandbox.rest import php_query, validation
from sandbox.rest.services import WooCommerceServices
from sandbox.services import EXTENSION

JSON_TYPE = "application/json; charset=UTF-8"
COLLECTION_ALLOW = "GET, POST"
BATCH_ALLOW = "POST, PUT, PATCH"
ITEM_ALLOW = "GET, POST, PUT, PATCH, DELETE"
WORDPRESS_HEADERS = {
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    "Access-Control-Allow-Headers": (
        "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"
    ),
}
NO_CACHE_HEADERS = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}
PAGE_SCHEMA: dict[str, validation.Check] = {
    "page": validation.between(1, None),
    "per_page": validation.between(1, 100),
    "order": validation.one_of("asc", "desc"),
}
Item = TypeVar("Item")


def services() -> WooCommerceServices:
    """The store and what works beside it."""
    found: WooCommerceServices = current_app.extensions[EXTENSION]
    return found


def user() -> Customer:
    """The user whose key the request holds."""
    found: Customer = g.user
    return found


def query() -> dict[str, php_query.PhpValue]:
    """The query string as PHP reads it."""
    return php_query.parse(request.query_string.decode())


def body() -> dict[str, Any]:
    """The parameters of the JSON body.

    Raises RestError (400 rest_invalid_json) when it is not JSON.
    """
    raw = request.get_data()
    if not raw or not request.mimetype.endswith("json"):
        return {}
    try:
        parsed = json.loads(raw)
    except ValueError:
        raise RestError(
            "rest_invalid_json",
            "Invalid JSON body passed.",
            400,
            json_error_code=4,
            json_error_message="Syntax error",
        ) from None
    return parsed if isinstance(parsed, dict) else {}


def answer(
    payload: object,
    status: int = 200,
    *,
    allow: str | None = None,
    location: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A JSON answer with the headers that WordPress sends."""
    response = Response(json_text.encode(payload), status, content_type=JSON_TYPE)
    response.headers.update(WORDPRESS_HEADERS)
    url = services().store.url
    response.headers.update(headers or {"Link": f'<{url}/wp-json/>; rel="https://api.w.org/"'})
    if location is not None:
        response.headers["Location"] = f"{url}/wp-json/wc/v3/{location}"
        response.autocorrect_location_header = False
    if allow is not None:
        response.headers["Allow"] = allow
        response.headers.update(NO_CACHE_HEADERS)
    return response


def force() -> bool:
    """Whether `force=true` was given, in the query or in the body."""
    given = query().get("force", body().get("force"))
    validation.check_all({"force": given}, {"force": validation.boolean})
    return validation.truth(given)


def only_fields(payload: Payload) -> Payload:
    """The payload cut to the top-level names in `_fields`, when that was given."""
    wanted = {name.split(".")[0] for name in php_query.texts(query().get("_fields"))}
    return {k: v for k, v in payload.items() if k in wanted} if wanted else payload


def page(items: list[Item], build: Callable[[Item], Payload]) -> Response:
    """One page of a list; past the last page an empty list without totals."""
    parameters = query()
    number = int(str(parameters.get("page", 1)))
    size = int(str(parameters.get("per_page", 10)))
    start = (number - 1) * size
    with services().store.lock:
        payload = [only_fields(build(item)) for item in items[start : start + size]]
    total = len(items) if payload or number == 1 else 0
    pages = ceil(total / size)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    neighbours = [("prev", number - 1)] if number > 1 and pages else []
    neighbours += [("next", number + 1)] if number < pages else []
    if neighbours:
        headers["Link"] = ", ".join(f'<{_page_url(n)}>; rel="{rel}"' for rel, n in neighbours)
    return answer(payload, allow=COLLECTION_ALLOW, headers=headers)


def _page_url(number: int) -> str:
    # As in a running store, the signed oauth_* parameters are repeated and the
    # signature therefore does not fit the address.
    pairs: list[tuple[str, str]] = []
    for name, value in {**query(), "page": str(number)}.items():
        if isinstance(value, dict):
            pairs += [(f"{name}[{index}]", member) for index, member in value.items()]
        else:
            pairs.append((name, value))
    joined = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return f"{services().store.url}{request.path}?{joined}"


def integers(name: str) -> list[int]:
    """A checked list parameter of whole numbers."""
    return [int(text) for text in php_query.texts(query().get(name))]


def selected(ids: Iterable[int]) -> set[int]:
    """The ids left by the parameters `include` and `exclude`."""
    left = set(ids)
    include = integers("include")
    if include:
        left &= set(include)
    return left - set(integers("exclude"))
