"""A Shopify theme, as far as our blocks need one: the tags, filters and objects Liquid lacks."""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquid import Environment, StrictUndefined, Undefined
from liquid.builtin.tags.doc_tag import DocTag

EXTENSION = Path(__file__).parents[2] / "storefront/shopify/extensions/bazgasht"
LANGUAGES = {"en": "en.default", "fa": "fa"}


class SchemaTag(DocTag):
    """The settings of a block: read by the theme editor, rendered as nothing."""

    name = "schema"
    end = "endschema"


@dataclass(frozen=True)
class ImageUrl:
    """The address of an image at a width, which remembers what it shows."""

    image: dict[str, Any]
    width: int

    def __str__(self) -> str:
        return f"{self.image['src']}?width={self.width}"


def texts(name: str) -> dict[str, str]:
    """A file of translations, flattened to keys with points: `your_points.heading`."""
    return dict(_flat(json.loads((EXTENSION / "locales" / f"{name}.json").read_text("utf-8")), ""))


def _flat(tree: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        path = f"{prefix}{key}"
        found += _flat(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return found


def source(block: str) -> str:
    """The Liquid of a block, by the name of its file."""
    return (EXTENSION / "blocks" / f"{block}.liquid").read_text("utf-8")


def schema(block: str) -> dict[str, Any]:
    """The schema of a block; ValueError if it has none or it is not JSON."""
    found = re.search(r"{% schema %}(.*){% endschema %}", source(block), re.DOTALL)
    if found is None:
        raise ValueError(f"{block}: has no schema")
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


@dataclass(frozen=True)
class Theme:
    """A theme of a shop in one language, with one form of prices.

    `undefined` raises at every name that the data lack, so that a misspelt one is noticed;
    Shopify itself takes them as nil, which `liquid.Undefined` does too.
    """

    language: str = "en"
    money_format: str = "${{amount}}"
    undefined: type[Undefined] = StrictUndefined

    def render(self, block: str, settings: dict[str, Any] | None = None, **objects: Any) -> str:
        """The HTML of a block, with the defaults of its schema where `settings` are silent."""
        defaults = {
            setting["id"]: setting.get("default", "")
            for setting in schema(block)["settings"]
            if "id" in setting
        }
        environment = Environment(undefined=self.undefined)
        environment.add_tag(SchemaTag)
        environment.add_filter("t", self._translate)
        environment.add_filter("money", self._money)
        environment.add_filter("image_url", image_url)
        environment.add_filter("image_tag", image_tag)
        return environment.from_string(source(block)).render(
            block={
                "id": "b1",
                "settings": defaults | (settings or {}),
                "shopify_attributes": 'data-shopify-editor-block="b1"',
            },
            routes={"account_login_url": "/account/login"},
            **objects,
        )

    def _translate(self, key: object, **values: object) -> str:
        text = texts(LANGUAGES[self.language])[str(key)]
        for name, value in values.items():
            shown = str(value) if str(key).endswith("_html") else html.escape(str(value))
            text = text.replace(f"{{{{ {name} }}}}", shown)
        assert "{{" not in text, f"{key}: a placeholder was not filled: {text}"
        return text

    def _money(self, cents: object) -> str:
        assert isinstance(cents, int), f"a price is a whole number of cents, not {cents!r}"
        amount = f"{cents // 100:,}.{cents % 100:02}"
        whole = f"{(cents + 50) // 100:,}"
        shown = self.money_format.replace("{{amount}}", amount)
        return shown.replace("{{amount_no_decimals}}", whole)


def image_url(image: object, *, width: int) -> ImageUrl:
    """Shopify's filter, for an image of the shop."""
    assert isinstance(image, dict)
    return ImageUrl(image, width)


def image_tag(url: object, *, widths: str, **attributes: object) -> str:
    """Shopify's filter: an image with its size, and sources of some `widths`."""
    assert isinstance(url, ImageUrl)
    height = round(url.width * url.image["height"] / url.image["width"])
    sources = [f"{ImageUrl(url.image, int(width))} {int(width)}w" for width in widths.split(",")]
    written = {
        "src": url,
        "srcset": ", ".join(sources),
        "width": url.width,
        "height": height,
    } | attributes
    pairs = (f'{name}="{html.escape(str(value))}"' for name, value in written.items())
    return f"<img {' '.join(pairs)}>"
