"""What time alone, or a change of the rules, makes of tiers, lapses and what the store shows."""

import json
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from connector.settings import Settings
from database import points, rules, tiers, warnings
from database.models import Store
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import show_points, want_points
from jobs.context import ActiveStore, Context
from jobs.expiry import PORTION, candidates, lapsing, note_inactivity, portions, warn
from jobs.tiers import plan_of, settle_tiers
from retention.figures.period import day_of

log = structlog.get_logger()

TIERS, SHOWN, DAY = "points_tiers", "shown", "day"
"""The names of what is kept as last applied: tiers' rules, what is shown, the day looked at."""
CHANGED = "changed"
"""What is kept instead while other rules are still to be applied to everybody."""


def follow(context: Context, store: ActiveStore) -> None:
    """Bring tiers, lapses, warnings and what the store shows to the present moment.

    Every part is done in portions, each in a transaction of its own, and again after a crash
    without any effect the second time.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    _follow_tiers(context, store)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        moment = points.head(session).moment
        note_inactivity(session, store, moment)
        noted = rules.starts(session)
        today = day_of(moment, store.zone).isoformat()
    is_new_day = DAY not in noted or noted[DAY].rule != today
    if is_new_day:
        _follow_day(context, store)
    shown = _text_of_shown(store.settings, store.zone, store.currency)
    if SHOWN not in noted or noted[SHOWN].rule != shown:
        _show_all(context, store)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        for name, text in ((DAY, today), (SHOWN, shown)):
            if name not in noted or noted[name].rule != text:
                rules.begin(session, name, text, moment)


def follow_anew(
    session: Session, row: Store, before: Settings, after: Settings, moment: datetime
) -> None:
    """Let new settings be applied to everybody, also when they become the former ones again.

    Whoever changes in between has been settled by the settings in between.
    """
    for name, text in ((TIERS, _text_of_tiers), (SHOWN, _text_of_shown)):
        zone, currency = row.time_zone, row.currency
        if text(before, zone, currency) != text(after, zone, currency):
            rules.begin(session, name, CHANGED, moment)


def _follow_tiers(context: Context, store: ActiveStore) -> None:
    plan = plan_of(store.settings, store.zone)
    text = _text_of_tiers(store.settings, store.zone, store.currency)
    with store_transaction(context.engine, store.id) as session:
        start = rules.starts(session).get(TIERS)
    if (start.rule if start else "") != text:
        _sweep_tiers(context, store, text)
    while plan.tiers:
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            moment = points.head(session).moment
            due = tiers.due(session, moment, PORTION)
            want_points(session, store, due)
        if not due:
            return


def _sweep_tiers(context: Context, store: ActiveStore, text: str) -> None:
    """Find every customer's tier by rules that are new."""
    changed = 0

    def portion(after: int) -> Sequence[int]:
        nonlocal changed
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            listed = tiers.customers_after(session, after, PORTION)
            moment = points.head(session).moment
            moved = settle_tiers(session, store, listed, moment, rules_changed=True)
            show_points(session, store, sorted(moved), whole=True)
        changed += len(moved)
        return listed

    for _ in portions(portion):
        pass
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        rules.begin(session, TIERS, text, points.head(session).moment)
    log.info("tiers found by new rules", store=str(store.id), changed=changed)


def _follow_day(context: Context, store: ActiveStore) -> None:
    """Let points lapse by inactivity, and note who is to be warned."""

    def portion(after: int) -> Sequence[int]:
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            head = points.head(session)
            listed = candidates(session, store, head.moment, after)
            book = lapsing(session, store, listed, head.moment)
            points.keep(session, book, head)
            want_points(session, store, {entry.customer_id for entry in book.entries})
            warn(session, store, listed, head.moment)
        return listed

    for _ in portions(portion):
        pass
    with store_transaction(context.engine, store.id) as session:
        moment = points.head(session).moment
        warnings.forget_before(session, day_of(moment, store.zone))


def _show_all(context: Context, store: ActiveStore) -> None:
    """Note what every customer with points or a tier shall be shown."""
    with store_transaction(context.engine, store.id) as session:
        everyone = sorted({*points.holders(session), *tiers.holders(session)})
    for start in range(0, len(everyone), PORTION):
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            show_points(session, store, everyone[start : start + PORTION], whole=True)


def _text_of_tiers(settings: Settings, zone: str, currency: str) -> str:
    """All that tiers follow from besides the facts; empty while there are none."""
    plan = plan_of(settings, zone)
    if not plan.tiers:
        return ""
    measure: list[object] = [settings.points_tier_measure]
    if settings.points_tier_measure == "points":
        measure.append(settings.points_tier_counts_pending)
    else:
        measure += [currency, sorted(settings.purchase_statuses)]
    return json.dumps([plan.text(), *measure], ensure_ascii=False)


def _text_of_shown(settings: Settings, zone: str, currency: str) -> str:
    """All that what is shown follows from besides balances and tiers."""
    return json.dumps(
        [
            str(settings.point_value),
            currency,
            zone,
            settings.customer_tags,
            settings.points_tiers,
            settings.points_expiry,
            settings.points_inactivity_days,
            settings.points_expiry_grace_days,
        ],
        ensure_ascii=False,
    )
