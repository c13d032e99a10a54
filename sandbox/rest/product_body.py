"""What a request body says about a product, and how it is written into one."""

from typing import Any

from sandbox.errors import RestError
from sandbox.operations import products
from sandbox.operations.meta import merged
from sandbox.records import Product
from sandbox.rest import validation
from sandbox.store import Store

SCHEMA: dict[str, validation.Check] = {
    "name": validation.string,
    "slug": validation.string,
    "type": validation.one_of("simple", "grouped", "external", "variable"),
    "status": validation.one_of("draft", "pending", "private", "publish", "future", "auto-draft"),
    "catalog_visibility": validation.one_of("visible", "catalog", "search", "hidden"),
    "description": validation.string,
    "short_description": validation.string,
    "sku": validation.string,
    "regular_price": validation.string,
    "sale_price": validation.string,
    "manage_stock": validation.boolean,
    "stock_quantity": validation.integer,
    "stock_status": validation.one_of("instock", "outofstock", "onbackorder"),
    "virtual": validation.boolean,
    "menu_order": validation.integer,
    "upsell_ids": validation.list_of(validation.integer),
    "cross_sell_ids": validation.list_of(validation.integer),
    "categories": validation.list_of(validation.json_object),
    "attributes": validation.list_of(validation.json_object),
    "meta_data": validation.list_of(validation.json_object),
}
VARIATION_SCHEMA = {
    name: check
    for name, check in SCHEMA.items()
    if name not in {"name", "slug", "type", "categories", "upsell_ids", "cross_sell_ids"}
}
TEXT_FIELDS = (
    "name",
    "slug",
    "type",
    "status",
    "catalog_visibility",
    "description",
    "short_description",
    "sku",
    "regular_price",
    "sale_price",
    "stock_status",
)
RELATION_FIELDS = ("upsell_ids", "cross_sell_ids")
Body = dict[str, Any]


def write(store: Store, product: Product, body: Body) -> None:
    """Write what a body says into a product."""
    was_trashed = product.status == "trash"
    for name in TEXT_FIELDS:
        if body.get(name) is not None:
            setattr(product, name, str(body[name]))
    if was_trashed and product.status != "trash":
        kept = {products.TRASH_STATUS_KEY, products.TRASH_TIME_KEY}
        product.meta = tuple(row for row in product.meta if row.key not in kept)
    for name in RELATION_FIELDS:
        if name in body:
            setattr(product, name, related(body[name]))
    _write_stock(product, body)
    if body.get("menu_order") is not None:
        product.menu_order = int(body["menu_order"])
    if isinstance(body.get("categories"), list):
        _write_categories(store, product, body["categories"])
    if isinstance(body.get("attributes"), list):
        product.options = _options(body["attributes"])
    if isinstance(body.get("meta_data"), list):
        product.meta = merged(store, product.meta, body["meta_data"])


def related(value: object) -> list[int] | dict[str, int]:
    """Ids of related products as WooCommerce keeps them.

    Numbers below 1 are dropped and nothing is checked for existence. A text that is no
    number, which only the unchecked batch lets through, is dropped last and leaves a gap,
    and a list with a gap is an object in PHP's JSON.
    """
    members = value if isinstance(value, list) else []
    kept = [member for member in members if _is_more_than_nothing(member)]
    numbers = {str(place): _number(member) for place, member in enumerate(kept)}
    found = {place: number for place, number in numbers.items() if number}
    in_sequence = list(found) == [str(place) for place in range(len(found))]
    return list(found.values()) if in_sequence else found


def _is_more_than_nothing(member: object) -> bool:
    try:
        return float(str(member)) > 0
    except ValueError:
        return bool(member)


def _number(member: object) -> int:
    try:
        return int(float(str(member)))
    except ValueError:
        return 0


def _write_stock(product: Product, body: Body) -> None:
    if body.get("virtual") is not None:
        product.virtual = validation.truth(body["virtual"])
    if body.get("manage_stock") is not None:
        product.manage_stock = validation.truth(body["manage_stock"])
    if body.get("stock_quantity") is not None:
        product.stock_quantity = int(body["stock_quantity"])
    if not product.manage_stock:
        product.stock_quantity = None


def _write_categories(store: Store, product: Product, items: list[Body]) -> None:
    wanted = tuple(int(item["id"]) for item in items if item.get("id"))
    unknown = [category_id for category_id in wanted if category_id not in store.categories]
    if unknown:
        raise RestError("woocommerce_rest_term_invalid", "Term does not exist.", 400)
    if product.id in store.products:
        store.file_product(product, wanted)
    else:
        product.category_ids = wanted


def _options(items: list[Body]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(
        (
            str(item.get("name", "")),
            tuple(map(str, item.get("options") or [item.get("option", "")])),
        )
        for item in items
    )
