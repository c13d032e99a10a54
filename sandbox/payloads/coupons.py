"""Bodies of coupons."""

from decimal import Decimal

from sandbox import clock, money
from sandbox.payloads.common import Payload, links, meta_list
from sandbox.records import Coupon
from sandbox.store import Store


def coupon_payload(store: Store, coupon: Coupon) -> Payload:
    """The body of GET coupons/<id>."""
    created, created_gmt = clock.both_texts(coupon.created, store.zone)
    modified, modified_gmt = clock.both_texts(coupon.modified, store.zone)
    expires, expires_gmt = clock.both_texts(coupon.expires, store.zone)
    return {
        "id": coupon.id,
        "code": coupon.code,
        "amount": _amount(coupon.amount),
        "status": coupon.status,
        "date_created": created,
        "date_created_gmt": created_gmt,
        "date_modified": modified,
        "date_modified_gmt": modified_gmt,
        "discount_type": coupon.discount_type,
        "description": coupon.description,
        "date_expires": expires,
        "date_expires_gmt": expires_gmt,
        "usage_count": len(coupon.used_by),
        "individual_use": coupon.individual_use,
        "product_ids": list(coupon.product_ids),
        "excluded_product_ids": [],
        "usage_limit": coupon.usage_limit,
        "usage_limit_per_user": coupon.usage_limit_per_user,
        "limit_usage_to_x_items": None,
        "free_shipping": False,
        "product_categories": [],
        "excluded_product_categories": [],
        "exclude_sale_items": False,
        "minimum_amount": _amount(coupon.minimum_amount),
        "maximum_amount": _amount(Decimal(0)),
        "email_restrictions": list(coupon.email_restrictions),
        "used_by": list(coupon.used_by),
        "meta_data": meta_list(coupon.meta),
        "_links": links(store, "coupons", coupon.id),
    }


def _amount(amount: Decimal) -> str:
    """An amount as coupons show it: with two decimals, whatever the store's currency has."""
    return money.to_text(money.from_text(str(amount), 2), 2)
