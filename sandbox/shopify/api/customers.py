"""Customers."""

from typing import Any

from sandbox.records import Customer, Order
from sandbox.shopify import order_state
from sandbox.shopify.amounts import Money
from sandbox.shopify.api import search
from sandbox.shopify.api.call import Call, Resolvers
from sandbox.shopify.api.connections import Page, page
from sandbox.shopify.api.money import given
from sandbox.shopify.api.orders import count_of, orders_of
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads.customers import international_phone
from sandbox.shopify.shop import Shop
from sandbox.shopify.times import utc_text

SORT = {
    "CREATED_AT": lambda one: (one.created, one.id),
    "UPDATED_AT": lambda one: (_updated(one), one.id),
    "NAME": lambda one: (one.last_name, one.first_name, one.id),
    "ID": lambda one: (one.id,),
}


def _updated(customer: Customer) -> int:
    return customer.modified or customer.created


def _fields(shop: Shop) -> search.Fields:
    return {
        "id": search.Number(lambda one: one.id),
        "email": search.Texts(lambda one: [one.email]),
        "created_at": search.Moment(lambda one: one.created),
        "updated_at": search.Moment(_updated),
        "customer_date": search.Moment(lambda one: one.created),
        "tag": search.Texts(lambda one: shop.tags.get(gid("Customer", one.id), ())),
    }


def _found(call: Call, query: str | None, sort_key: str) -> list[Customer]:
    matches = search.matcher(call, query, _fields(call.shop))
    return sorted(filter(matches, call.shop.customers()), key=SORT.get(sort_key, SORT["ID"]))


def _customers(_root: Any, call: Call, **arguments: Any) -> Page:
    sort_key = arguments["sortKey"]
    found = _found(call, arguments.get("query"), sort_key)
    return page(call, found, SORT.get(sort_key, SORT["ID"]), arguments)


def _count(
    _root: Any, call: Call, query: str | None = None, limit: int | None = None, **_rest: Any
) -> Any:
    return count_of(len(_found(call, query, "ID")), limit)


def _bought(customer: Customer, call: Call) -> list[Order]:
    return [order for order in call.shop.orders() if order.customer_id == customer.id]


def _spent(customer: Customer, call: Call) -> Money:
    own = _bought(customer, call)
    amount = sum(order_state.totals(call.shop, one).current for one in own)
    settings = call.shop.store.settings
    return Money(amount, settings.decimals, settings.currency)


CUSTOMER: dict[str, Any] = {
    "id": lambda one, _call: gid("Customer", one.id),
    "legacyResourceId": lambda one, _call: one.id,
    "firstName": lambda one, _call: one.first_name or None,
    "lastName": lambda one, _call: one.last_name or None,
    "displayName": lambda one, _call: (
        " ".join(filter(None, (one.first_name, one.last_name))) or one.email
    ),
    "locale": lambda _one, _call: "en",
    "state": lambda _one, _call: "ENABLED",
    "tags": lambda one, call: call.shop.tags.get(gid("Customer", one.id), ()),
    "note": lambda _one, _call: None,
    "createdAt": lambda one, _call: utc_text(one.created),
    "updatedAt": lambda one, _call: utc_text(_updated(one)),
    "numberOfOrders": lambda one, call: len(_bought(one, call)),
    "amountSpent": _spent,
    "verifiedEmail": lambda one, call: bool(one.email) and one.id not in call.shop.unverified,
    "defaultEmailAddress": lambda one, _call: one.email or None,
    "defaultPhoneNumber": lambda one, _call: international_phone(one),
    "defaultAddress": lambda one, _call: given(one.billing),
    "orders": orders_of,
    "lastOrder": lambda one, call: max(_bought(one, call), key=lambda o: o.created, default=None),
}
RESOLVERS: Resolvers = {
    "QueryRoot": {"customers": _customers, "customersCount": _count},
    "Customer": CUSTOMER,
    "CustomerEmailAddress": {"emailAddress": lambda email, _call: email},
    "CustomerPhoneNumber": {"phoneNumber": lambda phone, _call: phone},
}
