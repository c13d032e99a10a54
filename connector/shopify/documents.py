"""The GraphQL documents, one a file in `documents/`, which the package carries."""

from functools import cache
from importlib import resources


@cache
def document(name: str) -> str:
    """The text of `documents/<name>.graphql`; FileNotFoundError if there is none."""
    folder = resources.files("connector.shopify").joinpath("documents")
    return folder.joinpath(f"{name}.graphql").read_text(encoding="utf-8")


def names() -> tuple[str, ...]:
    """The names of all documents, sorted."""
    folder = resources.files("connector.shopify").joinpath("documents")
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".graphql") for name in found if "." in name))
