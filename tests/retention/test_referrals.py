"""Friends whom customers bring: what is accepted, held for a person, or void."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.referrals import (
    ANOTHERS_ADDRESS,
    NO_CODE,
    NO_ORDER,
    OWN_ORDER,
    SAME_ADDRESS,
    SAME_EMAIL,
    SAME_PHONE,
    TOO_EARLY,
    TOO_MANY,
    YEARS_LIMIT,
    FirstOrder,
    Friend,
    Judged,
    Limits,
    Person,
    judge,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOME = b"home"
SARA = Person(1, frozenset({"sara@example.test"}), frozenset({"+98912"}), frozenset({HOME}))
CODES = {"sara-1"}
LIMITS = Limits(START, lambda moment: f"{moment:%Y}")
ACCEPTED = Judged("accepted")


def friend(number: int, day: float = 1, *codes: str, address: bytes | None = None) -> Friend:
    """A friend with an order of that day, with Sara's code unless other ones are given."""
    at = START + timedelta(days=day)
    first = FirstOrder(f"o{number}", at, at, frozenset(codes or CODES), address)
    return Friend(number, Person(100 + number, frozenset({f"f{number}@example.test"})), first)


def judged(*friends: Friend, limits: Limits = LIMITS) -> list[Judged]:
    found = judge(SARA, CODES, friends, limits)
    return [found[one.number] for one in friends]


def test_a_friend_with_the_code_in_the_first_order_is_accepted() -> None:
    assert judged(friend(1)) == [ACCEPTED]
    assert judged(friend(1, 1, "welcome10", "sara-1")) == [ACCEPTED]
    assert judged(friend(1, 1, "welcome10")) == [Judged("void", (NO_CODE,))]


def test_an_order_before_the_rule_is_void_and_without_an_order_there_is_nothing() -> None:
    assert judged(friend(1, 0)) == [ACCEPTED]
    assert judged(friend(1, -0.001)) == [Judged("void", (TOO_EARLY,))]
    assert judged(replace(friend(1), first=None)) == [Judged("void", (NO_ORDER,))]


def test_what_a_person_told_needs_no_code_and_waits_for_an_order() -> None:
    told = replace(friend(1, 1, "other"), by_hand=True)
    assert judged(told) == [ACCEPTED]
    assert judged(replace(told, first=None)) == [Judged("waiting")]


@pytest.mark.parametrize(
    ("person", "reasons"),
    [
        (Person(1), (OWN_ORDER,)),
        (Person(7, frozenset({"sara@example.test"})), (SAME_EMAIL,)),
        (Person(7, frozenset({"sara+me@example.test"})), (SAME_EMAIL,)),
        (Person(7, frozenset({"sara@example.com"})), ()),
        (Person(7, phones=frozenset({"+98912"})), (SAME_PHONE,)),
        (Person(1, SARA.emails, SARA.phones), (OWN_ORDER, SAME_EMAIL, SAME_PHONE)),
    ],
)
def test_what_looks_like_the_referrer_is_held(person: Person, reasons: tuple[str, ...]) -> None:
    wanted = Judged("held", reasons) if reasons else ACCEPTED
    assert judged(replace(friend(1), person=person)) == [wanted]


def test_an_address_of_the_referrer_or_of_an_earlier_friend_is_held() -> None:
    assert judged(
        friend(1, 1, address=HOME),
        friend(2, 2, address=b"flat"),
        friend(3, 3, address=b"flat"),
        friend(4, 4),
        friend(5, 5),
    ) == [
        Judged("held", (SAME_ADDRESS,)),
        ACCEPTED,
        Judged("held", (ANOTHERS_ADDRESS,)),
        ACCEPTED,
        ACCEPTED,
    ]


def test_more_than_so_many_within_seven_days_are_held() -> None:
    limits = replace(LIMITS, week=2)
    # The third is within seven days of the first, the fourth only of the third.
    assert judged(*(friend(n, day) for n, day in enumerate([0, 1, 6.9, 8.1])), limits=limits) == [
        ACCEPTED,
        ACCEPTED,
        Judged("held", (TOO_MANY,)),
        ACCEPTED,
    ]
    assert judged(friend(1, 0), friend(2, 6), friend(3, 7), limits=limits) == [ACCEPTED] * 3


def test_a_decision_settles_what_is_held_and_takes_back_what_was_accepted() -> None:
    held = friend(1, 1, address=HOME)
    assert judged(replace(held, decision="approved")) == [ACCEPTED]
    assert judged(replace(held, decision="rejected")) == [Judged("rejected")]
    assert judged(replace(friend(1), decision="rejected")) == [Judged("rejected")]
    gone = replace(held, decision="approved", first=None)
    assert judged(gone) == [Judged("void", (NO_ORDER,))]


def test_a_year_has_room_for_so_many_that_are_accepted() -> None:
    limits = replace(LIMITS, year=1)
    assert judged(
        friend(1, 1, address=HOME), friend(2, 30), friend(3, 60), friend(4, 365), limits=limits
    ) == [
        Judged("held", (SAME_ADDRESS,)),
        ACCEPTED,
        Judged("void", (YEARS_LIMIT,)),
        ACCEPTED,
    ]


FRIENDS = [
    friend(1, 1),
    friend(2, 1, address=b"flat"),
    friend(3, 3, address=b"flat"),
    friend(4, 4, address=HOME),
    friend(5, 5, "other"),
    replace(friend(6, 6), first=None),
    friend(7, 7.5),
    replace(friend(8, 8, address=HOME), decision="approved"),
]


@settings(max_examples=50, deadline=None)
@given(st.permutations(FRIENDS))
def test_the_sequence_in_which_friends_become_known_does_not_matter(listed: list[Friend]) -> None:
    limits = replace(LIMITS, week=2, year=3)
    assert judge(SARA, CODES, listed, limits) == judge(SARA, CODES, FRIENDS, limits)
