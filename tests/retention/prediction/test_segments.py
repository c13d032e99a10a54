from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention.prediction.columns import MOVES, SEGMENT_SIZES, SEGMENTS
from retention.prediction.segments import moves, segment_names, segment_sizes, segments
from tests.retention.prediction.tables import Bought, day, days

# Ten customers known on day 100. Recency in quintiles: days 99 and 98 give 5, 90 and 80 give 4,
# 70 and 60 give 3, 40 and 30 give 2, 10 and 5 give 1.
LATEST = {1: 99, 2: 98, 3: 90, 4: 80, 5: 70, 6: 60, 7: 40, 8: 30, 9: 10, 10: 5}
# How often each bought in all, every time for the amount given.
OFTEN = {1: 8, 2: 1, 3: 6, 4: 2, 5: 7, 6: 1, 7: 5, 8: 1, 9: 4, 10: 1}
AMOUNT = {1: "100", 2: "9", 3: "50", 4: "11", 5: "1", 6: "8", 7: "40", 8: "90", 9: "2", 10: "5"}
STORE: list[Bought] = [
    (customer, LATEST[customer] - back, AMOUNT[customer])
    for customer in LATEST
    for back in range(OFTEN[customer])
]


def test_scores_and_names_of_ten_customers() -> None:
    table = segments(days(*STORE), day(100))

    assert table.schema == SEGMENTS
    assert table.select("customer_id", "silence_days", "count", "spent").row(0) == (
        1,
        1,
        8,
        Decimal(800),
    )
    scores = table.select("recency_score", "frequency_score", "value_score", "segment").rows()
    # Frequency: four who bought once share ranks 1 to 4, in the middle 2.5, quintile 2; then come
    # 2, 4 (3), 5, 6 (4) and 7, 8 (5) purchases. Value: 5, 7 | 8, 8 | 9, 22 | 90, 200 | 300, 800.
    assert dict(zip(table["customer_id"], scores, strict=True)) == {
        1: (5, 5, 5, "champions"),
        2: (5, 2, 3, "new"),
        3: (4, 4, 5, "champions"),
        4: (4, 3, 3, "promising"),
        5: (3, 5, 1, "loyal"),
        6: (3, 2, 2, "new"),
        7: (2, 4, 4, "slipping"),
        8: (2, 2, 4, "lost"),
        9: (1, 3, 2, "slipping"),
        10: (1, 2, 1, "lost"),
    }


def named(recency: int, frequency: int, value: int, count: int) -> str:
    columns = ("recency_score", "frequency_score", "value_score", "count")
    row = pl.DataFrame([(recency, frequency, value, count)], schema=columns, orient="row")
    return str(row.select(segment_names()).item())


def test_two_purchases_are_promising_however_few_others_have() -> None:
    assert named(5, 5, 5, 2) == "promising"
    assert named(5, 5, 5, 3) == "champions"
    assert named(3, 5, 5, 3) == "loyal"


def test_of_the_silent_those_who_came_back_and_mattered_are_slipping() -> None:
    assert named(2, 2, 3, 2) == "slipping"
    assert named(2, 2, 2, 2) == "lost"
    assert named(2, 5, 5, 1) == "lost"


def test_sizes_and_values_add_up() -> None:
    sizes = segment_sizes(segments(days(*STORE), day(100)))

    assert sizes.schema == SEGMENT_SIZES
    assert sizes["count"].sum() == 10
    assert sizes["share"].sum() == pytest.approx(1)
    assert sizes["spent_share"].sum() == pytest.approx(1)
    # Customers 1 and 3: 8 × 100 + 6 × 50.
    assert sizes.row(0) == ("champions", 2, 0.2, Decimal(1100), pytest.approx(1100 / 1449))


def test_moves_between_two_days() -> None:
    # On day 50 customers 7 to 10 are known; on day 100 they are as above, the others are new.
    found = moves(days(*STORE), day(50), day(100))

    assert found.schema == MOVES
    assert found["count"].sum() == 10
    from_nobody = found.filter(pl.col("segment") == "not yet a customer")
    assert dict(from_nobody.select("to_segment", "count").iter_rows()) == {
        "champions": 2,
        "loyal": 1,
        "new": 2,
        "promising": 1,
    }
    # Of four customers 7 (day 40) and 8 (day 30) are the latest: champion and new. Customers 9 and
    # 10 are slipping and lost already.
    rest = found.filter(pl.col("segment") != "not yet a customer")
    assert rest.select("segment", "to_segment", "count", "share").rows() == [
        ("champions", "slipping", 1, 1.0),
        ("lost", "lost", 1, 1.0),
        ("new", "lost", 1, 1.0),
        ("slipping", "slipping", 1, 1.0),
    ]
    with pytest.raises(ValueError, match="is not before"):
        moves(days(*STORE), day(50), day(50))


def test_an_empty_store_has_no_segments() -> None:
    table = segments(days(), day(0))
    assert table.schema == SEGMENTS
    assert segment_sizes(table).schema == SEGMENT_SIZES
    assert table.is_empty()


ROWS = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 40), st.sampled_from(["0", "5", "9.99"])),
    unique_by=lambda row: row[:2],
    max_size=25,
)


@given(ROWS, st.integers(1, 400))
def test_shifting_time_and_buying_twice_as_dear_change_no_segment(
    rows: list[Bought], shift: int
) -> None:
    dear = days(*rows).with_columns(
        (pl.col("net") * 2).cast(pl.Decimal(20, 4)), pl.col("day").dt.offset_by(f"{shift}d")
    )
    same = segments(dear, day(30 + shift)).drop("spent")
    assert_frame_equal(same, segments(days(*rows), day(30)).drop("spent"))
