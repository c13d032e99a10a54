"""Nodes of Shopify's GraphQL API, as the documents ask for them.

A connection comes as an object with `nodes` from a query; from a bulk file its nodes are put
back under their parent first, in the same form. Money is the shop's own, unless it says so.
"""

from typing import Annotated, Generic, TypeVar

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connector.shopify.ids import category_id, number_of
from connector.values import Amount, Moment, Text

Node = TypeVar("Node")


def _number(value: object) -> object:
    return number_of(value) if isinstance(value, str) else value


Number = Annotated[str, BeforeValidator(_number)]
CategoryNumber = Annotated[str, BeforeValidator(lambda value: category_id(str(value)))]


class Payload(BaseModel):
    """A node; fields have Shopify's names in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, hide_input_in_errors=True)


class Money(Payload):
    """An amount with its currency."""

    amount: Amount
    currency_code: Text


class ShopMoney(Payload):
    """An amount in the shop's currency."""

    shop: Amount = Field(validation_alias=AliasPath("shopMoney", "amount"))


class Nodes(BaseModel, Generic[Node]):
    """A connection."""

    nodes: list[Node]


class Referred(Payload):
    """An object of which only the identifier is told."""

    id: Number


class EmailAddress(Payload):
    """A customer's e-mail address."""

    email_address: Text = ""


class PhoneNumber(Payload):
    """A customer's phone number."""

    phone_number: Text = ""


class Address(Payload):
    """The parts of an address that identify a shopper, or tell whether two are the same place."""

    phone: Text = ""
    country_code_v2: Text = Field("", alias="countryCodeV2")
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    zip: Text = ""


class Metafield(Payload):
    """The value of a metafield, whatever its type, as text."""

    value: Text = ""


class Variant(Payload):
    """A variant of a product."""

    available_for_sale: bool
    sku: Text = ""


class CategoryNote(Payload):
    """A category of a product."""

    id: CategoryNumber


class ProductPayload(Payload):
    """A product."""

    id: Number
    title: Text
    status: Text
    published_at: Moment | None = None
    updated_at: Moment | None = None
    product_type: Text = ""
    tracks_inventory: bool
    total_inventory: int
    category: CategoryNote | None = None
    collections: Nodes[CategoryNote] = Nodes(nodes=[])
    variants: Nodes[Variant] = Nodes(nodes=[])
    recommendations: Metafield | None = None


class OwnField(Payload):
    """A metafield of ours on a customer."""

    key: Text
    value: Text = ""


class CustomerPayload(Payload):
    """A customer's account; tags and metafields only where a document asks for them."""

    id: Number
    first_name: Text = ""
    last_name: Text = ""
    created_at: Moment | None = None
    updated_at: Moment | None = None
    default_email_address: EmailAddress | None = None
    default_phone_number: PhoneNumber | None = None
    default_address: Address | None = None
    verified_email: bool = False
    birth_date: Metafield | None = None
    tags: list[str] = []
    metafields: Nodes[OwnField] = Nodes(nodes=[])


class TaxonomyPayload(Payload):
    """A category of the Standard Product Taxonomy."""

    id: CategoryNumber
    name: Text
    parent_id: CategoryNumber | None = None
    ancestor_ids: list[str] = []


class CollectionPayload(Payload):
    """A collection."""

    id: CategoryNumber
    title: Text
