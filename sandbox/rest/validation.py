"""Checks of parameters against WordPress's argument schemas.

A check takes a parameter's name and value and gives None or the problem as
(message, code, data).
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox.errors import RestError, invalid_parameters

Problem = tuple[str, str, object]
Check = Callable[[str, Any], Problem | None]
MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$")
LIST_SEPARATOR = re.compile(r"[\s,]+")


def _wrong_type(name: str, kind: str) -> Problem:
    return f"{name} is not of type {kind}.", "rest_invalid_type", {"param": name}


def string(name: str, value: object) -> Problem | None:
    """A text."""
    return None if isinstance(value, str) else _wrong_type(name, "string")


def integer(name: str, value: object) -> Problem | None:
    """A whole number, also written as text."""
    try:
        fits = not isinstance(value, bool) and float(str(value)).is_integer()
    except ValueError:
        fits = False
    return None if fits else _wrong_type(name, "integer")


def boolean(name: str, value: object) -> Problem | None:
    """True or false, also as text or as 0 and 1."""
    fits = str(value).lower() in {"true", "false", "0", "1"}
    return None if fits else _wrong_type(name, "boolean")


def json_object(name: str, value: object) -> Problem | None:
    """An object; PHP reads an empty list as one too."""
    fits = isinstance(value, dict) or value in ([], "")
    return None if fits else _wrong_type(name, "object")


def moment(_name: str, value: object) -> Problem | None:
    """A date with a time."""
    try:
        fits = bool(MOMENT.match(str(value))) and bool(datetime.fromisoformat(str(value)))
    except ValueError:
        fits = False
    return None if fits else ("Invalid date.", "rest_invalid_date", None)


def one_of(*allowed: str) -> Check:
    """One of a few words."""
    listed = f"{', '.join(allowed[:-1])}, and {allowed[-1]}"

    def check(name: str, value: object) -> Problem | None:
        fits = value in allowed
        return None if fits else (f"{name} is not one of {listed}.", "rest_not_in_enum", None)

    return check


def between(lowest: int, highest: int | None) -> Check:
    """A whole number within bounds."""

    def check(name: str, value: object) -> Problem | None:
        problem = integer(name, value)
        if problem is not None:
            return problem
        number = int(float(str(value)))
        if highest is not None and not lowest <= number <= highest:
            text = f"{name} must be between {lowest} (inclusive) and {highest} (inclusive)"
            return text, "rest_out_of_bounds", None
        if number < lowest:
            return f"{name} must be greater than or equal to {lowest}", "rest_out_of_bounds", None
        return None

    return check


def list_of(item: Check) -> Check:
    """A list; a text is split at commas, as WordPress does."""

    def check(name: str, value: object) -> Problem | None:
        members = value
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            members = [part for part in LIST_SEPARATOR.split(str(value)) if part]
        elif isinstance(value, dict):
            members = list(value.values())
        if not isinstance(members, list):
            return _wrong_type(name, "array")
        found = (item(f"{name}[{index}]", member) for index, member in enumerate(members))
        return next((problem for problem in found if problem), None)

    return check


def check_all(parameters: Mapping[str, Any], schema: Mapping[str, Check]) -> None:
    """Check what was given; null counts as not given.

    Raises RestError (400 rest_invalid_param) naming every parameter that does not fit.
    """
    problems = {}
    for name, check in schema.items():
        value = parameters.get(name)
        problem = None if value is None else check(name, value)
        if problem is not None:
            problems[name] = problem
    if problems:
        raise invalid_parameters(problems)


def require(parameters: Mapping[str, Any], *names: str) -> None:
    """Raise RestError (400 rest_missing_callback_param) when a parameter is missing."""
    missing = [name for name in names if parameters.get(name) is None]
    if missing:
        raise RestError(
            "rest_missing_callback_param",
            f"Missing parameter(s): {', '.join(missing)}",
            400,
            params=missing,
        )


def truth(value: object) -> bool:
    """A checked boolean parameter as a boolean."""
    return str(value).lower() in {"true", "1"}
