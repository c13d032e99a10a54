"""Points reserved, redeemed and given back, in a book of lots."""

from dataclasses import replace

import pytest

from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.chain import linked
from retention.ledger.changes import adjust, expire
from retention.ledger.holdings import Holdings
from retention.ledger.posting import Shortfall
from retention.ledger.redemption import Spending, affordable
from retention.records import PointEntry
from tests.retention.ledger.test_settle import ACCOUNT, BUYER, ONE_PER_UNIT, day, settled
from tests.retention.tables import START, order
from tests.retention.test_redemption import kept

RULE = '{"grace_days":0}'
SOON = replace(ONE_PER_UNIT, expiry_days=10)
LATE = replace(ONE_PER_UNIT, expiry_days=20)


def three_lots() -> Book:
    """100 that never expire, 30 that expire after 20 days, 20 that expire after 10."""
    book = Book()
    settled(book, order("100", identifier="1"))
    settled(book, order("30", identifier="2"), rule=LATE)
    settled(book, order("20", identifier="3"), rule=SOON)
    return book


def own_entries(book: Book, reference: str) -> list[PointEntry]:
    return [one for one in book.entries if one.reference.startswith(f"redemption:{reference}:")]


def brought(
    book: Book,
    reserved: int,
    redeemed: int,
    days: float = 1,
    *,
    customer: int = BUYER,
    grace: int = 0,
    shortfall: Shortfall = "write_off",
    reference: str = "r",
) -> list[tuple[str, int, str, str]]:
    """What bringing a redemption there adds: lot, points, account and reason."""
    before = len(book.entries)
    own = own_entries(book, reference)
    spending = Spending(book, reference, customer, RULE, day(days), grace, own)
    spending.bring(reserved, redeemed, shortfall)
    assert own == own_entries(book, reference)
    return [(e.lot, e.points, e.against, e.reason) for e in book.entries[before:]]


def held(book: Book) -> dict[str, tuple[int, int]]:
    """What the redemption took of each lot, and gave back since it last took any."""
    holdings = Holdings.of(own_entries(book, "r"))
    return {part.lot: (part.taken, part.back) for part in holdings.parts.values()}


def sound(book: Book) -> Audit:
    """The audit of the book, which finds nothing."""
    audit = Audit()
    audit.read(linked(book.entries, START))
    audit.compare(audit.entries, audit.hash, book.lots.values())
    assert audit.problems == []
    assert audit.pending + audit.available + sum(audit.accounts.values()) == 0
    return audit


def test_points_are_reserved_from_the_lots_that_expire_first() -> None:
    book = three_lots()
    assert brought(book, 60, 0) == [
        ("order:3:7", -20, "reserved", "reserved"),
        ("order:2:7", -30, "reserved", "reserved"),
        ("order:1:7", -10, "reserved", "reserved"),
    ]
    assert own_entries(book, "r")[0] == PointEntry(
        reference="redemption:r:1",
        lot="order:3:7",
        order_id="3",
        customer_id=BUYER,
        points=-20,
        pending=0,
        against="reserved",
        reason="reserved",
        rule=RULE,
        expires_at=day(10),
    )
    assert book.available(BUYER) == 90
    assert sound(book).accounts["reserved"] == 60


def test_doing_it_again_adds_nothing() -> None:
    book = three_lots()
    brought(book, 60, 0)
    assert brought(book, 60, 0) == []
    brought(book, 0, 60)
    assert brought(book, 0, 60) == []
    brought(book, 0, 25)
    assert brought(book, 0, 25) == []
    brought(book, 0, 0)
    assert brought(book, 0, 0) == []


def test_using_the_reward_moves_the_points_from_one_account_to_the_other() -> None:
    book = three_lots()
    brought(book, 25, 0)
    assert brought(book, 0, 25) == [
        ("order:3:7", 20, "reserved", "committed"),
        ("order:3:7", -20, "redeemed", "committed"),
        ("order:2:7", 5, "reserved", "committed"),
        ("order:2:7", -5, "redeemed", "committed"),
    ]
    accounts = sound(book).accounts
    assert (accounts["reserved"], accounts["redeemed"]) == (0, 25)
    assert book.available(BUYER) == 125


def test_an_order_that_is_not_paid_after_all_reopens_what_it_used() -> None:
    book = three_lots()
    brought(book, 20, 0)
    brought(book, 0, 20)
    assert brought(book, 20, 0) == [
        ("order:3:7", 20, "redeemed", "reopened"),
        ("order:3:7", -20, "reserved", "reopened"),
    ]


def test_points_go_back_to_their_lots_the_last_to_expire_first() -> None:
    book = three_lots()
    brought(book, 60, 0)
    assert brought(book, 0, 0) == [
        ("order:1:7", 10, "reserved", "released"),
        ("order:2:7", 30, "reserved", "released"),
        ("order:3:7", 20, "reserved", "released"),
    ]
    assert book.available(BUYER) == 150


def test_refunds_of_40_and_60_give_back_as_much_as_one_of_100() -> None:
    def after(*left: int) -> dict[str, int]:
        book = three_lots()
        for redeemed in (60, *left):
            brought(book, 0, redeemed)
        sound(book)
        return {name: lot.available for name, lot in book.lots.items()}

    assert after(36) == {"order:1:7": 94, "order:2:7": 12, "order:3:7": 8}
    assert after(48, 36) == after(59, 58, 41, 36) == after(36)
    assert after(36, 0) == after(0) == after(24, 0) == {
        "order:1:7": 100, "order:2:7": 30, "order:3:7": 20,
    }  # fmt: skip


def test_what_would_expire_within_the_grace_lasts_so_long_and_nothing_else_does() -> None:
    book = three_lots()
    brought(book, 45, 0)
    assert brought(book, 0, 0, days=5, grace=10) == [
        ("order:2:7", 25, "reserved", "released"),
        ("redemption:r:4", 20, "reserved", "released"),
    ]
    assert book.lots["redemption:r:4"].expires_at == day(15)
    assert book.lots["order:3:7"].expires_at == day(10)
    expire(book, BUYER, day(14))
    assert book.available(BUYER) == 150
    expire(book, BUYER, day(15))
    assert book.available(BUYER) == 130
    audit = sound(book)
    audit.compare_redemptions([kept(points=45, state="released", entries=4)])
    assert audit.problems == []


def test_refunds_in_parts_give_each_lot_its_share_with_its_days_or_the_grace() -> None:
    book = three_lots()
    brought(book, 0, 60)
    assert brought(book, 0, 36, days=5, grace=10) == [
        ("order:1:7", 4, "redeemed", "returned"),
        ("order:2:7", 12, "redeemed", "returned"),
        ("redemption:r:6", 8, "redeemed", "returned"),
    ]
    assert [entry.note for entry in own_entries(book, "r")[-3:]] == ["", "", "order:3:7"]
    assert brought(book, 0, 24, days=15, grace=10) == [
        ("order:1:7", 2, "redeemed", "returned"),
        ("redemption:r:8", 6, "redeemed", "returned"),
        ("redemption:r:9", 4, "redeemed", "returned"),
    ]
    ends = {lot.reference: lot.expires_at for lot in book.of_customer(BUYER)}
    assert ends["redemption:r:6"] == day(15)
    assert ends["redemption:r:8"] == ends["redemption:r:9"] == day(25)
    assert held(book) == {"order:3:7": (20, 12), "order:2:7": (30, 18), "order:1:7": (10, 6)}
    brought(book, 0, 0, days=16)
    assert {name: lot.available for name, lot in book.lots.items()} == {
        "order:1:7": 100, "order:2:7": 24, "order:3:7": 8,
        "redemption:r:6": 8, "redemption:r:8": 6, "redemption:r:9": 4,
    }  # fmt: skip
    sound(book)


def test_what_came_back_as_a_lot_of_its_own_is_spent_again_and_comes_back_to_it() -> None:
    book = three_lots()
    brought(book, 0, 60)
    brought(book, 0, 36, days=5, grace=10)
    assert brought(book, 0, 60, days=6) == [
        ("redemption:r:6", -8, "redeemed", "redeemed"),
        ("order:2:7", -12, "redeemed", "redeemed"),
        ("order:1:7", -4, "redeemed", "redeemed"),
    ]
    assert brought(book, 0, 0, days=7) == [
        ("redemption:r:6", 8, "redeemed", "returned"),
        ("order:1:7", 10, "redeemed", "returned"),
        ("order:2:7", 30, "redeemed", "returned"),
        ("order:3:7", 12, "redeemed", "returned"),
    ]


def written_before(book: Book, *given: tuple[str, int]) -> None:
    """Entries that gave points back to lots, what was taken last first, naming no source."""
    for lot, points in given:
        number = len(own_entries(book, "r")) + 1
        name = lot or f"redemption:r:{number}"
        entry = own_entries(book, "r")[-1]
        book.post(
            replace(
                entry,
                reference=f"redemption:r:{number}",
                lot=name,
                order_id=book.lots[name].order_id if lot else None,
                points=points,
                reason="returned",
                expires_at=book.lots[name].expires_at if lot else day(90),
            )
        )


def test_lots_that_had_more_than_their_share_wait_for_the_others() -> None:
    book = three_lots()
    brought(book, 0, 60)
    written_before(book, ("order:1:7", 10), ("order:2:7", 14))
    assert held(book) == {"order:3:7": (20, 0), "order:2:7": (30, 14), "order:1:7": (10, 10)}
    # Shares of 31 are 10, 16 and 5.
    assert brought(book, 0, 24) == [
        ("order:2:7", 2, "redeemed", "returned"),
        ("order:3:7", 10, "redeemed", "returned"),
    ]
    assert brought(book, 0, 0) == [
        ("order:2:7", 14, "redeemed", "returned"),
        ("order:3:7", 10, "redeemed", "returned"),
    ]
    assert {lot.available for lot in book.lots.values()} == {100, 30, 20}


def test_lots_that_name_no_source_had_what_was_taken_last() -> None:
    book = three_lots()
    brought(book, 0, 60)
    written_before(book, ("", 10), ("", 14))
    assert held(book) == {"order:3:7": (20, 0), "order:2:7": (30, 14), "order:1:7": (10, 10)}
    brought(book, 0, 0)
    assert {name: lot.available for name, lot in book.lots.items()} == {
        "order:1:7": 90, "order:2:7": 16, "order:3:7": 20,
        "redemption:r:4": 10, "redemption:r:5": 14,
    }  # fmt: skip
    sound(book)


def test_without_grace_points_come_back_to_expire_as_they_would_have() -> None:
    book = three_lots()
    brought(book, 20, 0)
    assert brought(book, 0, 0, days=12) == [("order:3:7", 20, "reserved", "released")]
    expire(book, BUYER, day(12))
    assert book.available(BUYER) == 130


def test_what_has_expired_is_not_taken_though_it_has_not_lapsed_yet() -> None:
    book = three_lots()
    assert brought(book, 40, 0, days=10)[0] == ("order:2:7", -30, "reserved", "reserved")
    assert brought(book, 1, 0, days=20, reference="s") == [
        ("order:1:7", -1, "reserved", "reserved")
    ]


def test_a_refund_that_is_taken_back_takes_only_what_had_come_back() -> None:
    book = three_lots()
    brought(book, 0, 60)
    assert brought(book, 0, 45) == [
        ("order:1:7", 2, "redeemed", "returned"),
        ("order:2:7", 8, "redeemed", "returned"),
        ("order:3:7", 5, "redeemed", "returned"),
    ]
    assert brought(book, 0, 55) == [
        ("order:3:7", -5, "redeemed", "redeemed"),
        ("order:2:7", -5, "redeemed", "redeemed"),
    ]
    # What is held now, 20, 27 and 8, is what further returns are shares of.
    assert held(book) == {"order:3:7": (20, 0), "order:2:7": (27, 0), "order:1:7": (8, 0)}
    assert brought(book, 0, 44) == [
        ("order:1:7", 2, "redeemed", "returned"),
        ("order:2:7", 5, "redeemed", "returned"),
        ("order:3:7", 4, "redeemed", "returned"),
    ]


def test_news_of_an_order_leave_points_on_the_lots_of_whose_they_were() -> None:
    book = three_lots()
    brought(book, 20, 0)
    brought(book, 0, 20, customer=ACCOUNT)
    assert {entry.customer_id for entry in own_entries(book, "r")} == {BUYER}


def test_points_go_back_to_whose_the_redemption_is_now() -> None:
    book = three_lots()
    brought(book, 25, 0)
    assert brought(book, 0, 0, customer=ACCOUNT) == [
        ("redemption:r:3", 5, "reserved", "released"),
        ("redemption:r:4", 20, "reserved", "released"),
    ]
    assert [lot.expires_at for lot in book.of_customer(ACCOUNT)] == [day(10), day(20)]
    assert (book.available(ACCOUNT), book.available(BUYER)) == (25, 125)
    sound(book)


def test_pending_expired_and_owed_points_cannot_be_spent() -> None:
    book = three_lots()
    settled(book, order("50", identifier="4"), rule=replace(ONE_PER_UNIT, pending_days=14))
    assert affordable(book, BUYER, day(9)) == 150
    assert affordable(book, BUYER, day(10)) == 130
    adjust(book, BUYER, -140, "k", "Reza", "the till")
    settled(book, order("100", identifier="1", status="cancelled"), shortfall="owe")
    assert (book.available(BUYER), affordable(book, BUYER, day(1))) == (-90, 0)


def test_what_is_owed_lowers_what_can_be_spent() -> None:
    book = Book()
    settled(book, order("100", identifier="1"))
    brought(book, 60, 0)
    settled(book, order("100", identifier="1", status="cancelled"), shortfall="owe")
    settled(book, order("80", identifier="2"))
    assert affordable(book, BUYER, day(1)) == 20


def test_points_that_went_back_are_taken_again_when_their_order_is_paid_after_all() -> None:
    book = Book()
    settled(book, order("100"))
    brought(book, 60, 0)
    brought(book, 0, 0)
    assert brought(book, 0, 60) == [("order:1:7", -60, "redeemed", "redeemed")]


def spent_twice(shortfall: Shortfall) -> Book:
    """60 points went back, 50 of all 100 were spent elsewhere, and then the order was paid."""
    book = Book()
    settled(book, order("100"))
    brought(book, 60, 0)
    brought(book, 0, 0)
    brought(book, 0, 90, reference="other")
    assert brought(book, 0, 60, shortfall=shortfall)[:2] == [
        ("order:1:7", -10, "redeemed", "redeemed"),
        ("redemption:r:4", -50, "redeemed", "redeemed"),
    ]
    return book


def test_those_that_are_spent_meanwhile_are_left_to_the_customer_and_it_is_written_down() -> None:
    book = spent_twice("write_off")
    assert own_entries(book, "r")[-1].reason == "written_off"
    assert book.available(BUYER) == 0
    accounts = sound(book).accounts
    assert (accounts["redeemed"], accounts["written_off"]) == (150, -50)


def test_what_was_left_to_the_customer_does_not_come_back_as_a_gift() -> None:
    book = spent_twice("write_off")
    assert brought(book, 0, 0) == [
        ("redemption:r:4", 50, "redeemed", "returned"),
        ("redemption:r:4", -50, "written_off", "reclaimed"),
        ("order:1:7", 10, "redeemed", "returned"),
    ]
    assert book.available(BUYER) == 10
    assert sound(book).accounts["written_off"] == 0


def test_what_nobody_had_goes_back_first_and_then_the_lots_have_their_shares() -> None:
    book = spent_twice("write_off")
    assert brought(book, 0, 30) == [
        ("redemption:r:4", 30, "redeemed", "returned"),
        ("redemption:r:4", -30, "written_off", "reclaimed"),
    ]
    assert brought(book, 0, 4) == [
        ("redemption:r:4", 20, "redeemed", "returned"),
        ("redemption:r:4", -20, "written_off", "reclaimed"),
        ("order:1:7", 6, "redeemed", "returned"),
    ]
    assert held(book) == {"order:1:7": (10, 6), "redemption:r:4": (50, 50)}
    # What went back is not among what waits for another order to use it.
    assert brought(book, 4, 0) == [
        ("order:1:7", 4, "redeemed", "reopened"),
        ("order:1:7", -4, "reserved", "reopened"),
    ]


def test_what_nobody_had_goes_back_first_also_after_more_was_taken() -> None:
    book = spent_twice("write_off")
    brought(book, 0, 30)
    brought(book, 0, 35)
    given = [(lot, points) for lot, points, _, why in brought(book, 0, 25) if why == "returned"]
    assert [points for _, points in given] == [5, 5]
    assert given[1][0] == "redemption:r:4"


def test_or_they_are_owed_and_come_back_to_pay_it() -> None:
    book = spent_twice("owe")
    assert book.available(BUYER) == -50
    brought(book, 0, 0)
    assert book.available(BUYER) == 10
    sound(book)


def test_spending_points_of_an_order_that_is_cancelled_makes_no_points() -> None:
    book = Book()
    settled(book, order("100"))
    brought(book, 100, 0)
    settled(book, order("100", status="cancelled"))
    assert sound(book).accounts["written_off"] == -100
    assert brought(book, 0, 0) == [
        ("order:1:7", 100, "reserved", "released"),
        ("order:1:7", -100, "written_off", "reclaimed"),
    ]
    assert book.available(BUYER) == 0
    settled(book, order("100"))
    assert book.available(BUYER) == 100


def test_what_was_written_off_of_an_order_is_taken_once_whoever_has_the_order() -> None:
    book = Book()
    settled(book, order("100"))
    brought(book, 60, 0)
    settled(book, order("100", status="cancelled"))
    settled(book, order("100"), customer=ACCOUNT)
    assert (book.available(BUYER), book.available(ACCOUNT)) == (0, 40)
    assert brought(book, 0, 0) == [("order:1:7", 60, "reserved", "released")]
    assert sound(book).accounts["written_off"] == 0


def test_of_points_that_were_written_off_in_part_the_rest_comes_back() -> None:
    book = Book()
    settled(book, order("100", identifier="1"))
    brought(book, 90, 0)
    settled(book, order("100", identifier="1", status="cancelled"))
    settled(book, order("30", identifier="1"))
    assert brought(book, 0, 0)[-1] == ("order:1:7", 30, "reserved", "released")


def test_holdings_are_what_the_entries_make_of_them() -> None:
    book = three_lots()
    brought(book, 45, 0)
    brought(book, 0, 45)
    brought(book, 0, 25)
    holdings = Holdings.of(own_entries(book, "r"))
    assert held(book) == {"order:3:7": (20, 9), "order:2:7": (25, 11)}
    assert (holdings.reserved, holdings.redeemed, holdings.points) == (0, 25, 25)


@pytest.mark.parametrize("lost", [0, 1])
def test_an_audit_compares_redemptions_with_their_entries(lost: int) -> None:
    book = three_lots()
    brought(book, 25, 0)
    audit = sound(book)
    row = kept(points=25, entries=2)
    audit.compare_redemptions([row][lost:])
    assert audit.problems == ([] if not lost else ["redemption r: it has entries, and is not kept"])
    audit.compare_redemptions([replace(row, state="used", returned=5)])
    assert audit.problems[lost:] == [
        "redemption r: reserved 0, by its entries 25",
        "redemption r: redeemed 20, by its entries 0",
    ]
