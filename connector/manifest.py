"""The app's listing, `manifest.json` at the root of the repository, as typed data.

Registration of webhooks, the check of settings and the settings page all read it. The package
carries it as `connector/manifest.json`, a link to the file at the root that a wheel turns into
a copy, so it is found in a checkout and in an installed wheel alike.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Listed):
    """A text in English and in Persian."""

    en: str
    fa: str


class PlatformEntry(_Listed):
    """What the app asks of one platform, and the names under which it writes there.

    `undone_statuses` are those of an order that is undone and whose codes yet stay used;
    `codes_come_back` says that the codes of one that is called off can surely be used again.
    `gives_store_credit` says that the platform has credit of its own, which points can buy.
    """

    scope: str
    topics: tuple[str, ...]
    purchase_statuses: tuple[str, ...]
    undone_statuses: tuple[str, ...]
    codes_come_back: bool
    gives_store_credit: bool
    customer_fields: Mapping[str, str]


class IntegerSetting(_Listed):
    """A whole number between `minimum` and `maximum`, both allowed."""

    type: Literal["integer"]
    label: Label
    default: int
    minimum: int
    maximum: int

    def read(self, value: object) -> int:
        """The value as a whole number; ValueError says what is wrong."""
        number = _number(value, Decimal(self.minimum), Decimal(self.maximum))
        if number != int(number):
            raise ValueError(f"must be a whole number, not {number:f}")
        return int(number)


class DecimalSetting(_Listed):
    """An exact number between `minimum` and `maximum`, both allowed."""

    type: Literal["decimal"]
    label: Label
    default: Decimal
    minimum: Decimal
    maximum: Decimal

    def read(self, value: object) -> Decimal:
        """The value as a decimal; ValueError says what is wrong."""
        return _number(value, self.minimum, self.maximum)


class BooleanSetting(_Listed):
    """On or off."""

    type: Literal["boolean"]
    label: Label
    default: bool

    def read(self, value: object) -> bool:
        """The value as a truth; ValueError says what is wrong."""
        words = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
        word = str(value).strip().lower()
        if word not in words:
            raise ValueError("must be true or false")
        return words[word]


class ChoiceSetting(_Listed):
    """One of some words."""

    type: Literal["choice"]
    label: Label
    default: str
    choices: Mapping[str, Label]

    def read(self, value: object) -> str:
        """The value as one of the choices; ValueError names them."""
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(f"must be one of: {', '.join(self.choices)}")
        return value


class ListSetting(_Listed):
    """Some words, none twice, and `least` of them; where there is a `pattern`, each follows it.

    The `example` is told to whoever writes another word.
    """

    type: Literal["list"]
    label: Label
    default: tuple[str, ...]
    least: int = 1
    pattern: str = ""
    example: str = ""

    def read(self, value: object) -> tuple[str, ...]:
        """The value as words, from a list or from text with commas; ValueError tells the form."""
        parts = value.replace("،", ",").split(",") if isinstance(value, str) else value
        listed = parts if isinstance(parts, (list, tuple)) else ()
        words = tuple(dict.fromkeys(word for part in listed if (word := str(part).strip())))
        if len(words) < self.least or not all(len(word) <= 64 for word in words):
            raise ValueError("must be a list of at least one word, each of 1 to 64 letters")
        for word in words if self.pattern else ():
            if not re.fullmatch(self.pattern, word):
                raise ValueError(f"{word!r} must be written like {self.example}")
        return words


Setting = Annotated[
    IntegerSetting | DecimalSetting | BooleanSetting | ChoiceSetting | ListSetting,
    Field(discriminator="type"),
]


class Manifest(_Listed):
    """The whole listing."""

    name: Label
    tagline: Label
    description: Label
    version: str
    platforms: Mapping[str, PlatformEntry]
    settings: Mapping[str, Setting]


@lru_cache(maxsize=1)
def load() -> Manifest:
    """The manifest, read once."""
    text = resources.files("connector").joinpath("manifest.json").read_bytes()
    return Manifest.model_validate_json(text)


def _number(value: object, minimum: Decimal, maximum: Decimal) -> Decimal:
    # Decimal reads the digits of every script, but not the Arabic separators.
    text = str(value).strip().replace("٬", "").replace("٫", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_nan() or not minimum <= number <= maximum:
        raise ValueError(f"must be a number from {minimum:f} to {maximum:f}")
    return number
