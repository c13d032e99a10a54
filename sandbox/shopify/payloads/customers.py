"""Bodies of webhooks about customers."""

from sandbox.records import Customer
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads.common import Payload, address, moment
from sandbox.shopify.shop import Shop


def international_phone(one: Customer) -> str | None:
    """The phone number of the account, which Shopify keeps only with its country's code."""
    phone = one.billing.get("phone", "")
    return phone if phone.startswith("+") else None


def customer(shop: Shop, one: Customer) -> Payload:
    """A customer, as customers/create and customers/update send it and orders carry it."""
    return {
        "id": one.id,
        "created_at": moment(shop, one.created),
        "updated_at": moment(shop, one.modified or one.created),
        "first_name": one.first_name or None,
        "last_name": one.last_name or None,
        "state": "enabled",
        "note": None,
        "verified_email": one.id not in shop.unverified,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": one.email or None,
        "phone": international_phone(one),
        "currency": shop.store.settings.currency,
        "addresses": [],
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", one.id),
        "default_address": _default_address(one),
    }


def _default_address(one: Customer) -> Payload | None:
    found = address(one.billing)
    if found is None:
        return None
    found.pop("latitude")
    found.pop("longitude")
    own = {"id": one.id, "customer_id": one.id, "default": True}
    return own | found | {"country_name": found["country"]}


def deleted(number: int) -> Payload:
    """A customer that is gone."""
    return {"id": number, "tax_exemptions": [], "admin_graphql_api_id": gid("Customer", number)}


def merged(kept: int, removed: int) -> Payload:
    """Two customers that became one."""
    return {
        "admin_graphql_api_customer_kept_id": gid("Customer", kept),
        "admin_graphql_api_customer_deleted_id": gid("Customer", removed),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
