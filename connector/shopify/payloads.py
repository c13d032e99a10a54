"""Nodes of Shopify's GraphQL API, as the documents ask for them.

A connection comes as an object with `nodes` from a query; from a bulk file its nodes are put
back under their parent first, in the same form. Money is the shop's own, unless it says so.
"""

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connector.shopify.ids import category_id, number_of
from connector.values import Amount, Moment, Quantity, Text

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


class Total(Payload):
    """An amount in the shop's currency and in the one that the shopper saw."""

    shop_money: Money
    presentment_money: Money


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
    """The parts of an address that identify a shopper."""

    phone: Text = ""
    country_code_v2: Text = Field("", alias="countryCodeV2")


class Discount(Payload):
    """A line's share of a discount, for all its units."""

    allocated: ShopMoney = Field(alias="allocatedAmountSet")


class TaxLine(Payload):
    """A tax on a line, for all its units."""

    price: ShopMoney = Field(alias="priceSet")


class LinePayload(Payload):
    """A line of an order. `quantity` and amounts count what was returned or removed later."""

    id: Number
    name: Text = ""
    quantity: Quantity
    current_quantity: Quantity
    product: Referred | None = None
    original_total: ShopMoney = Field(alias="originalTotalSet")
    discount_allocations: list[Discount] = []
    tax_lines: list[TaxLine] = []

    @property
    def discounted(self) -> Decimal:
        """The amount after discounts, as the shop's prices are: with tax or without."""
        discounts = (one.allocated.shop for one in self.discount_allocations)
        return self.original_total.shop - sum(discounts, Decimal(0))

    @property
    def discount(self) -> Decimal:
        """What was taken off, as the shop's prices are: with tax or without."""
        return self.original_total.shop - self.discounted

    @property
    def tax(self) -> Decimal:
        """The taxes on it."""
        return sum((tax.price.shop for tax in self.tax_lines), Decimal(0))


class RefundLinePayload(Payload):
    """The part of a refund that concerns one line."""

    quantity: Quantity
    line_item: Referred
    subtotal: ShopMoney = Field(alias="subtotalSet")
    total_tax: ShopMoney = Field(alias="totalTaxSet")


class RefundShippingPayload(Payload):
    """The part of a refund that concerns shipping."""

    subtotal: ShopMoney = Field(alias="subtotalAmountSet")
    tax: ShopMoney = Field(alias="taxAmountSet")


class Duty(Payload):
    """A duty given back."""

    amount: ShopMoney = Field(alias="amountSet")


class RefundPayload(Payload):
    """A refund. Its lines are None in a bulk file, which cannot hold them."""

    id: Number
    total_refunded: ShopMoney = Field(alias="totalRefundedSet")
    refund_line_items: Nodes[RefundLinePayload] | None = None
    refund_shipping_lines: Nodes[RefundShippingPayload] = Nodes(nodes=[])
    duties: list[Duty] | None = None


class Transaction(Payload):
    """A payment, or an attempt at one."""

    kind: Text
    status: Text
    gateway: Text = ""
    processed_at: Moment | None = None
    amount: ShopMoney | None = Field(None, alias="amountSet")


class Fulfillment(Payload):
    """Goods that were sent; `delivered_at` is None while the carrier does not say."""

    status: Text
    created_at: Moment
    delivered_at: Moment | None = None


class BuyerPayload(Payload):
    """The customer of an order."""

    id: Number
    default_email_address: EmailAddress | None = None
    default_phone_number: PhoneNumber | None = None


class UtmParameters(Payload):
    """The marks of a campaign on the link that brought a shopper."""

    source: Text = ""
    medium: Text = ""
    campaign: Text = ""


class Visit(Payload):
    """A visit of the shop; `source` says where from, such as "google" or "direct"."""

    source: Text = ""
    utm_parameters: UtmParameters | None = None


class Journey(Payload):
    """The visits before an order."""

    last_visit: Visit | None = None


class OrderPayload(Payload):
    """An order."""

    id: Number
    name: Text = ""
    created_at: Moment
    processed_at: Moment | None = None
    updated_at: Moment
    cancelled_at: Moment | None = None
    display_financial_status: Text = ""
    fully_paid: bool = False
    taxes_included: bool = False
    email: Text = ""
    phone: Text = ""
    currency_code: Text
    presentment_currency_code: Text = ""
    total: Total = Field(alias="totalPriceSet")
    customer: BuyerPayload | None = None
    billing_address: Address | None = None
    transactions: list[Transaction] = []
    display_fulfillment_status: Text = ""
    fulfillments: list[Fulfillment] = []
    line_items: Nodes[LinePayload]
    refunds: list[RefundPayload] = []
    discount_codes: list[Text] = []
    customer_journey_summary: Journey | None = None


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
