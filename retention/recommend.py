"""Lists of recommended products, each with its reason."""

from dataclasses import dataclass

import polars as pl

from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    LIFT,
    LINES,
    ORDER_ID,
    OTHER_ID,
    PAIRS,
    PRODUCT_ID,
    PRODUCTS,
    QUANTITY,
    RANK,
    REASON_KIND,
    SCORE,
    require,
)
from retention.listing import (
    BY_SCORE,
    CANDIDATE,
    FROM_CATEGORY,
    FROM_STORE,
    TIER,
    checked,
    pinned,
    ranked,
    spare,
)
from retention.offer import Offer, offer
from retention.pair_scores import scored_pairs
from retention.surroundings import Surroundings, surroundings


def recommendations(
    pairs: pl.DataFrame,
    lines: pl.DataFrame,
    products: pl.DataFrame,
    size: int = 5,
    choices: pl.DataFrame | None = None,
    category_percent: int = 100,
) -> pl.DataFrame:
    """Return for every product of `products` up to `size` others (columns `RECOMMENDATIONS`).

    `pairs` (`PAIRS`) holds both kinds, `lines` (`LINES`) are the orders they were counted in.
    Only recommendable products of `products` (`PRODUCTS`) are recommended, never the product
    itself and none twice; a product that is not recommendable has a list all the same.

    First come pairs and what is bought with the product's category and in the whole store, by
    one score (`retention.pair_scores`). A pair's reason is its kind, "together" or "next";
    without a pair it is "with_category" (of `base` orders with a product of its category `count`
    had the other product too) or "popular" (of all `base` buyers `count` bought it).

    What is then missing, as in a store whose orders hold one product each, comes from the
    products that most customers bought in the product's own category (reason "category": of
    `base` buyers of the category `count` bought it) and then in the whole store ("popular");
    their score is count / base. A product nobody bought is never recommended. Equal scores go
    to the smaller identifier.

    `choices` (`CHOICES`) are the merchant's: banned products are replaced, pinned ones go first
    (reason "pinned": of all `base` buyers `count` bought it) if they can be bought. At most
    `category_percent` of a list's `size`, but at least one product, are of one category, as long
    as there is anything else; pinned ones count, but are never moved.
    Rows are sorted by product and rank.
    Raises ValueError when a table lacks a column, `size` is below 1 or `category_percent` is not
    between 1 and 100.
    """
    require(pairs, PAIRS, "pairs")
    require(lines, LINES, "lines")
    require(products, PRODUCTS, "products")
    rules = Rules(size, checked(choices, size, category_percent), category_percent)
    return listed(pairs, orders_with(lines), products, surroundings(lines, products), rules)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long lists are, what the merchant chose (`CHOICES`), and a category's share in percent.

    Both are checked by `retention.listing.checked`.
    """

    size: int
    choices: pl.DataFrame
    category_percent: int

    def offer(
        self, products: pl.DataFrame, around: Surroundings, needed: int | None = None
    ) -> Offer:
        """What can be recommended of `products` in lists that need so many, else `size`."""
        needed = self.size if needed is None else needed
        return offer(products, around, self.choices, needed, self.category_percent)


def orders_with(lines: pl.DataFrame) -> pl.DataFrame:
    """Return product_id and in how many orders of `lines` (`LINES`) it is (`base`)."""
    return (
        lines.filter(pl.col(QUANTITY) > 0)
        .drop_nulls(PRODUCT_ID)
        .group_by(PRODUCT_ID)
        .agg(pl.col(ORDER_ID).n_unique().cast(pl.Int64).alias(BASE))
    )


def listed(
    pairs: pl.DataFrame,
    bases: pl.DataFrame,
    products: pl.DataFrame,
    around: Surroundings,
    rules: Rules,
    wanted: pl.Series | None = None,
    offered: Offer | None = None,
) -> pl.DataFrame:
    """Return the lists of `wanted` products, or of all, as `recommendations` describes them.

    `pairs` need only be those of wanted products, and `bases` (see `orders_with`) only theirs.
    `offered` is what lists without bans of their own draw on, if that is known.
    """
    of = products if wanted is None else products.filter(pl.col(PRODUCT_ID).is_in(wanted.implode()))
    made = []
    for needed, some in _by_need(of, rules):
        if offered is None or offered.needed != needed:
            offered = rules.offer(products, around, needed)
        known = pairs.filter(offered.allows(pairs[OTHER_ID]))
        candidates = [
            pinned(rules.choices, some, products, around.sold),
            scored_pairs(known, _with_orders(some, bases), offered, around)
            .with_columns(pl.lit(BY_SCORE, dtype=pl.Int32).alias(TIER))
            .select(CANDIDATE),
            _from_category(offered.sold_in_category, some),
            _from_store(offered.sold, some),
        ]
        found = pl.concat(candidates)
        made.append(ranked(found, products, rules.size, rules.choices, rules.category_percent))
    return made[0] if len(made) == 1 else pl.concat(made).sort(PRODUCT_ID, RANK)


def _by_need(of: pl.DataFrame, rules: Rules) -> list[tuple[int, pl.DataFrame]]:
    """Return these products by how many candidates their lists need, the fewest first."""
    more = spare(rules.choices)
    if more.is_empty():
        return [(rules.size, of)]
    needed = of.join(more, on=PRODUCT_ID, how="left").with_columns(
        (rules.size + pl.col("spare").fill_null(0)).alias("needed")
    )
    groups = needed.partition_by("needed", as_dict=True) or {(rules.size,): needed}
    return [(number, groups[(number,)].select(of.columns)) for (number,) in sorted(groups)]


def _with_orders(products: pl.DataFrame, bases: pl.DataFrame) -> pl.DataFrame:
    """Return product, category and number of orders."""
    return (
        products.select(PRODUCT_ID, CATEGORY_ID)
        .join(bases, on=PRODUCT_ID, how="left")
        .with_columns(pl.col(BASE).fill_null(0))
    )


def _from_category(sold: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    return (
        products.select(PRODUCT_ID, CATEGORY_ID)
        .join(sold, on=CATEGORY_ID)
        .with_columns(
            pl.lit(FROM_CATEGORY, dtype=pl.Int32).alias(TIER),
            (pl.col(COUNT) / pl.col(BASE)).alias(SCORE),
            pl.lit("category").alias(REASON_KIND),
            (pl.col(COUNT) / pl.col(BASE) / pl.col(BASE_RATE)).alias(LIFT),
        )
        .select(CANDIDATE)
    )


def _from_store(sold: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    return (
        products.select(PRODUCT_ID)
        .join(sold, how="cross")
        .with_columns(
            pl.lit(FROM_STORE, dtype=pl.Int32).alias(TIER),
            pl.col(BASE_RATE).alias(SCORE),
            pl.lit("popular").alias(REASON_KIND),
            pl.lit(1.0).alias(LIFT),
        )
        .select(CANDIDATE)
    )
