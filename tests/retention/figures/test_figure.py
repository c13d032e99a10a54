from fractions import Fraction

import polars as pl
import pytest

from retention.figures.catalogue import (
    breakdown,
    figure,
    lacking,
    percent,
    remark,
    share,
    without_value,
)
from retention.figures.figure import Figure, NotEnough
from retention.figures.text import number, text, value_text
from tests.retention.figures.tables import period

NINETY_DAYS = period(0, 90)


def test_a_share_has_its_wilson_interval() -> None:
    found = share("stickiness_repeat", NINETY_DAYS, 3000, 10_000, 30)

    assert (found.value, found.n, found.unit) == (Fraction(30), 10_000, "percent")
    assert value_text(found, "en") == "30.0 % (29.1–30.9 %)"
    assert value_text(found, "fa") == "۳۰٫۰٪ (۲۹٫۱ تا ۳۰٫۹٪)"


@pytest.mark.parametrize(
    ("count", "base", "shown"),
    [(300, 1000, "30.0 % (27.2–32.9 %)"), (30, 100, "30.0 % (21.9–39.6 %)")],
)
def test_a_smaller_sample_has_a_wider_interval(count: int, base: int, shown: str) -> None:
    assert value_text(share("stickiness_repeat", NINETY_DAYS, count, base, 30), "en") == shown


def test_too_few_data_say_so_in_both_languages() -> None:
    found = share("stickiness_repeat", NINETY_DAYS, 3, 10, 30)

    assert (found.value, found.interval, found.not_enough) == (None, None, NotEnough(10, 30))
    assert value_text(found, "en") == "not enough data (have 10, need 30)"
    assert value_text(found, "fa") == "داده کافی نیست (موجود ۱۰، لازم ۳۰)"
    assert lacking("churn_rate", NINETY_DAYS, found).not_enough == NotEnough(10, 30)
    assert without_value(found, "not_reached") == found


def test_nobody_is_never_enough() -> None:
    assert share("stickiness_repeat", NINETY_DAYS, 0, 0, 0).not_enough == NotEnough(0, 1)


def test_a_line_tells_name_value_sample_and_period() -> None:
    found = figure("revenue", NINETY_DAYS, 1234, Fraction(100_000, 3), currency="USD")

    assert text(found, "en") == (
        "Revenue: 33,333.33 USD; of 1,234 orders, 2026-01-01 to 2026-03-31 (UTC)"
    )
    assert text(found, "fa") == ("درآمد: ۳۳٬۳۳۳٫۳۳ USD؛ از ۱٬۲۳۴ سفارش، ۱۴۰۴/۱۰/۱۱ تا ۱۴۰۵/۰۱/۱۱")


def test_open_intervals_notes_and_whole_currencies() -> None:
    days = figure("second_purchase_median", NINETY_DAYS, 40, 31.4, interval=(28.6, None))
    money = figure("revenue", NINETY_DAYS, 1, Fraction(5, 2), currency="IRR")
    reason = without_value(days, "not_reached")

    assert value_text(days, "en") == "31 days (29 days or more)"
    assert value_text(days, "fa") == "۳۱ روز (۲۹ روز یا بیشتر)"
    assert value_text(money, "en") == "3 IRR"
    assert value_text(reason, "en").startswith("not reached: too few have come back")
    assert value_text(figure("customers", NINETY_DAYS, 0, None), "en") == "–"


def test_numbers_are_rounded_half_up_and_grouped() -> None:
    assert number(Fraction(1, 8), 2, "en") == "0.13"
    assert number(-1234.5, 0, "en") == "-1,234"
    assert number(Fraction(-1, 1000), 2, "en") in {"0.00", "-0.00"}
    assert number(1_234_567, 0, "fa") == "۱٬۲۳۴٬۵۶۷"


def test_percent_is_exact_unless_a_float_came_in() -> None:
    assert percent(1, 3) == Fraction(100, 3)
    assert percent(0.5, 2) == 25.0


@pytest.mark.parametrize(
    "known",
    [
        share("stickiness_repeat", NINETY_DAYS, 1, 3, 1),
        share("stickiness_repeat", NINETY_DAYS, 1, 3, 30),
        figure("revenue", NINETY_DAYS, 7, Fraction(10, 3), currency="EUR"),
        figure("second_purchase_median", NINETY_DAYS, 40, 31.4, interval=(28.6, None)),
        without_value(figure("second_purchase_median", NINETY_DAYS, 40, None), "not_reached"),
        figure("customers", NINETY_DAYS, 5, 5),
    ],
)
def test_a_figure_survives_json(known: Figure) -> None:
    assert Figure.from_json(known.as_json()) == known


def test_money_is_text_in_json() -> None:
    found = figure("revenue", NINETY_DAYS, 7, Fraction(10, 3), currency="EUR").as_json()

    assert (found["value"], found["exact"], found["currency"]) == ("3.3333", "10/3", "EUR")
    assert found["period"] == {
        "start": "2026-01-01T00:00:00+00:00",
        "end": "2026-04-01T00:00:00+00:00",
        "zone": "UTC",
    }


def test_a_breakdown_in_json_has_its_rows() -> None:
    found = breakdown("costs_by_kind", NINETY_DAYS, 2, pl.DataFrame({"kind": ["points"]}))

    assert found.as_json()["rows"] == [{"kind": "points"}]
    assert found.as_json()["keys"] == ["kind"]


def test_a_remark_is_filled_in() -> None:
    found = remark("curves_disagree", days="180", pooled="68.1", counted="62.1")

    assert found.kind == "warning"
    assert "68.1 % come back within 180 days" in found.words.en
    assert "۶۸٫۱٪ تا ۱۸۰ روز" in found.words.fa
    assert found.as_json()["words"]["en"] == found.words.en
