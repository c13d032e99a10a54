"""What the passing of days gives: birthdays and anniversaries, once on each of the store's days.

The days since the last one that was looked through are looked through together, so that none is
lost while nothing ran; what was given already is not given twice.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from database import occasions, people, progress, rules, stores
from database.session import store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context
from jobs.history import BACKFILL
from jobs.occasion_rules import ANNIVERSARY, BIRTHDAY, RULES, WELCOME, Programme, programme, switch
from jobs.occasions import follow_people, settle
from jobs.people_occasions import celebrations
from jobs.purchase_occasions import anniversaries_of

PORTION = 500
DAY, BIRTHDAYS_READ = "occasions", "birthdays of accounts"
"""The names of the last day that was looked through, and of having asked accounts for birthdays."""

# Leap days and the hours of a time zone move a day of the year by no more than that.
MARGIN = 3
LONGEST = 360


def look_through(context: Context, store: ActiveStore) -> None:
    """Give what the store's days bring, unless this day was looked through already.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        told = programme(session, store)
        if told is None:
            _end_all(session, store)
            return
        noted = rules.starts(session)
        to_read = _read_birthdays(session, told, was_read=BIRTHDAYS_READ in noted)
        last = noted.get(DAY)
        is_new_day = last is None or last.rule != told.today.isoformat()
        birthdays = [row.person for row in occasions.birthdays(session)] if is_new_day else []
        since = date.fromisoformat(last.rule) if last else None
        buyers = _buyers(session, told, since) if is_new_day else []
        accounts = _new_accounts(session, told) if is_new_day else []
    if to_read:
        queue.enqueue(context.redis, queue.INSTALL, store.id)
    if not is_new_day:
        return
    for portion in _portions(accounts):
        _give(context, store, accounts=portion)
    for portion in _portions(birthdays):
        _give(context, store, birthdays=portion)
    for portion in _portions(buyers):
        _give(context, store, buyers=portion)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        rules.begin(session, DAY, told.today.isoformat(), told.moment)


def _end_all(session: Session, store: ActiveStore) -> None:
    """Note that no rule is on, so that one that is switched on later begins then."""
    known = rules.starts(session)
    if not known.keys().isdisjoint({*RULES, DAY, BIRTHDAYS_READ}):
        switch(session, store.settings, stores.now(session))
        rules.end(session, DAY)
        rules.end(session, BIRTHDAYS_READ)


def _read_birthdays(session: Session, told: Programme, *, was_read: bool) -> bool:
    """Begin to read all accounts again once birthdays are wanted; whether it is to begin.

    Nobody has kept what accounts told of them before.
    """
    if BIRTHDAY in told.since and not was_read:
        occasions.read_again(session)
        progress.begin(session, BACKFILL["customer"])
        rules.begin(session, BIRTHDAYS_READ, "on", told.moment)
    elif BIRTHDAY not in told.since and was_read:
        rules.end(session, BIRTHDAYS_READ)
    return BIRTHDAY in told.since and not was_read


def _new_accounts(session: Session, told: Programme) -> list[int]:
    """The accounts that were made since accounts give points, for those that nobody followed."""
    if WELCOME not in told.since:
        return []
    return sorted(people.accounts_since(session, told.since[WELCOME]))


def _buyers(session: Session, told: Programme, last: date | None) -> Sequence[int]:
    """The customers of whom an anniversary may have come since the last day."""
    if ANNIVERSARY not in told.since:
        return []
    first = max(last or date.min, told.since_day(ANNIVERSARY))
    days: set[str] | None = None
    length = (told.today - first).days + 2 * MARGIN
    if length < LONGEST:
        begin = first - timedelta(days=MARGIN)
        days = {f"{begin + timedelta(days=number):%m-%d}" for number in range(length + 1)}
    return occasions.with_first_purchase_around(session, told.settings.purchase_statuses, days)


def _portions(listed: Sequence[int]) -> list[Sequence[int]]:
    return [listed[start : start + PORTION] for start in range(0, len(listed), PORTION)]


def _give(
    context: Context,
    store: ActiveStore,
    *,
    accounts: Sequence[int] = (),
    birthdays: Sequence[int] = (),
    buyers: Sequence[int] = (),
) -> None:
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        told = programme(session, store)
        if told is None:
            return
        touched = follow_people(session, told, people.accounts(session, accounts))
        wanted = celebrations(session, told, occasions.birthdays(session, birthdays))
        wanted += anniversaries_of(session, told, buyers)
        want_points(session, store, touched | settle(session, told, wanted))
