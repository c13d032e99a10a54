"""Exact money in a store's smallest units."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


def from_text(value: str | float, decimals: int) -> int:
    """Read an amount such as "12.50" or 12.5 as an integer number of smallest units.

    Raises ValueError when the value is not a finite number.
    """
    try:
        amount = Decimal(str(value).strip() or "0")
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount of money") from None
    if not amount.is_finite():
        raise ValueError(f"{value!r} is not an amount of money")
    return int(amount.scaleb(decimals).to_integral_value(ROUND_HALF_UP))


def to_text(amount: int, decimals: int) -> str:
    """Write smallest units as WooCommerce does: 1250 with two decimals is "12.50"."""
    if decimals == 0:
        return str(amount)
    whole, rest = divmod(abs(amount), 10**decimals)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{decimals}d}"


def share(amount: int, percent: Decimal) -> int:
    """The given percentage of an amount, rounded half up (away from zero)."""
    exact = Decimal(amount) * percent / 100
    return int(exact.to_integral_value(ROUND_HALF_UP))


def unit_price(total: int, quantity: int, decimals: int) -> int | float:
    """The price of one unit as the JSON number that WooCommerce gives on a line."""
    per_unit = Decimal(total) / max(1, abs(quantity))
    number = float(abs(per_unit).scaleb(-decimals).quantize(Decimal(1).scaleb(-decimals - 4)))
    return int(number) if number.is_integer() else number
