"""The chain of hashes: what it is made of, and that nothing can be changed unseen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest

from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.chain import Link, is_intact, linked
from retention.records import PointEntry

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def entry(number: int, points: int = 10, customer: int = 7, **changes: Any) -> PointEntry:
    made = PointEntry(
        reference=f"order:1:{customer}:{number}",
        lot=f"order:1:{customer}",
        order_id="1",
        customer_id=customer,
        points=points,
        pending=0,
        against="issued",
        reason="earned",
        rule="{}",
    )
    return replace(made, **changes)


def chain(*entries: PointEntry) -> list[Link]:
    return list(linked(entries, NOON))


def audited(links: list[Link], kept: list[PointEntry] | None = None) -> list[str]:
    """The problems with these links, when the lots are as by the entries in `kept`."""
    written = [link.entry for link in links] if kept is None else kept
    book = Book()
    for one in written:
        book.post(one)
    audit = Audit()
    audit.read(links)
    audit.compare(len(written), chain(*written)[-1].hash, book.lots.values())
    return audit.problems


def test_a_hash_is_sha_256_over_the_hash_before_and_the_entry_as_json() -> None:
    first, second = chain(entry(1), entry(2, -4, reason="reversed", note="«ب»"))
    text = (
        '[1,"2026-05-01T12:00:00+00:00","order:1:7:1","order:1:7","1",7,10,0,"issued","earned",'
        '"{}",null,null,"",""]'
    )
    assert first.hash == sha256(text.encode()).digest()
    text = (
        '[2,"2026-05-01T12:00:00+00:00","order:1:7:2","order:1:7","1",7,-4,0,"issued","reversed",'
        '"{}",null,null,"","«ب»"]'
    )
    assert second.hash == sha256(first.hash + text.encode()).digest()


def test_a_chain_goes_on_where_it_ended() -> None:
    whole = chain(entry(1), entry(2), entry(3))
    rest = list(linked([entry(2), entry(3)], NOON, 1, whole[0].hash))
    assert rest == whole[1:]


def test_the_zone_in_which_a_time_is_told_does_not_matter() -> None:
    tehran = timezone(timedelta(hours=3, minutes=30))
    link = chain(entry(1, matures_at=NOON))[0]
    told = replace(link.entry, matures_at=NOON.astimezone(tehran))
    assert is_intact(replace(link, at=NOON.astimezone(tehran), entry=told), b"")


CHANGES: list[dict[str, Any]] = [
    {"reference": "x"},
    {"lot": "x"},
    {"order_id": "2"},
    {"order_id": None},
    {"customer_id": 8},
    {"points": 11},
    {"pending": 1},
    {"against": "adjusted"},
    {"reason": "reversed"},
    {"rule": "{ }"},
    {"matures_at": NOON},
    {"expires_at": NOON},
    {"actor": "x"},
    {"note": "x"},
]


def test_every_field_of_an_entry_is_tried() -> None:
    assert {name for one in CHANGES for name in one} == set(PointEntry.__slots__)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_entry_is_found_and_named(change: dict[str, Any]) -> None:
    links = chain(entry(1), entry(2), entry(3))
    changed = replace(links[1], entry=replace(links[1].entry, **change))
    links = [links[0], changed, links[2]]
    name = changed.entry.reference
    problems = audited(links, [entry(1), entry(2), entry(3)])
    assert f"entry 2 ({name}): its hash is not that of its content, it was changed" in problems


def test_a_changed_time_or_hash_is_found() -> None:
    links = chain(entry(1), entry(2))
    late = replace(links[1], at=NOON + timedelta(seconds=1))
    assert audited([links[0], late]) == [
        "entry 2 (order:1:7:2): its hash is not that of its content, it was changed"
    ]
    forged = replace(links[0], hash=b"x" * 32)
    assert [problem[:7] for problem in audited([forged, links[1]])] == ["entry 1", "entry 2"]


def test_a_missing_entry_is_found() -> None:
    links = chain(entry(1), entry(2), entry(3))
    found = audited([links[0], links[2]], [entry(1), entry(2), entry(3)])
    assert found[0] == "before entry 3 (order:1:7:3): entries 2 to 2 are missing"
    last = audited(links[:2], [entry(1), entry(2), entry(3)])
    assert last == [
        (
            "the ledger ends with entry 2, and 3 were written: the last ones are missing, "
            "or another was put in"
        ),
        (
            "lot order:1:7: available 30, by its entries 20; granted 30, by its entries 20; "
            "entries 3, by its entries 2"
        ),
    ]


def test_a_ledger_that_agrees_has_no_problems() -> None:
    moved = [
        entry(1),
        entry(2, -10, against="moved", reason="moved"),
        entry(1, 10, 8, against="moved", reason="moved"),
        entry(2, 0, 8, against="matured", reason="matured", pending=0),
    ]
    assert audited(chain(*moved)) == []


def test_everything_together_sums_to_zero() -> None:
    audit = Audit()
    audit.read(
        chain(
            entry(1, 100, pending=100),
            entry(2, 0, pending=-60, against="matured", reason="matured"),
            entry(3, -5, against="adjusted", reason="adjusted"),
            entry(4, -7, against="expired", reason="expired"),
        )
    )
    assert (audit.pending, audit.available) == (40, 48)
    assert audit.accounts == {"issued": -100, "matured": 0, "adjusted": 5, "expired": 7}
    assert audit.pending + audit.available + sum(audit.accounts.values()) == 0
    assert audit.balances() == {7: (40, 48)}


def test_points_that_moved_from_nowhere_are_found() -> None:
    alone = entry(1, 10, against="moved", reason="moved")
    assert audited(chain(alone)) == ["account moved: it is at -10, not at 0"]


def test_maturing_that_makes_points_is_found() -> None:
    made = entry(1, 10, against="matured", reason="matured")
    assert audited(chain(made)) == [
        "entry 1 (order:1:7:1): maturing must not change the sum of points",
        "account matured: it is at -10, not at 0",
    ]


def test_a_lot_of_two_customers_is_found() -> None:
    assert audited(chain(entry(1), entry(2, customer_id=8))) == [
        "entry 2 (order:1:7:2): its lot order:1:7 is another customer's"
    ]


def test_lots_that_have_no_entries_or_are_not_kept_are_found() -> None:
    other = entry(1, 10, 8)
    audit = Audit()
    audit.read(chain(entry(1)))
    book = Book()
    book.post(other)
    audit.compare(1, audit.hash, book.lots.values())
    assert audit.problems == [
        "lot order:1:8: it is kept, and has no entries",
        "lot order:1:7: it has entries, and is not kept",
    ]
