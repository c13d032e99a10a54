import polars as pl
import pytest

from retention import kept_lists
from retention.columns import CHOICES, LINES
from retention.concerned_lists import Assortment, concerned
from retention.kept_lists import KeptLists, Options
from retention.kept_table import KeptTable
from tests.retention.tables import orders, products

# Tea is 1 to 3, cups are 4 and 5; nobody bought 6. Each list has one product: of 1 and 4, and of 2
# and 5, what was bought with it twice; of 3 and 6, which have no pairs, what most buyers bought:
# for 3 of its category, 6 has none. 1 was bought by three, 2, 4 and 5 by two, 3 by one.
CATALOGUE = products((1, 10, True), (2, 10, True), (3, 10, True), (4, 20, True), (5, 20, True),
                     (6, None, True))  # fmt: skip
BOUGHT = orders((1, 1, 0, [1, 4]), (2, 2, 0, [1, 4]), (3, 3, 0, [1]), (4, 4, 0, [2, 5]),
                (5, 5, 0, [2, 5]), (6, 6, 0, [3]))  # fmt: skip
OPTIONS = Options(30, recommendations_per_product=1, largest_category_percent=100)
LISTS = {1: 4, 2: 5, 3: 1, 4: 1, 5: 2, 6: 1}

Choice = tuple[int, int, str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The products whose lists were made anew, at each change."""
    found: list[list[int]] = []

    def noted(*of: Assortment | pl.DataFrame | KeptTable) -> pl.Series:
        products = concerned(*of)  # type: ignore[arg-type]
        found.append(products.sort().to_list())
        return products

    monkeypatch.setattr(kept_lists, "concerned", noted)
    return found


def without(*sold_out: int) -> pl.DataFrame:
    return CATALOGUE.with_columns(recommendable=~pl.col("product_id").is_in(sold_out))


def shown(kept: KeptLists) -> dict[int, int]:
    return dict(kept.recommendations.select("product_id", "other_id").iter_rows())


def switch(kept: KeptLists, catalogue: pl.DataFrame, *choices: Choice) -> None:
    chosen = pl.DataFrame(list(choices), schema=CHOICES, orient="row")
    kept.take_in([], LINES.to_frame(), catalogue, chosen)


# Who shows the product; who has its category's or the store's best and draws on these: of tea
# list 3, of the whole store list 6. Orders with cups hold 2 oftener than others do: lists 4 and 5.
SOLD_OUT = [
    (1, [3, 4, 6], {3: 2, 4: 2, 6: 2}),
    (2, [3, 4, 5, 6], {5: 4}),
    (3, [], {}),
    (4, [1, 6], {1: 2}),
    (5, [2, 6], {2: 1}),
    (6, [], {}),
]


@pytest.mark.parametrize(("product", "lists", "changes"), SOLD_OUT)
def test_a_product_that_sells_out_concerns_lists_that_show_or_may_show_another_for_it(
    product: int, lists: list[int], changes: dict[int, int], asked: list[list[int]]
) -> None:
    kept = KeptLists(BOUGHT, CATALOGUE, OPTIONS)
    assert shown(kept) == LISTS

    switch(kept, without(product))
    assert shown(kept) == LISTS | changes
    switch(kept, without())
    assert shown(kept) == LISTS

    assert asked == [lists, lists]


CHOSEN: list[tuple[list[Choice], list[int], dict[int, int]]] = [
    ([(5, 6, "pin")], [5], {5: 6}),
    ([(5, 2, "ban")], [5], {5: 4}),
    ([(5, 6, "ban")], [5], {}),
    # What nobody may be shown is as if it were sold out, and a pin for all is in every list.
    ([(0, 4, "ban")], [1, 6], {1: 2}),
    ([(0, 6, "pin")], [1, 2, 3, 4, 5, 6], {1: 6, 2: 6, 3: 6, 4: 6, 5: 6}),
]


@pytest.mark.parametrize(("choices", "lists", "changes"), CHOSEN)
def test_a_choice_concerns_the_list_that_it_is_for(
    choices: list[Choice], lists: list[int], changes: dict[int, int], asked: list[list[int]]
) -> None:
    kept = KeptLists(BOUGHT, CATALOGUE, OPTIONS)
    switch(kept, CATALOGUE, *choices)
    assert shown(kept) == LISTS | changes
    assert asked == [lists]


def test_a_pinned_product_that_is_back_concerns_the_lists_that_it_is_pinned_in(
    asked: list[list[int]],
) -> None:
    kept = KeptLists(BOUGHT, without(6), OPTIONS)
    switch(kept, without(6), (5, 6, "pin"))
    assert shown(kept) == LISTS
    switch(kept, CATALOGUE, (5, 6, "pin"))
    assert shown(kept) == LISTS | {5: 6}
    switch(kept, CATALOGUE, (0, 6, "pin"))
    switch(kept, without(6), (0, 6, "pin"))
    assert shown(kept) == LISTS
    assert asked == [[5], [5], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5]]


def test_the_same_products_and_choices_concern_nothing(asked: list[list[int]]) -> None:
    kept = KeptLists(BOUGHT, CATALOGUE, OPTIONS)
    switch(kept, CATALOGUE.clone())
    assert asked == []


def test_a_new_product_has_a_list_and_changes_no_other(asked: list[list[int]]) -> None:
    kept = KeptLists(BOUGHT, CATALOGUE, OPTIONS)
    more = pl.concat([CATALOGUE, products((7, 20, True))])
    switch(kept, more)
    assert asked == [[]]
    assert shown(kept) == LISTS | {7: 2}


def test_a_product_in_another_category_concerns_the_lists_of_both(asked: list[list[int]]) -> None:
    kept = KeptLists(BOUGHT, CATALOGUE, OPTIONS)
    category = pl.when(pl.col("product_id") == 3).then(20).otherwise("category_id")
    # The list of 3 has what orders with cups hold oftener than others now.
    switch(kept, CATALOGUE.with_columns(category_id=category))
    assert shown(kept) == LISTS | {3: 2}
    switch(kept, CATALOGUE)
    assert shown(kept) == LISTS
    assert asked == [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
