"""Orders."""

from collections.abc import Callable
from typing import Any

from sandbox.records import Order
from sandbox.shopify import order_state
from sandbox.shopify.amounts import Bag
from sandbox.shopify.api import search
from sandbox.shopify.api.call import Call, Resolvers
from sandbox.shopify.api.connections import Page, listed, page
from sandbox.shopify.api.lines import OrderLine
from sandbox.shopify.api.money import given
from sandbox.shopify.api.refunds import Transaction, given_back, parts
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import Totals
from sandbox.shopify.shop import Shop, Visit
from sandbox.shopify.times import utc_text

SORT = {
    "CREATED_AT": lambda order: (order.created, order.id),
    "PROCESSED_AT": lambda order: (order.created, order.id),
    "UPDATED_AT": lambda order: (order.modified, order.id),
    "ID": lambda order: (order.id,),
    "ORDER_NUMBER": lambda order: (order.id,),
}


def _fields(shop: Shop) -> search.Fields:
    def statuses(order: Order) -> list[str]:
        is_cancelled = order_state.cancellation(shop, order) is not None
        return ["any", "cancelled" if is_cancelled else "open"]

    return {
        "id": search.Number(lambda order: order.id),
        "created_at": search.Moment(lambda order: order.created),
        "processed_at": search.Moment(lambda order: order.created),
        "updated_at": search.Moment(lambda order: order.modified),
        "customer_id": search.Number(lambda order: order.customer_id),
        "email": search.Texts(lambda order: [order.billing.get("email", "")]),
        "name": search.Texts(lambda order: [f"#{order_state.order_number(order)}"]),
        "status": search.Texts(statuses),
        "financial_status": search.Texts(lambda order: [order_state.financial_status(shop, order)]),
        "discount_code": search.Texts(lambda order: order_state.codes(shop, order)[:1]),
        "tag": search.Texts(lambda order: shop.tags.get(gid("Order", order.id), ())),
    }


def _found(call: Call, query: str | None, sort_key: str) -> list[Order]:
    """The orders that a query finds, sorted; remembered until an order changes."""
    shop = call.shop
    matches = search.matcher(call, query, _fields(shop))
    asked = f"{shop.has_scope('read_all_orders')} {sort_key} {query}"
    return shop.order_lists.remembered(
        asked, lambda: sorted(filter(matches, shop.orders()), key=SORT.get(sort_key, SORT["ID"]))
    )


def _orders(_root: Any, call: Call, **arguments: Any) -> Page:
    sort_key = arguments["sortKey"]
    found = _found(call, arguments.get("query"), sort_key)
    return page(call, found, SORT.get(sort_key, SORT["ID"]), arguments)


def _customer_orders(call: Call, customer_id: int, arguments: dict[str, Any]) -> Page:
    own = [order for order in call.shop.orders() if order.customer_id == customer_id]
    place = SORT.get(arguments["sortKey"], SORT["ID"])
    return page(call, sorted(own, key=place), place, arguments)


def orders_of(customer: Any, call: Call, **arguments: Any) -> Page:
    """A window of a customer's orders."""
    return _customer_orders(call, customer.id, arguments)


def count_of(found: int, limit: int | None) -> dict[str, Any]:
    """A number of objects, counted up to a limit."""
    is_cut = limit is not None and found > limit
    return {"count": limit if is_cut else found, "precision": "AT_LEAST" if is_cut else "EXACT"}


def _count(
    _root: Any, call: Call, query: str | None = None, limit: int | None = None, **_rest: Any
) -> dict[str, Any]:
    call.require("read_orders", "ordersCount")
    return count_of(len(_found(call, query, "ID")), limit)


def _totals(order: Order, call: Call) -> Totals:
    return order_state.totals(call.shop, order)


def _lines(order: Order, call: Call, **arguments: Any) -> Page:
    return listed(call, [OrderLine(order, line) for line in order.lines], arguments)


def _transactions(order: Order, call: Call, first: int | None = None, **_rest: Any) -> list[Any]:
    kind = "SALE" if order_state.is_paid(order) else "AUTHORIZATION"
    moment = order.created if order.paid is None else order.paid
    made = []
    if order.status != "pending":
        total, credit = _totals(order, call).total, call.shop.credit.paid(order.id)
        paid = Transaction(order.id, order, kind, moment, total, order.payment_method)
        made += parts(paid, credit)
    for refund in call.shop.refunds(order):
        made += given_back(refund, call)
    return made[:first]


def _cancelled(order: Order, call: Call) -> tuple[int, str] | None:
    return order_state.cancellation(call.shop, order)


ORDER: dict[str, Any] = {
    "id": lambda order, _call: gid("Order", order.id),
    "legacyResourceId": lambda order, _call: order.id,
    "name": lambda order, _call: f"#{order_state.order_number(order)}",
    "number": lambda order, _call: order_state.order_number(order),
    "createdAt": lambda order, _call: utc_text(order.created),
    "processedAt": lambda order, _call: utc_text(order.created),
    "updatedAt": lambda order, _call: utc_text(order.modified),
    "cancelledAt": lambda order, call: (
        utc_text(found[0]) if (found := _cancelled(order, call)) else None
    ),
    "cancelReason": lambda order, call: found[1] if (found := _cancelled(order, call)) else None,
    "closedAt": lambda _order, _call: None,
    "test": lambda _order, _call: False,
    "sourceName": lambda _order, _call: "web",
    "email": lambda order, _call: order.billing.get("email") or None,
    "phone": lambda order, _call: order.billing.get("phone") or None,
    "tags": lambda order, call: call.shop.tags.get(gid("Order", order.id), ()),
    "note": lambda order, _call: order.customer_note or None,
    "edited": lambda order, call: order.id in call.shop.edits,
    "currencyCode": lambda _order, call: call.shop.store.settings.currency,
    "presentmentCurrencyCode": lambda order, call: call.shop.bag(order, 0).presentment.currency,
    "displayFinancialStatus": lambda order, call: order_state.financial_status(call.shop, order),
    "displayFulfillmentStatus": lambda order, _call: (
        "FULFILLED" if order_state.is_fulfilled(order) else "UNFULFILLED"
    ),
    "fullyPaid": lambda order, _call: order_state.is_paid(order),
    "unpaid": lambda order, _call: not order_state.is_paid(order),
    "taxesIncluded": lambda _order, _call: False,
    "customer": lambda order, call: call.shop.customer(order.customer_id),
    "billingAddress": lambda order, _call: given(order.billing),
    "shippingAddress": lambda order, _call: given(order.shipping),
    "discountCodes": lambda order, call: order_state.codes(call.shop, order),
    "customerJourneySummary": lambda order, _call: order,
    "lineItems": _lines,
    "transactions": _transactions,
    "fulfillments": lambda order, _call, first=None, **_rest: (
        [order][:first] if order_state.is_fulfilled(order) else []
    ),
    "refunds": lambda order, call, first=None: call.shop.refunds(order)[:first],
}
AMOUNTS: dict[str, Callable[[Totals, bool], int]] = {
    "subtotalPriceSet": lambda totals, _paid: totals.subtotal,
    "totalPriceSet": lambda totals, _paid: totals.total,
    "currentTotalPriceSet": lambda totals, _paid: totals.current,
    "currentSubtotalPriceSet": lambda totals, _paid: totals.subtotal - totals.removed,
    "totalTaxSet": lambda totals, _paid: totals.tax,
    "totalDiscountsSet": lambda totals, _paid: totals.discounts,
    "totalShippingPriceSet": lambda totals, _paid: totals.shipping,
    "totalRefundedSet": lambda totals, _paid: totals.refunded,
    "totalRefundedShippingSet": lambda totals, _paid: totals.shipping_back,
    "totalReceivedSet": lambda totals, is_paid: totals.total if is_paid else 0,
    "totalOutstandingSet": lambda totals, is_paid: 0 if is_paid else totals.current,
    "netPaymentSet": lambda totals, is_paid: totals.total - totals.refunded if is_paid else 0,
}


def _amount(name: str) -> Any:
    def resolve(order: Order, call: Call) -> Bag:
        amount = AMOUNTS[name](_totals(order, call), order_state.is_paid(order))
        return call.shop.bag(order, amount)

    return resolve


def _marks(visit: Visit, _call: Call) -> Visit | None:
    return visit if any(visit[1:4]) else None


JOURNEY: Resolvers = {
    "CustomerJourneySummary": {
        "lastVisit": lambda order, call: call.shop.visits.get(order.id),
    },
    "CustomerVisit": {
        "id": lambda visit, _call: gid("CustomerVisit", visit.order_id),
        "source": lambda visit, _call: visit.source,
        "utmParameters": _marks,
    },
    "UTMParameters": {
        "source": lambda visit, _call: visit.utm_source or None,
        "medium": lambda visit, _call: visit.utm_medium or None,
        "campaign": lambda visit, _call: visit.utm_campaign or None,
    },
}
FULFILLMENT: dict[str, Any] = {
    "id": lambda order, _call: gid("Fulfillment", order.id),
    "status": lambda _order, _call: "SUCCESS",
    "createdAt": lambda order, _call: utc_text(order.completed),
    "deliveredAt": lambda order, call: (
        utc_text(moment) if (moment := call.shop.handed_over.get(order.id)) is not None else None
    ),
}
RESOLVERS: Resolvers = {
    **JOURNEY,
    "Fulfillment": FULFILLMENT,
    "QueryRoot": {"orders": _orders, "ordersCount": _count},
    "Order": ORDER | {name: _amount(name) for name in AMOUNTS},
}
