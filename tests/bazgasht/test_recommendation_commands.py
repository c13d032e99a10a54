"""The command that tells what is recommended to a customer, and why."""

import re

import pytest

from bazgasht.recommendation_commands import recommendations
from bazgasht.services import RunningServices
from database.models import PersonalRecommendation
from database.personal import sentence
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import compute, settle
from tests.shop import Shop

TEA, BEANS, FILTERS = "Green Tea", "House Blend Beans", "Paper Filters"


def test_a_customer_is_told_both_lists_with_reasons(
    services: RunningServices, installed: Installed
) -> None:
    shop, run, store = Shop(installed.sandbox), Commands(services), str(installed.id)
    account = str(shop.customer_id("ada@example.test"))
    assert "no lists" in run(recommendations, store, "--account", account).output
    shop.order(TEA, BEANS, email="ada@example.test")
    shop.order(BEANS, FILTERS, email="sara@example.test")
    settle(installed)
    compute(installed)

    told = run(recommendations, store, "--email", "Ada@example.test").output
    by_account = run(recommendations, store, "--account", account)
    assert by_account.output == told
    names = {name: shop.product_id(name) for name in (TEA, BEANS, FILTERS)}
    assert re.sub(r" \(made [^)]*\)", "", told).splitlines() == [
        "expected in the next order: ",
        f"1. {BEANS} ({names[BEANS]}): in 1 of this customer's 1 orders; in 100% of all",
        f"2. {TEA} ({names[TEA]}): in 1 of this customer's 1 orders; in 50% of all",
        f"3. {FILTERS} ({names[FILTERS]}): bought by 1 of all 2 customers",
        "never bought before: ",
        f"1. {FILTERS} ({names[FILTERS]}): bought by 1 of all 2 customers",
    ]


@pytest.mark.parametrize("words", [(), ("12", "--account", "3")])
def test_a_product_or_a_customer_is_asked_for(
    services: RunningServices, words: tuple[str, ...]
) -> None:
    store = "00000000-0000-0000-0000-000000000001"
    assert "give either PRODUCT or" in Commands(services)(recommendations, store, *words).output


def test_the_customers_most_alike_are_counted() -> None:
    row = PersonalRecommendation(
        reason_kind="customers_alike", count=41, base=200, base_rate=0.0312
    )
    assert sentence(row) == "bought by 41 of the 200 customers most alike; by 3% of all"
