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
    REASON_KIND,
    RECOMMENDABLE,
    SCORE,
    require,
)
from retention.listing import (
    CANDIDATE,
    TIER,
    checked,
    most_of_one_category,
    of_every_list,
    pinned,
    ranked,
    spare,
)
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
) -> pl.DataFrame:
    """Return the lists of `wanted` products, or of all, as `recommendations` describes them.

    `pairs` need only be those of wanted products, and `bases` (see `orders_with`) only theirs.
    """
    choices, size, percent = rules.choices, rules.size, rules.category_percent
    of = products if wanted is None else products.filter(pl.col(PRODUCT_ID).is_in(wanted.implode()))
    banned = of_every_list(choices, "ban").implode()
    allowed = pl.col(RECOMMENDABLE) & ~pl.col(PRODUCT_ID).is_in(banned)
    recommendable = pl.col(OTHER_ID).is_in(products.filter(allowed)[PRODUCT_ID].implode())
    popular = around.sold.filter(recommendable)
    needed = size + spare(choices)
    candidates = [
        pinned(choices, of, products, around.sold),
        scored_pairs(
            pairs.filter(recommendable),
            around.with_category.filter(recommendable),
            _with_orders(of, bases),
            popular,
            needed,
        )
        .with_columns(pl.lit(1, dtype=pl.Int32).alias(TIER))
        .select(CANDIDATE),
        _from_category(popular, around.category_buyers, of, needed),
        _from_store(_of_many_categories(popular, needed, percent), of),
    ]
    return ranked(pl.concat(candidates), products, size, choices, percent)


def _with_orders(products: pl.DataFrame, bases: pl.DataFrame) -> pl.DataFrame:
    """Return product, category and number of orders."""
    return (
        products.select(PRODUCT_ID, CATEGORY_ID)
        .join(bases, on=PRODUCT_ID, how="left")
        .with_columns(pl.col(BASE).fill_null(0))
    )


def _from_category(
    popular: pl.DataFrame, buyers: pl.DataFrame, products: pl.DataFrame, size: int
) -> pl.DataFrame:
    # One more than the size, because the product itself may be among them.
    most_bought = popular.drop(BASE).filter(pl.int_range(pl.len()).over(CATEGORY_ID) <= size)
    return (
        products.select(PRODUCT_ID, CATEGORY_ID)
        .join(most_bought, on=CATEGORY_ID)
        .join(buyers, on=CATEGORY_ID)
        .with_columns(
            pl.lit(2, dtype=pl.Int32).alias(TIER),
            (pl.col(COUNT) / pl.col(BASE)).alias(SCORE),
            pl.lit("category").alias(REASON_KIND),
            (pl.col(COUNT) / pl.col(BASE) / pl.col(BASE_RATE)).alias(LIFT),
        )
        .select(CANDIDATE)
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
    return pl.concat([popular.head(size + 1), of_each.head(3 * size + 1)]).unique(
        OTHER_ID, maintain_order=True
    )


def _from_store(popular: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    return (
        products.select(PRODUCT_ID)
        .join(popular, how="cross")
        .with_columns(
            pl.lit(3, dtype=pl.Int32).alias(TIER),
            pl.col(BASE_RATE).alias(SCORE),
            pl.lit("popular").alias(REASON_KIND),
            pl.lit(1.0).alias(LIFT),
        )
        .select(CANDIDATE)
    )
