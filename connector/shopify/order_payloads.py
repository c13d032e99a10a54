"""Nodes of Shopify's GraphQL API that make up an order, as the documents ask for them."""

from decimal import Decimal

from pydantic import Field

from connector.shopify.payloads import (
    Address,
    EmailAddress,
    Money,
    Nodes,
    Number,
    Payload,
    PhoneNumber,
    Referred,
    ShopMoney,
)
from connector.values import Moment, Quantity, Text


class Total(Payload):
    """An amount in the shop's currency and in the one that the shopper saw."""

    shop_money: Money
    presentment_money: Money


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
    discount_allocations: tuple[Discount, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()

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
    shipping_address: Address | None = None
    transactions: tuple[Transaction, ...] = ()
    display_fulfillment_status: Text = ""
    fulfillments: tuple[Fulfillment, ...] = ()
    line_items: Nodes[LinePayload]
    refunds: tuple[RefundPayload, ...] = ()
    discount_codes: tuple[Text, ...] = ()
    customer_journey_summary: Journey | None = None
