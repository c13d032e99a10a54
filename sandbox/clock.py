"""Moments as WooCommerce writes and reads them."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


def now() -> int:
    """The present, in whole seconds since 1970 in UTC."""
    return int(time.time())


@lru_cache(maxsize=65_536)
def naive_text(moment: int, zone: ZoneInfo) -> str:
    """A moment as "YYYY-MM-DDTHH:MM:SS" on the clock of a zone, without the zone."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%dT%H:%M:%S")


UTC_ZONE = ZoneInfo("UTC")


def both_texts(moment: int | None, zone: ZoneInfo) -> tuple[str | None, str | None]:
    """A moment on the store's clock and in UTC; None twice when it is unset."""
    if moment is None:
        return None, None
    return naive_text(moment, zone), naive_text(moment, UTC_ZONE)


def read(text: str, zone: ZoneInfo) -> int:
    """Read an ISO 8601 moment; one without an offset is on the clock of `zone`.

    Raises ValueError when the text is not a date with a time.
    """
    if len(text) < len("YYYY-MM-DDTHH:MM:SS"):
        raise ValueError(f"{text!r} has no time of day")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return int(moment.astimezone(UTC).timestamp())
