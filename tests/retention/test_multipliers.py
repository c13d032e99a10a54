from fractions import Fraction

import pytest

from retention.multipliers import Multipliers

WORDS = ["category:5=2", "category:6=1.5", "category:7=0", "product:70=3", "product:71=0"]


@pytest.mark.parametrize(
    ("product", "categories", "multiplier"),
    [
        ("1", [], "1"),
        ("1", ["9"], "1"),
        ("1", ["5"], "2"),
        ("1", ["6", "5"], "2"),
        ("1", ["6", "9"], "3/2"),
        ("1", ["5", "7"], "0"),
        ("70", ["7"], "3"),
        ("71", ["5"], "0"),
    ],
)
def test_a_products_own_multiplier_then_exclusion_then_the_highest(
    product: str, categories: list[str], multiplier: str
) -> None:
    assert Multipliers.parse(WORDS).of(product, categories) == Fraction(multiplier)


@pytest.mark.parametrize("word", ["5=2", "shop:5=2", "category:=2", "category:5", "product:5=x"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"multiplier|Invalid literal"):
        Multipliers.parse([word])
