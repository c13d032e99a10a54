from fractions import Fraction

import pytest

from retention.figures.figure import Figure, NotEnough
from retention.figures.stage import Thresholds, stage
from tests.retention.figures.tables import Bought, bought, period

FEW = Thresholds(customers_to_estimate=2, returners_to_estimate=1, large_base=4)


def measures(found: tuple[Figure, ...]) -> dict[str, Figure]:
    return {one.name: one for one in found}


def weekly(weeks: int) -> list[tuple[int, float, str]]:
    """An order of 10 of customer 1 in the middle of each week."""
    return [(1, 7 * week + 3.5, "10") for week in range(weeks)]


def test_what_a_stage_is_judged_by() -> None:
    # A year: 26 weeks of 10 and 26 weeks of 12, all of customer 1, and one order of 28 of a new
    # one in the last half year.
    table = bought(*weekly(26), *((1, day + 182, "12") for _, day, _ in weekly(26)), (2, 300, "28"))

    found = measures(stage(table, period(0, 364)).measures)

    assert found["stage_customers"].value == 2
    assert found["stage_returners"].value == 1
    assert found["stage_weeks_with_orders"].value == 100
    assert found["stage_growth"].value == Fraction(312 + 28 - 260, 260) * 100
    assert found["stage_repeat_revenue"].value == Fraction(312 * 100, 340)


def test_weeks_are_counted_back_from_the_end() -> None:
    # Orders on the last day, exactly a week before the end, and in the week before that.
    found = stage(bought((1, 13, "1"), (1, 7, "1"), (1, 6.9, "1"), (2, 0, "1")), period(0, 14))

    weeks = measures(found.measures)["stage_weeks_with_orders"]
    assert (weeks.value, weeks.n) == (100, 2)
    gap = stage(bought((1, 20, "1"), (1, 13.9, "1"), (2, 0, "1")), period(0, 28))
    assert measures(gap.measures)["stage_weeks_with_orders"].value == 75


def test_a_young_store_has_no_growth() -> None:
    growth = measures(stage(bought(*weekly(30)), period(0, 210)).measures)["stage_growth"]

    assert growth.not_enough == NotEnough(30, 52)


@pytest.mark.parametrize(
    ("rows", "name", "persian"),
    [
        ([(1, 0.0, "1"), (2, 363.0, "1")], "just_started", "شروع کار"),
        ([(1, 0.0, "1"), (2, 363.0, "1"), (1, 363.5, "1")], "gaining", "جذب نیرو"),
        ([*weekly(52), (2, 363.0, "1")], "consistent", "سازگار"),
        ([*weekly(52), *((each, 363.0, "9999") for each in (2, 3, 4))], "established", "تأسیس شده"),
        ([*weekly(52), *((each, 363.0, "1") for each in (2, 3, 4))], "settled", "تثبیت شده"),
    ],
)
def test_each_stage(rows: list[Bought], name: str, persian: str) -> None:
    found = stage(bought(*rows), period(0, 364), FEW)

    assert (found.name, found.label.fa, found.thresholds) == (name, persian, FEW)
    assert found.advice.en.endswith(".")


def test_a_large_store_that_grows_is_established() -> None:
    rows: list[Bought] = [*weekly(26), *((1, day + 182, "12") for _, day, _ in weekly(26))]
    rows += [(each, 363.0, "1") for each in (2, 3, 4)]

    assert stage(bought(*rows), period(0, 364), FEW).name == "established"


def test_thresholds_can_be_changed() -> None:
    table = bought(*weekly(52), (2, 363, "1"))

    assert stage(table, period(0, 364)).name == "just_started"
    assert stage(table, period(0, 364), FEW).name == "consistent"
