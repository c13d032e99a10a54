"""What shoppers are told."""

import re
from typing import Any, get_args

import pytest

from webhooks.shopper_texts import Problem, language_of, told


def names(kind: Any) -> list[Problem]:
    """The problems that there are, of a union of literals."""
    return [name for part in get_args(kind) for name in (names(part) or [part])]


def test_every_problem_has_a_text_in_both_languages() -> None:
    assert len(names(Problem)) == 20
    for name in names(Problem):
        english, persian = told(name, "en", 1250), told(name, "fa", 1250)
        assert ("1,250" in english) == ("۱٬۲۵۰" in persian)
        assert re.search(r"[آ-ی]", persian)
        assert not re.search(r"[A-Za-z{}]", persian)
        assert english.endswith(".")


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("fa", "fa"),
        ("fa-IR,en;q=0.5", "fa"),
        ("FA_IR", "fa"),
        ("en-GB,fa;q=0.5", "en"),
        ("", "en"),
        ("de", "en"),
    ],
)
def test_the_first_language_counts(locale: str, language: str) -> None:
    assert language_of(locale) == language
