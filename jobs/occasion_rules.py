"""Which rules of a store give points for something besides orders, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from connector.settings import Settings
from database import rules, stores
from jobs.calendar import calendar_of
from jobs.context import ActiveStore
from jobs.earning import earning_rule
from retention.figures.period import Calendar, beginning_of, day_of
from retention.points import EarningRule

WELCOME, BIRTHDAY = "points_welcome", "points_birthday"
ANNIVERSARY, REVIEW = "points_anniversary", "points_review"
REFERRAL = "points_referral"
RULES = (WELCOME, BIRTHDAY, ANNIVERSARY, REVIEW, REFERRAL)
"""The settings that switch a rule on when they are not 0, by which its start is kept."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A store's rules for occasions as they hold at `moment`: since when each that is on."""

    store: ActiveStore
    since: Mapping[str, datetime]
    rule: EarningRule
    calendar: Calendar
    moment: datetime

    @property
    def settings(self) -> Settings:
        """What the merchant has set."""
        return self.store.settings

    @property
    def today(self) -> date:
        """The store's day."""
        return self.day(self.moment)

    def day(self, moment: datetime) -> date:
        """The store's day in which a moment lies."""
        return day_of(moment, self.store.zone)

    def start(self, day: date) -> datetime:
        """The moment at which a day of the store begins."""
        return beginning_of(day, self.store.zone)

    def since_day(self, name: str) -> date:
        """The store's day on which a rule was switched on."""
        return self.day(self.since[name])


def is_on(settings: Settings) -> bool:
    """Whether any rule gives points for something besides orders."""
    return any(_is_on(settings, name) for name in RULES)


def _is_on(settings: Settings, name: str) -> bool:
    either = (name, "points_referred") if name == REFERRAL else (name,)
    return settings.points_enabled and any(getattr(settings, one) for one in either)


def programme(session: Session, store: ActiveStore) -> Programme | None:
    """The store's rules for occasions; None, without asking the database, while none is on."""
    if not is_on(store.settings):
        return None
    moment = stores.now(session)
    return Programme(
        store=store,
        since=switch(session, store.settings, moment),
        rule=earning_rule(store.settings, store.currency),
        calendar=calendar_of(store.settings, store.zone, moment),
        moment=moment,
    )


def switch(session: Session, settings: Settings, moment: datetime) -> dict[str, datetime]:
    """Since when each rule that is on has been so, noting those switched on or off meanwhile."""
    known, found = rules.starts(session), {}
    # Stores date what happens to the second.
    moment = moment.replace(microsecond=0)
    for name in RULES:
        if _is_on(settings, name):
            found[name] = known[name].since if name in known else moment
            if name not in known:
                rules.begin(session, name, "on", moment)
        elif name in known:
            rules.end(session, name)
    return found
