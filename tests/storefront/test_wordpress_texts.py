"""The texts and the papers of the plugin for WooCommerce."""

import re
import struct

from babel.messages.pofile import read_po

from tests.storefront.plugin import PLUGIN, persian

LANGUAGES = PLUGIN / "languages"
FUNCTIONS = "esc_html_e|esc_attr_e|esc_html__|esc_attr__|__|_e"
CALL = re.compile(rf"\b(?:{FUNCTIONS})\(\s*'([^']*)',\s*'(\w+)'")
SOURCES = {path: path.read_text("utf-8") for path in PLUGIN.rglob("*.php")}


def catalogue() -> dict[str, str]:
    with (LANGUAGES / "bazgasht-fa_IR.po").open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id}


def test_every_text_is_there_in_persian_and_no_other() -> None:
    found = [match for source in SOURCES.values() for match in CALL.findall(source)]
    assert {domain for _, domain in found} == {"bazgasht"}
    assert {text for text, _ in found} == catalogue().keys()


def test_both_languages_have_the_same_places() -> None:
    for english, translated in catalogue().items():
        assert sorted(re.findall(r"%(?:\d\$)?s", translated)) == re.findall(r"%(?:\d\$)?s", english)
        assert re.search(r"[آ-ی]", translated), english


def test_the_compiled_texts_are_up_to_date() -> None:
    again = "run: msgfmt --no-hash -o bazgasht-fa_IR.mo bazgasht-fa_IR.po"
    assert persian() == catalogue(), again


def test_the_compiled_texts_are_as_wordpress_demands() -> None:
    # Unlike gettext, WordPress refuses a file whose table of hashes, though empty, has no place.
    header = struct.unpack("<7I", (LANGUAGES / "bazgasht-fa_IR.mo").read_bytes()[:28])
    _, _, count, originals, translations, _, hashes = header
    assert (translations - originals, hashes - translations) == (8 * count, 8 * count)


def test_the_papers_agree_on_version_and_licence() -> None:
    header, readme = SOURCES[PLUGIN / "bazgasht.php"], (PLUGIN / "readme.txt").read_text("utf-8")
    (version,) = re.findall(r"Version: +([\d.]+)\n", header)
    assert f"const VERSION = '{version}';" in header
    assert f"Stable tag: {version}\n" in readme
    assert "License:           GPL-2.0-or-later" in header
    assert "License: GPLv2 or later" in readme
    assert "GNU GENERAL PUBLIC LICENSE" in (PLUGIN / "license.txt").read_text("utf-8")


def test_nothing_is_loaded_from_elsewhere_and_every_file_is_closed_to_direct_calls() -> None:
    for path, source in SOURCES.items():
        assert re.search(r"\b(?:ABSPATH|WP_UNINSTALL_PLUGIN)\b", source) or (
            path.name == "signature.php"
        ), path
    for path in (*SOURCES, *PLUGIN.glob("assets/*")):
        text = re.sub(r"^ \*.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        assert re.findall(r"(?:https?:)?//[\w]", text) == [], path


def test_what_is_saved_is_removed_with_the_plugin() -> None:
    saved = set()
    for source in SOURCES.values():
        saved |= set(re.findall(r"const (?:OPTION|TRANSIENT)_\w+ +?= '(\w+)'", source))
    removed = re.findall(r"delete_\w+\( '(\w+)' \)", SOURCES[PLUGIN / "uninstall.php"])
    assert sorted(removed) == sorted(saved)
