"""Giving money back."""

from dataclasses import dataclass

from sandbox import clock
from sandbox.errors import RestError
from sandbox.operations import orders, products
from sandbox.payloads.orders import refunded, total
from sandbox.records import Line, Order, Refund
from sandbox.store import Store


@dataclass(frozen=True)
class RefundRequest:
    """What to give back: an amount, and lines as (item id, quantity, amount).

    All amounts are positive. `restock` puts goods of the lines back on the shelf.
    """

    amount: int
    reason: str
    lines: tuple[tuple[int, int, int], ...]
    refunded_by: int
    refunded_payment: bool
    restock: bool


def create(store: Store, order: Order, request: RefundRequest) -> Refund:
    """Give money back; the order is refunded once nothing remains of its total.

    Raises RestError when the amount is more than what remains.
    """
    remaining = total(order) - refunded(store, order)
    if not 0 <= request.amount <= remaining:
        error = RestError(
            "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500
        )
        error.data = 500
        raise error
    is_full = request.amount == remaining
    refund_id = store.next_post_id()
    refund = Refund(
        id=refund_id,
        order_id=order.id,
        created=clock.now(),
        amount=request.amount,
        reason=request.reason,
        refunded_by=request.refunded_by,
        refunded_payment=request.refunded_payment,
        lines=tuple(_refund_line(store, order, wanted) for wanted in request.lines),
        meta=(store.new_meta("_refund_type", "full" if is_full else "partial"),),
    )
    if request.restock:
        for wanted in request.lines:
            _restock(store, order, wanted)
    store.refunds[refund.id] = refund
    order.refund_ids = (*order.refund_ids, refund.id)
    orders.changed(store, order, "refunded" if is_full else None)
    return refund


def _ordered_line(order: Order, item_id: int) -> Line:
    for line in order.lines:
        if line.id == item_id:
            return line
    raise RestError(
        "woocommerce_rest_invalid_item_id",
        "Order item ID provided is not associated with order.",
        400,
    )


def _refund_line(store: Store, order: Order, wanted: tuple[int, int, int]) -> Line:
    item_id, quantity, amount = wanted
    line = _ordered_line(order, item_id)
    return Line(
        id=store.next_item_id(),
        product_id=line.product_id,
        variation_id=line.variation_id,
        name=line.name,
        quantity=-quantity,
        subtotal=-amount,
        total=-amount,
        meta=(store.new_meta("_refunded_item_id", str(item_id)),),
    )


def _restock(store: Store, order: Order, wanted: tuple[int, int, int]) -> None:
    item_id, quantity, _amount = wanted
    line = _ordered_line(order, item_id)
    if not products.change_stock(store, line.variation_id or line.product_id, quantity):
        return
    meta = tuple(
        row._replace(value=str(line.quantity - quantity)) if row.key == "_reduced_stock" else row
        for row in line.meta
    )
    marked = line._replace(meta=(*meta, store.new_meta("_restock_refunded_items", str(quantity))))
    order.lines = tuple(marked if other.id == item_id else other for other in order.lines)


def delete(store: Store, order: Order, refund: Refund) -> None:
    """Take a refund back; the order keeps its status and nothing is fired."""
    order.refund_ids = tuple(other for other in order.refund_ids if other != refund.id)
    del store.refunds[refund.id]
    store.put_order(order)
