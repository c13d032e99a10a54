"""The life of a coupon, who may use it, and what it takes off an order.

How fixed amounts are spread over lines follows WooCommerce's own source (class-wc-discounts.php),
and so does when a use counts; no recording shows either. The texts of the refusals are ours.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from sandbox import clock, money
from sandbox.errors import RestError
from sandbox.records import Coupon, Line, Order
from sandbox.store import Store

UNCOUNTED_STATUSES = {"cancelled", "failed", "trash"}
_ADDRESS = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


def named(store: Store, code: str) -> Coupon | None:
    """The published coupon of a code, in whatever case it is typed."""
    wanted = code.lower()
    of_code = (coupon for coupon in store.coupons.values() if coupon.code == wanted)
    return next((coupon for coupon in of_code if coupon.status == "publish"), None)


def find(store: Store, code: str) -> Coupon:
    """The coupon of a code; RestError when an order cannot have it."""
    coupon = named(store, code)
    if coupon is None:
        raise _refusal(f'Coupon "{code}" does not exist!')
    return coupon


def create(store: Store, coupon: Coupon) -> None:
    """Keep a new coupon: coupon.created."""
    store.coupons[coupon.id] = coupon
    store.fire("coupon.created", coupon.id)


def changed(store: Store, coupon: Coupon) -> None:
    """Note that a coupon was written: coupon.updated."""
    coupon.modified = clock.now()
    store.fire("coupon.updated", coupon.id)


def trash(store: Store, coupon: Coupon) -> None:
    """Move a coupon to the trash: coupon.deleted, and product.deleted with its id."""
    coupon.status = "trash"
    coupon.modified = clock.now()
    store.fire("coupon.deleted", coupon.id)
    store.fire("product.deleted", coupon.id)


def delete(store: Store, coupon: Coupon) -> None:
    """Remove a coupon for good, which fires nothing."""
    del store.coupons[coupon.id]


def kept_addresses(addresses: Iterable[object]) -> tuple[str, ...]:
    """Those e-mail addresses that a coupon keeps: others are dropped without a word."""
    lowered = (str(address).strip().lower() for address in addresses)
    return tuple(address for address in lowered if _ADDRESS.fullmatch(address))


def check_use(store: Store, coupon: Coupon, order: Order) -> None:
    """RestError when this order may not use the coupon."""
    user = _user(order)
    goods = sum(line.subtotal for line in order.lines)
    if coupon.usage_limit is not None and len(coupon.used_by) >= coupon.usage_limit:
        raise _refusal(f'Usage limit for coupon "{coupon.code}" has been reached.')
    per_user = coupon.usage_limit_per_user
    if per_user is not None and user and coupon.used_by.count(user) >= per_user:
        raise _refusal(f'Usage limit for coupon "{coupon.code}" has been reached.')
    if coupon.expires is not None and coupon.expires <= clock.now():
        raise _refusal(f'Coupon "{coupon.code}" has expired!')
    if goods < _smallest(store, coupon.minimum_amount):
        raise _refusal(f'Coupon "{coupon.code}" needs a larger order.')
    allowed = coupon.email_restrictions
    if allowed and _addresses(store, order).isdisjoint(allowed):
        raise _refusal(f'Coupon "{coupon.code}" is not for this e-mail address.')


def taken_off(store: Store, coupon: Coupon, lines: Sequence[Line]) -> list[int]:
    """What the coupon takes off each line, in smallest units without tax."""
    chosen = coupon.product_ids
    totals = [
        line.total if not chosen or line.product_id in chosen or line.variation_id in chosen else 0
        for line in lines
    ]
    if coupon.discount_type == "percent":
        return [money.share(total, coupon.amount) for total in totals]
    whole = _smallest(store, coupon.amount)
    priced = [(total, line.quantity) for total, line in zip(totals, lines, strict=True)]
    if coupon.discount_type == "fixed_product":
        return [min(total, whole * quantity) for total, quantity in priced]
    return _spread(whole, priced)


def count_uses(store: Store, order: Order) -> None:
    """Count the order among its coupons' uses, or no longer, by its status."""
    counts = order.status not in UNCOUNTED_STATUSES
    user = _user(order)
    for line in order.coupon_lines:
        coupon = store.coupons.get(line.coupon_id)
        if coupon is None or line.counted == counts:
            continue
        if counts:
            coupon.used_by = (*coupon.used_by, user)
        elif user in coupon.used_by:
            place = coupon.used_by.index(user)
            coupon.used_by = coupon.used_by[:place] + coupon.used_by[place + 1 :]
    order.coupon_lines = tuple(line._replace(counted=counts) for line in order.coupon_lines)


def _spread(whole: int, priced: Sequence[tuple[int, int]]) -> list[int]:
    """An amount spread over (total, quantity): the same for each piece, up to what it costs."""
    taken = [0] * len(priced)
    while rest := whole - sum(taken):
        open_lines = [i for i, (total, _) in enumerate(priced) if total > taken[i]]
        pieces = sum(priced[i][1] for i in open_lines)
        if not pieces:
            break
        each = rest // pieces
        for i in open_lines:
            total, quantity = priced[i]
            share = each * quantity if each else min(quantity, whole - sum(taken))
            taken[i] += min(share, total - taken[i])
    return taken


def _user(order: Order) -> str:
    return str(order.customer_id) if order.customer_id else order.billing.get("email", "").lower()


def _addresses(store: Store, order: Order) -> set[str]:
    """The buyer's addresses: the one of the order, and that of the account."""
    account = store.customers.get(order.customer_id)
    given = (order.billing.get("email", ""), account.email if account else "")
    return {address.lower() for address in given}


def _smallest(store: Store, amount: Decimal) -> int:
    return money.from_text(str(amount), store.settings.decimals)


def _refusal(message: str) -> RestError:
    return RestError("woocommerce_rest_invalid_coupon", message, 400)
