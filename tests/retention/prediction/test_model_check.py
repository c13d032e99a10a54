import pytest

from retention.prediction.evidence import NotEnoughData
from retention.prediction.model_check import model_check
from retention.prediction.summary import customer_summary, within
from tests.retention.prediction.cdnow import purchase_days
from tests.retention.prediction.tables import day, store

STORE = store(600)


def test_the_second_half_is_compared_with_what_the_first_foretold() -> None:
    # 361 days: 180 of them follow day 180.
    check = model_check(STORE, day(360))
    known = customer_summary(STORE, day(180))
    came = within(STORE, day(180), 180).filter(
        within(STORE, day(180), 180)["customer_id"].is_in(known["customer_id"].implode())
    )

    assert (check.middle, check.horizon_days) == (day(180), 180)
    assert check.purchases.customers == known.height
    table = check.purchases.table
    assert (table["count"] * table["actual"]).sum() == pytest.approx(came.height)
    assert (check.value.table["count"] * check.value.table["actual"]).sum() == pytest.approx(
        float(came["net"].sum())
    )


def test_a_bad_fit_is_called_one() -> None:
    # CDNOW's customers bought less in the first half of 1998 than their 1997 promised.
    check = model_check(purchase_days(), purchase_days()["day"].max())  # type: ignore[arg-type]
    assert check.purchases.verdict == "fits badly"
    assert check.purchases.total_error == pytest.approx(-0.12, abs=0.01)


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 59 days of history, need 60"):
        model_check(STORE, day(58))
