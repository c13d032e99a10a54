"""What platforms send, read exactly: headers, amounts and times in JSON, and why they do not."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from connector.errors import BadPayload

LARGEST_AMOUNT = Decimal("9999999999999999.9999")
_CENT_OF_CENT = Decimal("0.0001")
LONGEST_LABEL = 200
_LARGEST_QUANTITY = 2_147_483_647

Payload = TypeVar("Payload", bound=BaseModel)


def label(value: str | None) -> str | None:
    """A word that others chose, trimmed and at most 200 letters long; None if there is nothing."""
    return (value or "").strip()[:LONGEST_LABEL] or None


def coupon_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes in lower case, for stores compare them so, each once."""
    found = (label(code) for code in codes)
    return tuple(dict.fromkeys(code.lower() for code in found if code))


def validate(model: type[Payload], content: object, kind: str = "") -> Payload:
    """The content as the model; BadPayload names the `kind` and the fields that do not read.

    `content` is bytes of JSON, or Python values read from JSON.
    """
    try:
        if isinstance(content, bytes):
            return model.model_validate_json(content)
        return model.model_validate(content)
    except ValidationError as error:
        name = kind or model.__name__.removesuffix("Payload").lower()
        raise BadPayload(f"{name}: {_problems(error)}") from None


def whole_seconds(moment: datetime) -> datetime:
    """An aware moment in UTC, parts of a second cut off."""
    return moment.astimezone(UTC).replace(microsecond=0)


def utc_text(moment: datetime) -> str:
    """An aware moment in whole seconds, as every platform reads it; the Z says that it is UTC."""
    return f"{whole_seconds(moment):%Y-%m-%dT%H:%M:%SZ}"


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The header of this name in any case, None when it is not there."""
    found = headers.get(name)
    if found is not None:
        return found
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), None)


def _problems(error: ValidationError) -> str:
    # Neither the values nor their context are told: they may be personal data.
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_path(problem['loc'])} {problem['msg']}".strip() for problem in found[:3]]
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{'; '.join(told)}{more}; correct it in the store and save it again"


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return f"{path.lstrip('.')}:" if path else ""


def _blank_as_zero(value: object) -> object:
    return 0 if value is None or value == "" else value


def _none_as_empty(value: object) -> object:
    return "" if value is None else value


def _bounded(amount: Decimal) -> Decimal:
    if abs(amount) > LARGEST_AMOUNT:
        raise ValueError(f"must be at most {LARGEST_AMOUNT:,}")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        return amount.quantize(_CENT_OF_CENT, ROUND_HALF_UP)
    return amount


def _whole(value: object) -> object:
    if isinstance(value, int):
        return value
    try:
        quantity = Decimal(str(value or 0))
        return quantity if quantity.is_nan() else int(quantity.to_integral_value(ROUND_UP))
    except (InvalidOperation, OverflowError):
        return value


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _without_nul(text: str) -> str:
    return text.replace("\x00", "") if "\x00" in text else text


# An exact amount. More than four decimals are rounded, halves away from zero, to what is kept.
Amount = Annotated[Decimal, BeforeValidator(_blank_as_zero), AfterValidator(_bounded)]
# Plugins that sell by weight have quantities in fractions: they count as the next whole number.
Quantity = Annotated[
    int, BeforeValidator(_whole), Field(ge=-_LARGEST_QUANTITY, le=_LARGEST_QUANTITY)
]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
# PostgreSQL keeps no NUL characters.
Text = Annotated[str, BeforeValidator(_none_as_empty), AfterValidator(_without_nul)]
