from datetime import timedelta

import pytest

from retention.prediction.churn import churn_scores
from retention.prediction.columns import CUSTOMER_SUMMARY
from retention.prediction.evidence import NotEnoughData
from retention.prediction.known import Knowledge
from retention.prediction.lifetime_value import lifetime_values
from tests.retention.prediction.tables import FIRST, store


def test_each_day_is_worked_out_once_and_gives_what_it_gives_alone() -> None:
    days, last_day = store(length=420), FIRST + timedelta(days=419)
    known = Knowledge(days)

    assert churn_scores(known, last_day).table.equals(churn_scores(days, last_day).table)
    at_last = known.at(last_day)
    assert lifetime_values(known, last_day).table.equals(lifetime_values(days, last_day).table)
    assert known.at(last_day) is at_last
    assert at_last.summary.schema == CUSTOMER_SUMMARY
    assert len(at_last.frequency) == at_last.summary.height == at_last.purchases.customers


def test_too_little_is_told_each_time() -> None:
    known = Knowledge(store(length=420))

    for _ in range(2):
        with pytest.raises(NotEnoughData):
            known.at(FIRST - timedelta(days=1))
