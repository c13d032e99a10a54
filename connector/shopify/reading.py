"""Reading a shop: single objects, listings, and what the shop says of itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.batches import is_identifier
from connector.errors import BadPayload, ConnectorError, NotFound
from connector.platform import OtherBalance, Page, StoreProfile
from connector.shopify.bulk import BulkFiles
from connector.shopify.categories import Categories
from connector.shopify.graphql import Client, next_cursor, nodes
from connector.shopify.ids import gid, number_of
from connector.shopify.objects import Objects
from connector.shopify.parse import read_account, read_product
from connector.shopify.parse_orders import read_order
from connector.values import utc_text
from retention.records import Account, Category, ObjectKind, Order, Product, Review

PAGE_SIZE = 100
Record = Order | Product | Account | Category

SIXTY_DAYS = (
    "Shopify shows the app only the orders of the last 60 days until it grants the permission "
    "to read all orders: load the older ones from the shop's order export (CSV) meanwhile."
)


class Reader:
    """The calls that change nothing."""

    def __init__(self, client: Client, files: BulkFiles, region: str) -> None:
        self._client = client
        self._files = files
        self._region = region
        self._categories = Categories(client)
        self._objects = Objects(client)
        self._hides_orders: bool | None = None

    def profile(self) -> StoreProfile:
        """Name, currency, time zone and country, with a warning where orders are hidden."""
        data = self._client.run("shop")
        shop = data["shop"]
        return StoreProfile(
            name=str(shop["name"]),
            currency=str(shop["currencyCode"]),
            time_zone=str(shop["ianaTimezone"]),
            country=str((shop.get("shopAddress") or {}).get("countryCodeV2") or ""),
            warnings=() if _shows_all_orders(data) else (SIXTY_DAYS,),
        )

    def shows_orders_since(self) -> datetime | None:
        """Sixty days ago, unless Shopify has granted the permission to read all orders."""
        if self._hides_orders is None:
            self._hides_orders = not _shows_all_orders(self._client.run("shop"))
        return datetime.now(UTC) - timedelta(days=59) if self._hides_orders else None

    def read(self, kind: ObjectKind, identifier: str) -> Record | None:
        """The object as it is now, an order with its refunds' lines; None if it is gone."""
        if kind == "category":
            return self._categories.read(identifier)
        if not is_identifier(identifier):
            raise ValueError(f"{identifier!r} is not a number of Shopify's")
        node = self._objects.one(kind, identifier)
        if node is None and kind == "product":
            return self._product_of_variant(identifier)
        return None if node is None else self._record(kind, node)

    def complete(self, order: Order) -> Order:
        """The order as the shop has it now, with the lines of every refund.

        Raises:
            NotFound: the order is gone.
        """
        if order.refunds_are_complete:
            return order
        whole = self.read("order", order.id)
        if not isinstance(whole, Order):
            raise NotFound(f"order {order.id} is gone")
        return whole

    def pages(
        self, kind: ObjectKind, *, first: int = 1, modified_after: datetime | None = None
    ) -> Iterator[Page]:
        """All objects of a kind, a hundred a page, from page `first` on.

        All of them come from a bulk operation's file, those modified after a moment from
        queries. Categories have no time and are all given.

        Raises:
            NotReady: the shop is still writing the file; the same call goes on later.
        """
        if kind == "category":
            return _paged(self._categories.all(), first)
        if modified_after is None:
            return self._pages_of_file(kind, first)
        return self._pages_of_changed(kind, first, modified_after)

    def reviews(self) -> Iterator[Sequence[Review]]:
        """None: Shopify has no reviews of its own."""
        return iter(())

    def other_balances(self) -> Iterator[Sequence[OtherBalance]]:
        """None: other apps show their balances to their own pages only."""
        return iter(())

    def identifiers(self, kind: ObjectKind) -> Iterator[Sequence[str]]:
        """The identifiers of all objects of a kind, in portions."""
        if kind == "category":
            yield tuple(category.id for category in self._categories.all())
            return
        yield from self._listed(kind, query=None, sort_key="ID")

    def products_in(self, category_id: str) -> Iterator[Sequence[str]]:
        """The identifiers of the products whose first collection this is, in portions.

        Raises:
            ValueError: the category is no collection.
        """
        return self._categories.products(category_id)

    def _pages_of_file(self, kind: ObjectKind, first: int) -> Iterator[Page]:
        file = self._files.file(f"bulk_{kind}s", to_go_on=first > 1)
        found = self._files.objects(file, skip=(first - 1) * PAGE_SIZE)
        yield from _numbered(
            found,
            lambda node: (number_of(node["id"]), node),
            self._read_or_why(kind),
            file.total,
            first,
        )

    def _pages_of_changed(
        self, kind: ObjectKind, first: int, modified_after: datetime
    ) -> Iterator[Page]:
        query = f"updated_at:>='{utc_text(modified_after)}'"
        listed = self._listed(kind, query=query, sort_key="UPDATED_AT")
        changed = list(dict.fromkeys(one for portion in listed for one in portion))
        found = self._objects.each(kind, changed[(first - 1) * PAGE_SIZE :])
        yield from _numbered(found, lambda pair: pair, self._read_or_why(kind), len(changed), first)

    def _listed(
        self, kind: ObjectKind, *, query: str | None, sort_key: str
    ) -> Iterator[tuple[str, ...]]:
        after: str | None = None
        while True:
            data = self._client.run(f"{kind}_ids", after=after, query=query, sortKey=sort_key)
            yield tuple(number_of(str(node["id"])) for node in nodes(data, f"{kind}s"))
            after = next_cursor(data, f"{kind}s")
            if after is None:
                return

    def _product_of_variant(self, identifier: str) -> Record | None:
        data = self._client.run("variant", id=gid("ProductVariant", identifier))
        variant = data.get("productVariant")
        if not variant:
            return None
        parent = number_of(str(variant["product"]["id"]))
        node = self._objects.one("product", parent)
        return None if node is None else self._record("product", node)

    def _record(self, kind: ObjectKind, node: object) -> Order | Product | Account:
        match kind:
            case "order":
                return read_order(node, self._region)
            case "product":
                return read_product(node)
            case _:
                return read_account(node, self._region)

    def _read_or_why(self, kind: ObjectKind) -> Callable[[Any], Record | str | None]:
        def read(node: Any) -> Record | str | None:
            if node is None or isinstance(node, ConnectorError):
                return None if node is None else str(node)
            try:
                return self._record(kind, node)
            except BadPayload as error:
                return str(error)

        return read


def _paged(categories: Sequence[Category], first: int) -> Iterator[Page]:
    found = iter(categories[(first - 1) * PAGE_SIZE :])
    return _numbered(found, lambda one: (one.id, one), lambda one: one, len(categories), first)


def _numbered(
    found: Iterator[Any],
    name: Callable[[Any], tuple[str, Any]],
    read: Callable[[Any], Record | str | None],
    total: int,
    first: int,
) -> Iterator[Page]:
    """Pages of a hundred, at least one, each with its number."""
    pages = max(-(-total // PAGE_SIZE), 1)
    records: list[Record] = []
    rejected: list[tuple[str, str]] = []
    number = first
    seen = 0
    for seen, (identifier, content) in enumerate(map(name, found), 1):
        record = read(content)
        if isinstance(record, str):
            rejected.append((identifier, record))
        elif record is not None:
            records.append(record)
        if seen % PAGE_SIZE == 0:
            yield Page(tuple(records), number, max(pages, number), total, tuple(rejected))
            records, rejected, number = [], [], number + 1
    if seen % PAGE_SIZE or seen == 0:
        yield Page(tuple(records), number, max(pages, number), total, tuple(rejected))


def _shows_all_orders(data: Mapping[str, Any]) -> bool:
    scopes = {one["handle"] for one in data["currentAppInstallation"]["accessScopes"]}
    return "read_all_orders" in scopes
