"""What merchants and shoppers do with orders, each with the events that Shopify fires."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox import clock
from sandbox.operations import orders, refunds
from sandbox.operations.refunds import RefundRequest
from sandbox.records import Address, Line, Order, Refund, ShippingLine
from sandbox.shopify.amounts import Presentment
from sandbox.shopify.backoffice import Backoffice
from sandbox.shopify.discounts import taken_off, used_line
from sandbox.shopify.order_state import is_paid, part_of, totals
from sandbox.shopify.payloads import orders as order_payloads
from sandbox.shopify.shop import Edit, Visit


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


class Merchant(Backoffice):
    """The merchant and the shoppers of a shop.

    Amounts are in the smallest units of the shop's currency. Every method takes the numbers in
    the global ids, and raises KeyError when there is no such object.
    """

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
        """Give back lines, by id (pieces, amount without tax), shipping, and an amount more.

        Below 0 it is less than they come to. What was paid by other means goes back before store
        credit does.
        """
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
            self._revert(order, refund)
            self.store.fire("refunds/create", refund.id)
            return refund

    def _revert(self, order: Order, refund: Refund) -> None:
        """Let the part of a refund that other means did not pay go back to store credit."""
        book, amounts = self.shop.credit, totals(self.shop, order)
        by_others = amounts.total - book.paid(order.id)
        credit = max(0, amounts.refunded - by_others) - book.paid(order.id) + book.left(order.id)
        if credit:
            self.shop.refunded_credit[refund.id] = credit
            book.revert(order.id, credit, "ORDER_REFUND")

    def cancel(self, order_id: int, reason: str = "CUSTOMER", *, refund: bool = True) -> None:
        """Cancel an order: orders/updated and orders/cancelled.

        What was only authorised is voided, and its store credit comes back. With `refund`
        what was paid and not given back yet is given back before, and so are the lines;
        they come to more where something was given back that was for none of them.
        """
        with self.store.change():
            order = self.store.orders[order_id]
            if not is_paid(order):
                credit = self.shop.credit
                credit.revert(order_id, credit.left(order_id), "ORDER_CANCELLATION")
            elif refund:
                self._refund_all(order)
            self.shop.cancellations[order_id] = (clock.now(), reason)
            orders.changed(self.store, order, "cancelled")
            self.store.fire("orders/cancelled", order_id)

    def _refund_all(self, order: Order) -> None:
        shop, lines = self.shop, {}
        amounts = totals(shop, order)
        left = amounts.total - amounts.refunded
        if amounts.refunded and not left:
            return
        for line in order.lines:
            pieces = line.quantity - shop.refunded_quantity(order, line.id)
            if pieces:
                lines[line.id] = (pieces, part_of(line.total, pieces, line.quantity))
        shipping = amounts.shipping - amounts.shipping_back
        given = shipping + sum(amount for _pieces, amount in lines.values())
        self.refund(order.id, lines, extra=left - given, shipping=shipping)

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

    def outstanding(self, order_id: int) -> int:
        """What remains of an order's total after edits and refunds."""
        return totals(self.shop, self.store.orders[order_id]).current
