"""What the bodies of several webhooks share."""

from typing import Any

from sandbox.records import Address
from sandbox.shopify import times
from sandbox.shopify.amounts import Bag
from sandbox.shopify.metafields import Metafield
from sandbox.shopify.shop import Shop
from sandbox.shopify.subscriptions import Subscription

Payload = dict[str, Any]


def moment(shop: Shop, seconds: int | None) -> str | None:
    """A moment on the shop's clock."""
    return None if seconds is None else times.zoned_text(seconds, shop.store.zone)


def money_set(amount: Bag) -> Payload:
    """An amount in both currencies."""
    return {
        "shop_money": {
            "amount": amount.shop.fixed_text,
            "currency_code": amount.shop.currency,
        },
        "presentment_money": {
            "amount": amount.presentment.fixed_text,
            "currency_code": amount.presentment.currency,
        },
    }


def address(source: Address) -> Payload | None:
    """A billing or shipping address; None when there is none."""
    if not any(source.values()):
        return None
    first, last = source.get("first_name") or None, source.get("last_name") or None
    return {
        "first_name": first,
        "address1": source.get("address_1") or None,
        "phone": source.get("phone") or None,
        "city": source.get("city") or None,
        "zip": source.get("postcode") or None,
        "province": source.get("state") or None,
        "country": source.get("country") or None,
        "last_name": last,
        "address2": source.get("address_2") or None,
        "company": source.get("company") or None,
        "latitude": None,
        "longitude": None,
        "name": " ".join(filter(None, (first, last))),
        "country_code": source.get("country") or None,
        "province_code": source.get("state") or None,
    }


def metafields(shop: Shop, subscription: Subscription, owner: str) -> list[Payload]:
    """The metafields in the namespaces that a subscription asks for."""
    book = shop.metafields
    wanted = {book.resolved(name) for name in subscription.metafield_namespaces}
    number = int(owner.rsplit("/", 1)[-1])
    kind = owner.split("/")[-2].lower()
    found = [one for one in book.of(owner) if one.namespace in wanted]
    return [_metafield(shop, one, number, kind) for one in found]


def _metafield(shop: Shop, one: Metafield, number: int, kind: str) -> Payload:
    return {
        "id": one.id,
        "namespace": one.namespace,
        "key": one.key,
        "value": one.value,
        "description": None,
        "owner_id": number,
        "created_at": moment(shop, one.created),
        "updated_at": moment(shop, one.updated),
        "owner_resource": kind,
        "type": one.type,
        "admin_graphql_api_id": f"gid://shopify/Metafield/{one.id}",
    }
