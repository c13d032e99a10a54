"""Which lines of an order earn more or less than others: multipliers by product and category."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Multipliers by the store's identifiers of products and categories; 0 excludes."""

    products: Mapping[str, Fraction] = field(default_factory=dict)
    categories: Mapping[str, Fraction] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Return the multipliers that words like `category:5=2` and `product:70=0` give.

        Raises ValueError for any other word.
        """
        found: dict[str, dict[str, Fraction]] = {"product": {}, "category": {}}
        for word in words:
            name, _, number = word.rpartition("=")
            kind, _, identifier = name.partition(":")
            if kind not in found or not identifier:
                raise ValueError(f"multiplier {word!r}: write it like category:5=2 or product:70=0")
            found[kind][identifier] = Fraction(number)
        return cls(found["product"], found["category"])

    def of(self, product_id: str, category_ids: Iterable[str]) -> Fraction:
        """Return a product's multiplier: its own, else the one of its categories.

        `category_ids` are its categories with all those above them. Of several multipliers 0
        wins, because what is excluded anywhere is excluded, and else the highest; 1 without any.
        """
        if product_id in self.products:
            return self.products[product_id]
        found = [self.categories[name] for name in category_ids if name in self.categories]
        return Fraction(0) if 0 in found else max(found, default=ONE)
