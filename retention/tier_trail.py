"""The trail of a customer's tier: what changed since it was last looked at, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from retention.tiers import NONE, Standing, TierPlan, standing_at

Why = Literal["reached", "ended", "withdrawn", "rules"]
"""Why a tier changed: enough was reached; time has passed and the grace too; what counted was
refunded, cancelled or went to somebody else; the merchant changed the rules."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The tier, by its name, that a customer was noted with when we last looked."""

    tier: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a customer's tier, for the trail.

    `amount` is what counted at `at`, `threshold` what the tier reached or lost asks for.
    """

    before: str
    after: str
    at: datetime
    why: Why
    amount: Fraction
    threshold: Fraction


def news(
    before: Noted | None,
    found: Sequence[Standing],
    plan: TierPlan,
    moment: datetime,
    amount: Fraction,
    *,
    rules_changed: bool = False,
) -> list[Change]:
    """Return what has changed for a customer since the tier was noted, by what is known now.

    Where what was noted still was right then, these are the changes since. Where facts that
    became known make another tier of it, this is one change: a higher one was reached when the
    facts say so, a lower one is withdrawn now. `amount` is what counts at `moment`.
    """
    tier, as_of = (before.tier, before.as_of) if before else (NONE, None)
    now = standing_at(found, moment) or Standing(moment, 0, amount)
    then = standing_at(found, as_of) if as_of else None
    if not rules_changed and plan.name(then.level if then else 0) == tier:
        since = [one for one in found if one.at <= moment and (as_of is None or one.at > as_of)]
        return [
            _change(plan, then_level, one, "reached" if one.level > then_level else "ended", one.at)
            for then_level, one in zip(_levels_before(then, since), since, strict=True)
        ]
    if plan.name(now.level) == tier:
        return []
    levels = {plan.name(level): level for level in range(len(plan.tiers) + 1)}
    level = levels.get(tier)
    if rules_changed or level is None:
        threshold = plan.tiers[now.level - 1].threshold if now.level else Fraction(0)
        return [Change(tier, plan.name(now.level), moment, "rules", amount, threshold)]
    if now.level > level:
        return [_change(plan, level, now, "reached", now.at)]
    withdrawn = Standing(moment, now.level, amount)
    return [_change(plan, level, withdrawn, "withdrawn", moment)]


def _levels_before(then: Standing | None, since: Sequence[Standing]) -> list[int]:
    return [then.level if then else 0, *(one.level for one in since)][: len(since)]


def _change(plan: TierPlan, before: int, after: Standing, why: Why, at: datetime) -> Change:
    decisive = plan.tiers[max(before, after.level) - 1].threshold
    return Change(plan.name(before), plan.name(after.level), at, why, after.amount, decisive)
