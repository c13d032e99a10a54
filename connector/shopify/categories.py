"""A shop's categories, from three places: the taxonomy, product types and collections."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.shopify.graphql import Client, next_cursor, nodes
from connector.shopify.ids import PRODUCT_TYPE, category_id, gid, number_of
from connector.shopify.parse import product_type, read_category
from retention.records import Category

_AT_ONCE = 100
_PLACES: dict[str, str] = {
    "taxonomy": "TaxonomyCategory/",
    "product_type": PRODUCT_TYPE,
    "collection": "Collection/",
}


def chosen(category_ids: Sequence[str], source: str) -> tuple[str, ...]:
    """The one of a product's categories that comes from `source`, else from the next place.

    The places follow each other as taxonomy, product type, collection.
    """
    order = sorted(_PLACES, key=lambda place: place != source)
    found = (one for place in order for one in category_ids if one.startswith(_PLACES[place]))
    return tuple(found)[:1]


class Categories:
    """Reads the categories of one shop."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> list[Category]:
        """Every category: of the taxonomy those in use with their ancestors, all others."""
        return [*self._taxonomy(), *map(product_type, self._product_types()), *self._collections()]

    def read(self, identifier: str) -> Category | None:
        """One category, None if there is none of this identifier."""
        if identifier.startswith(PRODUCT_TYPE):
            name = identifier.removeprefix(PRODUCT_TYPE)
            return product_type(name) if name in self._product_types() else None
        kind, _, number = identifier.partition("/")
        if kind not in ("TaxonomyCategory", "Collection") or not number:
            return None
        found = self._read([gid(kind, number)])
        return found[0] if found else None

    def products(self, identifier: str) -> Iterator[tuple[str, ...]]:
        """The numbers of the products whose first collection this is, in portions.

        Raises:
            ValueError: the identifier is not a collection's.
        """
        kind, _, number = identifier.partition("/")
        if kind != "Collection" or not number:
            raise ValueError(f"{identifier!r} is not a collection")
        after: str | None = None
        while True:
            data = self._client.run("collection_products", id=gid(kind, number), after=after)
            if data["collection"] is None:
                return
            listed = nodes(data, "collection", "products")
            yield tuple(number_of(one["id"]) for one in listed if _first(one) == identifier)
            after = next_cursor(data, "collection", "products")
            if after is None:
                return

    def _taxonomy(self) -> list[Category]:
        data = self._client.run("categories_in_use")
        listed = [one for one in data["shop"]["allProductCategoriesList"] if one]
        known = {str(one["id"]): read_category(one) for one in listed}
        ancestors = {str(one) for node in listed for one in node["ancestorIds"]}
        missing = sorted(ancestors - known.keys())
        found = [*known.values()]
        for start in range(0, len(missing), _AT_ONCE):
            found += self._read(missing[start : start + _AT_ONCE])
        return sorted(found, key=lambda category: category.id)

    def _read(self, global_ids: Sequence[str]) -> list[Category]:
        data = self._client.run("categories", ids=list(global_ids))
        return [read_category(node) for node in data["nodes"] if node]

    def _product_types(self) -> list[str]:
        return [
            str(name) for name in _listed(self._client, "product_types", "productTypes") if name
        ]

    def _collections(self) -> Iterable[Category]:
        return map(read_category, _listed(self._client, "collections", "collections"))


def _first(product: Mapping[str, Any]) -> str:
    return next((category_id(one["id"]) for one in nodes(product, "collections")), "")


def _listed(client: Client, document: str, field: str) -> Iterator[Any]:
    after: str | None = None
    while True:
        data = client.run(document, after=after)
        yield from nodes(data, field)
        after = next_cursor(data, field)
        if after is None:
            return
