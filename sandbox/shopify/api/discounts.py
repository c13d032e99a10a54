"""Discount codes."""

from decimal import Decimal
from typing import Any, NamedTuple

from sandbox import clock, money
from sandbox.shopify import times
from sandbox.shopify.amounts import Money
from sandbox.shopify.api.call import Call, Resolvers, bad_request, user_error
from sandbox.shopify.api.connections import listed
from sandbox.shopify.discounts import Discount
from sandbox.shopify.gid import gid, number_in

INPUT = "basicCodeDiscount"
UNREAD = ("customerSelection", "recurringCycleLimit", "tags")
TAKEN = "Code must be unique. Please try a different code."


class DiscountNode(NamedTuple):
    """The node that holds a discount."""

    discount: Discount


class Customers(NamedTuple):
    """The customers that a discount is for."""

    ids: tuple[int, ...]


class Amount(NamedTuple):
    """What a discount takes off in all."""

    units: int


class Minimum(NamedTuple):
    """The least subtotal of an order."""

    units: int


def _smallest(call: Call, amount: Any) -> int:
    return money.from_text(str(Decimal(amount)), call.shop.store.settings.decimals)


def _money(call: Call, units: int) -> Money:
    settings = call.shop.store.settings
    return Money(units, settings.decimals, settings.currency)


def _moment(call: Call, text: str | None) -> int | None:
    return int(times.read(text, call.shop.store.zone)) if text else None


def _customer_ids(call: Call, wanted: dict[str, Any]) -> tuple[int, ...]:
    chosen = (wanted.get("context") or {}).get("customers") or {}
    numbers = [number_in(one, "Customer") for one in chosen.get("add") or ()]
    if not numbers:
        raise bad_request("the pretend shop makes codes for customers by name only")
    return tuple(number for number in numbers if number and call.shop.customer(number))


def _made(call: Call, wanted: dict[str, Any]) -> Discount:
    if any(wanted.get(name) is not None for name in UNREAD):
        raise bad_request(f"the pretend shop does not read {', '.join(UNREAD)} of a code")
    value = ((wanted.get("customerGets") or {}).get("value") or {}).get("discountAmount")
    if not value or value.get("appliesOnEachItem"):
        raise bad_request("the pretend shop makes codes of fixed amounts for whole orders only")
    least = ((wanted.get("minimumRequirement") or {}).get("subtotal") or {}).get(
        "greaterThanOrEqualToSubtotal", 0
    )
    return Discount(
        id=call.shop.store.next_post_id(),
        code=wanted.get("code") or "",
        title=wanted.get("title") or "",
        amount=_smallest(call, value["amount"]),
        starts=_moment(call, wanted.get("startsAt")) or clock.now(),
        ends=_moment(call, wanted.get("endsAt")),
        customer_ids=_customer_ids(call, wanted),
        usage_limit=wanted.get("usageLimit"),
        once_per_customer=bool(wanted.get("appliesOncePerCustomer")),
        minimum=_smallest(call, least),
    )


def _problem(call: Call, made: Discount) -> dict[str, Any] | None:
    if not made.code or not made.title:
        name = "title" if made.code else "code"
        return user_error(f"{name.capitalize()} can't be blank", INPUT, name, code="BLANK")
    if call.shop.discounts.named(made.code) is not None:
        return user_error(TAKEN, INPUT, "code", code="TAKEN")
    if not made.customer_ids:
        return user_error("Customer does not exist", INPUT, "context", code="INVALID")
    if made.amount <= 0:
        return user_error("Value must be positive", INPUT, "customerGets", code="GREATER_THAN")
    if made.ends is not None and made.ends <= made.starts:
        message = "Ends at needs to be after starts at"
        return user_error(message, INPUT, "endsAt", code="END_DATE_BEFORE_START_DATE")
    return None


def _create(
    _root: Any,
    call: Call,
    basicCodeDiscount: dict[str, Any],  # noqa: N803
) -> dict[str, Any]:
    call.require("write_discounts", "discountCodeBasicCreate")
    made = _made(call, basicCodeDiscount)
    problem = _problem(call, made)
    if problem is not None:
        return {"codeDiscountNode": None, "userErrors": [problem]}
    call.shop.discounts.by_id[made.id] = made
    return {"codeDiscountNode": DiscountNode(made), "userErrors": []}


def _by_id(call: Call, text: str) -> Discount | None:
    return call.shop.discounts.by_id.get(number_in(text, "DiscountCodeNode") or 0)


GONE = user_error("Code discount does not exist", "id", code="INVALID")


def _deactivate(_root: Any, call: Call, id: str) -> dict[str, Any]:  # noqa: A002
    call.require("write_discounts", "discountCodeDeactivate")
    found = _by_id(call, id)
    if found is None:
        return {"codeDiscountNode": None, "userErrors": [GONE]}
    found.ends = clock.now()
    return {"codeDiscountNode": DiscountNode(found), "userErrors": []}


def _delete(_root: Any, call: Call, id: str) -> dict[str, Any]:  # noqa: A002
    call.require("write_discounts", "discountCodeDelete")
    found = _by_id(call, id)
    if found is None:
        return {"deletedCodeDiscountId": None, "userErrors": [GONE]}
    del call.shop.discounts.by_id[found.id]
    return {"deletedCodeDiscountId": id, "userErrors": []}


def _named(_root: Any, call: Call, code: str) -> DiscountNode | None:
    found = call.shop.discounts.named(code)
    return DiscountNode(found) if found else None


RESOLVERS: Resolvers = {
    "QueryRoot": {"codeDiscountNodeByCode": _named},
    "Mutation": {
        "discountCodeBasicCreate": _create,
        "discountCodeDeactivate": _deactivate,
        "discountCodeDelete": _delete,
    },
    "DiscountCodeNode": {
        "id": lambda node, _call: gid("DiscountCodeNode", node.discount.id),
        "codeDiscount": lambda node, _call: node.discount,
        "metafield": lambda _node, _call, **_asked: None,
        "metafields": lambda _node, call, **asked: listed(call, [], asked),
    },
    "DiscountCodeBasic": {
        "title": lambda one, _call: one.title,
        "status": lambda one, _call: one.status,
        "endsAt": lambda one, _call: times.utc_text(one.ends) if one.ends is not None else None,
        "usageLimit": lambda one, _call: one.usage_limit,
        "asyncUsageCount": lambda one, call: call.shop.discounts.count(one),
        "context": lambda one, _call: Customers(one.customer_ids),
        "customerGets": lambda one, _call: one,
        "minimumRequirement": lambda one, _call: Minimum(one.minimum) if one.minimum else None,
    },
    "DiscountCustomers": {
        "customers": lambda one, call: [
            found for number in one.ids if (found := call.shop.customer(number))
        ],
    },
    "DiscountCustomerGets": {"value": lambda one, _call: Amount(one.amount)},
    "DiscountAmount": {
        "amount": lambda one, call: _money(call, one.units),
        "appliesOnEachItem": lambda _one, _call: False,
    },
    "DiscountMinimumSubtotal": {
        "greaterThanOrEqualToSubtotal": lambda one, call: _money(call, one.units),
    },
}
NAMES: dict[type, str] = {
    DiscountNode: "DiscountCodeNode",
    Discount: "DiscountCodeBasic",
    Customers: "DiscountCustomers",
    Amount: "DiscountAmount",
    Minimum: "DiscountMinimumSubtotal",
}
