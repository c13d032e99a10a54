"""Orders, rewards and occasions under one cap: who gets what, whatever arrives first."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from retention.caps import Caps
from retention.ledger.book import Book
from retention.ledger.changes import adjust
from retention.ledger.occasions import Occasion, withdraw
from retention.ledger.posting import Shortfall
from retention.ledger.rewards import rewards_for
from retention.ledger.sharing import (
    Settlement,
    has_stood,
    is_as_given,
    lots_of_noted,
    settle_together,
)
from retention.net import kept
from retention.points import EarningRule
from retention.records import Order, PointEntry
from tests.retention.ledger.test_amended import agrees
from tests.retention.ledger.test_caps import paid
from tests.retention.ledger.test_settle import ACCOUNT, BUYER, COUNTING, ONE_PER_UNIT, day
from tests.retention.tables import START, refund_of_amount

TOTAL = replace(ONE_PER_UNIT, total_caps=Caps(lifetime=150))
REVIEW = Occasion("review:70:7", "review", BUYER, 40, day(1))
WELCOME = Occasion("welcome:1", "welcome", BUYER, 60, day(0))


@dataclass
class Programme:
    """A ledger that is told one thing after the other, as the jobs tell it."""

    rule: EarningRule = TOTAL
    own: dict[str, Caps] = field(default_factory=dict)
    rewards: dict[int, int] = field(default_factory=dict)
    owner: int = BUYER
    shortfall: Shortfall = "write_off"
    book: Book = field(default_factory=Book)
    orders: dict[str, Order] = field(default_factory=dict)

    def tell(self, *news: Order | Occasion) -> list[PointEntry]:
        """The entries that this news adds."""
        before = len(self.book.entries)
        for one in news:
            if isinstance(one, Order):
                self.orders[one.id] = one
                self._settle(self._due())
            else:
                self._settle([one])
        return self.book.entries[before:]

    def _due(self) -> list[Occasion]:
        counting = [one for one in self.orders.values() if one.status in COUNTING]
        bought = [one.paid_at for one in counting if one.paid_at and kept(one).net > 0]
        return rewards_for(self.owner, sorted(bought), self.rewards)

    def _settle(self, occasions: Sequence[Occasion]) -> None:
        settlement = Settlement(
            orders=list(self.orders.values()),
            owners=dict.fromkeys(self.orders, self.owner),
            rules=dict.fromkeys(self.orders, self.rule),
            occasions=[(one, self._rule(one)) for one in occasions],
            customers={BUYER, ACCOUNT},
            withdrawn={one.reference for one in self.book.entries if one.reason == "undone"},
        )
        settle_together(self.book, settlement, day(60), self.shortfall)

    def _rule(self, occasion: Occasion) -> EarningRule:
        return replace(self.rule, caps=self.own.get(occasion.reason, Caps()))

    def given(self) -> dict[str, int]:
        """What each lot has given, 0 left out."""
        return {name: lot.granted for name, lot in self.book.lots.items() if lot.granted}


def test_all_rules_share_the_total_in_the_sequence_of_what_happened() -> None:
    one = Programme(rewards={2: 30})
    one.tell(paid("1", "50", 12), REVIEW)
    assert one.given() == {"order:1:7": 50, "review:70:7:7": 40}
    # 150 less 50 and 40 leaves the second order 60 of 80, and its reward nothing.
    one.tell(paid("2", "80", 48))
    assert one.given() == {"order:1:7": 50, "review:70:7:7": 40, "order:2:7": 60}
    assert one.book.lots["purchase:2:7"].granted == 0
    # What happened before all of it, and is told last, takes from those after it.
    one.tell(WELCOME)
    assert one.given() == {"welcome:1:7": 60, "order:1:7": 50, "review:70:7:7": 40}
    assert agrees(one.book)


def test_what_no_longer_stands_leaves_its_room_to_those_after_it() -> None:
    one = Programme(rewards={2: 30})
    one.tell(WELCOME, paid("1", "50", 12), REVIEW, paid("2", "80", 48))
    one.tell(replace(REVIEW, stands=False, happened_at=None))
    assert one.given() == {"welcome:1:7": 60, "order:1:7": 50, "order:2:7": 40}
    one.tell(paid("1", "50", 12, refunds=(refund_of_amount("a", "20"),)))
    assert one.given() == {"welcome:1:7": 60, "order:1:7": 30, "order:2:7": 60}
    # Without the first order the second is no second purchase, and leaves 10 of its 80 unused.
    one.tell(paid("1", "50", 12, status="cancelled"))
    assert one.given() == {"welcome:1:7": 60, "order:2:7": 80}
    one.tell(replace(WELCOME, stands=False))
    one.tell(paid("1", "50", 12))
    assert one.given() == {"order:1:7": 50, "order:2:7": 80, "purchase:2:7": 20}
    one.tell(REVIEW)
    assert one.given() == {"order:1:7": 50, "review:70:7:7": 40, "order:2:7": 60}
    assert agrees(one.book)


def test_each_rule_has_a_cap_of_its_own_beside_the_total() -> None:
    own = {"review": Caps(year=50), "rewarded": Caps(lifetime=25)}
    one = Programme(own=own, rewards={2: 20, 3: 20})
    second = replace(REVIEW, source="review:71:7", happened_at=day(2))
    next_year = replace(REVIEW, source="review:72:7", happened_at=day(365))
    one.tell(second, REVIEW, next_year, *(paid(str(n), "1", n) for n in range(4)))
    assert one.given() == {
        "review:70:7:7": 40,
        "review:71:7:7": 10,
        "review:72:7:7": 40,
        **{f"order:{n}:7": 1 for n in range(4)},
        "purchase:2:7": 20,
        "purchase:3:7": 5,
    }
    assert json.loads(one.book.lots["review:71:7:7"].rule) == {
        "caps": {
            "day": 0,
            "month": 0,
            "year": 50,
            "lifetime": 0,
            "zone": "UTC",
            "calendar": "gregorian",
        },
        "customers": [7],
        "happened_at": "2026-01-03T00:00:00+00:00",
        "occasion": "review",
        "points": 40,
        "total_caps": {
            "day": 0,
            "month": 0,
            "lifetime": 150,
            "zone": "UTC",
            "calendar": "gregorian",
        },
    }


def test_only_what_earned_under_a_cap_counts_towards_it_and_keeps_it() -> None:
    one = Programme(rule=ONE_PER_UNIT)
    one.tell(WELCOME, paid("1", "100", 1))
    one.rule = TOTAL
    one.tell(paid("2", "120", 24), REVIEW)
    assert one.given() == {
        "welcome:1:7": 60,
        "order:1:7": 100,
        "order:2:7": 120,
        "review:70:7:7": 30,
    }
    # A cap that is lowered takes nothing back; of what comes later it leaves nothing.
    one.rule = replace(ONE_PER_UNIT, total_caps=Caps(lifetime=100))
    one.tell(paid("3", "10", 72), replace(WELCOME, points=1))
    assert one.given() == {
        "welcome:1:7": 60,
        "order:1:7": 100,
        "order:2:7": 120,
        "review:70:7:7": 30,
    }
    # One that is switched off leaves those under it where they are.
    one.rule = ONE_PER_UNIT
    one.tell(paid("4", "10", 80), REVIEW, paid("3", "10", 72))
    assert one.given()["order:4:7"] == 10
    assert one.given()["review:70:7:7"] == 30
    assert "order:3:7" not in one.given()


def test_what_is_given_by_hand_and_taken_back_by_hand_leaves_caps_alone() -> None:
    one = Programme()
    adjust(one.book, BUYER, 500, "gift", "Reza", "a gift")
    one.tell(REVIEW, paid("1", "100", 1), paid("2", "100", 72))
    assert one.given() == {"review:70:7:7": 40, "order:1:7": 100, "order:2:7": 10}
    withdraw(one.book, "review:70:7", "Reza", "not a review")
    assert one.tell(REVIEW, paid("3", "100", 96), replace(REVIEW, stands=False))[0].points == 0
    assert one.given() == {"order:1:7": 100, "order:2:7": 10}


def test_what_gains_comes_first_so_that_spent_points_exceed_no_cap() -> None:
    one = Programme(rule=replace(TOTAL, total_caps=Caps(lifetime=100)))
    one.tell(paid("1", "100", 48))
    adjust(one.book, BUYER, -100, "till", "Reza", "spent")
    # All 100 are spent. What the review gives is taken for the order, which gives 60 by now.
    one.tell(REVIEW)
    assert one.given() == {"review:70:7:7": 40, "order:1:7": 60}
    assert one.book.available(BUYER) == 0
    assert [lot.written_off for lot in one.book.lots.values()] == [0, 0]
    # Of what a refund takes nothing is there: 40 of the order's 60 are written off.
    one.tell(paid("1", "100", 48, refunds=(refund_of_amount("a", "80"),)))
    assert one.given() == {"review:70:7:7": 40, "order:1:7": 20}
    assert one.book.lots["order:1:7"].written_off == 40


def test_what_was_spent_is_owed_where_the_setting_says_so() -> None:
    one = Programme(shortfall="owe")
    waiting = replace(REVIEW, waits=True)
    one.tell(paid("1", "100", 48), waiting)
    adjust(one.book, BUYER, -140, "till", "Reza", "spent")
    one.tell(paid("1", "100", 48, refunds=(refund_of_amount("a", "80"),)))
    one.tell(replace(waiting, stands=False))
    assert one.book.available(BUYER) == -120


def test_points_under_caps_wait_as_all_others() -> None:
    one = Programme(rule=replace(TOTAL, pending_days=90))
    one.tell(paid("1", "100", 48), replace(REVIEW, waits=True), WELCOME)
    pending = {name: lot.pending for name, lot in one.book.lots.items()}
    # 60 for the account and 40 for the review, before the order, leave it 50.
    assert pending == {"order:1:7": 50, "review:70:7:7": 40, "welcome:1:7": 0}
    assert one.book.lots["review:70:7:7"].matures_at == day(91)


def test_a_rule_with_a_cap_of_its_own_alone_counts_no_other() -> None:
    one = Programme(rule=ONE_PER_UNIT, own={"review": Caps(month=50)})
    second = replace(REVIEW, source="review:71:7", happened_at=day(2))
    one.tell(paid("1", "100", 0), second, REVIEW, WELCOME)
    given = {"order:1:7": 100, "review:70:7:7": 40, "review:71:7:7": 10, "welcome:1:7": 60}
    assert one.given() == given
    assert one.tell(second, paid("1", "100", 0)) == []


def test_all_lots_of_what_is_under_caps_are_named() -> None:
    one, plain = Programme(rewards={1: 5}), Programme(rule=ONE_PER_UNIT)
    news = WELCOME, paid("1", "10", 24), replace(WELCOME, customer_id=ACCOUNT)
    one.tell(*news)
    plain.tell(*news)
    lots = one.book.lots
    found = lots_of_noted([lots["welcome:1:8"], lots["order:1:7"], lots["purchase:1:7"]])
    assert found == {"welcome:1:7", "welcome:1:8", "purchase:1:7"}
    assert lots_of_noted(plain.book.lots.values()) == set()
    assert not has_stood(plain.book.lots["welcome:1:7"])
    assert has_stood(plain.book.lots["welcome:1:8"])


def test_an_occasion_that_moves_fills_the_cap_of_its_new_customer() -> None:
    one = Programme(owner=ACCOUNT)
    one.tell(WELCOME, paid("1", "100", 24))
    assert one.given() == {"welcome:1:7": 60, "order:1:8": 100}
    one.tell(replace(WELCOME, customer_id=ACCOUNT))
    assert one.given() == {"welcome:1:8": 60, "order:1:8": 90}
    # Back with the first, whose points of it were spent meanwhile, nothing comes twice.
    adjust(one.book, ACCOUNT, -100, "till", "Reza", "spent")
    one.tell(WELCOME)
    assert one.given()["order:1:8"] == 100
    assert sum(lot.granted for lot in one.book.of_source("welcome:1")) == 60
    assert agrees(one.book)


def test_one_that_moves_without_anything_left_finds_its_first_lot_again() -> None:
    one = Programme(rule=replace(ONE_PER_UNIT, total_caps=Caps(lifetime=100)))
    one.tell(paid("1", "100", -1), WELCOME)
    assert one.given() == {"order:1:7": 100}
    one.tell(replace(WELCOME, customer_id=ACCOUNT, happened_at=None))
    assert one.given() == {"order:1:7": 100, "welcome:1:8": 60}
    told = [json.loads(one.book.lots[f"welcome:1:{n}"].rule)["customers"] for n in (7, 8)]
    assert told == [[7, 8], [7, 8]]


def test_what_is_as_it_was_given_is_known_also_where_caps_left_nothing() -> None:
    one = Programme(rule=replace(ONE_PER_UNIT, total_caps=Caps(lifetime=10)))
    one.tell(paid("1", "10", 0), REVIEW)
    lot = one.book.lots["review:70:7:7"]
    assert lot.granted == 0
    assert has_stood(lot)
    assert is_as_given(REVIEW, lot)
    assert is_as_given(replace(REVIEW, happened_at=None), lot)
    assert not is_as_given(replace(REVIEW, happened_at=day(3)), lot)
    gone = replace(REVIEW, stands=False)
    assert not is_as_given(gone, lot)
    one.tell(gone)
    lot = one.book.lots["review:70:7:7"]
    assert is_as_given(replace(gone, happened_at=day(3)), lot)
    assert not has_stood(lot)
    plain = Programme(rule=ONE_PER_UNIT)
    plain.tell(REVIEW)
    assert is_as_given(REVIEW, plain.book.lots["review:70:7:7"])
    assert is_as_given(replace(REVIEW, happened_at=day(3)), plain.book.lots["review:70:7:7"])
    assert is_as_given(gone, None)
    assert not is_as_given(REVIEW, None)


hours = st.integers(0, 96)


@st.composite
def states(draw: st.DrawFn) -> dict[str, list[Order | Occasion]]:
    """News of some orders and occasions, each with states of which the last one stands."""
    found: dict[str, list[Order | Occasion]] = {}
    for name in draw(st.sets(st.sampled_from("123"), min_size=1)):
        hour, net = draw(hours), str(draw(st.integers(1, 90)))
        statuses = draw(
            st.lists(st.sampled_from(["completed", "cancelled"]), min_size=1, max_size=2)
        )
        found[name] = [paid(name, net, hour, status=one) for one in statuses]
    for source in draw(st.sets(st.sampled_from(["review:70:7", "review:71:7", "welcome:1"]))):
        reason = "welcome" if source == "welcome:1" else "review"
        found[source] = [
            Occasion(
                source,
                reason,  # type: ignore[arg-type]
                draw(st.sampled_from([BUYER, ACCOUNT])) if reason == "welcome" else BUYER,
                40,
                START + timedelta(hours=draw(hours)),
                stands=draw(st.booleans()),
            )
            for _ in range(draw(st.integers(1, 2)))
        ]
    return found


@settings(max_examples=80, deadline=None)
@given(
    facts=states(),
    total=st.builds(Caps, st.integers(0, 90), st.integers(0, 150), st.integers(0, 180)),
    reviews=st.builds(Caps, st.integers(0, 60)),
    data=st.data(),
)
def test_any_sequence_of_arrival_leaves_the_same_points(
    facts: dict[str, list[Order | Occasion]], total: Caps, reviews: Caps, data: st.DataObject
) -> None:
    ends = []
    for _ in range(2):
        one = Programme(
            rule=replace(ONE_PER_UNIT, total_caps=total, caps=Caps(day=70)),
            own={"review": reviews},
            rewards={1: 25, 2: 35},
        )
        waiting = {name: list(news) for name, news in facts.items()}
        for name in data.draw(
            st.permutations([name for name, news in facts.items() for _ in news])
        ):
            latest = waiting[name].pop(0)
            one.tell(latest)
            assert one.tell(latest) == []
            given_to = Counter[int]()
            for lot in one.book.lots.values():
                given_to[lot.customer_id] += lot.granted
            assert not total.lifetime or max(given_to.values(), default=0) <= total.lifetime
        assert agrees(one.book)
        ends.append(one.given())
    assert ends[0] == ends[1]
