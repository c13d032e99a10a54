import re
from typing import Any

import pytest

from retention.figures.catalogue import catalogue
from retention.figures.page import page

PERSIAN_TERMS = {
    "stickiness_repeat": "نرخ چسبندگی",
    "stickiness_returning": "نرخ چسبندگی",
    "repeat_purchase_rate": "نرخ تکرار خرید",
    "purchase_frequency": "فرکانس خرید",
    "average_order_value": "میانگین ارزش سفارش",
    "customer_value": "ارزش مشتری",
    "customer_retention_rate": "نرخ حفظ",
    "churn_rate": "نرخ ریزش",
    "retention_cost": "هزینه نگهداشت",
}


def texts(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, dict):
        return []
    if "en" in value:
        return [value]
    return [text for part in value.values() for text in texts(part)]


def test_every_text_is_in_english_and_persian() -> None:
    found = texts(catalogue())

    assert len(found) > 200
    for text in found:
        assert text["en"]
        assert re.search(r"[\u0600-\u06ff]", text["fa"]), text


@pytest.mark.parametrize(("name", "term"), PERSIAN_TERMS.items())
def test_the_persian_terms_are_those_of_the_field(name: str, term: str) -> None:
    assert term in catalogue()["figures"][name]["label"]["fa"]


def test_the_page_explains_every_entry() -> None:
    written = page()

    for section in ("figures", "breakdowns", "readings", "stages", "plans"):
        for name in catalogue()[section]:
            assert f"`{name}`" in written
    assert "### Churn rate · نرخ ریزش\n\n`churn_rate`\n" in written
    for text in texts(catalogue()["figures"]):
        assert text["en"] in written
        assert text["fa"] in written


def test_stages_have_advice_and_labels_are_not_repeated() -> None:
    known = catalogue()

    assert known["stages"].keys() == known["stage_advice"].keys()
    labels = [entry["label"]["en"] for entry in known["figures"].values()]
    assert len(set(labels)) == len(labels)
