"""One score for everything that speaks for recommending a product on another one's page."""

import polars as pl

from retention.affinity import BASE_EXPONENT
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    KIND,
    LIFT,
    OTHER_BASE,
    OTHER_ID,
    PRODUCT_ID,
    REASON_KIND,
    SCORE,
)
from retention.offer import Offer
from retention.surroundings import Surroundings

CATEGORY_STRENGTH = 40
"""Of as many orders is what a product's category is bought with worth. On The Complete
Journey's validation orders ten products found 7.9 % of an order's others without it, 8.6 % with
20, 8.7 % with 40 and 80, of which 80 names fewer products."""

STORE_STRENGTH = 40
"""Of as many orders with a category is what all orders hold worth."""

NEXT_WEIGHT = 0.3
NEXT_STRENGTH = 20
NEXT_EXPONENT = 0.8
"""What products bought next add: 0.3 times count / (base + 20) / other_base^0.8. On the same
orders it leaves what ten products found as it is, 8.5 %, and raises the part of the catalogue
that is on any list from 31 to 40 %."""

_PAIR = [PRODUCT_ID, OTHER_ID]
_REASON = [COUNT, BASE, BASE_RATE, LIFT]
_TOGETHER, _NEXT, _CATEGORY, _STORE = "together", "next", "with_category", "popular"


def scored_pairs(
    pairs: pl.DataFrame, products: pl.DataFrame, offered: Offer, around: Surroundings
) -> pl.DataFrame:
    """Return candidates with `score`, `reason_kind` and the reason's numbers, in no order.

    `pairs` (`PAIRS`) hold only what may be recommended; those of lift above 1 count, because a
    reason must not speak against what it recommends. `products` has product_id, category_id and
    the number of orders in `base`. Besides pairs, what orders with each category hold and what
    orders of several hold are candidates (`Offer`).

    The score is (w + 40 d) / (base + 40) + n. Here w is the pair's weight within orders over
    other_base^0.15, d the same of the product's category, per order, itself drawn towards the
    whole store's as if by 40 orders, and n what products bought next add. The estimate of a
    share from `base` orders with a prior worth 40 is the mean of a beta distribution. The reason
    is what is nearest to the product: the pair of the kind that adds more, else what orders with
    its category hold ("with_category"), else what most buyers bought ("popular").
    """
    speaking = pairs.filter(pl.col(LIFT) > 1)
    together = speaking.filter(pl.col(KIND) == _TOGETHER).with_columns(
        (pl.col(SCORE) * pl.col(BASE) ** BASE_EXPONENT).alias("w")
    )
    later = pl.col(COUNT) / (pl.col(BASE) + NEXT_STRENGTH) / pl.col(OTHER_BASE) ** NEXT_EXPONENT
    following = speaking.filter(pl.col(KIND) == _NEXT).with_columns(
        (NEXT_WEIGHT * later).alias("n")
    )
    scored = (
        _candidates(speaking, products, offered)
        .join(products, on=PRODUCT_ID)
        .join(together.select(*_PAIR, "w"), on=_PAIR, how="left")
        .join(following.select(*_PAIR, "n"), on=_PAIR, how="left")
    )
    estimate = (pl.col("w").fill_null(0) + CATEGORY_STRENGTH * pl.col("d")) / (
        pl.col(BASE) + CATEGORY_STRENGTH
    )
    categories = products[CATEGORY_ID].unique().implode()
    with_category = around.with_category.filter(
        pl.col(CATEGORY_ID).is_null() | pl.col(CATEGORY_ID).is_in(categories)
    )
    scored = _with_prior(scored, with_category).with_columns(
        (estimate + pl.col("n").fill_null(0)).round(12).alias(SCORE), _kind(estimate)
    )
    return _with_reason(scored, together, following, with_category, around.sold)


def _candidates(pairs: pl.DataFrame, products: pl.DataFrame, offered: Offer) -> pl.DataFrame:
    """Return each product's candidates, the product itself not among them."""
    return (
        pl.concat(
            [
                pairs.select(_PAIR),
                products.join(offered.with_category, on=CATEGORY_ID).select(_PAIR),
                products.select(PRODUCT_ID).join(offered.with_any, how="cross"),
            ]
        )
        .unique()
        .filter(pl.col(PRODUCT_ID) != pl.col(OTHER_ID))
    )


def _with_prior(scored: pl.DataFrame, with_category: pl.DataFrame) -> pl.DataFrame:
    """Add `d`, and `in_category`: whether orders with the category speak for it."""
    of_category = with_category.drop_nulls(CATEGORY_ID)
    sizes = of_category.group_by(CATEGORY_ID).agg(pl.col(BASE).first().alias("size"))
    own = of_category.select(
        CATEGORY_ID,
        OTHER_ID,
        pl.col(SCORE).alias("category"),
        (pl.col(LIFT) > 1).alias("in_category"),
    )
    store = with_category.filter(pl.col(CATEGORY_ID).is_null()).select(
        OTHER_ID, pl.col(SCORE).alias("store")
    )
    size = pl.col("size").fill_null(0)
    drawn = size * pl.col("category").fill_null(0) + STORE_STRENGTH * pl.col("store").fill_null(0)
    return (
        scored.join(own, on=[CATEGORY_ID, OTHER_ID], how="left")
        .join(sizes, on=CATEGORY_ID, how="left")
        .join(store, on=OTHER_ID, how="left")
        .with_columns((drawn / (size + STORE_STRENGTH)).alias("d"))
    )


def _kind(estimate: pl.Expr) -> pl.Expr:
    no_pair = pl.col("w").is_null() & pl.col("n").is_null()
    following = pl.col("w").is_null() | (pl.col("n").fill_null(0) > estimate)
    return (
        pl.when(no_pair & pl.col("in_category").fill_null(value=False))
        .then(pl.lit(_CATEGORY))
        .when(no_pair)
        .then(pl.lit(_STORE))
        .when(following)
        .then(pl.lit(_NEXT))
        .otherwise(pl.lit(_TOGETHER))
        .alias(REASON_KIND)
    )


def _with_reason(
    scored: pl.DataFrame,
    together: pl.DataFrame,
    following: pl.DataFrame,
    with_category: pl.DataFrame,
    popular: pl.DataFrame,
) -> pl.DataFrame:
    """Add the numbers of each candidate's reason; what nobody known bought is left out."""
    sources = {
        _TOGETHER: (together.select(*_PAIR, *_REASON), _PAIR),
        _NEXT: (following.select(*_PAIR, *_REASON), _PAIR),
        _CATEGORY: (
            with_category.select(CATEGORY_ID, OTHER_ID, *_REASON),
            [CATEGORY_ID, OTHER_ID],
        ),
        _STORE: (
            popular.select(OTHER_ID, COUNT, BASE, BASE_RATE, pl.lit(1.0).alias(LIFT)),
            [OTHER_ID],
        ),
    }
    return pl.concat(
        scored.filter(pl.col(REASON_KIND) == kind)
        .drop(BASE)
        .join(numbers, on=keys)
        .select(*_PAIR, SCORE, REASON_KIND, *_REASON)
        for kind, (numbers, keys) in sources.items()
    )
