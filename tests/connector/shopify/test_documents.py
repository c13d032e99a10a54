import gzip
import os
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from connector.shopify.documents import document, names

ROOT = Path(__file__).parents[3]
TRIMMED = ROOT / "sandbox" / "shopify" / "schema.graphql"
FULL = Path(
    os.environ.get("BAZGASHT_SHOPIFY_SCHEMA")
    or ROOT.parent / "shared" / "shopify" / "admin-2026-10.graphql.gz"
)


@cache
def schema(path: Path) -> GraphQLSchema:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return build_schema(text.decode(), assume_valid=True)


def problems(name: str, path: Path) -> list[str]:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    return [error.message for error in validate(schema(path), parse(document(name)), rules)]


def test_there_is_a_document_for_every_name() -> None:
    assert len(names()) == len(set(names())) == 42
    with pytest.raises(FileNotFoundError):
        document("order")


@pytest.mark.parametrize("name", names())
def test_a_document_fits_the_trimmed_schema(name: str) -> None:
    assert problems(name, TRIMMED) == []


@pytest.mark.parametrize("name", names())
def test_a_document_fits_shopifys_own_schema(name: str) -> None:
    if not FULL.exists():
        pytest.skip("set BAZGASHT_SHOPIFY_SCHEMA to Shopify's schema 2026-10 to compare with it")
    assert problems(name, FULL) == []


@pytest.mark.parametrize("name", names())
def test_a_document_holds_one_operation_named_after_its_file(name: str) -> None:
    (definition,) = parse(document(name)).definitions
    operation = getattr(definition, "name").value  # noqa: B009  # Not every definition has one.
    assert operation == "".join(part.capitalize() for part in name.split("_"))


def test_a_field_that_shopify_lacks_is_found() -> None:
    (error,) = validate(schema(TRIMMED), parse("{ shop { nme } }"))
    assert error.message.startswith("Cannot query field 'nme' on type 'Shop'.")
