"""Reading a WooCommerce store: single objects, and what the store says of itself."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connector.errors import NotFound, PermanentError
from connector.platform import Page, StoreProfile
from connector.values import validate
from connector.woocommerce import listing
from connector.woocommerce.client import Client
from connector.woocommerce.parse import (
    product_of,
    read_account,
    read_category,
    read_order,
    read_refund,
    read_review,
)
from connector.woocommerce.payloads import ProductPayload
from retention.records import Account, Category, ObjectKind, Order, Product, Refund, Review

NEEDS_ADMINISTRATOR = (
    "The key does not show customers' meta data, so points and the second-purchase category "
    "cannot be read back: install again as a user who is an administrator of the store."
)
HIDES_INDEX = (
    "The store does not show the index of its REST API, so its name and time zone are unknown "
    "and UTC is assumed: allow /wp-json/ in the plugin that hides it."
)


class Reader:
    """The calls that change nothing."""

    def __init__(self, client: Client, region: str) -> None:
        self._client = client
        self._region = region

    def profile(self) -> StoreProfile:
        """Name, currency, time zone and country, with warnings for the merchant.

        Reads the general settings, which only a key of an administrator or manager may.
        """
        reply = self._client.get("settings/general")
        settings = {str(entry.get("id")): entry.get("value") for entry in listing.objects(reply)}
        warnings = [] if self._may_read_meta_data() else [NEEDS_ADMINISTRATOR]
        try:
            index = self._client.index().content
        except PermanentError:
            index = {}
            warnings.append(HIDES_INDEX)
        index = index if isinstance(index, dict) else {}
        return StoreProfile(
            name=str(index.get("name", "")),
            currency=str(settings.get("woocommerce_currency", "")),
            time_zone=_time_zone(index),
            country=str(settings.get("woocommerce_default_country", "")).partition(":")[0],
            warnings=tuple(warnings),
        )

    def read(
        self, kind: ObjectKind, identifier: str
    ) -> Order | Product | Account | Category | None:
        """The object as it is now, an order with its refunds' lines; None if it is gone."""
        if not (identifier.isascii() and identifier.isdigit()):
            raise ValueError(f"{identifier!r} is not an identifier of WooCommerce's")
        try:
            content = self._client.get(f"{listing.ENDPOINTS[kind]}/{identifier}").content
            if kind != "product":
                record = self._record(kind, content)
                return self.complete(record) if isinstance(record, Order) else record
            payload = validate(ProductPayload, content)
            return (
                product_of(payload) if payload.parent is None else self.read(kind, payload.parent)
            )
        except NotFound:
            return None

    def complete(self, order: Order) -> Order:
        """The order with its refunds as the store has them now, lines included.

        Raises:
            NotFound: the order is gone.
        """
        if order.refunds_are_complete:
            return order
        refunds: list[Refund] = []
        for _, reply in listing.replies(
            self._client, listing.Listing(f"orders/{order.id}/refunds")
        ):
            refunds.extend(read_refund(content) for content in reply.content)
        return replace(order, refunds=tuple(refunds))

    def pages(
        self, kind: ObjectKind, *, first: int = 1, modified_after: datetime | None = None
    ) -> Iterator[Page]:
        """All objects of a kind by rising identifier, a hundred a page.

        With `modified_after` the trashed orders follow the others: their pages are numbered
        onwards, and the number of pages grows when they begin. WooCommerce cannot list
        customers by time, so all are read and the unchanged left out; categories have no time
        and are all given.
        """
        pages_before = total_before = 0
        for part in listing.listings(kind, modified_after):
            start = max(first - pages_before, 1)
            for number, reply in listing.replies(self._client, part, start):
                page = listing.page(reply, number, lambda content: self._record(kind, content))
                yield replace(
                    _changed_since(page, modified_after),
                    number=pages_before + number,
                    pages=pages_before + page.pages,
                    total=total_before + page.total,
                )
            pages_before += number
            total_before += page.total

    def shows_orders_since(self) -> datetime | None:
        """None: a key that may read orders may read all of them."""
        return None

    def identifiers(self, kind: ObjectKind) -> Iterator[Sequence[str]]:
        """The identifiers of all objects of a kind, trashed ones left out, in portions."""
        (everything,) = listing.listings(kind, None)
        only = replace(everything, filters={**everything.filters, "_fields": "id"})
        for _, reply in listing.replies(self._client, only):
            yield tuple(str(content["id"]) for content in listing.objects(reply))

    def products_in(self, category_id: str) -> Iterator[Sequence[str]]:
        """The identifiers of the products that lie right in a category, in portions."""
        filters = {"category": category_id, "status": "any", "_fields": "id,categories"}
        for _, reply in listing.replies(self._client, listing.Listing("products", filters)):
            yield tuple(
                str(content["id"])
                for content in listing.objects(reply)
                # The store lists what lies in categories below this one, too.
                if any(str(one["id"]) == category_id for one in content["categories"])
            )

    def reviews(self) -> Iterator[Sequence[Review]]:
        """All approved reviews of products that have a rating, in portions.

        One that does not read as a review is left out.
        """
        approved = listing.Listing("products/reviews", {"status": "approved"})
        for _, reply in listing.replies(self._client, approved):
            read = (listing.readable(read_review, content) for content in listing.objects(reply))
            yield tuple(review for review in read if review is not None and review.rating > 0)

    def _record(self, kind: ObjectKind, content: object) -> Order | Product | Account | Category:
        match kind:
            case "order":
                return read_order(content, self._region)
            case "product":
                return product_of(validate(ProductPayload, content))
            case "customer":
                return read_account(content, self._region)
            case "category":
                return read_category(content)

    def _may_read_meta_data(self) -> bool:
        reply = self._client.get("customers", params={"per_page": 1, "role": "all"})
        return all("meta_data" in customer for customer in listing.objects(reply))


def _changed_since(page: Page, moment: datetime | None) -> Page:
    if moment is None:
        return page
    # The listing has whole seconds, and knows products' and orders' changes only to a second.
    earliest = moment - timedelta(seconds=1)
    changed = tuple(
        record
        for record in page.records
        if isinstance(record, Category)
        or record.modified_at is None
        or record.modified_at >= earliest
    )
    return replace(page, records=changed)


def _time_zone(index: dict[str, Any]) -> str:
    """The IANA name, or where the store has none its distance from UTC, such as "+03:30"."""
    name = index.get("timezone_string")
    if isinstance(name, str) and name:
        return name
    try:
        minutes = round(float(index.get("gmt_offset") or 0) * 60)
    except (TypeError, ValueError):
        minutes = 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
