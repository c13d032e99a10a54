"""Which lists a change of products, or of what the merchant chose, has a part in.

A list is concerned when a product in it changed, or one that may come into it; when the merchant
chose otherwise for it; and when other products take the place of one that many lists draw on.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from retention.arrays import Integers
from retention.category_affinity import with_categories
from retention.columns import (
    BASE_RATE,
    CATEGORY_ID,
    KIND,
    LIST_ID,
    OTHER_ID,
    PRODUCT_ID,
    REASON_KIND,
    RECOMMENDABLE,
    SCORE,
)
from retention.kept_table import KeptTable
from retention.listing import (
    BY_SCORE,
    EVERY_LIST,
    FROM_CATEGORY,
    FROM_STORE,
    TIER,
    most_of_one_category,
    of_every_list,
    spare,
)
from retention.offer import Offer, are_among
from retention.recommend import Rules

HAD, WAS = "had", "was"
MOVED = pl.col(CATEGORY_ID).ne_missing(pl.col(HAD))
"""Whether a product is in another category than before."""
SWITCHED = pl.col(RECOMMENDABLE).ne_missing(pl.col(WAS))
"""Whether a product can be bought no more, or again."""

NOBODY = pl.Series(PRODUCT_ID, [], dtype=pl.Int64)


@dataclass(frozen=True, slots=True)
class Assortment:
    """A store's products (`PRODUCTS`), the rules of lists, and what can be recommended by both."""

    products: pl.DataFrame
    rules: Rules
    offered: Offer


def concerned(
    before: Assortment, now: Assortment, differing: pl.DataFrame, pairs: KeptTable, lists: KeptTable
) -> pl.Series:
    """Return the products whose lists may be otherwise now; `lists` and `pairs` are of before.

    Sizes and percent of the rules are the same; `differing` are the products that do. Lists of
    products that are new are not among them.
    """
    moved = differing.filter(MOVED)
    able = differing.filter(SWITCHED)
    was, are = (of_every_list(part.rules.choices, "ban").to_numpy() for part in (before, now))
    switched = np.union1d(pl.concat([moved, able])[PRODUCT_ID].to_numpy(), np.setxor1d(was, are))
    allowed = switched[are_among(switched, now.offered.allowed)]
    parts = [
        lists.products_with(switched),
        pairs.products_with(allowed),
        _chosen_otherwise(before, now),
        _pinning(now, able.filter(RECOMMENDABLE)[PRODUCT_ID]),
        _drawing_otherwise(before, now, moved, lists),
        _in_categories(moved, before, now),
    ]
    if len(switched):
        # What lists with bans of their own draw on reaches further down.
        parts.append(spare(now.rules.choices)[PRODUCT_ID])
    found = pl.concat(parts).unique()
    return found.filter(found.is_in(now.products[PRODUCT_ID].implode()))


def differing_products(before: pl.DataFrame, now: pl.DataFrame, bought: Integers) -> pl.DataFrame:
    """Return the rows of `now` that are new or otherwise than `before` (`PRODUCTS`).

    `had` and `was` are category and whether it was recommendable before; a product that is new had
    none and was not, and is left out unless it is among those `bought`, which rise.
    """
    was = before.select(
        PRODUCT_ID, pl.col(CATEGORY_ID).alias(HAD), pl.col(RECOMMENDABLE).alias(WAS)
    )
    found = now.join(was, on=PRODUCT_ID, how="left").filter(MOVED | SWITCHED)
    was_bought = pl.Series(are_among(found[PRODUCT_ID].to_numpy(), bought))
    return found.filter(pl.col(WAS).is_not_null() | was_bought)


def _in_categories(moved: pl.DataFrame, before: Assortment, now: Assortment) -> pl.Series:
    """Return products that moved and those of the categories that they have part in.

    Of the latter are those in which they were and are, and those that they are bought with.
    """
    if moved.is_empty():
        return NOBODY
    products = moved[PRODUCT_ID].implode()
    bought_with = [
        part.offered.with_category.filter(pl.col(OTHER_ID).is_in(products))[CATEGORY_ID]
        for part in (before, now)
    ]
    if not now.offered.with_any.filter(pl.col(OTHER_ID).is_in(products)).is_empty():
        return now.products[PRODUCT_ID]
    categories = pl.concat([moved[CATEGORY_ID], moved[HAD], *bought_with]).drop_nulls().implode()
    theirs = now.products.filter(pl.col(CATEGORY_ID).is_in(categories))[PRODUCT_ID]
    return pl.concat([moved[PRODUCT_ID], theirs])


def _chosen_otherwise(before: Assortment, now: Assortment) -> pl.Series:
    """Return the products for whose own lists the merchant chose otherwise; all, if for all."""
    was, has = (_by_list(part.rules.choices) for part in (before, now))
    lists = {name for name in was.keys() | has.keys() if was.get(name) != has.get(name)}
    pins = [of_every_list(part.rules.choices, "pin") for part in (before, now)]
    if not pins[0].equals(pins[1]):
        return now.products[PRODUCT_ID]
    return pl.Series(PRODUCT_ID, sorted(lists - {EVERY_LIST}), dtype=pl.Int64)


def _by_list(choices: pl.DataFrame) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for name, product, kind in choices.select(LIST_ID, PRODUCT_ID, KIND).iter_rows():
        found.setdefault(name, []).append((product, kind))
    return found


def _pinning(now: Assortment, products: pl.Series) -> pl.Series:
    """Return the products in whose lists one of these is pinned."""
    named = pl.col(PRODUCT_ID).is_in(products.implode())
    lists = now.rules.choices.filter(named, pl.col(KIND) == "pin")[LIST_ID]
    return now.products[PRODUCT_ID] if EVERY_LIST in lists else lists.rename(PRODUCT_ID)


def _drawing_otherwise(
    before: Assortment, now: Assortment, moved: pl.DataFrame, lists: KeptTable
) -> pl.Series:
    """Return the products whose lists draw on products of their category, or of the whole store,
    that are others than before, or of the store on some that moved to another category."""
    was, has = before.offered, now.offered
    if not was.with_any.equals(has.with_any):
        return now.products[PRODUCT_ID]
    of = now.products.select(PRODUCT_ID, CATEGORY_ID)
    with_category = _categories_that_differ(was.with_category, has.with_category)
    sold = _categories_that_differ(was.sold_in_category, has.sold_in_category)
    moving = not has.sold.join(moved, left_on=OTHER_ID, right_on=PRODUCT_ID, how="semi").is_empty()
    whole = moving or not was.sold.equals(has.sold)
    if with_category.is_empty() and sold.is_empty() and not whole:
        return NOBODY
    in_category = pl.col(CATEGORY_ID).is_in(sold.implode())
    some = of if whole else of.filter(in_category)
    far = some.join(_ends(some[PRODUCT_ID], now, lists), on=PRODUCT_ID, how="left")
    tier = pl.col(TIER).fill_null(FROM_STORE)
    reached = (in_category & (tier >= FROM_CATEGORY)) | (pl.lit(whole) & (tier >= FROM_STORE))
    return pl.concat(
        [
            of.filter(pl.col(CATEGORY_ID).is_in(with_category.implode()))[PRODUCT_ID],
            far.filter(reached)[PRODUCT_ID],
        ]
    )


def _categories_that_differ(was: pl.DataFrame, has: pl.DataFrame) -> pl.Series:
    """Return the categories that have other rows in one table than in the other."""
    differing = [
        one.join(other, on=one.columns, how="anti")[CATEGORY_ID]
        for one, other in ((was, has), (has, was))
    ]
    return pl.concat(differing).unique()


def _ends(products: pl.Series, now: Assortment, lists: KeptTable) -> pl.DataFrame:
    """Return product_id and the last `tier` of candidates that its list draws on.

    It is that of the store where one tier less may not be told from it, and where candidates of
    that tier may come before what is in the list: if that is short, or has more of one category
    than its share.
    """
    rules = now.rules
    most = most_of_one_category(rules.size, rules.category_percent)
    reason = pl.col(REASON_KIND)
    tier = (
        pl.when((reason == "popular") & (pl.col(SCORE) == pl.col(BASE_RATE)))
        .then(FROM_STORE)
        .when(reason == "category")
        .then(FROM_CATEGORY)
        .otherwise(BY_SCORE)
    )
    rows = with_categories(lists.of(products), OTHER_ID, now.products)
    alike = pl.len().over(PRODUCT_ID, CATEGORY_ID)
    left_over = (alike > most) & pl.col(CATEGORY_ID).is_not_null()
    is_short = pl.len() < rules.size
    return (
        rows.with_columns(tier.alias(TIER), left_over.alias("left_over"))
        .group_by(PRODUCT_ID)
        .agg(
            pl.when(is_short | pl.col("left_over").any())
            .then(FROM_STORE)
            .otherwise(pl.col(TIER).max())
            .alias(TIER)
        )
    )
