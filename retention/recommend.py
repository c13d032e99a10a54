"""Lists of recommended products, each with its reason."""

import polars as pl

from retention.category_affinity import bought_with_category
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
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
    chosen = checked(choices, size, category_percent)
    banned = of_every_list(chosen, "ban").implode()
    wanted = pl.col(RECOMMENDABLE) & ~pl.col(PRODUCT_ID).is_in(banned)
    recommendable = products.filter(wanted)[PRODUCT_ID].implode()
    bought = _bought(lines, products)
    sold = _popular(bought)
    popular = sold.filter(pl.col(OTHER_ID).is_in(recommendable))
    needed = size + spare(chosen)
    candidates = [
        pinned(chosen, products, sold),
        scored_pairs(
            pairs.filter(pl.col(OTHER_ID).is_in(recommendable)),
            bought_with_category(lines, products).filter(pl.col(OTHER_ID).is_in(recommendable)),
            _with_orders(products, lines),
            popular,
            needed,
        )
        .with_columns(pl.lit(1, dtype=pl.Int32).alias(TIER))
        .select(CANDIDATE),
        _from_category(popular, bought, products, needed),
        _from_store(_of_many_categories(popular, needed, category_percent), products),
    ]
    return ranked(pl.concat(candidates), products, size, chosen, category_percent)


def _with_orders(products: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return product, category and number of orders."""
    orders = (
        lines.filter(pl.col(QUANTITY) > 0)
        .group_by(PRODUCT_ID)
        .agg(pl.col(ORDER_ID).n_unique().cast(pl.Int64).alias(BASE))
    )
    return (
        products.select(PRODUCT_ID, CATEGORY_ID)
        .join(orders, on=PRODUCT_ID, how="left")
        .with_columns(pl.col(BASE).fill_null(0))
    )


def _bought(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return each customer's distinct products with their categories, lost products as null."""
    return (
        lines.filter(pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null())
        .select(CUSTOMER_ID, PRODUCT_ID)
        .unique()
        .join(products.select(PRODUCT_ID, CATEGORY_ID), on=PRODUCT_ID, how="left")
    )


def _popular(bought: pl.DataFrame) -> pl.DataFrame:
    """Return each product's number of buyers among all, the most bought first."""
    everyone = bought[CUSTOMER_ID].n_unique()
    return (
        bought.drop_nulls(PRODUCT_ID)
        .group_by(pl.col(PRODUCT_ID).alias(OTHER_ID), CATEGORY_ID)
        .agg(pl.len().cast(pl.Int64).alias(COUNT))
        .with_columns(
            pl.lit(everyone, dtype=pl.Int64).alias(BASE),
            (pl.col(COUNT) / everyone).alias(BASE_RATE),
        )
        .sort(COUNT, OTHER_ID, descending=[True, False])
    )


def _from_category(
    popular: pl.DataFrame, bought: pl.DataFrame, products: pl.DataFrame, size: int
) -> pl.DataFrame:
    buyers = (
        bought.drop_nulls(CATEGORY_ID)
        .group_by(CATEGORY_ID)
        .agg(pl.col(CUSTOMER_ID).n_unique().cast(pl.Int64).alias(BASE))
    )
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
