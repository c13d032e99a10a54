"""Customers' tiers, brought to what they spent or earned, with a trail of every change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from sqlalchemy.orm import Session

from connector.settings import Settings
from database import tiers
from database.tiers import Kept
from jobs.context import ActiveStore
from retention.tier_setting import read_tiers
from retention.tier_trail import Change, Noted, news
from retention.tiers import (
    NONE,
    Fact,
    Standing,
    TierPlan,
    amount_at,
    level_before,
    standing_at,
    standings,
    totals,
)


def plan_of(settings: Settings, zone: str) -> TierPlan:
    """The tiers that a store's settings ask for; none of them while tiers are off."""
    return _plan(
        settings.points_tiers, settings.points_tier_window, zone, settings.points_tier_grace_days
    )


@lru_cache(maxsize=256)
def _plan(words: tuple[str, ...], window: str, zone: str, grace_days: int) -> TierPlan:
    return TierPlan(read_tiers(words), window, zone, grace_days)  # type: ignore[arg-type]


def facts_of(
    session: Session, store: ActiveStore, customers: Sequence[int]
) -> Mapping[int, Sequence[Fact]]:
    """What counts for these customers' tiers by the store's settings."""
    settings = store.settings
    if settings.points_tier_measure == "points":
        return tiers.earned(session, customers, pending=settings.points_tier_counts_pending)
    return tiers.spend(session, customers, settings.purchase_statuses, store.currency)


def tiers_at(
    session: Session, store: ActiveStore, asked: Iterable[tuple[int, datetime]]
) -> dict[tuple[int, datetime], str]:
    """The name of the tier that each customer had just before the moment; empty for none.

    It follows from the orders and points that are known now, not from the trail; what happens at
    that very moment, such as the order that asks, does not count for it.
    """
    pairs = list(dict.fromkeys(asked))
    plan = plan_of(store.settings, store.zone)
    if not plan.tiers:
        return dict.fromkeys(pairs, NONE)
    customers = sorted({customer for customer, _ in pairs})
    facts = facts_of(session, store, customers)
    histories = {one: standings(totals(facts.get(one, ()), plan), plan) for one in customers}
    return {
        (customer, at): plan.name(level_before(histories[customer], at)) for customer, at in pairs
    }


def settle_tiers(
    session: Session,
    store: ActiveStore,
    customers: Iterable[int],
    moment: datetime,
    *,
    rules_changed: bool = False,
) -> set[int]:
    """Bring these customers' tiers to what counts for them; those whose tier changed.

    The caller has locked the store's row.
    """
    plan = plan_of(store.settings, store.zone)
    listed = sorted(set(customers))
    if not listed or not (plan.tiers or rules_changed):
        return set()
    facts = facts_of(session, store, listed) if plan.tiers else {}
    before = tiers.kept(session, listed)
    keep: dict[int, Kept] = {}
    trail: dict[int, list[Change]] = {}
    for customer in listed:
        had = before.get(customer)
        counted = totals(facts.get(customer, ()), plan)
        found, amount = standings(counted, plan), amount_at(counted, moment)
        noted = Noted(had.tier, had.as_of) if had else None
        changes = news(noted, found, plan, moment, amount, rules_changed=rules_changed)
        now = _kept(had, changes, found, plan, moment, amount)
        if now is not None and now != had:
            keep[customer] = now
        if changes:
            trail[customer] = changes
    tiers.keep(session, keep)
    tiers.add_changes(session, trail, moment)
    return set(trail)


def _kept(
    had: Kept | None,
    changes: Sequence[Change],
    found: Sequence[Standing],
    plan: TierPlan,
    moment: datetime,
    amount: Fraction,
) -> Kept | None:
    """What to note of a customer; as before while neither the tier nor the next change moves."""
    due = next((one.at for one in found if one.at > moment), None)
    if not changes and (had.due_at if had else None) == due:
        return had
    standing = standing_at(found, moment)
    tier = plan.name(standing.level) if standing else NONE
    since = changes[-1].at if changes else had.since if had else None
    return Kept(tier, amount, since, moment, due)
