"""Amounts and addresses."""

import zlib

from sandbox.records import Address
from sandbox.shopify.api.call import Resolvers
from sandbox.shopify.gid import gid

RESOLVERS: Resolvers = {
    "MoneyBag": {
        "shopMoney": lambda bag, _call: bag.shop,
        "presentmentMoney": lambda bag, _call: bag.presentment,
    },
    "MoneyV2": {
        "amount": lambda money, _call: money.decimal_text,
        "currencyCode": lambda money, _call: money.currency,
    },
    "MailingAddress": {
        "id": lambda one, _call: gid("MailingAddress", zlib.crc32(repr(one).encode())),
        "firstName": lambda one, _call: one.get("first_name") or None,
        "lastName": lambda one, _call: one.get("last_name") or None,
        "name": lambda one, _call: full_name(one) or None,
        "company": lambda one, _call: one.get("company") or None,
        "address1": lambda one, _call: one.get("address_1") or None,
        "address2": lambda one, _call: one.get("address_2") or None,
        "city": lambda one, _call: one.get("city") or None,
        "zip": lambda one, _call: one.get("postcode") or None,
        "provinceCode": lambda one, _call: one.get("state") or None,
        "countryCodeV2": lambda one, _call: one.get("country") or None,
        "phone": lambda one, _call: one.get("phone") or None,
    },
}


def full_name(address: Address) -> str:
    """First and last name."""
    return " ".join(filter(None, (address.get("first_name"), address.get("last_name"))))


def given(address: Address) -> Address | None:
    """An address that says anything at all."""
    return address if any(address.values()) else None
