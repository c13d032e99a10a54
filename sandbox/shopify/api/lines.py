"""The lines of orders."""

from typing import Any, NamedTuple

from sandbox.records import Line, Order
from sandbox.shopify import order_state
from sandbox.shopify.amounts import Bag
from sandbox.shopify.api.call import Call, Resolvers
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads.lines import variant_id
from sandbox.shopify.product_state import variant_by_id


class OrderLine(NamedTuple):
    """A line and its order."""

    order: Order
    line: Line


def _tax_lines(one: OrderLine, call: Call, first: int | None = None) -> list[OrderLine]:
    return [one][:first] if call.shop.store.settings.tax else []


def _line_bag(one: OrderLine, call: Call, amount: int) -> Bag:
    return call.shop.bag(one.order, amount)


def _discounted(one: OrderLine, call: Call, withCodeDiscounts: bool = False) -> Bag:  # noqa: N803
    """A discount here is always one of a code, which this field leaves out by default."""
    line = one.line
    return _line_bag(one, call, line.total if withCodeDiscounts else line.subtotal)


def _allocations(one: OrderLine, _call: Call) -> list[OrderLine]:
    return [one] if one.line.subtotal != one.line.total else []


def _unit_after(one: OrderLine, call: Call) -> Bag:
    return _line_bag(one, call, order_state.part_of(one.line.total, 1, one.line.quantity))


def _remaining(one: OrderLine, call: Call) -> int:
    """What the remaining pieces cost after all discounts."""
    pieces = call.shop.current_quantity(one.order, one.line.id)
    return order_state.part_of(one.line.total, pieces, one.line.quantity)


def _line_product(one: OrderLine, call: Call) -> Any:
    return call.shop.product(one.line.product_id)


def _line_variant(one: OrderLine, call: Call) -> Any:
    return variant_by_id(call.shop, variant_id(one.line)) if one.line.product_id else None


def _line_sku(one: OrderLine, call: Call) -> str | None:
    sold = call.shop.store.products.get(one.line.variation_id or one.line.product_id)
    return (sold.sku or None) if sold else None


def _line_variant_title(one: OrderLine, call: Call) -> str | None:
    variant = _line_variant(one, call)
    return variant.title if variant and one.line.variation_id else None


LINE: dict[str, Any] = {
    "id": lambda one, _call: gid("LineItem", one.line.id),
    "name": lambda one, _call: one.line.name,
    "title": lambda one, call: p.name if (p := _line_product(one, call)) else one.line.name,
    "quantity": lambda one, _call: one.line.quantity,
    "currentQuantity": lambda one, call: call.shop.current_quantity(one.order, one.line.id),
    "refundableQuantity": lambda one, call: call.shop.current_quantity(one.order, one.line.id),
    "sku": _line_sku,
    "vendor": lambda _one, call: call.shop.store.settings.name,
    "variantTitle": _line_variant_title,
    "product": _line_product,
    "variant": _line_variant,
    "originalUnitPriceSet": lambda one, call: _line_bag(
        one, call, order_state.unit_price(one.line)
    ),
    "originalTotalSet": lambda one, call: _line_bag(one, call, one.line.subtotal),
    "discountedTotalSet": _discounted,
    "discountedUnitPriceAfterAllDiscountsSet": _unit_after,
    "priceAfterAllDiscountsBeforeTaxesSet": lambda one, call: _line_bag(
        one, call, _remaining(one, call)
    ),
    "totalDiscountSet": lambda one, call: _line_bag(one, call, 0),
    "discountAllocations": _allocations,
    "taxLines": _tax_lines,
}
RESOLVERS: Resolvers = {
    "LineItem": LINE,
    "DiscountAllocation": {
        "allocatedAmountSet": lambda one, call: _line_bag(
            one, call, one.line.subtotal - one.line.total
        ),
    },
    "TaxLine": {
        "title": lambda _one, call: call.shop.store.settings.tax.label,
        "rate": lambda _one, call: float(call.shop.store.settings.tax.percent) / 100,
        "priceSet": lambda one, call: _line_bag(one, call, one.line.total_tax),
    },
}
