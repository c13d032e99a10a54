"""What a store can recommend at present, and what of it many lists draw on."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Integers
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    LIFT,
    OTHER_ID,
    PRODUCT_ID,
    RECOMMENDABLE,
)
from retention.listing import most_of_one_category, of_every_list
from retention.surroundings import Surroundings

SMALLEST_STORE_COUNT = 10
"""A product in fewer orders of several is no candidate for all pages: where few orders hold
several products, those most bought of the category are nearer."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be in lists of a length that need so many candidates (`needed`).

    `allowed` are the products that can be bought and are not banned from every list, rising.
    Candidates by score are, besides pairs, of each category_id the other_id that orders with it
    hold (`with_category`) and the other_id that orders of several hold (`with_any`). What is then
    missing comes from those most bought of each category_id (`sold_in_category`: other_id, count,
    base, base_rate) and of the whole store (`sold`: other_id, count, base, base_rate).
    """

    needed: int
    allowed: Integers
    with_category: pl.DataFrame
    with_any: pl.DataFrame
    sold_in_category: pl.DataFrame
    sold: pl.DataFrame

    def allows(self, others: pl.Series) -> NDArray[np.bool_]:
        """Return for each of these products whether it may be in lists."""
        return are_among(others.to_numpy(), self.allowed)


def are_among(values: Integers, known: Integers) -> NDArray[np.bool_]:
    """Return for each value whether it is known; those known rise."""
    if len(known) == 0:
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == values
    return found


def offer(
    products: pl.DataFrame,
    around: Surroundings,
    choices: pl.DataFrame,
    needed: int,
    category_percent: int,
) -> Offer:
    """Return what of `products` (`PRODUCTS`) may be in lists under these `choices` (`CHOICES`)."""
    banned = of_every_list(choices, "ban").implode()
    buyable = products.filter(pl.col(RECOMMENDABLE) & ~pl.col(PRODUCT_ID).is_in(banned))
    allowed = buyable[PRODUCT_ID].sort().to_numpy()
    popular = around.sold.filter(are_among(around.sold[OTHER_ID].to_numpy(), allowed))
    pairs = around.with_category
    pairs = pairs.filter(are_among(pairs[OTHER_ID].to_numpy(), allowed))
    return Offer(
        needed,
        allowed,
        with_category=_with_category(pairs, needed),
        with_any=_with_any(pairs, popular, needed),
        sold_in_category=_sold_in_category(popular, around.category_buyers, needed),
        sold=_of_many_categories(popular, needed, category_percent),
    )


def _with_category(pairs: pl.DataFrame, needed: int) -> pl.DataFrame:
    speaking = pairs.filter(pl.col(LIFT) > 1, pl.col(CATEGORY_ID).is_not_null())
    return speaking.filter(pl.int_range(pl.len()).over(CATEGORY_ID) <= needed).select(
        CATEGORY_ID, OTHER_ID
    )


def _with_any(pairs: pl.DataFrame, popular: pl.DataFrame, needed: int) -> pl.DataFrame:
    often = pl.col(COUNT) >= SMALLEST_STORE_COUNT
    store = pairs.filter(pl.col(CATEGORY_ID).is_null(), often).select(OTHER_ID)
    return store.join(popular, on=OTHER_ID, how="semi", maintain_order="left").head(needed + 1)


def _sold_in_category(popular: pl.DataFrame, buyers: pl.DataFrame, needed: int) -> pl.DataFrame:
    # One more than needed, because the product itself may be among them.
    return (
        popular.drop(BASE)
        .filter(pl.int_range(pl.len()).over(CATEGORY_ID) <= needed)
        .join(buyers, on=CATEGORY_ID)
        .select(CATEGORY_ID, OTHER_ID, COUNT, BASE, BASE_RATE)
    )


def _of_many_categories(popular: pl.DataFrame, size: int, category_percent: int) -> pl.DataFrame:
    """Return the most bought products that fill any list, whatever it has already.

    Of each category there are as many as a list may have, and one more because the product
    itself may be among them. Three times the size is enough: a place of the list can take one
    candidate that is there already and let one be left over, and needs one.
    """
    most = size if category_percent == 100 else most_of_one_category(size, category_percent)
    place = pl.int_range(pl.len()).over(CATEGORY_ID)
    of_each = popular.filter((place <= most) | pl.col(CATEGORY_ID).is_null())
    return (
        pl.concat([popular.head(size + 1), of_each.head(3 * size + 1)])
        .unique(OTHER_ID, maintain_order=True)
        .select(OTHER_ID, COUNT, BASE, BASE_RATE)
    )
