from fractions import Fraction

import polars as pl
import pytest

from retention.figures.figure import Figure, NotEnough
from retention.figures.history import History
from retention.figures.retained import Movement, movement, retention, silence
from tests.retention.figures.tables import at, bought, period

MONTH = period(0, 30)
TEN_DAYS = 10

# With a silence of ten days: 1 stays, 2 leaves, 3 arrives and is there, 4 arrives and is gone
# again, 5 had left and is won back, 6 was long gone, 7 buys on the very last day of silence.
FEW = bought(
    (1, -1, "1"), (1, 25, "1"), (2, -1, "1"), (2, 5, "1"), (3, 21, "1"), (4, 1, "1"),
    (5, -50, "1"), (5, 29, "1"), (6, -50, "1"), (7, -10, "1"), (7, 20, "1"),
)  # fmt: skip


def history(table: pl.DataFrame, until: float) -> History:
    nothing = pl.DataFrame()
    return History(table, nothing, nothing, nothing, at(until))


def by_name(found: list[Figure]) -> dict[str, Figure]:
    return {one.name: one for one in found}


def test_who_was_there_who_left_and_who_came() -> None:
    moved = movement(FEW, at(0), at(30), TEN_DAYS)

    assert moved == Movement(start=3, end=4, stayed=2, new=1, won_back=1)


def test_retention_and_churn_rate() -> None:
    silent = silence(history(FEW, 30), MONTH, setting=TEN_DAYS)
    found = by_name(retention(movement(FEW, at(0), at(30), TEN_DAYS), silent, MONTH, minimum=1))

    # (E - N) / S = (4 - 2) / 3.
    assert found["customer_retention_rate"].value == Fraction(200, 3)
    assert found["churn_rate"].value == Fraction(100, 3)
    assert (found["customers_at_start"].value, found["customers_at_end"].value) == (3, 4)
    assert (found["customers_new_at_end"].value, found["customers_won_back"].value) == (1, 1)


def test_the_silence_is_when_nine_in_ten_of_those_who_return_have_returned() -> None:
    # Ten come back after 1, 2, …, 10 days and ten never: by day 9 nine of the ten have, and
    # nobody is censored before.
    table = bought(
        *((customer, 0, "1") for customer in range(1, 21)),
        *((customer, customer, "1") for customer in range(1, 11)),
    )

    found = silence(history(table, 100), MONTH, minimum=1)

    assert (found.value, found.n, found.unit) == (9, 10, "days")


def test_those_still_silent_lengthen_the_silence() -> None:
    # Two come back after 1 and 9 days; two joined five days ago. Kaplan-Meier: 3/4 after day 1,
    # then 3/4 * 0 ... with one left at day 9: of the 100 % who then have come back, 90 % is day 9.
    table = bought((1, 0, "1"), (1, 1, "1"), (2, 0, "1"), (2, 9, "1"), (3, 5, "1"), (4, 5, "1"))

    assert silence(history(table, 10), MONTH, minimum=1).value == 9


def test_the_silence_needs_returns_and_is_at_least_a_day() -> None:
    nobody = history(bought((1, 0, "1")), 10)
    at_once = history(bought((1, 0, "1"), (1, 0.1, "1")), 10)

    assert silence(nobody, MONTH, minimum=1).not_enough == NotEnough(0, 1)
    assert silence(at_once, MONTH, minimum=1).value == 1
    assert silence(history(FEW, 30), MONTH).not_enough == NotEnough(0, 30)
    with pytest.raises(ValueError, match="silence_days is 0"):
        silence(nobody, MONTH, setting=0)


def test_without_a_silence_there_is_no_rate() -> None:
    unknown = silence(history(FEW, 30), MONTH)

    for found in retention(None, unknown, MONTH):
        assert found.not_enough == NotEnough(0, 30)
