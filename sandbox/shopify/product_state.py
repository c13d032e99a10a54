"""How a product stands, in Shopify's terms."""

from typing import NamedTuple

from sandbox.records import Category, Product
from sandbox.shopify.shop import DEFAULT_VARIANT_BASE, Shop

STATUSES = {"publish": "ACTIVE", "draft": "DRAFT", "private": "ARCHIVED", "pending": "DRAFT"}


class Variant(NamedTuple):
    """What of a product is sold: one of its variations, or the product itself."""

    id: int
    product: Product
    record: Product
    position: int

    @property
    def title(self) -> str:
        """The chosen options; a product without options has one variant of this fixed name."""
        options = [values[0] for _name, values in self.record.options if values]
        return " / ".join(options) if self.record is not self.product else "Default Title"


def status(product: Product) -> str:
    """A ProductStatus."""
    return STATUSES.get(product.status, "DRAFT")


def published(product: Product) -> int | None:
    """Since when the online store shows a product; None when it does not."""
    is_shown = product.status == "publish" and product.catalog_visibility != "hidden"
    return product.created if is_shown else None


def variants(shop: Shop, product: Product) -> list[Variant]:
    """What a product is sold as, at least one."""
    records = [shop.store.products.get(number) for number in product.variation_ids]
    found = [one for one in records if one is not None]
    if not found:
        return [Variant(DEFAULT_VARIANT_BASE + product.id, product, product, 1)]
    return [Variant(one.id, product, one, place) for place, one in enumerate(found, 1)]


def variant_by_id(shop: Shop, number: int | None) -> Variant | None:
    """The variant of an id."""
    if number is None:
        return None
    record = shop.store.products.get(number)
    owner = record.parent_id if record else number - DEFAULT_VARIANT_BASE
    product = shop.product(owner)
    listed = variants(shop, product) if product else []
    return next((one for one in listed if one.id == number), None)


def is_available(variant: Variant) -> bool:
    """Whether a shopper can buy it now."""
    return status(variant.product) == "ACTIVE" and variant.record.stock_status == "instock"


def inventory(shop: Shop, product: Product) -> int:
    """How many pieces of a product are there; untracked ones count as none."""
    return sum(one.record.stock_quantity or 0 for one in variants(shop, product))


def collection_updated(shop: Shop, collection: Category) -> int:
    """When a collection or one of its products last changed."""
    numbers = shop.store.products_by_category.get(collection.id, set())
    moments = (shop.store.products[number].modified for number in numbers)
    return max(moments, default=0)
