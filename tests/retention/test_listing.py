import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.affinity import bought_together
from retention.columns import CHOICES, PAIRS
from retention.recommend import recommendations
from tests.retention.tables import lines, orders, products

Choice = tuple[int, int, str]
"""List (0 for every one), product, kind."""

# Tea is 1 to 4, cups are 5 and 6, soap is 7 and cannot be bought. Of six buyers most bought 1.
CATALOGUE = products(
    (1, 10, True), (2, 10, True), (3, 10, True), (4, 10, True), (5, 20, True), (6, 20, True),
    (7, 30, False), (8, None, True),
)  # fmt: skip
BOUGHT = orders(
    (1, 1, 0, [1, 2, 3, 4, 5]), (2, 2, 0, [1, 2, 3, 4]), (3, 3, 0, [1, 2, 3]),
    (4, 4, 0, [1, 2]), (5, 5, 0, [1, 7]), (6, 6, 0, [6]),
)  # fmt: skip


def chosen(*rows: Choice) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CHOICES, orient="row")


def of(product: int, *choices: Choice, size: int = 4, percent: int = 100) -> list[int]:
    table = recommendations(
        PAIRS.to_frame(), BOUGHT, CATALOGUE, size, chosen(*choices), category_percent=percent
    )
    return table.filter(pl.col("product_id") == product)["other_id"].to_list()


def test_without_choices_the_list_is_the_most_bought() -> None:
    assert of(8) == [1, 2, 3, 4]


def test_a_banned_product_is_replaced_in_every_list_or_in_one() -> None:
    assert of(8, (0, 2, "ban")) == [1, 3, 4, 5]
    assert of(8, (8, 2, "ban"), (8, 1, "ban")) == [3, 4, 5, 6]
    assert of(5, (8, 2, "ban"), (8, 1, "ban")) == [6, 1, 2, 3]


def test_pinned_products_go_first_in_the_order_of_pinning() -> None:
    assert of(8, (0, 6, "pin"), (0, 5, "pin")) == [6, 5, 1, 2]
    # The list's own pin goes before those of every list.
    assert of(8, (0, 6, "pin"), (8, 5, "pin")) == [5, 6, 1, 2]
    # A product is never in its own list.
    assert of(6, (0, 6, "pin"), (0, 3, "pin")) == [3, 5, 1, 2]


def test_a_pinned_product_that_cannot_be_bought_is_left_out() -> None:
    assert of(8, (0, 7, "pin"), (0, 5, "pin")) == [5, 1, 2, 3]


def test_what_is_chosen_for_one_list_goes_before_what_is_chosen_for_all() -> None:
    assert of(8, (0, 2, "ban"), (8, 2, "pin")) == [2, 1, 3, 4]
    assert of(5, (0, 2, "ban"), (8, 2, "pin")) == [6, 1, 3, 4]
    assert of(8, (0, 2, "pin"), (8, 2, "ban")) == [1, 3, 4, 5]


def test_a_pin_says_how_many_bought_it() -> None:
    table = recommendations(
        PAIRS.to_frame(), BOUGHT, CATALOGUE, 2, chosen((0, 8, "pin"), (0, 2, "pin"))
    )

    reason = ["other_id", "reason_kind", "count", "base", "base_rate", "lift"]
    assert table.filter(pl.col("product_id") == 5).select(reason).rows() == [
        (8, "pinned", 0, 6, 0.0, 1.0),
        (2, "pinned", 4, 6, pytest.approx(4 / 6), 1.0),
    ]


def test_of_one_category_there_is_at_most_its_share() -> None:
    # Half of four places may be tea; behind it come the cups.
    assert of(8, percent=50) == [1, 2, 5, 6]
    assert of(8, percent=75) == [1, 2, 3, 5]
    # A quarter, one place each, does not fill the list: what was left over does.
    assert of(8, percent=25) == [1, 5, 2, 3]
    # At least one place, however small the share.
    assert of(8, size=2, percent=1) == [1, 5]


def test_pinned_products_count_in_their_category_and_are_not_moved() -> None:
    assert of(8, (0, 3, "pin"), (0, 4, "pin"), percent=25) == [3, 4, 5, 1]


def test_products_of_no_category_are_not_of_one() -> None:
    catalogue = products(*((number, None, True) for number in range(1, 6)))
    bought = lines(*((1, 1, 0, number, "5") for number in range(1, 6)))
    table = recommendations(PAIRS.to_frame(), bought, catalogue, 3, chosen(), category_percent=34)

    assert table.filter(pl.col("product_id") == 1)["other_id"].to_list() == [2, 3, 4]


def test_senseless_input_is_refused() -> None:
    with pytest.raises(ValueError, match="category_percent is 0"):
        of(8, percent=0)
    with pytest.raises(ValueError, match="size is 0"):
        of(8, size=0)
    with pytest.raises(ValueError, match="choices: column 'kind' is missing"):
        recommendations(PAIRS.to_frame(), BOUGHT, CATALOGUE, 2, chosen().drop("kind"))


number = st.integers(1, 12)
choice = st.tuples(st.integers(0, 12), number, st.sampled_from(["pin", "ban"]))


@given(
    st.lists(st.lists(number, min_size=1, max_size=5, unique=True), min_size=1, max_size=12),
    st.lists(choice, max_size=4, unique_by=lambda one: one[:2]),
    st.integers(1, 5),
    st.sampled_from([20, 40, 60, 100]),
)
def test_every_list_keeps_the_rules(
    bought: list[list[int]], choices: list[Choice], size: int, percent: int
) -> None:
    catalogue = products(*((one, one % 3, one != 12) for one in range(1, 13)))
    sold = orders(*((place, place, 0, basket) for place, basket in enumerate(bought, 1)))
    table = recommendations(bought_together(sold), sold, catalogue, size, chosen(*choices), percent)
    most = max(1, size * percent // 100)
    kinds = {(of_list, product): kind for of_list, product, kind in choices}
    known = {product for basket in bought for product in basket}

    for product in range(1, 13):
        found = table.filter(pl.col("product_id") == product)["other_id"].to_list()

        def kind_of(other: int, product: int = product) -> str | None:
            return kinds.get((product, other), kinds.get((0, other)))

        possible = {
            other
            for other in range(1, 12)
            if other != product
            and kind_of(other) != "ban"
            and (other in known or kind_of(other) == "pin")
        }
        assert set(found) <= possible
        assert len(found) == len(set(found)) == min(size, len(possible))
        pins = [other for other in found if kind_of(other) == "pin"]
        assert found[: len(pins)] == pins
        if percent == 100:
            continue
        for place, other in enumerate(found[len(pins) :], len(pins)):
            alike = sum(one % 3 == other % 3 for one in found[:place])
            if alike >= most:
                # Nothing else was there that would not have been too many as well.
                rest = possible - set(found[:place])
                assert all(
                    sum(one % 3 == left % 3 for one in found[:place]) >= most for left in rest
                )
