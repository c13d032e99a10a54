"""The search syntax of `query` arguments: updated_at:>'2026-11-21T10:00:00Z' AND tag:x."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shopify import times
from sandbox.shopify.api.call import Call, bad_request

TERM = re.compile(
    r"""(?P<minus>-)?(?P<field>\w+):(?P<sign>>=|<=|>|<)?(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s'"()]+))"""
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
# What a searchable field of an object holds: a moment, a number, or texts.
Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Moment:
    """A field that is compared as a moment."""

    read: Reader


@dataclass(frozen=True)
class Number:
    """A field that is compared as a number."""

    read: Reader


@dataclass(frozen=True)
class Texts:
    """A field that matches any of its texts, without regard to case."""

    read: Reader


Fields = Mapping[str, Moment | Number | Texts]
Matcher = Callable[[Any], bool]


def matcher(call: Call, query: str | None, fields: Fields) -> Matcher:
    """Whether an object is found by a query; every term must hold.

    A field that is not searchable is left out and warned of, as Shopify does.
    """
    terms = [_term(call, found, query or "", fields) for found in _terms(query or "")]
    wanted = [term for term in terms if term is not None]
    return lambda item: all(term(item) for term in wanted)


def _terms(query: str) -> list[re.Match[str]]:
    found, place = [], 0
    while rest := query[place:].lstrip():
        place = len(query) - len(rest)
        if re.match(r"AND\b", rest):
            place += len("AND")
            continue
        term = TERM.match(query, place)
        if term is None:
            raise bad_request(f"the pretend shop does not read {rest[:60]!r} in a search")
        found.append(term)
        place = term.end()
    return found


def _term(call: Call, term: re.Match[str], query: str, fields: Fields) -> Matcher | None:
    name = term["field"]
    if name not in fields:
        warning = {"field": name, "message": "Invalid search field for this query."}
        call.warnings.append({"query": query, "warnings": [warning]})
        return None
    value = next(term[kind] for kind in ("single", "double", "bare") if term[kind] is not None)
    holds = _comparison(fields[name], term["sign"] or "", value, call.shop.store.zone)
    if term["minus"]:
        return lambda item: not holds(item)
    return holds


def _comparison(field: Moment | Number | Texts, sign: str, value: str, zone: ZoneInfo) -> Matcher:
    if isinstance(field, Texts):
        wanted = value.casefold()
        return lambda item: wanted in {text.casefold() for text in field.read(item)}
    try:
        bound = times.read(value, zone) if isinstance(field, Moment) else float(value)
    except ValueError:
        raise bad_request(f"{value!r} in a search is neither a date nor a number") from None
    compare = COMPARE[sign]
    return lambda item: compare(field.read(item), bound)
