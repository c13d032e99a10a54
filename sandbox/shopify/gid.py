"""Global ids such as gid://shopify/Order/123."""

import re

PATTERN = re.compile(r"gid://shopify/([A-Za-z]+)/([^/?]+)")
LARGEST_ID = 2**63 - 1


def gid(type_name: str, number: int | str) -> str:
    """The global id of an object."""
    return f"gid://shopify/{type_name}/{number}"


def parts(text: str) -> tuple[str, str] | None:
    """The type's name and the id in it; None when the text is no global id."""
    found = PATTERN.fullmatch(text)
    return (found[1], found[2]) if found else None


def number_in(text: str, type_name: str) -> int | None:
    """The number of a global id of one type; None for anything else."""
    found = parts(text)
    if found is None or found[0] != type_name or not found[1].isascii():
        return None
    return int(found[1]) if found[1].isdigit() and int(found[1]) <= LARGEST_ID else None
