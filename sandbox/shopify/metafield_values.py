"""Whether a value fits a metafield's type."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

MOST_REFERENCES = 128
LARGEST_INTEGER = 9_007_199_254_740_991
Exists = Callable[[str], bool]
Check = Callable[[str, Exists], str | None]


def _line(value: str, _exists: Exists) -> str | None:
    return "Value cannot have line breaks." if "\n" in value else None


def _anything(_value: str, _exists: Exists) -> str | None:
    return None


def _integer(value: str, _exists: Exists) -> str | None:
    try:
        return None if abs(int(value)) <= LARGEST_INTEGER else "Value is too large."
    except ValueError:
        return "Value must be an integer."


def _decimal(value: str, _exists: Exists) -> str | None:
    try:
        return None if Decimal(value).is_finite() else "Value must be a decimal."
    except InvalidOperation:
        return "Value must be a decimal."


def _boolean(value: str, _exists: Exists) -> str | None:
    return None if value in {"true", "false"} else "Value must be true or false."


def _day(value: str, _exists: Exists) -> str | None:
    try:
        date.fromisoformat(value)
    except ValueError:
        return 'Value must be in "YYYY-MM-DD" format.'
    return None


def _moment(value: str, _exists: Exists) -> str | None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return 'Value must be in "YYYY-MM-DDTHH:MM:SS" format.'
    return None


def _json(value: str, _exists: Exists) -> str | None:
    try:
        json.loads(value)
    except ValueError as error:
        return f"Value is invalid JSON: {error}."
    return None


def _product(value: str, exists: Exists) -> str | None:
    if value.startswith("gid://shopify/Product/") and exists(value):
        return None
    return "Value references non-existent resource " + value + "."


def _list_of(check: Check) -> Check:
    def checked(value: str, exists: Exists) -> str | None:
        try:
            members = json.loads(value)
        except ValueError:
            return "Value must be an array."
        if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
            return "Value must be an array of texts."
        if len(members) > MOST_REFERENCES:
            return f"Value must not have more than {MOST_REFERENCES} elements."
        problems = (check(one, exists) for one in members)
        return next((problem for problem in problems if problem), None)

    return checked


CHECKS: dict[str, Check] = {
    "single_line_text_field": _line,
    "multi_line_text_field": _anything,
    "number_integer": _integer,
    "number_decimal": _decimal,
    "boolean": _boolean,
    "date": _day,
    "date_time": _moment,
    "json": _json,
    "product_reference": _product,
    "list.product_reference": _list_of(_product),
    "list.single_line_text_field": _list_of(_line),
}


def parsed(type_name: str, value: str) -> object:
    """A value as `jsonValue` shows it."""
    if type_name in {"json", "number_integer", "boolean"} or type_name.startswith("list."):
        found: object = json.loads(value)
        return found
    return value
