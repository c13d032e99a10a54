"""What the merchant is told of tiers: how many have each, and how one customer stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from connector.settings import Settings
from database import tiers
from database.privacy import Subject
from database.session import store_transaction
from database.stores import now
from jobs.context import Context, active_store
from jobs.points import holders
from jobs.tiers import facts_of, plan_of
from retention.tier_setting import Tier
from retention.tier_trail import Change
from retention.tiers import TierPlan, amount_at, standing_at, standings, totals


@dataclass(frozen=True, slots=True)
class Tiers:
    """A store's tiers with how many customers have each, the least first.

    `unit` is the currency, or "points". Customers without a tier are not counted.
    """

    plan: TierPlan
    unit: str
    sizes: tuple[tuple[Tier, int], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands: the tier (empty for none), since when, and what counts now.

    `missing` is what the `following` tier asks for besides; both None for the highest one.
    `changes_at` is when time alone makes it the tier `then`, None for never.
    """

    customer_id: int
    key: str
    tier: str
    since: datetime | None
    amount: Fraction
    following: str | None
    missing: Fraction | None
    changes_at: datetime | None
    then: str | None
    trail: Sequence[Change]


def overview(context: Context, store_id: UUID) -> Tiers:
    """The store's tiers, and how many customers have each.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    plan = plan_of(store.settings, store.zone)
    with store_transaction(context.engine, store_id) as session:
        sizes = tiers.sizes(session)
    counted = tuple((tier, sizes.get(tier.name, 0)) for tier in plan.tiers)
    return Tiers(plan, _unit(store.settings, store.currency), counted)


def of_person(context: Context, store_id: UUID, person: Subject) -> list[Standing]:
    """How each customer that a person is stands, by what is known now.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: the person is no customer of the store.
    """
    store = active_store(context, store_id)
    plan = plan_of(store.settings, store.zone)
    found = []
    for holder in holders(context, store_id, person):
        number = holder.customer_id
        with store_transaction(context.engine, store_id) as session:
            facts = facts_of(session, store, [number]).get(number, ())
            counted = totals(facts, plan)
            history = standings(counted, plan)
            moment = now(session)
            trail = tiers.trail(session, [number])
        current = standing_at(history, moment)
        level = current.level if current else 0
        coming = next((one for one in history if one.at > moment), None)
        amount = amount_at(counted, moment)
        above = plan.tiers[level] if level < len(plan.tiers) else None
        found.append(
            Standing(
                customer_id=number,
                key=holder.key,
                tier=plan.name(level),
                since=current.at if current and level else None,
                amount=amount,
                following=above.name if above else None,
                missing=above.threshold - amount if above else None,
                changes_at=coming.at if coming else None,
                then=plan.name(coming.level) if coming else None,
                trail=trail,
            )
        )
    return found


def _unit(settings: Settings, currency: str) -> str:
    return "points" if settings.points_tier_measure == "points" else currency
