"""Which friends a customer has brought, and which of them a person must look at first.

It follows from the orders as they stand, in the sequence in which they were placed, and never
from the sequence in which they became known.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["waiting", "held", "accepted", "rejected", "void"]
Decision = Literal["approved", "rejected"]

WEEK = timedelta(days=7)

OWN_ORDER, SAME_EMAIL, SAME_PHONE = "own order", "same e-mail", "same phone"
SAME_ADDRESS, ANOTHERS_ADDRESS = "same address", "address of another friend"
TOO_MANY = "too many in a week"
NO_CODE, TOO_EARLY, YEARS_LIMIT = "first order without the code", "before the rule", "year's limit"
NO_ORDER = "no order that counts"


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """A friend's first order that counts, with the codes that it carries."""

    id: str
    placed_at: datetime
    paid_at: datetime
    codes: frozenset[str] = frozenset()
    address: bytes | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as far as it matters whether two are the same; e-mail and phone normalised."""

    customer_id: int
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    addresses: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody whom a customer is said to have brought: by a code, or `by_hand` of a person."""

    number: int
    person: Person
    first: FirstOrder | None
    by_hand: bool = False
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """More than `week` friends within seven days are held; more than `year` in one give nothing.

    0 is no limit. `year_of` names the year in which a moment lies, and nothing before `since`
    counts.
    """

    since: datetime
    year_of: Callable[[datetime], str]
    week: int = 0
    year: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a referral, and why it is held or void."""

    state: State
    reasons: tuple[str, ...] = ()


def judge(
    referrer: Person, codes: Collection[str], friends: Iterable[Friend], limits: Limits
) -> dict[int, Judged]:
    """Return what becomes of all friends of one referrer, by the referral's number.

    A friend counts by the first order that counts, if it carries one of the referrer's codes or
    a person has told of it. It is held while it looks like the referrer's own order, like one of
    another friend, or like too many at a time; a decision settles that. What is accepted counts
    to the year's limit.
    """
    listed = sorted(friends, key=_sequence)
    found: dict[int, Judged] = {}
    counted: list[FirstOrder] = []
    years: Counter[str] = Counter()
    for friend in listed:
        first = friend.first
        void = _why_void(friend, codes, limits)
        if first is None or void:
            waits = first is None and friend.by_hand
            found[friend.number] = Judged("waiting") if waits else Judged("void", (void,))
            continue
        judged = _decided(friend, _reasons(referrer, friend, first, counted, limits))
        counted.append(first)
        if judged.state == "accepted":
            year = limits.year_of(first.placed_at)
            years[year] += 1
            if limits.year and years[year] > limits.year:
                judged = Judged("void", (YEARS_LIMIT,))
        found[friend.number] = judged
    return found


def _sequence(friend: Friend) -> tuple[float, str]:
    first = friend.first
    return (first.placed_at.timestamp(), first.id) if first else (0.0, "")


def _why_void(friend: Friend, codes: Collection[str], limits: Limits) -> str:
    if friend.first is None:
        return NO_ORDER
    if not friend.by_hand and not friend.first.codes & set(codes):
        return NO_CODE
    return TOO_EARLY if friend.first.placed_at < limits.since else ""


def _decided(friend: Friend, reasons: Sequence[str]) -> Judged:
    if friend.decision == "rejected":
        return Judged("rejected")
    if reasons and friend.decision is None:
        return Judged("held", tuple(reasons))
    return Judged("accepted")


def _reasons(
    referrer: Person,
    friend: Friend,
    first: FirstOrder,
    earlier: Sequence[FirstOrder],
    limits: Limits,
) -> list[str]:
    person, address = friend.person, first.address
    lately = sum(first.placed_at - one.placed_at < WEEK for one in earlier)
    checks = {
        OWN_ORDER: person.customer_id == referrer.customer_id,
        SAME_EMAIL: bool(_mailboxes(person) & _mailboxes(referrer)),
        SAME_PHONE: bool(person.phones & referrer.phones),
        SAME_ADDRESS: address is not None and address in referrer.addresses,
        ANOTHERS_ADDRESS: address is not None and address in {one.address for one in earlier},
        TOO_MANY: bool(limits.week) and lately >= limits.week,
    }
    return [name for name, applies in checks.items() if applies]


def _mailboxes(person: Person) -> set[str]:
    """The addresses without what is put behind a plus sign, which reaches the same mailbox."""
    split = (email.rpartition("@") for email in person.emails)
    return {f"{name.partition('+')[0]}@{domain}" for name, _, domain in split}
