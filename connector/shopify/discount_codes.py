"""Discount codes that one customer may use once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field

from connector.errors import Refused, TemporaryError
from connector.platform import IssuedReward, Reward
from connector.shopify.graphql import Client, nodes
from connector.shopify.ids import gid, number_of
from connector.shopify.payloads import Money, Payload, Referred
from connector.values import Moment, Text, utc_text, validate, whole_seconds

_BASIC = "DiscountCodeBasic"
_TAKEN = ("TAKEN", "DUPLICATE")
_STARTED = timedelta(days=1)
"""How long ago a code begins, so that it is valid at once whatever our clock shows."""


class _Context(Payload):
    """Who may use a code; `customers` is empty unless it is meant for some by name."""

    customers: list[Referred] = Field(default_factory=list)


class _Value(Payload):
    """What a code takes off; `amount` is missing where it is a percentage."""

    amount: Money | None = None
    applies_on_each_item: bool = False


class _Gets(Payload):
    value: _Value


class _Minimum(Payload):
    """What an order must have; a number of goods has no subtotal."""

    subtotal: Money | None = Field(None, alias="greaterThanOrEqualToSubtotal")


class DiscountPayload(Payload):
    """A discount by code. The shop counts uses a while after they happened."""

    title: Text
    status: Text
    ends_at: Moment | None = None
    usage_limit: int | None = None
    async_usage_count: int
    context: _Context
    customer_gets: _Gets
    minimum_requirement: _Minimum | None = None


class DiscountCodes:
    """The calls about discount codes."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def issue(self, reward: Reward) -> IssuedReward:
        """Make the code, or find the one that an earlier call has made."""
        if not reward.account_id:
            raise Refused("a discount code needs the customer's account", code="no_account")
        try:
            self._client.change(
                "discount_code_create", "discountCodeBasicCreate", discount=_wanted(reward)
            )
        except Refused as refusal:
            # Whatever the shop says of a code that is taken, looking tells whether it is ours.
            if self._named(reward) is None and refusal.code not in _TAKEN:
                raise
        found = self._named(reward)
        if found is None:
            raise TemporaryError("discount code: the shop does not show it yet")
        identifier, discount = found
        problem = _difference(reward, discount)
        if problem is None:
            return IssuedReward(number_of(identifier))
        if discount is not None and self._may_go(reward, discount):
            self._client.change("discount_code_delete", "discountCodeDelete", id=identifier)
        raise Refused(f"discount code: {problem}", code="not_as_asked")

    def withdraw(self, reward: Reward) -> bool:
        """Switch the code off; False if it was used.

        It stays in the shop, switched off, so that no call which is late can make it again.
        """
        found = self._named(reward)
        if found is None:
            return True
        identifier, discount = found
        if discount is None or not _is_ours(reward, discount):
            raise Refused("discount code: the shop has another of this name", code="not_ours")
        if self._uses(reward, discount):
            return False
        if discount.status != "EXPIRED":
            self._client.change("discount_code_deactivate", "discountCodeDeactivate", id=identifier)
            # An order may have been placed with it before it was switched off.
            found = self._named(reward)
        return found is None or found[1] is None or not self._uses(reward, found[1])

    def _may_go(self, reward: Reward, discount: DiscountPayload) -> bool:
        """Whether a code is ours and unused; one that was withdrawn stays, so that it is known."""
        is_over = discount.status == "EXPIRED"
        return _is_ours(reward, discount) and not is_over and not self._uses(reward, discount)

    def _named(self, reward: Reward) -> tuple[str, DiscountPayload | None] | None:
        """The discount of this code, None in its place when it is of another type."""
        node = self._client.run("discount_code", code=reward.code)["codeDiscountNodeByCode"]
        if not node:
            return None
        content = node["codeDiscount"]
        is_basic = content.get("__typename") == _BASIC
        return node["id"], validate(DiscountPayload, content, "discount") if is_basic else None

    def _uses(self, reward: Reward, discount: DiscountPayload) -> int:
        """How many orders used the code and are not cancelled.

        The shop's own count comes late, and its list of orders knows of each order one code only:
        whichever tells of more uses is believed.
        """
        named = f"discount_code:'{reward.code}'"
        listed = self._orders(named)
        if not listed and not discount.async_usage_count:
            return 0
        cancelled = self._orders(f"{named} AND status:cancelled")
        return max(listed, discount.async_usage_count) - cancelled

    def _orders(self, query: str) -> int:
        data = self._client.run("order_ids", after=None, query=query, sortKey="CREATED_AT")
        return len(nodes(data, "orders"))


def _wanted(reward: Reward) -> dict[str, Any]:
    customer = gid("Customer", str(reward.account_id))
    minimum = {"subtotal": {"greaterThanOrEqualToSubtotal": f"{reward.minimum or Decimal(0):f}"}}
    return {
        "code": reward.code,
        "title": reward.code,
        "startsAt": utc_text(datetime.now(UTC) - _STARTED),
        "endsAt": utc_text(reward.expires_at),
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [customer]}},
        "combinesWith": {
            # Several codes, each with its least amount, would together pay more of an order.
            "orderDiscounts": reward.minimum is None,
            "productDiscounts": True,
            "shippingDiscounts": True,
        },
        "customerGets": {
            "items": {"all": True},
            "value": {
                "discountAmount": {"amount": f"{reward.amount:f}", "appliesOnEachItem": False}
            },
        },
        **({"minimumRequirement": minimum} if reward.minimum else {}),
    }


def _difference(reward: Reward, discount: DiscountPayload | None) -> str | None:
    """What the shop keeps otherwise than asked, None if all is right."""
    if discount is None or not _is_ours(reward, discount):
        return "the shop has another discount under this code"
    value, minimum = discount.customer_gets.value, discount.minimum_requirement
    kept = minimum.subtotal.amount if minimum and minimum.subtotal else Decimal(0)
    fits = {
        "amount": value.amount == Money(amount=reward.amount, currencyCode=reward.currency)
        and not value.applies_on_each_item,
        "limit to one use": discount.usage_limit == 1,
        "customer": _is_bound(reward, discount),
        "end": discount.ends_at == whole_seconds(reward.expires_at),
        "least amount of an order": kept == (reward.minimum or 0),
    }
    lost = [name for name, is_kept in fits.items() if not is_kept]
    return f"the shop keeps another {' and '.join(lost)} than was asked for" if lost else None


def _is_ours(reward: Reward, discount: DiscountPayload) -> bool:
    return discount.title == reward.code


def _is_bound(reward: Reward, discount: DiscountPayload) -> bool:
    bound = [customer.id for customer in discount.context.customers]
    return len(bound) == 1 and reward.account_id in (None, bound[0])
