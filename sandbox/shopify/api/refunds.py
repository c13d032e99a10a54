"""Refunds, and the money that moved for an order."""

from typing import Any, NamedTuple

from sandbox.records import Line, Order, Refund
from sandbox.shopify import order_state
from sandbox.shopify.amounts import Bag
from sandbox.shopify.api.call import Call, Resolvers
from sandbox.shopify.api.connections import Page, listed
from sandbox.shopify.api.lines import OrderLine
from sandbox.shopify.gid import gid
from sandbox.shopify.shop import refunded_line_id
from sandbox.shopify.times import utc_text

# What transactions with store credit are called is documented; no recording shows it.
CREDIT_GATEWAY = "shopify_store_credit"
CREDIT_BASE = 500_000_000


class RefundLine(NamedTuple):
    """A line of a refund and its order."""

    order: Order
    line: Line


class Transaction(NamedTuple):
    """Money that moved for an order; `number` is its id, `gateway` by what it moved."""

    number: int
    order: Order
    kind: str
    moment: int
    amount: int
    gateway: str = ""


def given_back(refund: Refund, call: Call) -> list[Transaction]:
    """The transactions of a refund: to store credit, and the rest, or all, by other means."""
    order = call.shop.store.orders[refund.order_id]
    credit = call.shop.refunded_credit.get(refund.id, 0)
    return parts(Transaction(refund.id, order, "REFUND", refund.created, refund.amount), credit)


def parts(whole: Transaction, credit: int) -> list[Transaction]:
    """What of a transaction was by store credit, if anything, and the rest of it."""
    paid = whole._replace(number=whole.number + CREDIT_BASE, amount=credit, gateway=CREDIT_GATEWAY)
    rest = whole._replace(amount=whole.amount - credit)
    return ([paid] if credit else []) + ([rest] if rest.amount or not credit else [])


def _refund_lines(refund: Refund, call: Call, **arguments: Any) -> Page:
    order = call.shop.store.orders[refund.order_id]
    return listed(call, [RefundLine(order, line) for line in refund.lines], arguments)


def _ordered(one: RefundLine) -> OrderLine:
    number = refunded_line_id(one.line.meta)
    return OrderLine(one.order, next(line for line in one.order.lines if line.id == number))


def _shipping_lines(refund: Refund, call: Call, **arguments: Any) -> Page:
    return listed(call, [refund] if call.shop.shipping_back(refund) else [], arguments)


def _adjustments(refund: Refund, call: Call, **arguments: Any) -> Page:
    return listed(
        call, [refund] if order_state.refund_discrepancy(call.shop, refund) else [], arguments
    )


def _refund_bag(refund: Refund, call: Call, amount: int) -> Bag:
    return call.shop.bag(call.shop.store.orders[refund.order_id], amount)


RESOLVERS: Resolvers = {
    "Refund": {
        "id": lambda refund, _call: gid("Refund", refund.id),
        "legacyResourceId": lambda refund, _call: refund.id,
        "createdAt": lambda refund, _call: utc_text(refund.created),
        "updatedAt": lambda refund, _call: utc_text(refund.created),
        "note": lambda refund, _call: refund.reason or None,
        "order": lambda refund, call: call.shop.store.orders[refund.order_id],
        "totalRefundedSet": lambda refund, call: _refund_bag(refund, call, refund.amount),
        "duties": lambda _refund, _call: [],
        "refundLineItems": _refund_lines,
        "refundShippingLines": _shipping_lines,
        "orderAdjustments": _adjustments,
        "transactions": lambda refund, call, **arguments: listed(
            call, given_back(refund, call), arguments
        ),
    },
    "RefundLineItem": {
        "id": lambda one, _call: gid("RefundLineItem", one.line.id),
        "quantity": lambda one, _call: -one.line.quantity,
        "restockType": lambda _one, _call: "NO_RESTOCK",
        "subtotalSet": lambda one, call: call.shop.bag(one.order, -one.line.total),
        "totalTaxSet": lambda one, call: call.shop.bag(one.order, -one.line.total_tax),
        "lineItem": lambda one, _call: _ordered(one),
    },
    "OrderAdjustment": {
        "id": lambda refund, _call: gid("OrderAdjustment", refund.id),
        "reason": lambda _refund, _call: "REFUND_DISCREPANCY",
        "amountSet": lambda refund, call: _refund_bag(
            refund, call, -order_state.refund_discrepancy(call.shop, refund)
        ),
        "taxAmountSet": lambda refund, call: _refund_bag(refund, call, 0),
    },
    "OrderTransaction": {
        "id": lambda one, _call: gid("OrderTransaction", one.number),
        "kind": lambda one, _call: one.kind,
        "gateway": lambda one, _call: one.gateway or None,
        "status": lambda _one, _call: "SUCCESS",
        "createdAt": lambda one, _call: utc_text(one.moment),
        "processedAt": lambda one, _call: utc_text(one.moment),
        "amountSet": lambda one, call: call.shop.bag(one.order, one.amount),
    },
    "RefundShippingLine": {
        "id": lambda refund, _call: gid("RefundShippingLine", refund.id),
        "subtotalAmountSet": lambda refund, call: _refund_bag(
            refund, call, call.shop.shipping_back(refund)
        ),
        "taxAmountSet": lambda refund, call: _refund_bag(refund, call, 0),
    },
    # None of the pretend refunds gives back duties.
    "RefundDuty": {"amountSet": lambda refund, call: _refund_bag(refund, call, 0)},
}
