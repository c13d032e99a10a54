"""The theme app extension keeps Shopify's rules and ours, file by file."""

import gzip
import re
import tomllib
from pathlib import Path
from string import ascii_lowercase

import pytest

from tests.storefront.theme import EXTENSION, schema, source, texts

BLOCKS = sorted(path.stem for path in (EXTENSION / "blocks").iterdir())
FILES = sorted(path for path in EXTENSION.rglob("*") if path.is_file())
# The directories and kinds of files that Shopify's command line accepts.
ACCEPTED = {
    ".": {".toml"},
    "assets": {".css", ".js"},
    "blocks": {".liquid"},
    "locales": {".json"},
}
FORBIDDEN_TAGS = {"javascript", "stylesheet", "include", "layout", "section", "sections"}
TEMPLATES = {"product"}
MARKS = {
    "text": {"type", "id", "label", "info", "default", "placeholder"},
    "range": {"type", "id", "label", "info", "default", "min", "max", "step", "unit"},
    "checkbox": {"type", "id", "label", "info", "default"},
    "paragraph": {"type", "content"},
}


def storefront_keys(block: str) -> set[str]:
    """The keys that a block's Liquid translates."""
    return set(re.findall(r"'([\w.]+)' \| t\b", source(block)))


def schema_keys(block: str) -> set[str]:
    """The keys that a block's schema translates."""
    return set(re.findall(r'"t:([\w.]+)"', source(block)))


def used(keys_of_blocks: list[set[str]]) -> set[str]:
    return set().union(*keys_of_blocks)


def test_has_two_blocks() -> None:
    assert BLOCKS == ["you-may-also-like", "your-points"]


def test_says_that_it_is_a_theme_app_extension() -> None:
    settings = tomllib.loads((EXTENSION / "shopify.extension.toml").read_text("utf-8"))

    assert settings == {"name": "Bazgasht", "type": "theme"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_holds_only_files_that_shopify_accepts(path: Path) -> None:
    folder = str(path.relative_to(EXTENSION).parent)

    assert path.suffix in ACCEPTED[folder]


def test_stays_below_the_limits_of_size() -> None:
    liquid = sum(path.stat().st_size for path in (EXTENSION / "blocks").iterdir())
    packed = {
        path.suffix: len(gzip.compress(path.read_bytes()))
        for path in (EXTENSION / "assets").iterdir()
    }

    assert liquid < 100_000
    assert packed[".css"] < 100_000
    assert packed[".js"] < 10_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_asks_nothing_of_other_sites(path: Path) -> None:
    assert re.findall(r"(?:https?:)?//[\w{]", path.read_text("utf-8")) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_uses_no_script_of_its_own_and_no_forbidden_tag(block: str) -> None:
    tags = set(re.findall(r"{%-?\s*(\w+)", source(block)))

    assert not tags & FORBIDDEN_TAGS
    assert "<script" not in source(block)


def test_translates_every_text_that_shoppers_see_and_no_other() -> None:
    keys = used([storefront_keys(block) for block in BLOCKS])

    assert set(texts("en.default")) == keys
    assert set(texts("fa")) == keys


def test_translates_every_text_that_merchants_see_and_no_other() -> None:
    keys = used([schema_keys(block) for block in BLOCKS])

    assert set(texts("en.default.schema")) == keys
    assert set(texts("fa.schema")) == keys


@pytest.mark.parametrize("kind", ["", ".schema"])
def test_says_the_same_in_both_languages(kind: str) -> None:
    english, persian = texts(f"en.default{kind}"), texts(f"fa{kind}")

    for key, text in english.items():
        places = re.findall(r"{{ \w+ }}", text)
        assert re.findall(r"{{ \w+ }}", persian[key]) == places, key
        letters = re.sub(r"{{ \w+ }}", "", persian[key]).lower()
        assert key in {"language", "direction"} or not set(letters) & set(ascii_lowercase), key


@pytest.mark.parametrize("name", ["en.default", "fa"])
def test_writes_texts_that_need_no_escaping(name: str) -> None:
    assert [text for text in texts(name).values() if set(text) & set("<>&\"'")] == []


@pytest.mark.parametrize("block", BLOCKS)
def test_gives_schemas_that_the_theme_editor_reads(block: str) -> None:
    block_schema = schema(block)

    assert set(block_schema) <= {
        "name", "target", "stylesheet", "javascript", "enabled_on", "settings",
    }  # fmt: skip
    assert block_schema["target"] == "section"
    assert set(block_schema.get("enabled_on", {}).get("templates", [])) <= TEMPLATES
    assets = {block_schema.get(kind) for kind in ("stylesheet", "javascript")} - {None}
    assert assets <= {path.name for path in (EXTENSION / "assets").iterdir()}
    for name in ("en.default.schema", "fa.schema"):
        assert 0 < len(texts(name)[block_schema["name"].removeprefix("t:")]) <= 25


@pytest.mark.parametrize("block", BLOCKS)
def test_gives_settings_that_the_theme_editor_reads(block: str) -> None:
    settings = schema(block)["settings"]

    ids = [setting["id"] for setting in settings if "id" in setting]
    assert len(ids) == len(set(ids))
    assert len(settings) <= 25
    for setting in settings:
        assert set(setting) <= MARKS[setting["type"]]
        assert "content" in setting or {"id", "label"} <= set(setting)
        assert setting.get("default") != ""
        if setting["type"] == "range":
            steps, rest = divmod(setting["max"] - setting["min"], setting["step"])
            assert rest == 0
            assert 2 <= steps <= 100
            assert setting["min"] <= setting["default"] <= setting["max"]
            assert (setting["default"] - setting["min"]) % setting["step"] == 0


@pytest.mark.parametrize("block", BLOCKS)
def test_uses_every_setting_and_no_other(block: str) -> None:
    ids = {setting["id"] for setting in schema(block)["settings"] if "id" in setting}

    assert set(re.findall(r"block\.settings\.(\w+)", source(block))) == ids


def test_lays_out_by_reading_direction_only() -> None:
    css = (EXTENSION / "assets/bazgasht.css").read_text("utf-8")

    assert re.findall(r"\b(?:left|right)\b", css) == []
