"""Lines of orders and refunds, as their bodies show them."""

from sandbox import money
from sandbox.payloads.common import Payload
from sandbox.records import Line
from sandbox.store import Store


def line_payload(store: Store, line: Line) -> Payload:
    """One member of `line_items`."""
    decimals = store.settings.decimals
    product = store.products.get(line.variation_id or line.product_id)
    known = product is not None
    parent = store.products.get(line.product_id) if line.variation_id else None
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": money.to_text(line.subtotal, decimals),
        "subtotal_tax": money.to_text(line.subtotal_tax, decimals),
        "total": money.to_text(line.total, decimals),
        "total_tax": money.to_text(line.total_tax, decimals),
        "taxes": _line_taxes(store, line),
        "meta_data": [_display_meta(row.id, row.key, row.value) for row in line.meta],
        "sku": product.sku if product else None,
        "global_unique_id": "" if known else None,
        "price": money.unit_price(line.total, line.quantity, decimals),
        "image": {"id": "" if known and parent is None else 0, "src": ""},
        "parent_name": parent.name if parent else None,
    }


def _display_meta(row_id: int, key: str, value: object) -> Payload:
    label = key if key.startswith("_") else key.capitalize()
    return {
        "id": row_id,
        "key": key,
        "value": value,
        "display_key": label,
        "display_value": value,
    }


def _line_taxes(store: Store, line: Line) -> list[Payload]:
    tax, decimals = store.settings.tax, store.settings.decimals
    if tax is None or line.quantity < 0:
        return []
    return [
        {
            "id": tax.id,
            "total": money.to_text(line.total_tax, decimals),
            "subtotal": money.to_text(line.subtotal_tax, decimals),
        }
    ]
