"""Moments as Shopify writes and reads them."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=65_536)
def utc_text(moment: int) -> str:
    """A moment as GraphQL writes it: "2026-11-21T10:00:00Z"."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=65_536)
def zoned_text(moment: int, zone: ZoneInfo) -> str:
    """A moment as webhooks write it: "2026-11-21T05:00:00-05:00"."""
    return datetime.fromtimestamp(moment, zone).isoformat(timespec="seconds")


def read(text: str, zone: ZoneInfo) -> float:
    """The seconds since 1970 of an ISO 8601 date or moment, by default on a zone's clock.

    Raises ValueError when the text is neither.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
