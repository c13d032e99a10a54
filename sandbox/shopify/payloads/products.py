"""Bodies of webhooks about products and collections."""

from sandbox.records import Category, Product
from sandbox.shopify import product_state
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads.common import Payload, moment
from sandbox.shopify.product_state import Variant
from sandbox.shopify.shop import Shop


def product(shop: Shop, one: Product) -> Payload:
    """A product, as products/create and products/update send it."""
    published = product_state.published(one)
    variants = product_state.variants(shop, one)
    return {
        "admin_graphql_api_id": gid("Product", one.id),
        "body_html": one.description or None,
        "created_at": moment(shop, one.created),
        "handle": one.slug,
        "id": one.id,
        "product_type": shop.classification.product_type(one),
        "published_at": moment(shop, published),
        "template_suffix": None,
        "title": one.name,
        "updated_at": moment(shop, one.modified),
        "vendor": shop.store.settings.name,
        "status": product_state.status(one).lower(),
        "published_scope": "web",
        "tags": ", ".join(shop.tags.get(gid("Product", one.id), ())),
        "variants": [_variant(shop, variant) for variant in variants],
        "options": [],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {
                "admin_graphql_api_id": gid("ProductVariant", variant.id),
                "updated_at": moment(shop, one.modified),
            }
            for variant in variants
        ],
        "has_variants_that_requires_components": False,
        "category": _category(shop, one),
    }


def _category(shop: Shop, one: Product) -> Payload | None:
    node = shop.classification.category(one)
    if node is None:
        return None
    return {
        "admin_graphql_api_id": gid("TaxonomyCategory", node.id),
        "name": node.name,
        "full_name": node.full_name,
    }


def _variant(shop: Shop, variant: Variant) -> Payload:
    sold = variant.record
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "barcode": None,
        "compare_at_price": None,
        "created_at": moment(shop, sold.created),
        "id": variant.id,
        "inventory_policy": "deny",
        "position": variant.position,
        "price": sold.price or "0",
        "product_id": variant.product.id,
        "sku": sold.sku or None,
        "taxable": True,
        "title": variant.title,
        "updated_at": moment(shop, sold.modified),
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "image_id": None,
        "inventory_item_id": variant.id,
        "inventory_quantity": sold.stock_quantity or 0,
        "old_inventory_quantity": sold.stock_quantity or 0,
    }


def collection(shop: Shop, one: Category) -> Payload:
    """A collection, as collections/create and collections/update send it."""
    updated = moment(shop, product_state.collection_updated(shop, one))
    return {
        "id": one.id,
        "handle": one.slug,
        "title": one.name,
        "updated_at": updated,
        "body_html": one.description or None,
        "published_at": updated,
        "sort_order": None,
        "template_suffix": None,
        "published_scope": "web",
        "admin_graphql_api_id": gid("Collection", one.id),
    }
