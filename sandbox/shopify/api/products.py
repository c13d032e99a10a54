"""Products, their variants, collections and the taxonomy."""

from typing import Any

from sandbox.records import Product
from sandbox.shopify import product_state
from sandbox.shopify.api import search
from sandbox.shopify.api.call import Call, Resolvers
from sandbox.shopify.api.connections import Page, listed, page
from sandbox.shopify.api.orders import count_of
from sandbox.shopify.classification import TaxonomyNode
from sandbox.shopify.gid import gid
from sandbox.shopify.shop import Shop
from sandbox.shopify.times import utc_text

SORT = {
    "CREATED_AT": lambda product: (product.created, product.id),
    "UPDATED_AT": lambda product: (product.modified, product.id),
    "TITLE": lambda product: (product.name, product.id),
    "ID": lambda product: (product.id,),
}


def _fields(shop: Shop) -> search.Fields:
    return {
        "id": search.Number(lambda product: product.id),
        "created_at": search.Moment(lambda product: product.created),
        "updated_at": search.Moment(lambda product: product.modified),
        "title": search.Texts(lambda product: [product.name]),
        "handle": search.Texts(lambda product: [product.slug]),
        "status": search.Texts(lambda product: [product_state.status(product)]),
        "product_type": search.Texts(lambda product: [shop.classification.product_type(product)]),
        "tag": search.Texts(lambda product: shop.tags.get(gid("Product", product.id), ())),
    }


def _found(call: Call, query: str | None, sort_key: str) -> list[Product]:
    matches = search.matcher(call, query, _fields(call.shop))
    place = SORT.get(sort_key, SORT["ID"])
    return sorted(filter(matches, call.shop.products()), key=place)


def products(_root: Any, call: Call, **arguments: Any) -> Page:
    """A window of the products that are found."""
    sort_key = arguments["sortKey"]
    found = _found(call, arguments.get("query"), sort_key)
    return page(call, found, SORT.get(sort_key, SORT["ID"]), arguments)


def _count(
    _root: Any, call: Call, query: str | None = None, limit: int | None = None, **_rest: Any
) -> Any:
    return count_of(len(_found(call, query, "ID")), limit)


def _types(_root: Any, call: Call, **arguments: Any) -> Page:
    named = {call.shop.classification.product_type(one) for one in call.shop.products()}
    return listed(call, sorted(named - {""}), arguments)


def _collections(_root: Any, call: Call, **arguments: Any) -> Page:
    fields: search.Fields = {
        "id": search.Number(lambda one: one.id),
        "title": search.Texts(lambda one: [one.name]),
        "updated_at": search.Moment(lambda one: product_state.collection_updated(call.shop, one)),
    }
    matches = search.matcher(call, arguments.get("query"), fields)
    found = sorted(filter(matches, call.shop.collections()), key=lambda one: one.id)
    return page(call, found, lambda one: (one.id,), arguments)


def _in_collection(collection: Any, call: Call, **arguments: Any) -> Page:
    numbers = sorted(call.shop.store.products_by_category.get(collection.id, set()))
    found = (call.shop.product(number) for number in numbers)
    classification = call.shop.classification
    held = [one for one in found if one and collection in classification.collections(one)]
    return listed(call, held, arguments)


def _variants(product: Product, call: Call, **arguments: Any) -> Page:
    return listed(call, product_state.variants(call.shop, product), arguments)


def _has_sold_out(product: Product, call: Call) -> bool:
    sold = product_state.variants(call.shop, product)
    return any(one.record.stock_status != "instock" for one in sold)


def _online_url(product: Product, call: Call) -> str | None:
    is_shown = product_state.published(product) is not None
    return f"{call.shop.store.url}/products/{product.slug}" if is_shown else None


def _published(product: Product, _call: Call) -> str | None:
    moment = product_state.published(product)
    return None if moment is None else utc_text(moment)


def _in_use(_shop: Any, call: Call) -> list[TaxonomyNode]:
    found = (call.shop.classification.category(one) for one in call.shop.products())
    return list({node.id: node for node in found if node is not None}.values())


PRODUCT: dict[str, Any] = {
    "id": lambda one, _call: gid("Product", one.id),
    "legacyResourceId": lambda one, _call: one.id,
    "title": lambda one, _call: one.name,
    "handle": lambda one, _call: one.slug,
    "status": lambda one, _call: product_state.status(one),
    "vendor": lambda _one, call: call.shop.store.settings.name,
    "productType": lambda one, call: call.shop.classification.product_type(one),
    "tags": lambda one, call: call.shop.tags.get(gid("Product", one.id), ()),
    "createdAt": lambda one, _call: utc_text(one.created),
    "updatedAt": lambda one, _call: utc_text(one.modified),
    "publishedAt": _published,
    "onlineStoreUrl": _online_url,
    "totalInventory": lambda one, call: product_state.inventory(call.shop, one),
    "tracksInventory": lambda one, call: any(
        variant.record.manage_stock for variant in product_state.variants(call.shop, one)
    ),
    "hasOutOfStockVariants": _has_sold_out,
    "isGiftCard": lambda _one, _call: False,
    "category": lambda one, call: call.shop.classification.category(one),
    "collections": lambda one, call, **arguments: listed(
        call, call.shop.classification.collections(one), arguments
    ),
    "variants": _variants,
}
VARIANT: dict[str, Any] = {
    "id": lambda one, _call: gid("ProductVariant", one.id),
    "legacyResourceId": lambda one, _call: one.id,
    "title": lambda one, _call: one.title,
    "sku": lambda one, _call: one.record.sku or None,
    "price": lambda one, _call: one.record.price or "0",
    "availableForSale": lambda one, _call: product_state.is_available(one),
    "inventoryQuantity": lambda one, _call: one.record.stock_quantity or 0,
    "product": lambda one, _call: one.product,
}
COLLECTION: dict[str, Any] = {
    "id": lambda one, _call: gid("Collection", one.id),
    "legacyResourceId": lambda one, _call: one.id,
    "title": lambda one, _call: one.name,
    "handle": lambda one, _call: one.slug,
    "updatedAt": lambda one, call: utc_text(product_state.collection_updated(call.shop, one)),
    "products": _in_collection,
}
TAXONOMY: dict[str, Any] = {
    "id": lambda node, _call: gid("TaxonomyCategory", node.id),
    "name": lambda node, _call: node.name,
    "fullName": lambda node, _call: node.full_name,
    "level": lambda node, _call: len(node.ancestors) + 1,
    "isRoot": lambda node, _call: not node.ancestors,
    "isLeaf": lambda node, call: not call.shop.classification.children(node),
    "isArchived": lambda _node, _call: False,
    "ancestorIds": lambda node, _call: [
        gid("TaxonomyCategory", above.id) for above in node.ancestors
    ],
    "parentId": lambda node, _call: (
        gid("TaxonomyCategory", node.ancestors[0].id) if node.ancestors else None
    ),
    "childrenIds": lambda node, call: [
        gid("TaxonomyCategory", below.id) for below in call.shop.classification.children(node)
    ],
}
RESOLVERS: Resolvers = {
    "QueryRoot": {
        "products": products,
        "productsCount": _count,
        "productTypes": _types,
        "collections": _collections,
    },
    "Shop": {"allProductCategoriesList": _in_use},
    "Product": PRODUCT,
    "ProductVariant": VARIANT,
    "Collection": COLLECTION,
    "TaxonomyCategory": TAXONOMY,
}
