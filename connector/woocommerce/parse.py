"""WooCommerce's objects turned into records.

Each function takes the object as bytes of JSON or as Python values read from JSON.
"""

from collections.abc import Iterable
from decimal import Decimal

from connector.errors import BadPayload
from connector.identity import normalise_email, phone_in, postal_address
from connector.values import coupon_codes, label, validate
from connector.woocommerce.payloads import (
    ATTRIBUTION,
    CategoryPayload,
    CustomerPayload,
    Meta,
    OrderAddress,
    OrderPayload,
    ProductPayload,
    RefundedPart,
    RefundPayload,
    ReviewPayload,
)
from retention.records import (
    Account,
    Category,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
    Review,
    Source,
)

CREDIT_METHODS = frozenset({"wallet", "accountfunds"})
"""The payment methods by which customers spend credit: those of TeraWallet and Account Funds."""

BIRTHDAYS = (
    *("bazgasht_birthday", "birthday", "birth_day", "birthdate", "birth_date", "birthday_date"),
    *("date_of_birth", "dob"),
)
"""Names of meta data that hold a birthday, without a `billing_` before them, in lower case."""


def read_order(content: object, region: str) -> Order:
    """An order; the lines of its refunds are not in it. Raises BadPayload.

    `region` (two letters) reads phone numbers of orders that name no country.
    """
    payload = validate(OrderPayload, content)
    credit, total_before_credit = _credit(payload)
    placed_at = payload.date_created_gmt or payload.date_modified_gmt
    if placed_at is None:
        raise BadPayload(f"order {payload.id}: date_created_gmt is missing; save the order again")
    return Order(
        id=str(payload.id),
        number=payload.number or str(payload.id),
        status=payload.status,
        currency=payload.currency,
        placed_at=placed_at,
        paid_at=payload.date_paid_gmt,
        modified_at=payload.date_modified_gmt or placed_at,
        account_id=_text(payload.customer_id),
        email=normalise_email(payload.billing.email),
        phone=phone_in(payload.billing.phone, payload.billing.country, region),
        total=payload.total,
        lines=tuple(
            OrderLine(str(line.id), _text(line.product_id), line.name, line.quantity, line.total)
            for line in payload.line_items
        ),
        refunds=tuple(Refund(str(note.id), abs(note.total)) for note in payload.refunds),
        discount=payload.discount_total,
        coupon_codes=coupon_codes(line.code for line in payload.coupon_lines),
        source=_source(payload.meta_data),
        address=_address(payload.shipping) or _address(payload.billing),
        paid_by_credit=credit,
        total_before_credit=total_before_credit,
        delivered_at=payload.date_completed_gmt,
    )


def read_refund(content: object) -> Refund:
    """A refund read on its own, with its lines. Raises BadPayload.

    A line that does not say which line of the order it gives back is left out, and what it
    assigns is not counted as allocated.
    """
    payload = validate(RefundPayload, content)
    linked = [(_refunded_line(part), part) for part in payload.line_items]
    lines = [(identifier, part) for identifier, part in linked if identifier]
    parts = [part for _, part in lines] + payload.shipping_lines + payload.fee_lines
    return Refund(
        id=str(payload.id),
        amount=abs(payload.amount),
        allocated=sum((abs(part.total + part.total_tax) for part in parts), Decimal(0)),
        lines=tuple(
            RefundLine(identifier, abs(part.quantity), abs(part.total))
            for identifier, part in lines
        ),
    )


def product_of(payload: ProductPayload) -> Product:
    """The record of a product.

    On back-order counts as in stock. A product that is only found by searching, or that asks
    for a password, is not visible.
    """
    return Product(
        id=str(payload.id),
        name=payload.name,
        published=payload.status == "publish",
        visible=payload.catalog_visibility in ("visible", "catalog") and not payload.post_password,
        in_stock=payload.stock_status in ("instock", "onbackorder"),
        category_ids=tuple(str(category.id) for category in payload.categories),
        cross_sell_ids=tuple(str(identifier) for identifier in payload.cross_sell_ids),
        modified_at=payload.date_modified_gmt,
        skus=(payload.sku,) if payload.sku else (),
    )


def read_account(content: object, region: str) -> Account:
    """A customer's account. Raises BadPayload.

    Where the account's own e-mail address is missing or a placeholder, that of the billing
    address is taken, and likewise the name.
    """
    payload = validate(CustomerPayload, content)
    billing = payload.billing
    name = f"{payload.first_name} {payload.last_name}".strip()
    return Account(
        id=str(payload.id),
        email=normalise_email(payload.email) or normalise_email(billing.email),
        phone=phone_in(billing.phone, billing.country, region),
        name=name or f"{billing.first_name} {billing.last_name}".strip(),
        modified_at=payload.date_modified_gmt,
        created_at=payload.date_created_gmt,
        birthday=_birthday(payload.meta_data or ()),
    )


def read_category(content: object) -> Category:
    """A category of products. Raises BadPayload."""
    payload = validate(CategoryPayload, content)
    return Category(str(payload.id), payload.name, _text(payload.parent))


def read_review(content: object) -> Review:
    """A review of a product. Raises BadPayload."""
    payload = validate(ReviewPayload, content)
    return Review(
        id=str(payload.id),
        product_id=str(payload.product_id),
        email=normalise_email(payload.reviewer_email),
        reviewed_at=payload.date_created_gmt,
        rating=payload.rating,
    )


def _address(one: OrderAddress) -> str | None:
    return postal_address(one.country, one.postcode or one.city, one.address_1, one.address_2)


def _birthday(meta_data: Iterable[Meta]) -> str | None:
    """What the account says of its birthday, under any of the names that plugins use."""
    for meta in meta_data:
        name = meta.key.lower().replace("-", "_").strip("_").removeprefix("billing_")
        if name in BIRTHDAYS and isinstance(meta.value, str) and (found := label(meta.value)):
            return found
    return None


def _source(meta_data: Iterable[Meta]) -> Source:
    """What WooCommerce's order attribution noted; a visit without UTM has its kind as source."""
    noted = {
        meta.key.removeprefix(ATTRIBUTION): meta.value
        for meta in meta_data
        if meta.key.startswith(ATTRIBUTION) and isinstance(meta.value, str)
    }
    return Source(
        source=label(noted.get("utm_source")) or label(noted.get("source_type")),
        medium=label(noted.get("utm_medium")),
        campaign=label(noted.get("utm_campaign")),
    )


def _credit(payload: OrderPayload) -> tuple[Decimal, Decimal | None]:
    """What credit paid, and what the order came to before it was taken off the total, if it was.

    WooCommerce itself knows no credit: plugins take it off by a fee below zero, and pay the rest,
    or all, by a method of their own.
    """
    fees = (fee.total + fee.total_tax for fee in payload.fee_lines if fee.total < 0)
    taken_off = -sum(fees, Decimal(0))
    paid = payload.total if payload.payment_method in CREDIT_METHODS else Decimal(0)
    return paid + taken_off, payload.total + taken_off if taken_off else None


def _text(identifier: int | None) -> str | None:
    return None if identifier is None else str(identifier)


def _refunded_line(part: RefundedPart) -> str | None:
    for meta in part.meta_data:
        if meta.key == "_refunded_item_id" and str(meta.value).isdigit():
            return str(meta.value)
    return None
