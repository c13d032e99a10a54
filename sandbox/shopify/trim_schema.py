"""Cut the Admin API's schema down to what documents touch.

    python -m sandbox.shopify.trim_schema FULL_SCHEMA DOCUMENT_FOLDER...

writes `schema.graphql` beside this module. FULL_SCHEMA is Shopify's own, as SDL, gzipped or not.
"""

import argparse
import gzip
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    visit,
)
from graphql.language import ast

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")
HEADING = """\
# The parts of Shopify's Admin API schema 2026-10 that the project's documents touch.
# Made by: python -m sandbox.shopify.trim_schema FULL_SCHEMA DOCUMENT_FOLDER...
# Source: npm package @shopify/dev-mcp 1.16.0 (ISC), Copyright (c) Shopify.
"""
BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}


class _Touched(Visitor):
    """Collects what a document uses: fields by type, and the names of types."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.fields: defaultdict[str, set[str]] = defaultdict(set)
        self.names: set[str] = set()

    def enter_field(self, node: ast.FieldNode, *_rest: Any) -> None:
        """Note a field, the type it is on and the type it gives."""
        parent, result = self._types.get_parent_type(), self._types.get_type()
        if parent is None:
            return
        self.names.add(parent.name)
        if not node.name.value.startswith("__"):
            self.fields[parent.name].add(node.name.value)
            if result is not None:
                self.names.add(get_named_type(result).name)

    def enter_named_type(self, node: ast.NamedTypeNode, *_rest: Any) -> None:
        """Note the type of a variable or a fragment."""
        self.names.add(node.name.value)


def trimmed(full_schema: str, documents: Iterable[str]) -> str:
    """The schema's part that the documents touch, as SDL, sorted by name.

    Fields keep all their arguments, input types and enums all their members. An object type keeps
    the fields of those interfaces that are touched themselves.

    Raises ValueError when a document uses a field that the schema does not have.
    """
    source = parse(full_schema, no_location=True)
    schema = build_schema(full_schema, assume_valid=True)
    touched = _touched_by(schema, [parse(text) for text in documents])
    definitions = {node.name.value: node for node in source.definitions if hasattr(node, "name")}
    _close(touched, definitions)
    roots = {"QueryRoot": "query", "Mutation": "mutation"}
    kept = [f"  {role}: {name}" for name, role in roots.items() if name in touched.names]
    parts = ["schema {\n" + "\n".join(kept) + "\n}"]
    parts += [
        print_ast(_cut(definitions[name], touched))
        for name in sorted(touched.names)
        if name not in BUILT_IN
    ]
    return HEADING + "\n" + "\n\n".join(parts) + "\n"


def _touched_by(schema: GraphQLSchema, documents: Iterable[DocumentNode]) -> _Touched:
    types = TypeInfo(schema)
    touched = _Touched(types)
    for document in documents:
        visit(document, TypeInfoVisitor(types, touched))
    for type_name, names in touched.fields.items():
        unknown = names - set(getattr(schema.type_map[type_name], "fields", {}))
        if unknown:
            raise ValueError(f"{type_name} has no field {', '.join(sorted(unknown))}")
    return touched


def _close(touched: _Touched, definitions: dict[str, Any]) -> None:
    """Add what the touched parts need, until nothing is missing."""
    before = -1
    while before != (before := len(touched.names) + sum(map(len, touched.fields.values()))):
        for name in sorted(touched.names - BUILT_IN):
            node = definitions[name]
            if isinstance(node, ast.InputObjectTypeDefinitionNode):
                touched.names |= {_named(field.type) for field in node.fields or ()}
            elif isinstance(node, ast.ObjectTypeDefinitionNode | ast.InterfaceTypeDefinitionNode):
                _close_fields(touched, node)


def _close_fields(
    touched: _Touched, node: ast.ObjectTypeDefinitionNode | ast.InterfaceTypeDefinitionNode
) -> None:
    fields = touched.fields[node.name.value]
    for interface in node.interfaces or ():
        if interface.name.value in touched.names:
            fields |= touched.fields[interface.name.value]
    known = [field.name.value for field in node.fields or ()]
    if not fields:
        fields.add("id" if "id" in known else known[0])
    for field in node.fields or ():
        if field.name.value in fields:
            arguments = field.arguments or ()
            touched.names |= {_named(field.type), *(_named(one.type) for one in arguments)}


def _named(node: ast.TypeNode) -> str:
    while not isinstance(node, ast.NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value


def _cut(node: Any, touched: _Touched) -> Any:
    if isinstance(node, ast.ObjectTypeDefinitionNode | ast.InterfaceTypeDefinitionNode):
        kept = {
            "fields": _kept(node.fields, touched.fields[node.name.value]),
            "interfaces": _kept(node.interfaces, touched.names),
        }
    elif isinstance(node, ast.UnionTypeDefinitionNode):
        kept = {"types": _kept(node.types, touched.names)}
    else:
        kept = {}
    return _undescribed(node, kept)


def _kept(nodes: Iterable[Any] | None, wanted: Iterable[str]) -> tuple[Any, ...]:
    return tuple(node for node in nodes or () if node.name.value in wanted)


def _undescribed(node: Any, changes: dict[str, Any] | None = None) -> Any:
    """A copy of a definition and of everything in it, without descriptions."""
    values = {key: getattr(node, key, None) for key in node.keys if key != "loc"}
    values |= changes or {}
    for key, value in values.items():
        if key == "description":
            values[key] = None
        elif isinstance(value, tuple | list):
            values[key] = tuple(
                _undescribed(one) if isinstance(one, ast.Node) else one for one in value
            )
    return type(node)(**values)


def read_schema(path: Path) -> str:
    """The text of a schema file, gzipped or not."""
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def documents_in(folders: Iterable[Path]) -> list[str]:
    """The texts of all .graphql files in folders."""
    return [path.read_text() for folder in folders for path in sorted(folder.glob("*.graphql"))]


def main() -> None:
    """Write the trimmed schema."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.shopify.trim_schema", description="Trim the Admin API's schema."
    )
    parser.add_argument("full_schema", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    found = documents_in(options.folders)
    SCHEMA_FILE.write_text(trimmed(read_schema(options.full_schema), found))


if __name__ == "__main__":
    main()
