"""Objects by their global ids."""

from collections.abc import Callable
from typing import Any

from sandbox.records import Category, Customer, Order, Product, Refund
from sandbox.shopify.api.call import Call, Resolver, Resolvers, bad_request
from sandbox.shopify.api.lines import OrderLine
from sandbox.shopify.bulk.operations import BulkOperation
from sandbox.shopify.classification import TaxonomyNode
from sandbox.shopify.gid import number_in, parts
from sandbox.shopify.metafields import Metafield
from sandbox.shopify.product_state import Variant, variant_by_id
from sandbox.shopify.shop import Shop
from sandbox.shopify.subscriptions import Subscription

TYPE_NAMES: dict[type, str] = {
    Order: "Order",
    OrderLine: "LineItem",
    Refund: "Refund",
    Product: "Product",
    Variant: "ProductVariant",
    Customer: "Customer",
    Category: "Collection",
    TaxonomyNode: "TaxonomyCategory",
    Metafield: "Metafield",
    BulkOperation: "BulkOperation",
    Subscription: "WebhookSubscription",
}
TYPE_SCOPES = {
    "Order": "read_orders",
    "LineItem": "read_orders",
    "Refund": "read_orders",
    "RefundLineItem": "read_orders",
    "Product": "read_products",
    "ProductVariant": "read_products",
    "Collection": "read_products",
    "Customer": "read_customers",
    "CustomerEmailAddress": "read_customers",
    "DiscountCodeNode": "read_discounts",
    "StoreCreditAccount": "read_store_credit_accounts",
}
MOST_IDS = 250


def _line(shop: Shop, number: int | None) -> OrderLine | None:
    for order in shop.orders():
        for line in order.lines:
            if line.id == number:
                return OrderLine(order, line)
    return None


def _refund(shop: Shop, number: int | None) -> Refund | None:
    refund = shop.store.refunds.get(number or 0)
    return refund if refund and shop.order(refund.order_id) else None


FINDERS: dict[str, Callable[[Call, int | None], Any]] = {
    "Order": lambda call, number: call.shop.order(number),
    "LineItem": lambda call, number: _line(call.shop, number),
    "Refund": lambda call, number: _refund(call.shop, number),
    "Product": lambda call, number: call.shop.product(number),
    "ProductVariant": lambda call, number: variant_by_id(call.shop, number),
    "Customer": lambda call, number: call.shop.customer(number),
    "Collection": lambda call, number: call.shop.collection(number),
    "BulkOperation": lambda call, number: call.bulk.get(number),
    "WebhookSubscription": lambda call, number: call.shop.subscriptions.get(number),
}


def node_of(text: str, call: Call) -> Any:
    """The object of a global id; None when there is none.

    Raises GraphQLError when the id is malformed or the app may not read such objects.
    """
    found = parts(text)
    if found is None:
        raise bad_request(f"Invalid global id '{text}'")
    kind, number = found
    if kind in TYPE_SCOPES:
        call.require(TYPE_SCOPES[kind], kind)
    if kind == "TaxonomyCategory":
        return call.shop.classification.by_id(number)
    return FINDERS[kind](call, number_in(text, kind)) if kind in FINDERS else None


def _nodes(_root: Any, call: Call, ids: list[str]) -> list[Any]:
    if len(ids) > MOST_IDS:
        message = (
            f"The input array size of {len(ids)} is greater than the maximum allowed of {MOST_IDS}."
        )
        raise bad_request(message)
    return [node_of(one, call) for one in ids]


def _by_id(kind: str) -> Resolver:
    def resolve(_root: Any, call: Call, id: str) -> Any:  # noqa: A002
        if number_in(id, kind) is None:
            raise bad_request(f"Invalid global id '{id}'")
        return node_of(id, call)

    return resolve


RESOLVERS: Resolvers = {
    "QueryRoot": {
        "node": lambda _root, call, id: node_of(id, call),  # noqa: A006
        "nodes": _nodes,
        "order": _by_id("Order"),
        "product": _by_id("Product"),
        "productVariant": _by_id("ProductVariant"),
        "customer": _by_id("Customer"),
        "collection": _by_id("Collection"),
        "bulkOperation": _by_id("BulkOperation"),
    },
}
