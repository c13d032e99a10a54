"""The main job on a pretend Shopify shop, through the same jobs and tables as on WooCommerce."""

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from database import progress, stores
from database.models import Customer, Order, PointEntry, Product, Store
from jobs.drain import drain
from jobs.recompute import recompute
from jobs.reconcile import compare_identifiers
from tests.conftest import work_off
from tests.jobs.conftest import set_settings
from tests.merchant import Merchant


def test_opening_the_app_connects_the_shop_and_loads_its_catalogue(merchant: Merchant) -> None:
    assert merchant.state() == "active"
    with merchant.scope() as session:
        assert len(session.scalars(select(Product)).all()) == 12
        assert len(session.scalars(select(Customer)).all()) == 4
    merchant.open_app()
    assert [s.platform for s in stores.all_stores(merchant.context.engine)] == ["shopify"]


def test_orders_become_points_and_recommendations_in_the_shop(merchant: Merchant) -> None:
    for email in ("ada@example.test", "sara@example.test", "reza@example.test"):
        merchant.buy(email, "House Blend Beans", "Paper Filters")
    merchant.buy("smile@example.test", "Green Tea")
    merchant.catch_up()
    recompute(str(merchant.id))
    work_off(merchant.context)
    with merchant.scope() as session:
        assert sorted(session.scalars(select(PointEntry.points))) == [12, 27, 27, 27]
    ada = f"gid://shopify/Customer/{merchant.customer('ada@example.test')}"
    fields = merchant.metafields("customer_fields", ada)["metafields"]
    assert {"key": "points", "value": "27"} in fields["nodes"]  # type: ignore[index]
    beans = f"gid://shopify/Product/{merchant.product('House Blend Beans')}"
    ours = merchant.metafields("product_recommendations", beans)["ours"]
    first = json.loads(ours["value"])[0]  # type: ignore[index]
    assert first == f"gid://shopify/Product/{merchant.product('Paper Filters')}"


def test_removing_the_app_ends_all_work_at_once(merchant: Merchant) -> None:
    merchant.shop.uninstall()
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    assert merchant.state() == "uninstalled"
    merchant.buy("ada@example.test", "Green Tea")
    merchant.shop.drain_deliveries()
    with merchant.scope() as session:
        assert session.scalars(select(Order)).all() == []
    merchant.open_app()
    assert merchant.state() == "active"


def test_an_old_order_that_the_shop_hides_keeps_its_points(merchant: Merchant) -> None:
    number = merchant.buy("ada@example.test", "House Blend Beans")
    merchant.catch_up()
    merchant.shop.store.orders[number].created -= 61 * 24 * 3600
    with merchant.scope() as session:
        session.scalars(select(Order)).one().placed_at -= timedelta(days=61)
    merchant.shop.install(tuple(s for s in merchant.shop.shop.app.scopes if s != "read_all_orders"))
    compare_identifiers(str(merchant.id))
    with merchant.scope() as session:
        assert session.scalars(select(Order.gone)).one() is False
        assert session.scalars(select(PointEntry.points)).all() == [23]


def test_tags_of_customers_come_and_go_with_the_setting(merchant: Merchant) -> None:
    ada = f"gid://shopify/Customer/{merchant.customer('ada@example.test')}"
    merchant.shop.shop.tags[ada] = ("vip", "Bazgasht")
    merchant.buy("ada@example.test", "House Blend Beans")
    merchant.buy("ada@example.test", "Green Tea")
    merchant.catch_up()
    merchant.compute()
    tags = merchant.shop.shop.tags
    assert tags[ada] == ("vip", "Bazgasht")
    set_settings(merchant, customer_tags=True)
    merchant.compute()
    assert tags[ada] == ("vip", "Bazgasht", "Bazgasht second purchase: Tea")
    set_settings(merchant, category_level="top")
    merchant.compute()
    assert tags[ada] == ("vip", "Bazgasht", "Bazgasht second purchase: Drinks")
    set_settings(merchant, customer_tags=False)
    merchant.compute()
    assert tags[ada] == ("vip", "Bazgasht")


def test_a_history_that_the_shop_still_prepares_waits_and_is_no_trouble(
    merchant: Merchant,
) -> None:
    bulk = merchant.shop.bulk
    merchant.shop.uninstall()
    merchant.catch_up()
    for operation in bulk.listed():
        bulk.expire(operation)
    bulk.hold()
    while not bulk.is_full:
        bulk.run("{ products { edges { node { id } } } }", grouped=False)
    merchant.open_app()
    work_off(merchant.context)
    assert tasks(merchant)["backfill: categories"] == ("done", None)
    assert tasks(merchant)["backfill: products"] == ("waiting", None)
    bulk.release()
    merchant.shop.drain_deliveries()
    merchant.catch_up()
    assert {state for name, state in tasks(merchant).items() if name.startswith("backfill")} == {
        ("done", None)
    }


def tasks(merchant: Merchant) -> dict[str, tuple[str, str | None]]:
    """Each task's state and what went wrong with it."""
    with merchant.scope() as session:
        return {row.task: (row.state, row.last_error) for row in progress.all_tasks(session)}


def test_what_a_shop_says_of_itself_is_known_at_once(merchant: Merchant) -> None:
    settings = merchant.shop.store.settings
    merchant.shop.store.settings = replace(
        settings, name="New name", currency="CAD", time_zone="America/Toronto"
    )
    told = {"id": 1, "myshopify_domain": merchant.shop.domain}
    merchant.shop.merchant.events.tell("shop/update", told)
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    with merchant.scope() as session:
        row = session.scalars(select(Store)).one()
    assert (row.name, row.currency, row.time_zone) == ("New name", "CAD", "America/Toronto")
