import pytest

from retention.categories import CategoryLevel, category_of
from retention.records import Category


def tree(**parents: str | None) -> dict[str, Category]:
    return {name: Category(name, name.title(), parent) for name, parent in parents.items()}


STORE = tree(food=None, drinks="food", coffee="drinks", tea="drinks", gear=None, mills="gear")


@pytest.mark.parametrize(
    ("listed", "leaf", "top"),
    [
        (["food", "drinks", "coffee"], "coffee", "food"),
        (["mills", "coffee"], "coffee", "food"),
        (["tea", "coffee"], "tea", "food"),
        (["coffee", "tea"], "coffee", "food"),
        (["gear", "food"], "gear", "gear"),
        (["gone", "mills"], "mills", "gear"),
        (["gone"], None, None),
        ([], None, None),
    ],
)
def test_the_deepest_category_stands_for_the_product(
    listed: list[str], leaf: str | None, top: str | None
) -> None:
    assert category_of(listed, STORE, "leaf") == leaf
    assert category_of(listed, STORE, "top") == top


@pytest.mark.parametrize("level", ["leaf", "top"])
def test_a_parent_the_store_does_not_list_ends_the_path(level: CategoryLevel) -> None:
    assert category_of(["orphan"], tree(orphan="gone"), level) == "orphan"


def test_all_of_a_circle_of_parents_agree_on_its_root() -> None:
    circle = tree(a="b", b="c", c="a", under="b")

    assert {category_of([name], circle, "top") for name in circle} == {"a"}
    # Paths: under-b-c-a is four long, a-b-c three.
    assert category_of(["a", "under"], circle, "leaf") == "under"


def test_a_category_that_is_its_own_parent_is_its_own_root() -> None:
    assert category_of(["x"], tree(x="x"), "top") == "x"
