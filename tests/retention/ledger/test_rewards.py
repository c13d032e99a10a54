"""Rewards for the n-th purchase: they follow the purchases that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from retention.ledger.book import Book
from retention.ledger.changes import adjust
from retention.ledger.occasions import bring
from retention.ledger.posting import Shortfall
from retention.ledger.rewards import purchase_rewards, rewards_for
from retention.points import EarningRule
from retention.records import PointEntry
from tests.retention.ledger.test_settle import BUYER, LATER, ONE_PER_UNIT, day, told

REWARDS = {2: 100, 3: 50}


def reward(
    book: Book,
    customer: int,
    purchases: Sequence[datetime],
    rewards: Mapping[int, int],
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
) -> None:
    """Bring a customer's rewards to the purchases there are."""
    for one in rewards_for(customer, purchases, rewards):
        bring(book, one, rule, moment, shortfall)


def rewarded(
    book: Book,
    *days: float,
    rewards: dict[int, int] = REWARDS,
    rule: EarningRule = ONE_PER_UNIT,
    shortfall: Shortfall = "write_off",
) -> list[PointEntry]:
    """The entries for a customer who paid on these days, a day after the last."""
    before = len(book.entries)
    purchases = [day(number) for number in days]
    reward(book, BUYER, purchases, rewards, rule, day(max(days, default=0) + 1), shortfall)
    return book.entries[before:]


def test_words_name_purchases_and_points() -> None:
    assert purchase_rewards(["2=100", "5=0"]) == {2: 100, 5: 0}


def test_the_second_purchase_is_rewarded_once() -> None:
    book = Book()
    assert rewarded(book, 1) == []
    assert rewarded(book, 1, 5) == [
        PointEntry(
            reference="purchase:2:7:1",
            lot="purchase:2:7",
            order_id=None,
            customer_id=BUYER,
            points=100,
            pending=0,
            against="issued",
            reason="rewarded",
            rule='{"points":100,"purchase":2}',
        )
    ]
    assert rewarded(book, 1, 5) == []
    assert [e.reference for e in rewarded(book, 1, 5, 9)] == ["purchase:3:7:1"]
    assert book.available(BUYER) == 150


def test_a_reward_goes_back_with_its_purchase_and_comes_back_as_it_was() -> None:
    book = Book()
    rewarded(book, 1, 5)
    assert told(rewarded(book, 1, rewards={2: 777})) == [("reversed", -100, 0)]
    assert told(rewarded(book, 1, 6, rewards={2: 777})) == [("rewarded", 100, 0)]


def test_a_reward_that_is_set_to_nothing_is_still_taken_back_but_not_given() -> None:
    book = Book()
    rewarded(book, 1, 5)
    assert rewarded(book, 1, 5, rewards={2: 0}) == []
    assert told(rewarded(book, rewards={2: 0})) == [("reversed", -100, 0)]
    assert rewarded(Book(), 1, 5, rewards={2: 0}) == []
    assert rewarded(Book(), 1, 5, rule=replace(ONE_PER_UNIT, enabled=False)) == []


def test_a_reward_is_pending_from_the_purchase_that_earned_it() -> None:
    book = Book()
    assert told(rewarded(book, 1, 5, rule=LATER)) == [("rewarded", 0, 100)]
    assert book.lots["purchase:2:7"].matures_at == day(19)
    assert book.entries[0].rule == '{"pending_days":14,"points":100,"purchase":2}'


def test_a_spent_reward_follows_the_setting() -> None:
    book = Book()
    rewarded(book, 1, 5)
    adjust(book, BUYER, -30, "s", "the till", "spent")
    assert told(rewarded(book, 1)) == [
        ("reversed", -70, 0),
        ("reversed", -30, 0),
        ("written_off", 30, 0),
    ]
    assert told(rewarded(book, 1, 5)) == [("rewarded", 100, 0), ("reclaimed", -30, 0)]
    adjust(book, BUYER, -50, "t", "the till", "spent")
    rewarded(book, 1, shortfall="owe")
    assert book.available(BUYER) == -80
