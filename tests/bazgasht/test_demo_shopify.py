"""What the demo reads back from the pretend Shopify shop."""

from bazgasht.demo.shopify import ShopifyDemo
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop
from sandbox.small import small_store


def test_points_are_worked_out_anew_from_the_paid_orders_of_a_customer() -> None:
    with RunningShop(small_store()) as shop:
        prices = {p.name: p.id for p in shop.store.products.values()}
        ada, sara = (
            shop.store.customer_ids_by_email[f"{name}@example.test"] for name in ("ada", "sara")
        )
        # Beans are 23.00, filters 4.50, tea 12.00.
        beans, filters, tea = (
            prices[name] for name in ("House Blend Beans", "Paper Filters", "Green Tea")
        )
        shop.merchant.place_order({beans: 1, filters: 1}, customer_id=ada)
        shop.merchant.place_order({filters: 3}, customer_id=ada)
        shop.merchant.place_order({tea: 1}, customer_id=ada, terms=Terms(paid=False))
        shop.merchant.place_order({tea: 1}, customer_id=sara)
        token = shop.new_token().access_token
        demo = ShopifyDemo(shop.url, shop.domain, lambda: token)
        assert demo.earned(str(ada)) == 27 + 13
        assert demo.earned(str(sara)) == 12
