"""Each customer's own lists: when they are made, where they are shown, and who is told."""

from typing import Any

import pytest
from sqlalchemy import select, text

from database import choices, personal
from database import privacy as requests_about
from database.models import Customer
from jobs import privacy
from jobs.erasing import erase
from jobs.personal_lists import make_lists, make_now
from tests.conftest import Installed, work_off
from tests.jobs.conftest import compute, order_days_ago, set_settings, settle
from tests.merchant import Merchant
from tests.shop import Shop

ADA, SARA = "ada@example.test", "sara@example.test"
TEA, BEANS, FILTERS, SOCKS = "Green Tea", "House Blend Beans", "Paper Filters", "Socks"
LISTS = ("bazgasht_recommended_products", "bazgasht_recommended_new_products")


def rows(installed: Installed | Merchant) -> list[tuple[Any, ...]]:
    with installed.scope() as session:
        return [
            tuple(row)
            for row in session.execute(
                text(
                    "SELECT c.email, l.kind, l.rank, p.name, l.reason_kind, l.count, l.base "
                    "FROM personal_recommendations l JOIN customers c ON c.id = l.customer_id "
                    "JOIN products p ON p.id = l.product_id ORDER BY 1, 2, 3"
                )
            )
        ]


def of(email: str, kind: str, found: list[tuple[Any, ...]]) -> list[str]:
    return [row[3] for row in found if row[:2] == (email, kind)]


@pytest.fixture
def store(installed: Installed, shop: Shop) -> Installed:
    """Ada bought tea and beans, Sara beans and filters, and the store is computed."""
    shop.order(TEA, BEANS, email=ADA)
    shop.order(BEANS, FILTERS, email=SARA)
    settle(installed)
    compute(installed)
    return installed


def test_the_first_computation_makes_everybodys_lists(store: Installed) -> None:
    # Everybody bought beans, so that nobody is more alike for it.
    assert rows(store) == [
        (ADA, "new", 1, FILTERS, "popular", 1, 2),
        (ADA, "next", 1, BEANS, "bought_before", 1, 1),
        (ADA, "next", 2, TEA, "bought_before", 1, 1),
        (ADA, "next", 3, FILTERS, "popular", 1, 2),
        (SARA, "new", 1, TEA, "popular", 1, 2),
        (SARA, "next", 1, BEANS, "bought_before", 1, 1),
        (SARA, "next", 2, FILTERS, "bought_before", 1, 1),
        (SARA, "next", 3, TEA, "popular", 1, 2),
    ]


def test_lists_are_made_again_of_who_ordered_since_and_of_all_after_a_day(
    store: Installed, shop: Shop
) -> None:
    def older(what: str) -> None:
        with store.scope() as session:
            session.execute(text(f"UPDATE {what} - interval '1 day'"))

    assert make_now(store.context, store.store) == 0
    older("personal_recommendations SET made_at = made_at")
    with store.scope() as session:
        session.execute(text("UPDATE orders SET placed_at = placed_at - interval '2 days'"))
    shop.order(SOCKS, email=ADA)
    settle(store)
    assert make_now(store.context, store.store) == 1
    found = rows(store)
    assert SOCKS in of(ADA, "next", found)
    assert of(ADA, "new", found) == [FILTERS]
    assert of(SARA, "new", found) == [TEA]
    older("computations SET personal_at = personal_at")
    assert make_now(store.context, store.store) == 2
    assert set(of(SARA, "new", rows(store))) == {TEA, SOCKS}


def test_customers_who_stayed_away_for_long_have_no_lists(store: Installed, shop: Shop) -> None:
    order_days_ago(store, 400, SOCKS, email="reza@example.test")
    settle(store)
    assert "reza@example.test" not in {row[0] for row in rows(store)}
    set_settings(store, personal_list_days=500)
    make_lists(str(store.id))
    assert "reza@example.test" in {row[0] for row in rows(store)}
    set_settings(store, personal_list_days=30)
    make_lists(str(store.id))
    assert "reza@example.test" not in {row[0] for row in rows(store)}


def test_what_cannot_be_bought_or_is_banned_is_not_listed(store: Installed, shop: Shop) -> None:
    shop.change(f"products/{shop.product_id(FILTERS)}", stock_status="outofstock")
    settle(store)
    with store.scope() as session:
        session.execute(text("UPDATE computations SET personal_at = NULL"))
    make_now(store.context, store.store)
    assert of(ADA, "new", rows(store)) == []
    assert of(SARA, "next", rows(store)) == [BEANS, TEA]


def test_the_merchants_choices_and_the_share_of_a_category_hold_for_customers_too(
    store: Installed, shop: Shop
) -> None:
    with store.scope() as session:
        choices.choose(session, "pin", choices.product_number(session, f"name:{SOCKS}"))
    set_settings(store, largest_category_percent=10)  # Of ten places one.
    with store.scope() as session:
        session.execute(text("UPDATE computations SET personal_at = NULL"))
    make_now(store.context, store.store)
    found = rows(store)
    # Nobody bought socks. Filters are of the same category as beans, and give way to tea.
    assert found[0] == (ADA, "new", 1, SOCKS, "pinned", 0, 2)
    assert of(ADA, "next", found) == [SOCKS, BEANS, TEA, FILTERS]
    assert of(SARA, "new", found) == [SOCKS, TEA]
    assert of(SARA, "next", found) == [SOCKS, BEANS, TEA, FILTERS]
    with store.scope() as session:
        told = personal.of_customers(session, session.scalars(select(Customer.id)))
        sentences = {personal.sentence(row) for row, name, _ in told if name == SOCKS}
    assert sentences == {"pinned; bought by 0 of all 2 customers"}


def test_accounts_show_their_lists_only_where_that_is_wanted(store: Installed, shop: Shop) -> None:
    assert not set(LISTS) & set(shop.meta(ADA))
    set_settings(store, customer_recommendations=True)
    make_lists(str(store.id))
    settle(store)
    tea, beans, filters = (str(shop.product_id(name)) for name in (TEA, BEANS, FILTERS))
    shown = shop.meta(ADA)
    assert sorted(shown[LISTS[0]].split(",")[:2]) == sorted([tea, beans])
    assert shown[LISTS[1]] == filters
    with store.scope() as session:  # All lists are made again tomorrow, but a ban holds at once.
        choices.choose(session, "ban", choices.product_number(session, f"name:{FILTERS}"))
    make_lists(str(store.id))
    settle(store)
    assert filters not in shop.meta(ADA)[LISTS[0]].split(",")
    assert LISTS[1] not in shop.meta(ADA)
    set_settings(store, customer_recommendations=False)
    make_lists(str(store.id))
    settle(store)
    assert not set(LISTS) & set(shop.meta(ADA))


def test_lists_are_told_to_the_person_and_go_when_the_person_is_erased(
    store: Installed, shop: Shop
) -> None:
    context, person = store.context, requests_about.Subject(account_id=str(shop.customer_id(ADA)))
    told = privacy.export(context, store.id, privacy.ask(context, store.id, "export", person))
    assert {row["name"] for row in told["recommendations"] if row["list"] == "new"} == {FILTERS}
    erase(context, store.id, person, privacy.ask(context, store.id, "erase", person))
    assert {row[0] for row in rows(store)} == {SARA}
    with store.scope() as session:
        session.execute(text("UPDATE computations SET personal_at = NULL"))
    make_now(context, store.store)
    assert {row[0] for row in rows(store)} == {SARA}


def test_a_shopify_customer_has_lists_of_products(merchant: Merchant) -> None:
    merchant.buy(ADA, TEA, BEANS)
    merchant.buy(SARA, BEANS, FILTERS)
    merchant.catch_up()
    set_settings(merchant, customer_recommendations=True)
    merchant.compute()
    work_off(merchant.context)
    ada = f"gid://shopify/Customer/{merchant.customer(ADA)}"
    nodes: Any = merchant.metafields("customer_fields", ada)["metafields"]
    shown = {node["key"]: node["value"] for node in nodes["nodes"]}
    filters = f'["gid://shopify/Product/{merchant.product(FILTERS)}"]'
    assert shown["recommended_new_products"] == filters
    assert shown["recommended_products"].count("gid://shopify/Product/") == 3
