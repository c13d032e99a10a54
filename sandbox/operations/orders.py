"""The life of an order: placed, paid, changed, trashed, deleted."""

from dataclasses import replace

from sandbox import clock, money
from sandbox.operations import coupons, products
from sandbox.records import Line, Order
from sandbox.store import Store

PAID_STATUSES = {"processing", "completed"}
STOCK_HOLDING_STATUSES = {*PAID_STATUSES, "on-hold"}
STOCK_FREEING_STATUSES = {"cancelled", "pending"}
TRASH_STATUS_KEY = "_wp_trash_meta_status"
TRASH_TIME_KEY = "_wp_trash_meta_time"


def new_line(
    store: Store,
    product_id: int,
    variation_id: int,
    quantity: int,
    amounts: tuple[int | None, int | None] = (None, None),
) -> Line:
    """A line; `amounts` are (subtotal, total), by default what the product costs.

    A product that does not exist makes a line without product, name and price, as
    WooCommerce does.
    """
    product = store.products.get(variation_id or product_id)
    item_id = store.next_item_id()
    if product is None:
        return Line(item_id, 0, 0, "", quantity, 0, 0)
    list_price = money.from_text(product.price, store.settings.decimals) * quantity
    subtotal = list_price if amounts[0] is None else amounts[0]
    total = subtotal if amounts[1] is None else amounts[1]
    line = Line(item_id, product_id, variation_id, product.name, quantity, subtotal, total)
    return taxed(store, line)


def taxed(store: Store, line: Line) -> Line:
    """The line with the tax that its amounts bear."""
    tax = store.settings.tax
    if tax is None:
        return line
    return line._replace(
        subtotal_tax=money.share(line.subtotal, tax.percent),
        total_tax=money.share(line.total, tax.percent),
    )


def place(store: Store, order: Order, *, set_paid: bool = False) -> None:
    """Take a new order: order.created, order.updated, and what payment brings with it."""
    wanted, order.status = order.status, "pending"
    coupons.count_uses(store, order)
    store.put_order(order)
    store.fire("order.created", order.id)
    store.fire("order.updated", order.id)
    change_status(store, order, wanted)
    if set_paid:
        pay(store, order)


def pay(store: Store, order: Order) -> None:
    """Mark an unpaid order paid; cash on delivery is completed at once."""
    if order.status in PAID_STATUSES:
        return
    change_status(store, order, "completed" if order.payment_method == "cod" else "processing")


def change_status(store: Store, order: Order, status: str) -> None:
    """Move an order to a status, with dates, stock, sales and the customer's standing."""
    before, order.status = order.status, status
    if before == status:
        return
    moment = clock.now()
    if status in PAID_STATUSES:
        order.paid = order.paid or moment
        if status == "completed":
            order.completed = order.completed or moment
        if before not in PAID_STATUSES:
            _count_sale(store, order)
    if status in STOCK_HOLDING_STATUSES and not order.stock_reduced:
        _take_from_stock(store, order)
    elif status in STOCK_FREEING_STATUSES and order.stock_reduced:
        _return_to_stock(store, order)
    coupons.count_uses(store, order)
    store.put_order(order)


def _count_sale(store: Store, order: Order) -> None:
    customer = store.customers.get(order.customer_id)
    if customer is not None:
        customer.is_paying = True
        customer.modified = clock.now()
        store.fire("customer.updated", customer.id)
    for line in order.lines:
        product = store.products.get(line.product_id)
        if product is not None:
            product.total_sales += line.quantity


def _take_from_stock(store: Store, order: Order) -> None:
    order.stock_reduced = True
    lines = []
    for line in order.lines:
        taken = products.change_stock(store, line.variation_id or line.product_id, -line.quantity)
        meta = store.new_meta("_reduced_stock", str(line.quantity)) if taken else None
        lines.append(line._replace(meta=(*line.meta, meta)) if meta else line)
    order.lines = tuple(lines)


def _return_to_stock(store: Store, order: Order) -> None:
    order.stock_reduced = False
    lines = []
    for line in order.lines:
        kept = tuple(row for row in line.meta if row.key != "_reduced_stock")
        if kept != line.meta:
            products.change_stock(store, line.variation_id or line.product_id, line.quantity)
        lines.append(line._replace(meta=kept))
    order.lines = tuple(lines)


def changed(store: Store, order: Order, status: str | None) -> None:
    """Note that an order was written, with a new status or none.

    Taking an order out of the trash by its status fires nothing; everything else
    fires order.updated, even when nothing differs.
    """
    was_trashed = order.status == "trash"
    order.modified = clock.now()
    if was_trashed and status is not None:
        order.meta = tuple(
            row for row in order.meta if row.key not in {TRASH_STATUS_KEY, TRASH_TIME_KEY}
        )
        order.status = status
        coupons.count_uses(store, order)
        store.put_order(order)
        return
    coupons.count_uses(store, order)
    store.put_order(order)
    store.fire("order.updated", order.id)
    if status is not None:
        change_status(store, order, status)


def trash(store: Store, order: Order) -> None:
    """Move an order to the trash: order.deleted and nothing else."""
    moment = clock.now()
    order.meta = (
        *order.meta,
        store.new_meta(TRASH_STATUS_KEY, f"wc-{order.status}"),
        store.new_meta(TRASH_TIME_KEY, str(moment)),
    )
    order.status = "trash"
    coupons.count_uses(store, order)
    order.modified = moment
    store.put_order(order)
    store.fire("order.deleted", order.id)


def restore(store: Store, order: Order) -> None:
    """Take an order out of the trash by hand, as it was before: order.restored."""
    before = next(str(row.value) for row in order.meta if row.key == TRASH_STATUS_KEY)
    order.meta = tuple(
        row for row in order.meta if row.key not in {TRASH_STATUS_KEY, TRASH_TIME_KEY}
    )
    order.status = before.removeprefix("wc-")
    coupons.count_uses(store, order)
    order.modified = clock.now()
    store.put_order(order)
    store.fire("order.restored", order.id)


def delete(store: Store, order: Order) -> None:
    """Remove an order for good, which fires nothing."""
    store.drop_order(order.id)


def copy(order: Order) -> Order:
    """The order as it is now, to be shown after it has changed."""
    return replace(order)
