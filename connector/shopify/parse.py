"""Shopify's nodes of products, accounts and categories turned into records.

Each function takes Python values read from JSON.
"""

from collections.abc import Mapping
from typing import Any

import pydantic_core

from connector.identity import normalise_email, phone_in
from connector.shopify.ids import PRODUCT_TYPE, is_gid, kind_of, number_of
from connector.shopify.payloads import (
    Address,
    CollectionPayload,
    CustomerPayload,
    EmailAddress,
    PhoneNumber,
    ProductPayload,
    TaxonomyPayload,
)
from connector.values import label, validate
from retention.records import Account, Category, Product


def read_product(content: object) -> Product:
    """A product. Raises BadPayload.

    Of its categories the taxonomy's comes first, then the product type, then the first
    collection. It is in stock when a variant can be bought, which includes what is sold on when
    there is none left; where nothing is counted it always is. An unlisted product can be bought
    by those who have the link: it is published, but not visible.
    """
    payload = validate(ProductPayload, content)
    can_be_bought = any(variant.available_for_sale for variant in payload.variants.nodes)
    return Product(
        id=payload.id,
        name=payload.title,
        published=payload.status in ("ACTIVE", "UNLISTED") and payload.published_at is not None,
        visible=payload.status == "ACTIVE",
        in_stock=can_be_bought or not payload.tracks_inventory or payload.total_inventory > 0,
        category_ids=_category_ids(payload),
        cross_sell_ids=references(payload.recommendations.value if payload.recommendations else ""),
        modified_at=payload.updated_at,
        skus=tuple(dict.fromkeys(one.sku for one in payload.variants.nodes if one.sku)),
    )


def read_account(content: object, region: str) -> Account:
    """A customer's account. Raises BadPayload."""
    payload = validate(CustomerPayload, content)
    return Account(
        id=payload.id,
        email=email_of(payload.default_email_address),
        phone=phone_of(payload.default_phone_number, payload.default_address, region),
        name=f"{payload.first_name} {payload.last_name}".strip(),
        modified_at=payload.updated_at,
        created_at=payload.created_at,
        birthday=label(payload.birth_date.value) if payload.birth_date else None,
        email_is_proved=payload.verified_email,
    )


def read_category(content: Mapping[str, Any]) -> Category:
    """A category of the taxonomy, or a collection. Raises BadPayload."""
    if kind_of(str(content.get("id", ""))) == "Collection":
        collection = validate(CollectionPayload, content)
        return Category(collection.id, collection.title)
    category = validate(TaxonomyPayload, content)
    return Category(category.id, category.name, category.parent_id)


def product_type(name: str) -> Category:
    """The category that a product type stands for."""
    return Category(f"{PRODUCT_TYPE}{name}", name)


def references(value: str) -> tuple[str, ...]:
    """The products in a metafield's list of references; none where it does not read as one."""
    try:
        listed = pydantic_core.from_json(value) if value else []
    except ValueError:
        return ()
    found = listed if isinstance(listed, list) else []
    return tuple(number_of(one) for one in found if isinstance(one, str) and is_gid(one))


def _category_ids(payload: ProductPayload) -> tuple[str, ...]:
    taxonomy = [payload.category.id] if payload.category else []
    kind = [product_type(payload.product_type).id] if payload.product_type else []
    return (*taxonomy, *kind, *(one.id for one in payload.collections.nodes[:1]))


def email_of(address: EmailAddress | None) -> str | None:
    """The e-mail address, normalised; None where there is none that identifies anybody."""
    return normalise_email(address.email_address) if address else None


def phone_of(number: PhoneNumber | None, address: Address | None, region: str) -> str | None:
    """The account's own number, else the address's, each as of the address's country.

    `region` (two letters) reads numbers where no country is named.
    """
    own = phone_in(number.phone_number, country_of(address), region) if number else None
    return own or (phone_in(address.phone, country_of(address), region) if address else None)


def country_of(address: Address | None) -> str:
    """The country's code of two letters; empty where none is named."""
    return address.country_code_v2 if address else ""
