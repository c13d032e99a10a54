"""A store's own days: which calendar it goes by."""

from datetime import datetime, timedelta

from connector.settings import Settings
from retention.figures.period import Calendar, zone_of

IRAN = timedelta(hours=3, minutes=30)
"""The distance from UTC that only Iran's clocks have."""


def calendar_of(settings: Settings, zone: str, moment: datetime) -> Calendar:
    """The calendar that a store goes by at the moment: by its settings, else its time zone."""
    if settings.calendar != "automatic":
        return settings.calendar
    in_iran = moment.astimezone(zone_of(zone)).utcoffset() == IRAN
    return "jalali" if in_iran else "gregorian"
