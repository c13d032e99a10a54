"""Rewards in a WooCommerce store: coupons that one shopper may use once.

The store drops an e-mail address that it does not like and says nothing, which leaves a coupon
open to everybody. So each is read as the store kept it, and deleted if it is not as asked.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.errors import NotFound, Refused, TemporaryError
from connector.platform import CreditLeft, IssuedReward, Reward
from connector.values import utc_text, validate, whole_seconds
from connector.woocommerce import listing
from connector.woocommerce.client import Client
from connector.woocommerce.payloads import CouponPayload

CODE_TAKEN = "woocommerce_rest_coupon_code_already_exists"
MARK = "bazgasht_reward"
"""The key under which a coupon of ours carries its own code."""

_LONG_AGO = "2000-01-01T00:00:00Z"


class Rewards:
    """The calls about coupons."""

    _client: Client

    def issue_reward(self, reward: Reward) -> IssuedReward:
        """Make the coupon, or find the one that an earlier call has made.

        Raises:
            Refused: the store took another e-mail address, amount or date than was asked for; the
                coupon is deleted. Or it holds another's coupon under this code.
            TemporaryError: it may or may not have been made.
        """
        wanted = _wanted(reward)
        try:
            coupon = validate(CouponPayload, self._client.post("coupons", wanted).content)
        except Refused as refusal:
            # Whatever is wrong now, an earlier call may have made it, whose answer was lost.
            found = self._coupon(reward.code)
            if found is None and refusal.code == CODE_TAKEN:
                told = "the store has the code, but does not show the coupon"
                raise TemporaryError(f"POST coupons: {told}") from None
            if found is None:
                raise
            coupon = found
        problem = _difference(reward, coupon)
        if problem is None:
            return IssuedReward(str(coupon.id))
        if _is_ours(reward, coupon) and not coupon.usage_count:
            self._delete_coupon(coupon)
        raise Refused(f"POST coupons: {problem}", code="not_as_asked")

    def credit_left(self, reward: Reward) -> CreditLeft | None:
        """Refused: there is no store credit."""
        _refuse_credit(reward)
        return None

    def withdraw_reward(self, reward: Reward) -> bool:
        """Delete the coupon unless it was used.

        A shopper may be at the checkout with it: first it runs out, so that no order can begin
        to use it, and only if none did meanwhile is it deleted.
        """
        _refuse_credit(reward)
        coupon = self._coupon(reward.code)
        if coupon is None:
            return True
        if coupon.usage_count:
            return False
        try:
            ended = self._client.put(f"coupons/{coupon.id}", {"date_expires": _LONG_AGO})
            if validate(CouponPayload, ended.content).usage_count:
                return False
        except NotFound:
            return True
        return not self._delete_coupon(coupon)

    def _coupon(self, code: str) -> CouponPayload | None:
        reply = self._client.get("coupons", params={"code": code.lower()})
        found = [validate(CouponPayload, content) for content in listing.objects(reply)]
        return next((coupon for coupon in found if coupon.code.lower() == code.lower()), None)

    def _delete_coupon(self, coupon: CouponPayload) -> int:
        """How often a coupon had been used when it was deleted; one that is gone, never."""
        try:
            gone = self._client.delete(f"coupons/{coupon.id}", params={"force": "true"})
        except NotFound:
            return 0
        return validate(CouponPayload, gone.content).usage_count


def _wanted(reward: Reward) -> Mapping[str, Any]:
    _refuse_credit(reward)
    # A star would stand for any address of the domain.
    if not reward.email or "*" in reward.email:
        raise Refused("a coupon needs the shopper's own e-mail address", code="no_email")
    return {
        "code": reward.code.lower(),
        "discount_type": "fixed_cart",
        "amount": f"{reward.amount:f}",
        # Several codes, each with its least amount, would together pay more of an order.
        "individual_use": reward.minimum is not None,
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "email_restrictions": [reward.email],
        "minimum_amount": f"{reward.minimum or Decimal(0):f}",
        # With a Z the store reads UTC; its field for UTC is ignored when written.
        "date_expires": utc_text(reward.expires_at),
        "meta_data": [{"key": MARK, "value": reward.code}],
    }


def _difference(reward: Reward, coupon: CouponPayload) -> str | None:
    """What the store kept otherwise than asked, None if all is right."""
    if not _is_ours(reward, coupon):
        return "the store has another coupon under this code"
    fits = {
        "amount": coupon.discount_type == "fixed_cart" and coupon.amount == _shown(reward.amount),
        "limit to one use": coupon.usage_limit == 1,
        "e-mail address (correct it in the customer's account)": _is_bound(reward, coupon),
        "end": coupon.date_expires_gmt == whole_seconds(reward.expires_at),
        "least amount of an order": coupon.minimum_amount == _shown(reward.minimum or Decimal(0)),
    }
    lost = [name for name, is_kept in fits.items() if not is_kept]
    return f"the store did not keep the coupon's {' and '.join(lost)}" if lost else None


def _shown(amount: Decimal) -> Decimal:
    """An amount as the store shows it of a coupon: with two decimals, whatever its currency."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _is_ours(reward: Reward, coupon: CouponPayload) -> bool:
    marks = [meta.value for meta in coupon.meta_data if meta.key == MARK]
    return marks == [reward.code]


def _is_bound(reward: Reward, coupon: CouponPayload) -> bool:
    bound = [address.lower() for address in coupon.email_restrictions]
    return len(bound) == 1 and (reward.email or bound[0]).lower() == bound[0]


def _refuse_credit(reward: Reward) -> None:
    if reward.kind != "code":
        raise Refused(f"WooCommerce has no {reward.kind}; choose a code", code="unknown_kind")
