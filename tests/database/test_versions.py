"""Which of two states of one object is the newer: every case of the table."""

from datetime import timedelta
from decimal import Decimal

import pytest

from database.versions import Verdict, Version, digest, judge, version_of
from retention.records import Refund, RefundLine
from tests.database.rows import NOON, order

APPLY, SKIP, LOOK_UP = Verdict.APPLY, Verdict.SKIP, Verdict.LOOK_UP
LATER = NOON + timedelta(seconds=1)
UNREAD = Version(None, None)
GONE = Version(NOON, b"a", gone=True)
GONE_UNREAD = Version(None, None, gone=True)
NEWS_OF_DELETION = Version(None, b"", gone=True)


@pytest.mark.parametrize(
    ("known", "new", "told", "read"),
    [
        (None, Version(NOON, b"a"), APPLY, APPLY),
        (None, Version(None, b"a"), APPLY, APPLY),
        (None, NEWS_OF_DELETION, APPLY, APPLY),
        (UNREAD, Version(NOON, b"a"), APPLY, APPLY),
        (UNREAD, NEWS_OF_DELETION, APPLY, APPLY),
        (Version(NOON, b"a"), Version(LATER, b"b"), APPLY, APPLY),
        (Version(NOON, b"a"), Version(LATER, b"a"), APPLY, APPLY),
        (Version(NOON, b"a"), Version(NOON, b"a"), SKIP, SKIP),
        (Version(NOON, b"a"), Version(NOON, b"b"), LOOK_UP, APPLY),
        (Version(LATER, b"a"), Version(NOON, b"b"), SKIP, SKIP),
        (Version(None, b"a"), Version(None, b"b"), LOOK_UP, APPLY),
        (Version(None, b"a"), Version(NOON, b"b"), APPLY, APPLY),
        (Version(NOON, b"a"), Version(None, b"b"), SKIP, SKIP),
        (Version(NOON, b"a"), NEWS_OF_DELETION, APPLY, APPLY),
        (GONE, Version(LATER, b"b"), LOOK_UP, APPLY),
        (GONE, Version(NOON, b"a"), LOOK_UP, APPLY),
        (GONE, NEWS_OF_DELETION, SKIP, SKIP),
        (GONE_UNREAD, Version(NOON, b"a"), LOOK_UP, APPLY),
    ],
)
def test_a_state_is_applied_skipped_or_looked_up(
    known: Version | None, new: Version, told: Verdict, read: Verdict
) -> None:
    assert judge(known, new, decisive=False) is told
    assert judge(known, new, decisive=True) is read


def test_the_date_is_not_part_of_the_content() -> None:
    assert digest(order()) == digest(order(modified_at=LATER))
    assert version_of(order()) == Version(NOON, digest(order()))


def test_a_refund_counts_with_its_number_and_amount_only() -> None:
    told = Refund("8", Decimal("5.00"))
    read = Refund("8", Decimal("5.00"), Decimal("5.00"), (RefundLine("7", 1, Decimal("5.00")),))
    assert digest(order(refunds=(told,))) == digest(order(refunds=(read,)))
    other = digest(order(refunds=(Refund("9", Decimal("5.00")),)))
    larger = digest(order(refunds=(Refund("8", Decimal("6.00")),)))
    assert len({digest(order(refunds=(told,))), other, larger, digest(order())}) == 4


def test_another_status_is_another_content() -> None:
    assert digest(order()) != digest(order(status="cancelled"))
