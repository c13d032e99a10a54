"""The pages that a shopper sees: products with their cross-sells, and an account."""

from math import ceil
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, render_template, request
from markupsafe import Markup

from sandbox import money
from sandbox.payloads import orders as order_payloads
from sandbox.payloads.products import price
from sandbox.reading import shown_date, shown_number
from sandbox.records import Category, Customer, Order, Product
from sandbox.services import services
from sandbox.store import CURRENCY_SYMBOLS, Store
from sandbox.storefront_texts import TEXTS

routes = Blueprint("storefront", __name__)
PRODUCTS_A_PAGE = 24
ORDERS_SHOWN = 10


def _language() -> str:
    return "fa" if request.args.get("lang") == "fa" else "en"


def _render(template: str, **values: object) -> str:
    language = _language()
    return render_template(
        template,
        language=language,
        direction="rtl" if language == "fa" else "ltr",
        text=TEXTS[language],
        store=services().store,
        lang_query="&lang=fa" if language == "fa" else "",
        **values,
    )


def money_shown(amount: str | int) -> str:
    """An amount, as written or in smallest units, with the store's currency sign."""
    settings = services().store.settings
    if isinstance(amount, int):
        amount = money.to_text(amount, settings.decimals)
    if not amount:
        return ""
    symbol = CURRENCY_SYMBOLS.get(settings.currency, settings.currency)
    grouped = f"{float(amount):,.{settings.decimals}f}"
    written = f"{symbol}{grouped}" if symbol in {"$", "€", "£"} else f"{grouped} {symbol}"
    return shown_number(written, _language())


def product_card(product: Product) -> dict[str, Any]:
    """What a card in a list shows of a product."""
    store = services().store
    category = next((store.categories.get(c) for c in product.category_ids), None)
    return {
        "name": product.name,
        "url": f"/product/{product.slug}/",
        "price": money_shown(price(store, product)),
        "category": category,
        "is_sold_out": product.stock_status != "instock",
    }


def _is_shown(product: Product) -> bool:
    return product.status == "publish" and product.type != "variation"


def _found(store: Store, search: str, category: Category | None) -> list[Product]:
    wanted = {category.id} if category else set()
    if category is not None:
        wanted |= {c.id for c in store.categories.values() if c.parent == category.id}
    found = [
        product
        for product in store.products.values()
        if _is_shown(product)
        and search.lower() in product.name.lower()
        and (not wanted or wanted & set(product.category_ids))
    ]
    return sorted(found, key=lambda product: -product.total_sales)


@routes.get("/")
def home() -> str:
    """Products, the best-selling first, with search and categories."""
    store = services().store
    search = request.args.get("q", "").strip()
    slug = request.args.get("category", "")
    page = max(1, request.args.get("page", 1, type=int))
    with store.lock:
        category = next((c for c in store.categories.values() if c.slug == slug), None)
        found = _found(store, search, category)
        start = (page - 1) * PRODUCTS_A_PAGE
        cards = [product_card(p) for p in found[start : start + PRODUCTS_A_PAGE]]
        top = sorted(
            (c for c in store.categories.values() if not c.parent), key=lambda c: c.name.lower()
        )
    return _render(
        "home.html",
        cards=cards,
        count=len(found),
        categories=top,
        category=category,
        search=search,
        page=page,
        pages=ceil(len(found) / PRODUCTS_A_PAGE),
    )


@routes.get("/product/<path:slug>")
@routes.get("/products/<path:slug>")
def product_page(slug: str) -> str:
    """A product, what it costs, where it belongs, and what else a buyer may like."""
    store = services().store
    wanted = {slug.rstrip("/"), quote(slug.rstrip("/")).lower()}
    with store.lock:
        product = next((p for p in store.products.values() if p.slug in wanted), None)
        if product is None or not _is_shown(product):
            abort(404)
        category = next((store.categories.get(c) for c in product.category_ids), None)
        parent = store.categories.get(category.parent) if category else None
        others = (store.products.get(one) for one in services().recommended_ids(product))
        recommended = [product_card(other) for other in others if other and _is_shown(other)]
    return _render(
        "product.html",
        product=product,
        card=product_card(product),
        # A merchant writes the description as HTML.
        description=Markup(product.description),  # noqa: S704
        trail=[c for c in (parent, category) if c],
        recommended=recommended,
    )


@routes.get("/my-account/<int:customer_id>")
def account_page(customer_id: int) -> str:
    """A customer's orders, and what apps noted about the customer."""
    store = services().store
    with store.lock:
        customer = store.customers.get(customer_id)
        if customer is None:
            abort(404)
        own = [order for order in store.orders.values() if order.customer_id == customer_id]
        own.sort(key=lambda order: order.created, reverse=True)
        rows = [_order_row(store, order) for order in own[:ORDERS_SHOWN]]
        spent = sum(order_payloads.total(order) for order in own)
    return _render(
        "account.html",
        customer=customer,
        notes=_notes(customer),
        order_count=shown_number(len(own), _language()),
        spent=money_shown(spent),
        orders=rows,
    )


def _notes(customer: Customer) -> list[tuple[str, str, object]]:
    """What apps have written about a customer, as (key, label, value)."""
    return [(key, _label(key), _readable(value)) for key, value in services().notes(customer)]


def _label(key: str) -> str:
    plain = key.replace("_", " ").replace("-", " ").strip().capitalize()
    return TEXTS[_language()].get(key, plain)


def _readable(value: object) -> object:
    return shown_number(value, _language()) if isinstance(value, str | int) else value


def _order_row(store: Store, order: Order) -> dict[str, object]:
    created = order_payloads.order_payload(store, order)["date_created"]
    return {
        "number": shown_number(order.id, _language()),
        "date": shown_date(str(created), _language()),
        "status": TEXTS[_language()].get(f"status_{order.status}", order.status),
        "items": shown_number(sum(line.quantity for line in order.lines), _language()),
        "total": money_shown(order_payloads.total(order)),
    }
