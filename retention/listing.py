"""The order of a product's list: pinned ones first, none banned, and not all of one category."""

import polars as pl

from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    CHOICES,
    COUNT,
    KIND,
    LIFT,
    LIST_ID,
    OTHER_ID,
    PRODUCT_ID,
    RANK,
    REASON_KIND,
    RECOMMENDABLE,
    RECOMMENDATIONS,
    SCORE,
    require,
)

TIER = "tier"
CANDIDATE = (PRODUCT_ID, OTHER_ID, TIER, SCORE, REASON_KIND, COUNT, BASE, BASE_RATE, LIFT)
"""Columns of candidates: a lower tier goes first, within one the higher score."""

EVERY_LIST = 0
PINNED, BY_SCORE, FROM_CATEGORY, FROM_STORE = range(4)
"""Tiers: pinned products, what a score says, the most bought of the category and of the store."""

_PAIR = [PRODUCT_ID, OTHER_ID]
_LEFT_OVER = "left_over"


def checked(choices: pl.DataFrame | None, size: int, category_percent: int) -> pl.DataFrame:
    """Return the choices, none if they are left out.

    Raises ValueError when a column is missing, `size` is below 1 or `category_percent` is not
    between 1 and 100.
    """
    if size < 1:
        raise ValueError(f"size is {size}; recommend at least one product")
    if not 1 <= category_percent <= 100:
        raise ValueError(f"category_percent is {category_percent}; give 1 to 100")
    if choices is None:
        return CHOICES.to_frame()
    require(choices, CHOICES, "choices")
    return choices


def of_every_list(choices: pl.DataFrame, kind: str) -> pl.Series:
    """Return the products that are pinned to or banned from every list."""
    return choices.filter(pl.col(LIST_ID) == EVERY_LIST, pl.col(KIND) == kind)[PRODUCT_ID]


def spare(choices: pl.DataFrame) -> pl.DataFrame:
    """Return product_id and how many candidates its list's own bans may take away (`spare`)."""
    return _own(choices, "ban").group_by(PRODUCT_ID).agg(pl.len().cast(pl.Int64).alias("spare"))


def pinned(
    choices: pl.DataFrame, of: pl.DataFrame, products: pl.DataFrame, popular: pl.DataFrame
) -> pl.DataFrame:
    """Return the pinned products as candidates: a list's own first, then those of every list.

    `of` are the products whose lists are made, of all `products` (`PRODUCTS`).
    `popular` has other_id, count, base and base_rate of every product that was bought; a pinned
    product says how many bought it, which may be nobody. One that cannot be bought is left out.
    """
    pins = (
        choices.filter(pl.col(KIND) == "pin")
        .with_row_index("place")
        .sort(pl.col(LIST_ID) == EVERY_LIST, "place")
        .select(LIST_ID, pl.col(PRODUCT_ID).alias(OTHER_ID), pl.int_range(pl.len()).alias("place"))
    )
    own = pins.rename({LIST_ID: PRODUCT_ID}).join(of, on=PRODUCT_ID, how="semi")
    general = of.select(PRODUCT_ID).join(
        pins.filter(pl.col(LIST_ID) == EVERY_LIST).drop(LIST_ID), how="cross"
    )
    everyone = popular[BASE].max() or 0
    buyable = products.filter(RECOMMENDABLE).select(pl.col(PRODUCT_ID).alias(OTHER_ID))
    return (
        pl.concat([own, general])
        .with_columns((1 - pl.col("place").rank().over(PRODUCT_ID)).alias(SCORE))
        .join(buyable, on=OTHER_ID, how="semi")
        .join(popular.select(OTHER_ID, COUNT, BASE_RATE), on=OTHER_ID, how="left")
        .with_columns(
            pl.lit(PINNED, dtype=pl.Int32).alias(TIER),
            pl.lit("pinned").alias(REASON_KIND),
            pl.col(COUNT).fill_null(0),
            pl.lit(everyone, dtype=pl.Int64).alias(BASE),
            pl.col(BASE_RATE).fill_null(0.0),
            pl.lit(1.0).alias(LIFT),
        )
        .select(CANDIDATE)
    )


def most_of_one_category(size: int, category_percent: int) -> int:
    """Return how many products of one category a list of this size may have, at least one."""
    return max(1, size * category_percent // 100)


def ranked(
    candidates: pl.DataFrame,
    products: pl.DataFrame,
    size: int,
    choices: pl.DataFrame,
    category_percent: int,
) -> pl.DataFrame:
    """Return each product's best candidates (columns `RECOMMENDATIONS`), each other one once.

    What a category has beyond its share of the list goes behind everything else, pinned
    products excepted, so that it fills a list only when nothing else is there.
    """
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(PRODUCT_ID)
    ordered = (
        candidates.filter(pl.col(PRODUCT_ID) != pl.col(OTHER_ID))
        .join(_own(choices, "ban"), on=_PAIR, how="anti")
        .sort(PRODUCT_ID, TIER, SCORE, OTHER_ID, descending=[False, False, True, False])
        .unique(_PAIR, keep="first", maintain_order=True)
    )
    if category_percent < 100:
        ordered = _varied(ordered, products, most_of_one_category(size, category_percent))
    return (
        ordered.with_columns(rank.alias(RANK))
        .filter(pl.col(RANK) <= size)
        .select(RECOMMENDATIONS.names())
    )


def _own(choices: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return list and product of the choices for single lists."""
    return choices.filter(pl.col(LIST_ID) != EVERY_LIST, pl.col(KIND) == kind).select(
        pl.col(LIST_ID).alias(PRODUCT_ID), pl.col(PRODUCT_ID).alias(OTHER_ID)
    )


def _varied(ordered: pl.DataFrame, products: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the rows with what is beyond `most` of one category behind the others."""
    named = pl.col(PRODUCT_ID).is_in(ordered[OTHER_ID].unique().implode())
    categories = products.filter(named).select(pl.col(PRODUCT_ID).alias(OTHER_ID), CATEGORY_ID)
    place = pl.int_range(pl.len()).over(PRODUCT_ID, CATEGORY_ID)
    beyond = (place >= most) & pl.col(CATEGORY_ID).is_not_null() & (pl.col(TIER) != PINNED)
    return (
        ordered.join(categories, on=OTHER_ID, how="left", maintain_order="left")
        .with_columns(beyond.alias(_LEFT_OVER))
        .sort(PRODUCT_ID, _LEFT_OVER, maintain_order=True)
    )
