"""Tiers by spend over all time, twelve months and years, worked out by hand."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.tier_setting import Tier, read_tiers
from retention.tier_trail import Change, Noted, news
from retention.tiers import (
    Fact,
    Standing,
    TierPlan,
    Window,
    amount_at,
    counts_until,
    level_before,
    standing_at,
    standings,
    totals,
)

TIERS = read_tiers(["gold|طلایی=500", "silver=100"])
TEHRAN = "Asia/Tehran"


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def facts(*pairs: tuple[str, int]) -> list[Fact]:
    return [Fact(day(text), Fraction(amount)) for text, amount in pairs]


def history(known: list[Fact], plan: TierPlan) -> list[Standing]:
    return standings(totals(known, plan), plan)


def changes(found: list[Standing]) -> list[tuple[str, int]]:
    return [(one.at.isoformat()[:16], one.level) for one in found]


def test_tiers_are_read_in_the_sequence_of_their_amounts() -> None:
    assert (
        Tier("silver", Fraction(100), ""),
        Tier("gold", Fraction(500), "طلایی"),
    ) == TIERS
    assert read_tiers(["a | ب = ۱۲٫۵".replace("٫", ".")]) == (Tier("a", Fraction(25, 2), "ب"),)


@pytest.mark.parametrize("word", ["silver", "=5", "silver=", "silver=0", "silver=-1", "|x=5"])
def test_a_word_that_is_no_tier_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write it like silver=1000"):
        read_tiers([word])


@pytest.mark.parametrize(
    ("words", "shared"), [(["a=1", "b=1.0"], "amount"), (["a=1", "a=2"], "name")]
)
def test_two_tiers_that_cannot_be_told_apart_are_refused(words: list[str], shared: str) -> None:
    with pytest.raises(ValueError, match=f"the same {shared}"):
        read_tiers(words)


def test_a_plan_refuses_what_it_cannot_use() -> None:
    with pytest.raises(ValueError, match="sequence"):
        TierPlan(TIERS[::-1])
    with pytest.raises(ValueError, match="grace_days is -1"):
        TierPlan(TIERS, grace_days=-1)
    with pytest.raises(ValueError, match="time zone"):
        TierPlan(TIERS, zone="Atlantis")


def test_spend_of_all_time_only_rises() -> None:
    found = history(
        facts(("2026-01-01", 60), ("2026-02-01", 40), ("2026-03-01", 400)), TierPlan(TIERS)
    )
    assert found == [
        Standing(day("2026-02-01"), 1, Fraction(100)),
        Standing(day("2026-03-01"), 2, Fraction(500)),
    ]


def test_an_exact_amount_reaches_a_tier_and_a_cent_less_does_not() -> None:
    plan = TierPlan(read_tiers(["a=0.3"]))
    tenth = Fraction(1, 10)
    assert history([Fact(day("2026-01-01"), tenth)] * 3, plan)[0].level == 1
    assert history([Fact(day("2026-01-01"), tenth)] * 2, plan) == []


def test_what_was_bought_counts_until_the_same_day_a_year_later() -> None:
    plan = TierPlan(TIERS, "rolling_year")
    found = history(facts(("2025-03-10T15:30", 60), ("2025-11-01T09:00", 50)), plan)
    # 60 no longer counts from 2026-03-10 on, so that 50 are left.
    assert changes(found) == [("2025-11-01T09:00", 1), ("2026-03-10T00:00", 0)]
    assert found[1].amount == 50


def test_a_year_from_the_29th_of_february_ends_with_the_28th() -> None:
    assert counts_until(day("2024-02-29T12:00"), "rolling_year", "UTC") == day("2025-03-01")
    assert counts_until(day("2023-03-01T12:00"), "rolling_year", "UTC") == day("2024-03-01")


def test_days_and_years_are_the_stores() -> None:
    # 21:00 UTC is half past midnight of the next day in Tehran, which is 3:30 ahead.
    late = day("2025-12-31T21:00")
    assert counts_until(late, "calendar_year", "UTC") == day("2026-01-01")
    assert counts_until(late, "calendar_year", TEHRAN) == day("2026-12-31T20:30")
    assert counts_until(late, "rolling_year", TEHRAN) == day("2026-12-31T20:30")
    assert counts_until(late, "lifetime", TEHRAN) is None


@pytest.mark.parametrize(
    ("last", "following"),
    [
        # 1403 and 1408 are leap years, which end with 30 Esfand.
        ("2024-03-19T12:00", "2024-03-19T20:30"),  # 29 Esfand 1402
        ("2025-03-20T12:00", "2025-03-20T20:30"),  # 30 Esfand 1403
        ("2026-03-20T12:00", "2026-03-20T20:30"),  # 29 Esfand 1404
        ("2029-03-19T12:00", "2029-03-19T20:30"),  # 29 Esfand 1407
        ("2030-03-20T12:00", "2030-03-20T20:30"),  # 30 Esfand 1408
    ],
)
def test_a_jalali_year_ends_with_its_last_day_of_esfand(last: str, following: str) -> None:
    assert counts_until(day(last), "jalali_year", TEHRAN) == day(following)
    a_day_before = day(last) - timedelta(days=1)
    assert counts_until(a_day_before, "jalali_year", TEHRAN) == day(following)
    after = counts_until(day(following), "jalali_year", TEHRAN)
    assert after is not None
    assert after - day(following) in {timedelta(365), timedelta(366)}


def test_a_jalali_year_begins_anew() -> None:
    plan = TierPlan(TIERS, "jalali_year", TEHRAN)
    # 30 Esfand 1403 and 1 Farvardin 1404.
    found = history(facts(("2025-03-20T12:00", 100), ("2025-03-21T12:00", 500)), plan)
    assert changes(found) == [
        ("2025-03-20T12:00", 1),
        ("2025-03-20T20:30", 0),
        ("2025-03-21T12:00", 2),
        ("2026-03-20T20:30", 0),
    ]


def test_a_tier_is_kept_for_the_grace_after_it_would_end() -> None:
    plan = TierPlan(TIERS, "calendar_year", grace_days=60)
    found = history(facts(("2025-06-01", 500), ("2026-02-01", 100)), plan)
    # Gold ends with 2025 and is kept for 60 days, silver of 2026 until 60 days of 2027 are over.
    assert changes(found) == [
        ("2025-06-01T00:00", 2),
        ("2026-03-02T00:00", 1),
        ("2027-03-02T00:00", 0),
    ]
    assert [one.amount for one in found] == [500, 100, 0]


def test_what_is_reached_again_within_the_grace_is_never_lost() -> None:
    plan = TierPlan(TIERS, "calendar_year", grace_days=60)
    found = history(facts(("2025-06-01", 500), ("2026-02-01", 500)), plan)
    assert changes(found) == [("2025-06-01T00:00", 2), ("2027-03-02T00:00", 0)]


def test_a_grace_does_not_hold_a_higher_tier_back() -> None:
    plan = TierPlan(TIERS, "calendar_year", grace_days=60)
    found = history(facts(("2025-06-01", 100), ("2026-01-20", 500)), plan)
    assert changes(found)[:2] == [("2025-06-01T00:00", 1), ("2026-01-20T00:00", 2)]


def test_what_is_paid_at_a_moment_does_not_count_for_itself() -> None:
    found = history(facts(("2026-01-01", 100), ("2026-02-01", 400)), TierPlan(TIERS))
    assert level_before(found, day("2026-01-01")) == 0
    assert level_before(found, day("2026-02-01")) == 1
    assert level_before(found, day("2026-02-02")) == 2
    assert standing_at(found, day("2025-12-31")) is None
    assert standing_at(found, day("2026-02-01")) == found[1]


def test_what_counts_now() -> None:
    bought = facts(("2025-06-01", 70), ("2026-02-01", 50))
    plan = TierPlan(TIERS, "rolling_year")
    moments = ["2025-01-01", "2025-06-01", "2026-05-31", "2026-06-01", "2027-02-01"]
    found = [amount_at(totals(bought, plan), day(text)) for text in moments]
    assert found == [0, 70, 120, 50, 0]


def told(found: list[Change]) -> list[tuple[str, str, str, str, int, int]]:
    return [
        (c.before, c.after, c.at.isoformat()[:10], c.why, int(c.amount), int(c.threshold))
        for c in found
    ]


def test_the_trail_begins_with_all_that_was() -> None:
    plan = TierPlan(TIERS, "calendar_year")
    found = history(facts(("2025-06-01", 500), ("2026-02-01", 100)), plan)
    assert told(news(None, found, plan, day("2026-03-01"), Fraction(100))) == [
        ("", "gold", "2025-06-01", "reached", 500, 500),
        ("gold", "", "2026-01-01", "ended", 0, 500),
        ("", "silver", "2026-02-01", "reached", 100, 100),
    ]


def test_the_trail_goes_on_where_it_ended() -> None:
    plan = TierPlan(TIERS, "calendar_year")
    found = history(facts(("2025-06-01", 500), ("2026-02-01", 100)), plan)
    noted = Noted("gold", day("2025-12-01"))
    assert news(noted, found, plan, day("2025-12-31"), Fraction(500)) == []
    assert told(news(noted, found, plan, day("2026-01-01"), Fraction(0))) == [
        ("gold", "", "2026-01-01", "ended", 0, 500)
    ]


def test_a_late_order_lifts_and_a_refund_withdraws() -> None:
    plan = TierPlan(TIERS)
    silver = Noted("silver", day("2026-05-01"))
    late = history(facts(("2026-01-01", 100), ("2026-04-01", 400)), plan)
    assert told(news(silver, late, plan, day("2026-06-01"), Fraction(500))) == [
        ("silver", "gold", "2026-04-01", "reached", 500, 500)
    ]
    refunded = history(facts(("2026-01-01", 90)), plan)
    assert told(news(silver, refunded, plan, day("2026-06-01"), Fraction(90))) == [
        ("silver", "", "2026-06-01", "withdrawn", 90, 100)
    ]


def test_new_rules_are_told_apart_from_what_was_bought() -> None:
    found = history(facts(("2026-01-01", 100)), TierPlan(TIERS))
    noted, now = Noted("silver", day("2026-05-01")), day("2026-06-01")
    harder = TierPlan(read_tiers(["bronze=50", "silver=200"]))
    after = history(facts(("2026-01-01", 100)), harder)
    assert told(news(noted, after, harder, now, Fraction(100), rules_changed=True)) == [
        ("silver", "bronze", "2026-06-01", "rules", 100, 50)
    ]
    assert news(noted, found, TierPlan(TIERS), now, Fraction(100), rules_changed=True) == []
    none = TierPlan(())
    assert told(news(noted, [], none, now, Fraction(0), rules_changed=True)) == [
        ("silver", "", "2026-06-01", "rules", 0, 0)
    ]
    # A name that is no longer a tier's can only be gone by the rules.
    assert (
        told(news(Noted("old", day("2026-05-01")), after, harder, now, Fraction(100)))[0][3]
        == "rules"
    )


AMOUNTS = st.integers(1, 300)
MOMENTS = st.integers(0, 1200)
BOUGHT = st.lists(st.tuples(MOMENTS, AMOUNTS), max_size=8)
WINDOWS: list[Window] = ["lifetime", "rolling_year", "calendar_year", "jalali_year"]


@settings(max_examples=150, deadline=None)
@given(BOUGHT, st.randoms(use_true_random=False), st.sampled_from(WINDOWS), st.integers(0, 90))
def test_any_sequence_of_the_same_facts_gives_the_same_tiers(
    bought: list[tuple[int, int]], random: object, window: Window, grace: int
) -> None:
    start = day("2024-01-15T10:00")
    known = [Fact(start + timedelta(days=at), Fraction(amount)) for at, amount in bought]
    mixed = list(known)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    plan = TierPlan(TIERS, window, TEHRAN, grace)
    found = history(known, plan)
    assert history(mixed, plan) == found
    # By the definition: the highest tier that was reached at any moment of the grace before.
    for offset in range(0, 1700, 97):
        moment = start + timedelta(days=offset)
        then = [
            plan.level(amount_at(totals(known, plan), at))
            for at in {moment, *_moments(known, plan, moment - timedelta(days=grace), moment)}
        ]
        standing = standing_at(found, moment)
        assert (standing.level if standing else 0) == max(then)


def _moments(known: list[Fact], plan: TierPlan, first: datetime, last: datetime) -> list[datetime]:
    """The moments after `first` and until `last` just before which what counts may have changed."""
    moments = []
    for fact in known:
        ends = counts_until(fact.at, plan.window, plan.zone)
        for at in (fact.at, ends):
            if at is not None and first < at <= last:
                moments += [at - timedelta(microseconds=1), at]
    return moments


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), AMOUNTS), max_size=6), st.data())
def test_whenever_it_is_looked_at_the_trail_ends_with_the_same_tier(
    bought: list[tuple[int, int]], data: st.DataObject
) -> None:
    start = day("2024-01-15T10:00")
    known = [Fact(start + timedelta(days=at), Fraction(amount)) for at, amount in bought]
    plan = TierPlan(TIERS, "rolling_year", "UTC", 30)
    noted, told_of = None, [""]
    for at in [*sorted(data.draw(st.lists(st.integers(0, 1000), max_size=5))), 1100]:
        moment = start + timedelta(days=at)
        arrived = data.draw(st.lists(st.sampled_from(known or [Fact(start, Fraction(0))])))
        seen = known if at == 1100 else arrived
        found = history(seen, plan)
        for change in news(noted, found, plan, moment, amount_at(totals(seen, plan), moment)):
            assert change.before == told_of[-1] != change.after
            told_of.append(change.after)
        noted = Noted(told_of[-1], moment)
        standing = standing_at(found, moment)
        assert told_of[-1] == plan.name(standing.level if standing else 0)
