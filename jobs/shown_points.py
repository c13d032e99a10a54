"""What the store shall show of customers' points: the balance, its worth, its expiry, the tier."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from connector.manifest import load
from connector.settings import Settings
from database import holdings, rules, tiers
from jobs.context import ActiveStore
from jobs.tiers import plan_of
from retention.figures.period import day_of
from retention.ledger.expiry import Holding, InactivityRule, losses
from retention.money import amount_text
from retention.tiers import NONE

INACTIVITY = "points_inactivity_days"
"""The name under which is kept since when points lapse by inactivity."""

Texts = dict[str, str | None]


def by_inactivity(settings: Settings) -> bool:
    """Whether a store's points lapse by inactivity."""
    return settings.points_expiry == "inactivity" and settings.points_inactivity_days > 0


def inactivity_rule(session: Session, store: ActiveStore) -> InactivityRule | None:
    """By which points lapse without activity; None while they do not, or nobody noted it yet."""
    if not by_inactivity(store.settings):
        return None
    start = rules.starts(session).get(INACTIVITY)
    if start is None:
        return None
    return InactivityRule(
        days=store.settings.points_inactivity_days,
        grace_days=store.settings.points_expiry_grace_days,
        since=start.since,
        zone=store.zone,
    )


def lapses(session: Session, store: ActiveStore, customers: Iterable[int]) -> dict[int, datetime]:
    """When the points of these customers lapse if they stay away; empty where none do."""
    rule = inactivity_rule(session, store)
    if rule is None:
        return {}
    active = holdings.activity(session, customers, store.settings.purchase_statuses)
    return {customer: rule.lapses_at(*moments) for customer, moments in active.items()}


def texts(
    session: Session, store: ActiveStore, customers: Iterable[int], *, whole: bool = False
) -> dict[str, Mapping[str, str | None]]:
    """What the accounts of these customers shall show, under the names of the store's platform.

    Without `whole` the fields are left out that the store's settings give nobody: those are
    removed once, when the settings change.
    """
    listed = holdings.of_accounts(session, customers)
    numbers = [one.customer_id for one in listed]
    lapsing = lapses(session, store, numbers) if numbers else {}
    plan = plan_of(store.settings, store.zone)
    had = tiers.kept(session, numbers) if plan.tiers else {}
    second = {tier.name: tier.second_name or None for tier in plan.tiers}
    names = load().platforms[store.platform.name].customer_fields
    found: dict[str, Mapping[str, str | None]] = {}
    for one in listed:
        shown = _of_points(store, one.holding, lapsing.get(one.customer_id))
        if store.settings.point_value or whole:
            shown["points_value"] = _value(store, one.holding)
        if plan.tiers or whole:
            tier = (had[one.customer_id].tier if one.customer_id in had else NONE) or None
            shown["tier"] = tier
            shown["tier_second_name"] = second.get(tier) if tier else None
            shown["tier_tag"] = tier if store.settings.customer_tags else None
        found[one.account_id] = {names[key]: text for key, text in shown.items() if key in names}
    return found


def _of_points(store: ActiveStore, holding: Holding, lapses_at: datetime | None) -> Texts:
    coming = losses(holding, lapses_at)
    return {
        "points": str(holding.available),
        "points_pending": str(holding.pending),
        "points_next_expiry": _day(coming[0].at, store.zone) if coming else None,
        "points_expiring": str(coming[0].points) if coming else None,
    }


def _value(store: ActiveStore, holding: Holding) -> str | None:
    value = store.settings.point_value
    return amount_text(value * max(0, holding.available), store.currency) if value else None


def _day(moment: datetime, zone: str) -> str:
    return day_of(moment, zone).isoformat()
