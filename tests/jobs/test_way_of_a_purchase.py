"""The main job on a small store: from a checkout to points and cross-sells in the store."""

from sqlalchemy import func, select

from database.models import Customer, InboxEvent, Order, PointEntry, Product
from jobs.recompute import recompute
from tests.conftest import Installed, work_off
from tests.shop import Shop


def test_installing_loads_the_catalogue_and_registers_each_webhook_once(
    installed: Installed,
) -> None:
    with installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(Product)) == 12
        assert session.scalar(select(func.count()).select_from(Customer)) == 5
    topics = [webhook.topic for webhook in installed.sandbox.store.webhooks.values()]
    assert sorted(topics) == sorted(set(topics))
    assert len(topics) == 11


def test_a_checkout_becomes_an_order_and_points_on_the_account(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    shop.order("House Blend Beans", "Paper Filters", email="ada@example.test")
    installed.catch_up()
    with installed.scope() as session:
        order = session.scalars(select(Order)).one()
        assert (str(order.kept_net), order.status) == ("27.5000", "processing")
        assert [entry.points for entry in session.scalars(select(PointEntry))] == [27]
        states = session.scalars(select(InboxEvent.state)).all()
        assert set(states) == {"handled"}
    assert shop.meta("ada@example.test")["bazgasht_points"] == "27"


def test_products_bought_together_become_cross_sells(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    for email in ("ada@example.test", "sara@example.test", "reza@example.test"):
        shop.order("House Blend Beans", "Paper Filters", email=email)
    shop.order("Green Tea", email="smile@example.test")
    installed.catch_up()
    recompute(str(installed.id))
    work_off(installed.context)
    beans, filters = shop.product_id("House Blend Beans"), shop.product_id("Paper Filters")
    assert shop.cross_sells("House Blend Beans")[0] == filters
    assert shop.cross_sells("Paper Filters")[0] == beans
