"""WooCommerce's listings: pages of a hundred, by rising identifier."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connector.errors import BadPayload, TemporaryError
from connector.platform import Page
from connector.values import utc_text
from connector.woocommerce.client import Client, Reply
from retention.records import Account, Category, ObjectKind, Order, Product

Read = TypeVar("Read")

PAGE_SIZE = 100
ENDPOINTS: Mapping[ObjectKind, str] = {
    "order": "orders",
    "product": "products",
    "customer": "customers",
    "category": "products/categories",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """An endpoint and what narrows it down."""

    endpoint: str
    filters: Mapping[str, str] = field(default_factory=dict)


def listings(kind: ObjectKind, modified_after: datetime | None) -> list[Listing]:
    """The listings that together give the objects of a kind changed after a moment, or all.

    Trashed orders are in none but their own listing, whatever else is asked for.
    """
    filters: dict[str, str] = {}
    if kind in ("order", "product"):
        filters["status"] = "any"
    if kind == "customer":
        filters["role"] = "all"
    if modified_after is None or kind not in ("order", "product"):
        return [Listing(ENDPOINTS[kind], filters)]
    # A second earlier, because the store compares whole seconds and leaves out the equal ones.
    # The Z matters: without it the store takes the time as its own.
    filters["modified_after"] = utc_text(modified_after - timedelta(seconds=1))
    statuses = ("any", "trash") if kind == "order" else ("any",)
    return [Listing(ENDPOINTS[kind], {**filters, "status": status}) for status in statuses]


def replies(client: Client, listing: Listing, first: int = 1) -> Iterator[tuple[int, Reply]]:
    """The pages of a listing from number `first` on, at least one, each with its number."""
    number = first
    while True:
        # In this order the pages stay the same while objects change and new ones come.
        place = {"orderby": "id", "order": "asc", "per_page": PAGE_SIZE, "page": number}
        reply = client.get(listing.endpoint, params={**place, **listing.filters})
        yield number, reply
        if number >= _pages(reply, number):
            return
        number += 1


def objects(reply: Reply) -> list[dict[str, Any]]:
    """The objects of a listing; TemporaryError if the store answered something else."""
    if isinstance(reply.content, list) and all(isinstance(item, dict) for item in reply.content):
        return reply.content
    raise TemporaryError("the store answered something else than the list asked for")


def readable(read: Callable[[object], Read], content: object) -> Read | None:
    """What was read, or None if the content does not read."""
    try:
        return read(content)
    except BadPayload:
        return None


def page(
    reply: Reply,
    number: int,
    read: Callable[[object], Order | Product | Account | Category],
) -> Page:
    """The records of one page, and what could not be read."""
    records: list[Order | Product | Account | Category] = []
    rejected: list[tuple[str, str]] = []
    contents = objects(reply)
    for content in contents:
        try:
            records.append(read(content))
        except BadPayload as error:
            rejected.append((str(content.get("id", "")), str(error)))
    known = (number - 1) * PAGE_SIZE + len(contents)
    total = known if reply.total is None else reply.total
    return Page(tuple(records), number, _pages(reply, number), total, tuple(rejected))


def _pages(reply: Reply, number: int) -> int:
    if reply.pages is not None:
        return reply.pages
    # A cache on the way may drop the headers: then a full page means that another may follow.
    return number + 1 if len(reply.content) == PAGE_SIZE else number
