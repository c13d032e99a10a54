"""The query string as PHP's $_GET reads it: the last of equal names wins, `a[]` is a list."""

import re
from urllib.parse import parse_qsl, quote

PhpValue = str | dict[str, str]
INDEXED_NAME = re.compile(r"^([^\[]+)\[([^\]]*)\]$")


def parse(query_string: str) -> dict[str, PhpValue]:
    """Read `a=1&b[]=2&b[]=3` as {"a": "1", "b": {"0": "2", "1": "3"}}."""
    found: dict[str, PhpValue] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        indexed = INDEXED_NAME.match(name)
        if indexed is None:
            found[name] = value
            continue
        base, index = indexed.groups()
        members = found.get(base)
        if not isinstance(members, dict):
            members = found[base] = {}
        members[index or str(len(members))] = value
    return found


def raw_encode(text: str) -> str:
    """PHP's rawurlencode."""
    return quote(text, safe="")


def signature_pairs(parameters: dict[str, PhpValue]) -> list[str]:
    """The parameters as WooCommerce joins them for an OAuth 1 signature."""
    pairs = []
    for name in sorted(parameters, key=str.encode):
        value = parameters[name]
        members = {"": value} if isinstance(value, str) else value
        for index, member in members.items():
            full_name = f"{name}[{index}]" if isinstance(value, dict) else name
            once = f"{raw_encode(full_name)}={raw_encode(member)}"
            pairs.append(raw_encode(once))
    return pairs


def texts(value: PhpValue | None) -> list[str]:
    """The members of a list parameter, given as `a=1,2`, `a=1 2` or `a[]=1&a[]=2`."""
    if value is None:
        return []
    if isinstance(value, dict):
        return list(value.values())
    return [text for text in re.split(r"[\s,]+", value) if text]
