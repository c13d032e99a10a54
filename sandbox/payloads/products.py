"""Bodies of products and variations."""

import html

from sandbox import clock
from sandbox.payloads.categories import term_name
from sandbox.payloads.common import Payload, links, meta_list
from sandbox.records import Product
from sandbox.store import CURRENCY_SYMBOLS, Store

NO_DIMENSIONS = {"length": "", "width": "", "height": ""}
RELATED_PRODUCTS = 5


def permalink(store: Store, product: Product) -> str:
    """Where the storefront shows a product; a variation is shown on its parent's page."""
    parent = store.products.get(product.parent_id)
    if parent is None:
        return f"{store.url}/product/{product.slug}/"
    choices = "&".join(f"attribute_{name.lower()}={values[0]}" for name, values in product.options)
    return f"{store.url}/product/{parent.slug}/?{choices}"


def price(store: Store, product: Product) -> str:
    """The price shown; a variable product shows the lowest of its variations."""
    if product.type != "variable":
        return product.price
    prices = [
        store.products[variation_id].price
        for variation_id in product.variation_ids
        if variation_id in store.products and store.products[variation_id].price
    ]
    return min(prices, key=float, default="")


def _amount_html(store: Store, amount: str) -> str:
    symbol = CURRENCY_SYMBOLS.get(store.settings.currency, store.settings.currency)
    shown = f"{float(amount):,.{store.settings.decimals}f}"
    sign = "&#36;" if symbol == "$" else html.escape(symbol)
    return (
        '<span class="woocommerce-Price-amount amount"><bdi>'
        '<span class="woocommerce-Price-currencySymbol" translate="no">'
        f"{sign}</span>{shown}</bdi></span>"
    )


def price_html(store: Store, product: Product) -> str:
    """The price as the storefront writes it."""
    shown = price(store, product)
    if not shown:
        return ""
    if not product.sale_price:
        return _amount_html(store, shown)
    before = _amount_html(store, product.regular_price or shown)
    now = _amount_html(store, shown)
    return f'<del aria-hidden="true">{before}</del> <ins aria-hidden="true">{now}</ins>'


def related_ids(store: Store, product: Product) -> list[int]:
    """A few other products of the same categories."""
    related: dict[int, None] = {}
    for category_id in product.category_ids:
        for other in store.products_by_category.get(category_id, ()):
            if other != product.id:
                related[other] = None
            if len(related) == RELATED_PRODUCTS:
                return list(related)
    return list(related)


def _attributes(product: Product) -> list[Payload]:
    if product.type == "variation":
        return [
            {"id": 0, "name": name, "slug": name.lower(), "option": values[0]}
            for name, values in product.options
        ]
    return [
        {
            "id": 0,
            "name": name,
            "slug": name,
            "position": position,
            "visible": True,
            "variation": product.type == "variable",
            "options": list(values),
        }
        for position, (name, values) in enumerate(product.options)
    ]


def _dates(store: Store, product: Product) -> Payload:
    created, created_gmt = clock.both_texts(product.created, store.zone)
    modified, modified_gmt = clock.both_texts(product.modified, store.zone)
    return {
        "date_created": created,
        "date_created_gmt": created_gmt,
        "date_modified": modified,
        "date_modified_gmt": modified_gmt,
    }


def _prices(store: Store, product: Product) -> Payload:
    return {
        "price": price(store, product),
        "regular_price": product.regular_price,
        "sale_price": product.sale_price,
        "date_on_sale_from": None,
        "date_on_sale_from_gmt": None,
        "date_on_sale_to": None,
        "date_on_sale_to_gmt": None,
        "on_sale": bool(product.sale_price),
    }


def _downloads(product: Product) -> Payload:
    return {
        "virtual": product.virtual,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
    }


def _backorders() -> Payload:
    return {
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
    }


def product_payload(store: Store, product: Product) -> Payload:
    """The body of GET products/<id>, and of a webhook about a variation."""
    is_variation = product.type == "variation"
    found = links(store, "products", product.id)
    if is_variation:
        found["up"] = [{"href": f"{store.url}/wp-json/wc/v3/products/{product.parent_id}"}]
    return {
        "id": product.id,
        "name": product.name,
        "slug": product.slug,
        "permalink": permalink(store, product),
        **_dates(store, product),
        "type": product.type,
        "status": product.status,
        "featured": False,
        "catalog_visibility": product.catalog_visibility,
        "description": product.description,
        "short_description": product.short_description,
        "sku": product.sku,
        **_prices(store, product),
        "purchasable": product.status == "publish" and bool(price(store, product)),
        "total_sales": "0" if is_variation else product.total_sales,
        **_downloads(product),
        "external_url": "",
        "button_text": "",
        "tax_status": "taxable",
        "tax_class": "",
        "manage_stock": product.manage_stock,
        "stock_quantity": product.stock_quantity,
        **_backorders(),
        "sold_individually": False,
        "weight": "",
        "dimensions": NO_DIMENSIONS,
        "shipping_required": not product.virtual,
        "shipping_taxable": not product.virtual,
        "shipping_class": "",
        "shipping_class_id": 0,
        "reviews_allowed": not is_variation,
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": product.upsell_ids,
        "cross_sell_ids": product.cross_sell_ids,
        "parent_id": product.parent_id,
        "purchase_note": "",
        "categories": _category_summaries(store, product),
        "brands": [],
        "tags": [],
        "images": [],
        "attributes": _attributes(product),
        "default_attributes": [],
        "variations": list(product.variation_ids),
        "grouped_products": [],
        "menu_order": product.menu_order,
        "price_html": price_html(store, product),
        "related_ids": related_ids(store, product),
        "meta_data": meta_list(product.meta),
        "stock_status": product.stock_status,
        "has_options": product.type == "variable",
        "post_password": "",
        "global_unique_id": "",
        "_links": found,
    }


def written_product_payload(store: Store, product: Product) -> Payload:
    """The body that answers a write, which has two keys more than that of a read."""
    payload = product_payload(store, product)
    found = payload.pop("_links")
    return {
        **payload,
        "permalink_template": f"{store.url}/product/%pagename%/",
        "generated_slug": product.slug,
        "_links": found,
    }


def _category_summaries(store: Store, product: Product) -> list[Payload]:
    found = (store.categories.get(category_id) for category_id in product.category_ids)
    return [{"id": c.id, "name": term_name(c), "slug": c.slug} for c in found if c]


def variation_payload(store: Store, product: Product) -> Payload:
    """The body of GET products/<id>/variations/<id>."""
    collection = f"products/{product.parent_id}/variations"
    found = links(store, collection, product.id)
    found["up"] = [{"href": f"{store.url}/wp-json/wc/v3/products/{product.parent_id}"}]
    return {
        "id": product.id,
        "type": product.type,
        **_dates(store, product),
        "description": product.description,
        "permalink": permalink(store, product),
        "sku": product.sku,
        "global_unique_id": "",
        **_prices(store, product),
        "status": product.status,
        "purchasable": product.status == "publish" and bool(product.price),
        **_downloads(product),
        "tax_status": "taxable",
        "tax_class": "",
        "manage_stock": product.manage_stock,
        "stock_quantity": product.stock_quantity,
        "stock_status": product.stock_status,
        **_backorders(),
        "weight": "",
        "dimensions": NO_DIMENSIONS,
        "shipping_class": "",
        "shipping_class_id": 0,
        "image": None,
        "gallery_image_ids": [],
        "attributes": _attributes(product),
        "menu_order": product.menu_order,
        "meta_data": meta_list(product.meta),
        "name": ", ".join(values[0] for _name, values in product.options),
        "parent_id": product.parent_id,
        "_links": found,
    }
