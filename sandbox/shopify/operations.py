"""What merchants and shoppers do in the shop, each with the events that Shopify fires."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox import clock
from sandbox.operations import categories, orders, products, refunds
from sandbox.operations import customers as accounts
from sandbox.operations.refunds import RefundRequest
from sandbox.records import Address, Customer, Line, Order, Product, Refund, ShippingLine
from sandbox.shopify.amounts import Presentment
from sandbox.shopify.discounts import taken_off, used_line
from sandbox.shopify.events import Events
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import is_paid, part_of, totals
from sandbox.shopify.payloads import customers as customer_payloads
from sandbox.shopify.payloads import orders as order_payloads
from sandbox.shopify.shop import Edit, Shop, Visit

STATUSES = {"ACTIVE": "publish", "DRAFT": "draft", "ARCHIVED": "private"}


@dataclass(frozen=True)
class Terms:
    """How something is bought.

    `discount` is what a code takes off the first line; `codes` are those of the shop that the
    customer enters. `credit` is what of it the customer pays with store credit. `presentment` is
    the currency that the buyer saw, when it is not the shop's. `visit` is the last one before.
    `created` is when, by default now.
    """

    paid: bool = True
    created: int | None = None
    discount: int = 0
    shipping: int = 0
    presentment: Presentment | None = None
    visit: Visit | None = None
    codes: tuple[str, ...] = ()
    credit: int = 0


class Merchant:
    """The merchant and the shoppers of a shop.

    Amounts are in the smallest units of the shop's currency. Every method takes the numbers in
    the global ids, and raises KeyError when there is no such object.
    """

    def __init__(self, shop: Shop, events: Events) -> None:
        self.shop = shop
        self.store = shop.store
        self.events = events

    def place_order(
        self,
        goods: Mapping[int, int],
        *,
        email: str = "",
        customer_id: int = 0,
        terms: Terms | None = None,
    ) -> Order:
        """Buy quantities of products or variants, as a customer or as a guest.

        Raises ValueError when the customer may not use a code, or has too little store credit.
        """
        terms = terms or Terms()
        with self.store.change():
            order = self._empty_order(email, customer_id, terms)
            lines = [self._line(number, pieces) for number, pieces in goods.items()]
            if terms.discount:
                lines[0] = lines[0]._replace(total=lines[0].subtotal - terms.discount)
                lines[0] = orders.taxed(self.store, lines[0])
            order.lines = tuple(lines)
            for code in terms.codes:
                self._use(code, order)
            if terms.credit:
                account = self.shop.credit.account(customer_id, order.currency)
                self.shop.credit.pay(order.id, account, terms.credit)
            for line in order.coupon_lines:
                self.shop.discounts.by_id[line.coupon_id].used_by.append(order.id)
            if terms.shipping:
                item = self.store.next_item_id()
                order.shipping_lines = (ShippingLine(item, "Standard", "standard", terms.shipping),)
            if terms.presentment is not None:
                self.shop.presentments[order.id] = terms.presentment
            if terms.visit is not None:
                self.shop.visits[order.id] = terms.visit._replace(order_id=order.id)
            orders.place(self.store, order)
            return order

    def _use(self, code: str, order: Order) -> None:
        discount = self.shop.discounts.use(code, order, self.store.orders)
        taken = taken_off(discount.amount, order.lines)
        order.lines = tuple(
            orders.taxed(self.store, line._replace(total=line.total - share))
            for line, share in zip(order.lines, taken, strict=True)
        )
        used = used_line(self.store.next_item_id(), discount, sum(taken))
        order.coupon_lines = (*order.coupon_lines, used)

    def _empty_order(self, email: str, customer_id: int, terms: Terms) -> Order:
        buyer = self.store.customers[customer_id] if customer_id else None
        moment = clock.now()
        billing: Address = dict(buyer.billing) if buyer else {}
        if email:
            billing["email"] = email
        return Order(
            id=self.store.next_post_id(),
            status="processing" if terms.paid else "pending",
            currency=self.store.settings.currency,
            created=moment if terms.created is None else terms.created,
            modified=moment,
            customer_id=customer_id,
            billing=billing,
            shipping={},
            lines=(),
            payment_method="card",
            created_via="checkout",
        )

    def _line(self, number: int, pieces: int) -> Line:
        sold = self.store.products[number]
        owner = sold.parent_id or sold.id
        return orders.new_line(self.store, owner, number if sold.parent_id else 0, pieces)

    def pay(self, order_id: int) -> None:
        """Mark an order paid: orders/updated and orders/paid."""
        with self.store.change():
            order = self.store.orders[order_id]
            orders.changed(self.store, order, "processing")
            self.store.fire("orders/paid", order.id)

    def fulfil(self, order_id: int, *, delivered: int | None = None) -> None:
        """Send all of an order, of which a carrier may tell when it was delivered."""
        with self.store.change():
            order = self.store.orders[order_id]
            order.completed = order.completed or clock.now()
            if delivered is not None:
                self.shop.handed_over[order_id] = delivered
            orders.changed(self.store, order, None)

    def refund(
        self,
        order_id: int,
        lines: Mapping[int, tuple[int, int]],
        *,
        extra: int = 0,
        shipping: int = 0,
        note: str = "",
    ) -> Refund:
        """Give back lines, by id (pieces, amount without tax), shipping, and an amount more."""
        with self.store.change():
            order = self.store.orders[order_id]
            amount = extra + shipping + sum(given for _pieces, given in lines.values())
            request = RefundRequest(
                amount=amount,
                reason=note,
                lines=tuple((line, pieces, given) for line, (pieces, given) in lines.items()),
                refunded_by=1,
                refunded_payment=True,
                restock=False,
            )
            refund = refunds.create(self.store, order, request)
            if shipping:
                self.shop.refunded_shipping[refund.id] = shipping
            self.store.fire("refunds/create", refund.id)
            return refund

    def cancel(self, order_id: int, reason: str = "CUSTOMER", *, refund: bool = True) -> None:
        """Cancel an order: orders/updated and orders/cancelled.

        With `refund` what was paid and not given back yet is given back before.
        """
        with self.store.change():
            order = self.store.orders[order_id]
            if refund and is_paid(order):
                self._refund_all(order)
            self.shop.cancellations[order_id] = (clock.now(), reason)
            self.shop.credit.revert(order_id)
            orders.changed(self.store, order, "cancelled")
            self.store.fire("orders/cancelled", order_id)

    def _refund_all(self, order: Order) -> None:
        shop, lines = self.shop, {}
        for line in order.lines:
            pieces = line.quantity - shop.refunded_quantity(order, line.id)
            if pieces:
                lines[line.id] = (pieces, part_of(line.total, pieces, line.quantity))
        amounts = totals(shop, order)
        shipping = amounts.shipping - amounts.shipping_back
        rest = amounts.total - amounts.refunded - shipping
        extra = rest - sum(given for _pieces, given in lines.values())
        self.refund(order.id, lines, extra=max(0, extra), shipping=shipping)

    def edit(self, order_id: int, changes: Mapping[int, int]) -> None:
        """Take pieces off lines (negative) or put them on: orders/edited and orders/updated."""
        with self.store.change():
            order = self.store.orders[order_id]
            edits = [Edit(line_id, delta) for line_id, delta in changes.items()]
            # What is put on counts in the line's own quantity from now on.
            removals = [edit for edit in edits if edit.delta < 0]
            self.shop.edits.setdefault(order_id, []).extend(removals)
            order.lines = tuple(
                self._grown(line, max(0, changes.get(line.id, 0))) for line in order.lines
            )
            orders.changed(self.store, order, None)
            self.events.tell("orders/edited", order_payloads.edited(self.shop, order, edits))

    @staticmethod
    def _grown(line: Line, pieces: int) -> Line:
        if not pieces:
            return line
        share = part_of(line.total, line.quantity + pieces, line.quantity)
        before = part_of(line.subtotal, line.quantity + pieces, line.quantity)
        return line._replace(quantity=line.quantity + pieces, total=share, subtotal=before)

    def delete_order(self, order_id: int) -> None:
        """Delete an order for good: orders/delete."""
        with self.store.change():
            orders.delete(self.store, self.store.orders[order_id])
            self.store.fire("orders/delete", order_id)

    def change_product(
        self, product_id: int, *, title: str | None = None, status: str | None = None
    ) -> Product:
        """Rename a product or change its ProductStatus: products/update."""
        with self.store.change():
            product = self.store.products[product_id]
            product.name = product.name if title is None else title
            if status is not None:
                product.status = STATUSES[status]
            products.changed(self.store, product)
            return product

    def delete_product(self, product_id: int) -> None:
        """Delete a product: products/delete."""
        with self.store.change():
            products.delete(self.store, self.store.products[product_id])
            self.shop.metafields.by_owner.pop(gid("Product", product_id), None)
            self.store.fire("products/delete", product_id)

    def rename_collection(self, collection_id: int, title: str) -> None:
        """Rename a collection: collections/update."""
        with self.store.change():
            self.store.categories[collection_id].name = title
            self.store.fire("collections/update", collection_id)

    def delete_collection(self, collection_id: int) -> None:
        """Delete a collection: collections/delete and nothing about its products."""
        with self.store.change():
            categories.delete(self.store, collection_id)
            self.store.fire("collections/delete", collection_id)

    def fill_collection(self, collection_id: int, product_id: int, *, take_out: bool) -> None:
        """Put a product into a collection or take it out, by hand: collections/update."""
        with self.store.change():
            product = self.store.products[product_id]
            rest = tuple(one for one in product.category_ids if one != collection_id)
            self.store.file_product(product, rest if take_out else (*rest, collection_id))
            self.store.fire("collections/update", collection_id)

    def create_customer(self, email: str, first_name: str = "", last_name: str = "") -> Customer:
        """Open an account: customers/create and customers/update."""
        with self.store.change():
            made = Customer(
                id=self.store.next_user_id(),
                email=email,
                username=email.split("@", maxsplit=1)[0],
                created=clock.now(),
                first_name=first_name,
                last_name=last_name,
                billing={"email": email, "first_name": first_name, "last_name": last_name},
            )
            accounts.create(self.store, made)
            return made

    def merge_customers(self, kept: int, removed: int) -> None:
        """Make two customers one: the orders of the removed one become the kept one's."""
        with self.store.change():
            gone = self.store.customers.pop(removed)
            self.store.customer_ids_by_email[gone.email.lower()] = kept
            for order in self.store.orders.values():
                if order.customer_id == removed:
                    order.customer_id = kept
            self.store.orders_version += 1
            self.shop.metafields.by_owner.pop(gid("Customer", removed), None)
            accounts.changed(self.store, self.store.customers[kept])
            self.events.tell("customers/merge", customer_payloads.merged(kept, removed))

    def delete_customer(self, customer_id: int) -> None:
        """Delete a customer: customers/delete; the orders stay, without a customer."""
        with self.store.change():
            accounts.delete(self.store, self.store.customers[customer_id])
            self.shop.metafields.by_owner.pop(gid("Customer", customer_id), None)

    def pick(self, product_id: int, namespace: str, key: str, type_name: str, value: str) -> None:
        """Set a metafield of a product by hand, as a merchant does: products/update."""
        with self.store.change():
            owner = gid("Product", product_id)
            self.shop.metafields.put(owner, namespace, key, type_name, value)
            products.changed(self.store, self.store.products[product_id])

    def outstanding(self, order_id: int) -> int:
        """What remains of an order's total after edits and refunds."""
        return totals(self.shop, self.store.orders[order_id]).current
