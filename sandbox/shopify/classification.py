"""What a product is: its taxonomy category, its product type and its collections.

The Standard Product Taxonomy is not at hand; a taxonomy of the same shape is made of the
store's own categories: two levels, with ids such as sb-1-2.
"""

from dataclasses import dataclass, field

from sandbox.records import Category, Product
from sandbox.store import UNCATEGORIZED_ID, Store


@dataclass(frozen=True)
class TaxonomyNode:
    """A category of the taxonomy; `ancestors` run from the parent up to the root."""

    id: str
    name: str
    full_name: str
    ancestors: tuple["TaxonomyNode", ...]


@dataclass
class Classification:
    """Which of the three ways of classifying each product has.

    By default a product has all of them. Products in `without_category` have no taxonomy
    category, those in `without_type` no product type, those in `without_collections` belong to
    no collection.
    """

    store: Store
    without_category: set[int] = field(default_factory=set)
    without_type: set[int] = field(default_factory=set)
    without_collections: set[int] = field(default_factory=set)

    def node(self, category: Category) -> TaxonomyNode:
        """The taxonomy's counterpart of a category of the store."""
        parent = self.store.categories.get(category.parent)
        if parent is None:
            return TaxonomyNode(f"sb-{category.id}", category.name, category.name, ())
        above = self.node(parent)
        return TaxonomyNode(
            f"{above.id}-{category.id}",
            category.name,
            f"{above.full_name} > {category.name}",
            (above, *above.ancestors),
        )

    def by_id(self, node_id: str) -> TaxonomyNode | None:
        """The taxonomy's category of an id."""
        last = node_id.rsplit("-", 1)[-1]
        category = self.store.categories.get(int(last)) if last.isdigit() else None
        node = self.node(category) if category else None
        return node if node and node.id == node_id else None

    def children(self, node: TaxonomyNode) -> list[TaxonomyNode]:
        """The taxonomy's categories right below one."""
        number = int(node.id.rsplit("-", 1)[-1])
        below = (one for one in self.store.categories.values() if one.parent == number)
        return [self.node(one) for one in below]

    def _own(self, product: Product) -> Category | None:
        return next(iter(self._all(product)), None)

    def _all(self, product: Product) -> list[Category]:
        found = (self.store.categories.get(one) for one in product.category_ids)
        return [one for one in found if one is not None and one.id != UNCATEGORIZED_ID]

    def category(self, product: Product) -> TaxonomyNode | None:
        """A product's taxonomy category."""
        own = self._own(product)
        return None if own is None or product.id in self.without_category else self.node(own)

    def product_type(self, product: Product) -> str:
        """A product's type, "" when it has none."""
        own = self._own(product)
        return "" if own is None or product.id in self.without_type else own.name

    def collections(self, product: Product) -> list[Category]:
        """The collections that a product belongs to, by their ids."""
        if product.id in self.without_collections:
            return []
        return sorted(self._all(product), key=lambda one: one.id)
