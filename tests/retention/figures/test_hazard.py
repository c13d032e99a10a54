import polars as pl
import pytest

from retention.figures.hazard import Peak, daily_hazard, peak


def spells_of(*counts: tuple[float, int, bool]) -> pl.DataFrame:
    """Days, how many, whether they came back."""
    return pl.DataFrame(
        {
            "duration": [float(days) for days, many, _ in counts for _ in range(many)],
            "returned": [came for _, many, came in counts for _ in range(many)],
        },
        schema={"duration": pl.Float64(), "returned": pl.Boolean()},
    )


def test_the_chance_of_each_day() -> None:
    # 2.4 days belong to day 2, 2.5 to day 3; what follows within half a day makes no day.
    found = daily_hazard(
        spells_of((0.2, 5, True), (1, 2, True), (2.4, 1, True), (2.5, 1, True), (4, 6, False)),
        minimum=1,
    )

    assert found.select("day", "at_risk", "events", "hazard").rows() == [
        (1, 10, 2, 0.2),
        (2, 8, 1, 0.125),
        (3, 7, 1, 1 / 7),
        (4, 6, 0, 0.0),
    ]
    assert found["nearby"].to_list() == [4, 4, 4, 4]
    # Weights 1, 63/64, 60/64, 55/64 for days 0 to 3 apart, over those days that there are.
    weights = [1, 63 / 64, 60 / 64, 55 / 64]
    first = sum(w * h for w, h in zip(weights, found["hazard"], strict=True)) / sum(weights)
    assert found["smoothed"][0] == pytest.approx(first)


def test_days_end_where_few_are_observed() -> None:
    known = spells_of((1, 1, True), (2, 5, False), (3, 2, False), (3, 1, True))

    assert daily_hazard(known, minimum=4)["day"].to_list() == [1, 2]


def test_the_peak_is_where_most_of_those_left_come_back() -> None:
    # A hundred come back on day 30 and, of those who are left, few on any other day.
    known = spells_of((10, 10, True), (30, 100, True), (50, 10, True), (90, 200, False))

    found = peak(daily_hazard(known))

    # The weights fall below a half when (k / 8)^2 > 1/2: more than 5 days away.
    assert found == Peak(day=30, low=30, high=30, opens=25, closes=35)


def test_a_wide_window_at_the_beginning_is_not_open_before_day_one() -> None:
    known = spells_of((1, 100, True), (30, 100, False))

    found = peak(daily_hazard(known))

    assert found is not None
    assert (found.day, found.opens) == (1, 1)


def test_a_late_return_makes_no_peak() -> None:
    # On day 80 one of three comes back: a chance of a third, but of one person.
    known = spells_of((30, 40, True), (60, 200, False), (80, 1, True), (90, 2, False))
    daily = daily_hazard(known, minimum=1)

    by_one = peak(daily, minimum=1)
    by_thirty = peak(daily, minimum=30)

    assert by_one is not None
    assert by_one.day == 80
    assert by_thirty is not None
    assert by_thirty.day == 30


def test_an_uncertain_peak_has_a_wide_interval() -> None:
    even = spells_of(*((day, 10, True) for day in range(1, 61)), (90, 5000, False))

    found = peak(daily_hazard(even))

    assert found is not None
    assert found.high - found.low > 30


def test_nobody_came_back() -> None:
    assert peak(daily_hazard(spells_of((9, 50, False)))) is None
    assert peak(daily_hazard(spells_of())) is None


@pytest.mark.parametrize("window_share", [0.0, 1.1])
def test_a_senseless_window_is_refused(window_share: float) -> None:
    with pytest.raises(ValueError, match="window_share is"):
        peak(daily_hazard(spells_of((1, 1, True))), 1, window_share)
