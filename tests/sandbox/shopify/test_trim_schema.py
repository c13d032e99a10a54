"""The trimmed schema: how it is cut, that it is up to date, and that all of it is answered."""

import os
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, parse, validate

from sandbox.shopify.api.schema import AdminSchema, known_resolvers
from sandbox.shopify.server import admin_schema
from sandbox.shopify.trim_schema import SCHEMA_FILE, documents_in, read_schema, trimmed

ROOT = Path(__file__).parents[3]
FOLDERS = [
    ROOT / "bazgasht" / "demo",
    ROOT / "connector" / "shopify" / "documents",
    ROOT / "tests" / "sandbox" / "shopify" / "documents",
]
FULL = '''
schema { query: QueryRoot mutation: Mutation }
directive @access(scope: String) on FIELD_DEFINITION
"""Asks."""
type QueryRoot {
  node(id: ID!): Node
  pet(kind: Kind = CAT, filter: Filter): Pet
  unused: Cow
}
type Mutation { feed(id: ID!): Pet }
interface Node { "A global id." id: ID! }
interface Named { name: String! }
type Pet implements Node & Named { id: ID! name: String! friend: Friend owner: Owner }
type Owner { phone: String id: ID! }
type Cow implements Node { id: ID! }
union Friend = Pet | Cow
enum Kind { CAT "Barks." DOG }
input Filter { age: Age deep: Filter }
scalar Age
scalar Never
'''
QUERY = """
query Q($filter: Filter) {
  pet(kind: DOG, filter: $filter) { ...Fields friend { ... on Pet { owner { __typename } } } }
  node(id: "1") { id }
}
fragment Fields on Pet { name }
"""
TRIMMED = """
schema {
  query: QueryRoot
}

scalar Age

input Filter {
  age: Age
  deep: Filter
}

union Friend = Pet

enum Kind {
  CAT
  DOG
}

interface Node {
  id: ID!
}

type Owner {
  id: ID!
}

type Pet implements Node {
  id: ID!
  name: String!
  friend: Friend
  owner: Owner
}

type QueryRoot {
  node(id: ID!): Node
  pet(kind: Kind = CAT, filter: Filter): Pet
}
"""


def full_schema() -> Path:
    """Shopify's own schema, where it is at hand; else the test is skipped."""
    named = os.environ.get("BAZGASHT_SHOPIFY_SCHEMA")
    path = Path(named or ROOT.parent / "shared" / "shopify" / "admin-2026-10.graphql.gz")
    if not path.exists():
        pytest.skip(
            "Shopify's full schema is not at hand, so nothing shows that the trimmed one is up "
            "to date; name it in BAZGASHT_SHOPIFY_SCHEMA"
        )
    return path


def test_only_what_is_touched_is_kept() -> None:
    cut = trimmed(FULL, [QUERY])
    assert cut.split("\n\n", 1)[1].strip() == TRIMMED.strip()


def test_a_field_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="Pet has no field colour"):
        trimmed(FULL, ["{ pet { colour } }"])


def test_the_committed_schema_is_up_to_date() -> None:
    path = full_schema()
    assert trimmed(read_schema(path), documents_in(FOLDERS)) == SCHEMA_FILE.read_text()


@pytest.mark.parametrize(
    "path",
    [path for folder in FOLDERS for path in sorted(folder.glob("*.graphql"))],
    ids=lambda path: f"{path.parts[-4]}-{path.stem}",
)
def test_every_document_is_valid(path: Path) -> None:
    assert validate(admin_schema().schema, parse(path.read_text())) == []


def test_every_field_is_answered_and_every_answer_is_asked_for() -> None:
    fields = {
        (kind.name, name)
        for kind in admin_schema().schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name in kind.fields
    }
    assert known_resolvers().keys() - fields == set()


def test_a_field_that_is_not_answered_is_named() -> None:
    with pytest.raises(KeyError, match=r"does not answer Cow\.id"):
        AdminSchema("type QueryRoot { shop: Cow } type Cow { id: ID } schema { query: QueryRoot }")
