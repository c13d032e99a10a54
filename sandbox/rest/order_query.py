"""Which orders a list asks for, and in which order."""

from collections.abc import Callable

from sandbox import clock
from sandbox.records import Order
from sandbox.rest import exchange, php_query, validation
from sandbox.rest.order_body import STATUSES
from sandbox.rest.services import WooCommerceServices
from sandbox.store import Store

LISTABLE_STATUSES = ("any", "trash", *STATUSES)
DATE_FILTERS = ("after", "before", "modified_after", "modified_before")
SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "status": validation.list_of(validation.one_of(*LISTABLE_STATUSES)),
    "orderby": validation.one_of("date", "id", "include", "title", "slug", "modified"),
    "customer": validation.integer,
    "product": validation.integer,
    "include": validation.list_of(validation.integer),
    "exclude": validation.list_of(validation.integer),
    "dates_are_gmt": validation.boolean,
    **dict.fromkeys(DATE_FILTERS, validation.moment),
}
HIDDEN_FROM_ANY = {"trash", "auto-draft"}
SORT_KEYS: dict[str, Callable[[Order], tuple[int, ...]]] = {
    "date": lambda order: (order.created, order.id),
    "modified": lambda order: (order.modified, order.id),
    "id": lambda order: (order.id,),
}
UNPAGED_PARAMETERS = {"page", "per_page", "_fields"}


def find(services: WooCommerceServices) -> list[Order]:
    """The orders that the present request asks for, all pages of them."""
    asked = {
        name: value
        for name, value in sorted(exchange.query().items())
        if name not in UNPAGED_PARAMETERS and not name.startswith("oauth_")
    }
    store = services.store
    return services.order_lists.remembered(repr(asked), lambda: _sorted(_matching(store)))


def _matching(store: Store) -> list[Order]:
    parameters = exchange.query()
    tests = [_status_test(), *_date_tests(store)]
    if parameters.get("customer") is not None:
        customer_id = int(str(parameters["customer"]))
        tests.append(lambda order: order.customer_id == customer_id)
    if parameters.get("product") is not None:
        product_id = int(str(parameters["product"]))
        tests.append(lambda order: any(line.product_id == product_id for line in order.lines))
    if parameters.get("include") or parameters.get("exclude"):
        ids = exchange.selected(store.orders)
        tests.append(lambda order: order.id in ids)
    return [order for order in store.orders.values() if all(test(order) for test in tests)]


def _status_test() -> Callable[[Order], bool]:
    wanted = set(php_query.texts(exchange.query().get("status"))) or {"any"}
    if "any" in wanted:
        return lambda order: order.status not in HIDDEN_FROM_ANY
    return lambda order: order.status in wanted


def _date_tests(store: Store) -> list[Callable[[Order], bool]]:
    parameters = exchange.query()
    gmt = validation.truth(parameters.get("dates_are_gmt", ""))
    zone = clock.UTC_ZONE if gmt else store.zone
    bounds = {
        name: clock.read(str(parameters[name]), zone)
        for name in DATE_FILTERS
        if parameters.get(name)
    }
    tests: dict[str, Callable[[Order], bool]] = {
        "after": lambda order: order.created > bounds["after"],
        "before": lambda order: order.created < bounds["before"],
        "modified_after": lambda order: order.modified > bounds["modified_after"],
        "modified_before": lambda order: order.modified < bounds["modified_before"],
    }
    return [tests[name] for name in bounds]


def _sorted(found: list[Order]) -> list[Order]:
    parameters = exchange.query()
    by = str(parameters.get("orderby", "date"))
    if by == "include":
        places = {order_id: place for place, order_id in enumerate(exchange.integers("include"))}
        return sorted(found, key=lambda order: places.get(order.id, len(places)))
    descending = parameters.get("order", "desc") == "desc"
    return sorted(found, key=SORT_KEYS.get(by, SORT_KEYS["date"]), reverse=descending)
