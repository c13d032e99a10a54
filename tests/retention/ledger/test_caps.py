"""Caps hold at every moment, and leave the same points whatever arrives first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from retention.caps import Caps
from retention.ledger.book import Book
from retention.ledger.sharing import Settlement, settle_together
from retention.points import EarningRule
from retention.records import Order
from tests.retention.ledger.test_amended import agrees
from tests.retention.ledger.test_settle import ACCOUNT, BUYER, ONE_PER_UNIT
from tests.retention.tables import START, order, refund_of_amount

CAPPED = replace(ONE_PER_UNIT, caps=Caps(day=100, month=150))


def told(
    book: Book, known: dict[str, Order], owners: Mapping[str, int], news: Order, rule: EarningRule
) -> None:
    """News of an order, after which all orders under caps are settled, as the jobs do it."""
    known[news.id] = news
    rules, customers = dict.fromkeys(known, rule), {BUYER, ACCOUNT}
    all_of_them = Settlement(list(known.values()), owners, rules, customers=customers)
    settle_together(book, all_of_them, START + timedelta(days=60))


def points(book: Book) -> dict[str, int]:
    """What each order gives, 0 left out."""
    granted = {lot.order_id or "": 0 for lot in book.lots.values()}
    for lot in book.lots.values():
        granted[lot.order_id or ""] += lot.granted
    return {name: given for name, given in granted.items() if given}


def paid(identifier: str, net: str, hours: float, **changed: object) -> Order:
    moment = START + timedelta(hours=hours)
    made = replace(order(net, identifier=identifier), placed_at=moment, paid_at=moment)
    return replace(made, **changed)  # type: ignore[arg-type]


def test_an_earlier_order_that_comes_late_takes_from_a_later_one() -> None:
    book, known, owners = Book(), dict[str, Order](), {"1": BUYER, "2": BUYER, "3": BUYER}
    told(book, known, owners, paid("2", "80", 5), CAPPED)
    told(book, known, owners, paid("3", "90", 30), CAPPED)
    assert points(book) == {"2": 80, "3": 70}
    told(book, known, owners, paid("1", "60", 1), CAPPED)
    assert points(book) == {"1": 60, "2": 40, "3": 50}


def test_the_time_of_payment_counts_and_where_it_is_not_told_that_of_the_order() -> None:
    book, known, owners = Book(), dict[str, Order](), {"1": BUYER, "2": BUYER, "3": BUYER}
    told(book, known, owners, paid("1", "80", 1, paid_at=START + timedelta(hours=9)), CAPPED)
    told(book, known, owners, paid("2", "80", 5), CAPPED)
    assert points(book) == {"1": 20, "2": 80}
    told(book, known, owners, paid("3", "30", 4, paid_at=None), CAPPED)
    assert points(book) == {"2": 70, "3": 30}


def test_a_refund_leaves_its_room_to_those_after_it() -> None:
    book, known, owners = Book(), dict[str, Order](), {"1": BUYER, "2": BUYER}
    told(book, known, owners, paid("1", "80", 1), CAPPED)
    told(book, known, owners, paid("2", "80", 2), CAPPED)
    assert points(book) == {"1": 80, "2": 20}
    told(book, known, owners, paid("1", "80", 1, refunds=(refund_of_amount("a", "50"),)), CAPPED)
    assert points(book) == {"1": 30, "2": 70}
    told(book, known, owners, paid("1", "80", 1, status="cancelled"), CAPPED)
    assert points(book) == {"2": 80}


def test_each_customer_has_caps_of_their_own() -> None:
    book, known, owners = Book(), dict[str, Order](), {"1": BUYER, "2": ACCOUNT}
    told(book, known, owners, paid("1", "120", 1), CAPPED)
    told(book, known, owners, paid("2", "120", 2), CAPPED)
    assert points(book) == {"1": 100, "2": 100}
    # Becoming the account's, the guest's order shares its cap.
    told(book, known, {"1": ACCOUNT, "2": ACCOUNT}, paid("1", "120", 1), CAPPED)
    assert points(book) == {"1": 100}


def test_orders_keep_the_caps_by_which_they_earned() -> None:
    book, known, owners = Book(), dict[str, Order](), {"1": BUYER, "2": BUYER, "3": BUYER}
    told(book, known, owners, paid("1", "80", 1), ONE_PER_UNIT)
    told(book, known, owners, paid("2", "120", 2), CAPPED)
    # The first order has no cap and does not count towards that of the second.
    assert points(book) == {"1": 80, "2": 100}
    told(book, known, owners, paid("3", "120", 3), replace(CAPPED, caps=Caps(day=130)))
    assert points(book) == {"1": 80, "2": 100, "3": 30}


amounts = st.integers(0, 90).map(str)


@st.composite
def histories(draw: st.DrawFn) -> list[Order]:
    """News of up to four orders, each with states of which the last one stands."""
    news: list[Order] = []
    for name in draw(st.sets(st.sampled_from("1234"), min_size=1)):
        hours, net = draw(st.integers(0, 60)), draw(amounts)
        for number in range(draw(st.integers(1, 3))):
            refunds = (refund_of_amount(f"{number}", draw(amounts)),) if number else ()
            status = draw(st.sampled_from(["completed", "processing", "cancelled"]))
            news.append(paid(name, net, hours, refunds=refunds, status=status))
    return news


def of_each(news: Sequence[Order], sequence: Sequence[int]) -> list[Order]:
    """The news shuffled, but for each order's own states, which stay in their sequence."""
    waiting: dict[str, list[Order]] = {}
    for one in news:
        waiting.setdefault(one.id, []).append(one)
    return [waiting[news[place].id].pop(0) for place in sequence]


@settings(max_examples=80, deadline=None)
@given(
    news=histories(),
    caps=st.builds(Caps, st.integers(0, 120), st.integers(0, 200), st.integers(0, 250)),
    data=st.data(),
)
def test_any_sequence_of_arrival_leaves_the_same_points(
    news: list[Order], caps: Caps, data: st.DataObject
) -> None:
    rule = replace(ONE_PER_UNIT, caps=caps, per=Decimal("0.7"))
    owners = dict.fromkeys("1234", BUYER)
    ends = []
    for _ in range(2):
        sequence = data.draw(st.permutations(range(len(news))))
        book, known = Book(), dict[str, Order]()
        for one in of_each(news, sequence):
            told(book, known, owners, one, rule)
            told(book, known, owners, one, rule)
            within = [given for given in (caps.lifetime,) if given]
            assert all(sum(points(book).values()) <= limit for limit in within)
        ends.append(points(book))
        assert agrees(book)
    assert ends[0] == ends[1]
