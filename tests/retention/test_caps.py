"""What caps leave to each order, by days and months of the store."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.caps import NO_CAPS, Caps, Claim, RuleCaps, allowed, read_rule_caps

DAILY = Caps(day=100, zone="Asia/Tehran", calendar="jalali")
MONTHLY = Caps(month=100, zone="Asia/Tehran", calendar="jalali")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def given_by(caps: Caps, *claims: tuple[str, int]) -> list[int]:
    """What claims at these moments give, in the sequence in which they are written."""
    made = [
        Claim(str(number), at(text), points, caps) for number, (text, points) in enumerate(claims)
    ]
    return [allowed(made)[claim.name] for claim in made]


def test_a_days_claims_take_what_is_left_in_the_sequence_of_their_moments() -> None:
    # Tehran is at +03:30, so 20:29 UTC is the last minute of 25 November there.
    assert given_by(
        DAILY,
        ("2026-11-25T20:29", 50),
        ("2026-11-25T08:00", 70),
        ("2026-11-25T20:30", 120),
        ("2026-11-26T06:00", 5),
    ) == [30, 70, 100, 0]


def test_a_month_is_one_of_the_calendar() -> None:
    # 30 Aban 1405 is 21 November 2026, the last day of its month.
    rows = [("2026-11-20T08:00", 70), ("2026-11-21T08:00", 70), ("2026-11-22T08:00", 70)]
    assert given_by(MONTHLY, *rows) == [70, 30, 70]
    gregorian = Caps(month=100, zone="Asia/Tehran")
    assert given_by(gregorian, *rows) == [70, 30, 0]
    # 1403 is a leap year of the Jalali calendar: 20 March 2025 is its 30 Esfand.
    leap = [("2025-03-20T08:00", 70), ("2025-03-20T20:29", 70), ("2025-03-20T20:30", 70)]
    assert given_by(MONTHLY, *leap) == [70, 30, 70]


def test_the_narrowest_of_several_caps_counts() -> None:
    caps = Caps(day=100, month=150, lifetime=230)
    assert given_by(
        caps,
        ("2026-11-01T00:00", 120),
        ("2026-11-02T00:00", 120),
        ("2026-12-01T00:00", 120),
        ("2027-01-01T00:00", 120),
    ) == [100, 50, 80, 0]


def test_claims_of_one_moment_go_by_their_names_and_each_by_its_own_cap() -> None:
    moment = at("2026-11-25T08:00")
    claims = [
        Claim("b", moment, 60, Caps(day=100)),
        Claim("a", moment, 60, Caps(day=100)),
        Claim("c", moment, 60, Caps(day=150)),
        Claim("d", moment, 60, Caps(lifetime=400, zone="Asia/Tehran")),
    ]
    assert allowed(claims) == {"a": 60, "b": 40, "c": 50, "d": 60}


def test_what_was_given_in_another_zone_counts_in_the_days_of_this_one() -> None:
    # 21:00 UTC of the 25th is the 26th in Tehran, as is the morning after.
    claims = [
        Claim("1", at("2026-11-25T21:00"), 60, Caps(day=100)),
        Claim("2", at("2026-11-26T08:00"), 60, Caps(day=100, zone="Asia/Tehran")),
        Claim("3", at("2026-11-26T09:00"), 90, Caps(day=100)),
    ]
    assert allowed(claims) == {"1": 60, "2": 40, "3": 60}


def test_caps_of_none_are_none() -> None:
    assert not Caps()
    assert Caps(day=1)
    assert Caps(month=1)
    assert Caps(lifetime=1)
    assert allowed([]) == {}
    with pytest.raises(ValueError, match="by month is -1; give 0 or more"):
        Caps(month=-1)
    with pytest.raises(ValueError, match="'Mars' is unknown"):
        Caps(zone="Mars")


def test_a_year_is_one_of_the_calendar() -> None:
    # 20 March 2026 is the last day of 1404.
    rows = [("2025-12-31T08:00", 70), ("2026-01-01T08:00", 70), ("2026-03-21T08:00", 70)]
    assert given_by(Caps(year=100, zone="Asia/Tehran", calendar="jalali"), *rows) == [70, 30, 70]
    assert given_by(Caps(year=100, zone="Asia/Tehran"), *rows) == [70, 70, 30]
    assert Caps(year=1)
    assert Caps(year=100).fields()["year"] == 100
    assert "year" not in Caps(day=100).fields()
    with pytest.raises(ValueError, match="by year is -1; give 0 or more"):
        Caps(year=-1)


def test_a_rules_own_cap_counts_its_own_points_and_the_total_those_of_all() -> None:
    moment, total = at("2026-11-25T08:00"), Caps(day=100)
    claims = [
        Claim("1", moment, 30, Caps(day=20), total),
        Claim("2", moment, 30, Caps(day=50), total, "review"),
        Claim("3", moment, 30, Caps(day=50), total, "review"),
        Claim("4", moment, 90, NO_CAPS, total, "welcome"),
        Claim("5", moment, 90, Caps(day=60), NO_CAPS, "review"),
        Claim("6", moment, 90, NO_CAPS, Caps(day=130), "referral"),
    ]
    # 20, 30 and 20 leave the welcome 30; the fifth counts towards its own rule only.
    assert allowed(claims) == {"1": 20, "2": 30, "3": 20, "4": 30, "5": 10, "6": 30}


def test_words_name_a_rule_a_time_and_a_limit() -> None:
    words = ("review:month=100", "review:lifetime=۵۰۰", "purchase:year=30")
    found = {"review": {"month": 100, "lifetime": 500}, "rewarded": {"year": 30}}
    assert read_rule_caps(words) == found
    assert read_rule_caps(()) == {}
    for word, problem in (
        ("welcome:day=1", "'welcome' is no rule; the rules are purchase, birthday, anniversary,"),
        ("review:week=1", "'week' is no time; the times are day, month, year, lifetime"),
        ("review:day=0", "'review:day=0': give at least 1, or leave the word out for no limit"),
    ):
        with pytest.raises(ValueError, match=problem):
            read_rule_caps([word])
    with pytest.raises(ValueError, match="'review:day' is there twice; give it once"):
        read_rule_caps(["review:day=1", "review:day=2"])


def test_a_rule_without_a_cap_of_its_own_has_none() -> None:
    caps = RuleCaps(by_reason={"review": DAILY})
    assert (caps.of("review"), caps.of("welcome"), caps.total) == (DAILY, NO_CAPS, NO_CAPS)


moments = st.integers(0, 240).map(lambda hours: at("2026-11-18") + timedelta(hours=hours))


@given(
    rows=st.lists(st.tuples(moments, st.integers(0, 90)), max_size=8),
    caps=st.builds(Caps, st.integers(0, 120), st.integers(0, 200), st.integers(0, 300)),
    order=st.randoms(use_true_random=False),
)
def test_no_window_gives_more_than_its_cap_whatever_the_sequence(
    rows: list[tuple[datetime, int]], caps: Caps, order: random.Random
) -> None:
    claims = [Claim(f"{n}", moment, points, caps) for n, (moment, points) in enumerate(rows)]
    found = allowed(claims)
    order.shuffle(claims)
    assert allowed(claims) == found
    for claim in claims:
        assert 0 <= found[claim.name] <= claim.points
        for window, limit in caps.limits(claim.at).items():
            inside = [one for one in claims if window in caps.windows(one.at)]
            assert sum(found[one.name] for one in inside) <= limit
