"""What a shop says of itself and what it shows the app, as it changes."""

import requests
from sqlalchemy import select

from connector.shopify.reading import SIXTY_DAYS
from database.models import Order, Store
from jobs.reconcile import reconcile
from tests.jobs.test_shopify_faults import forget_files
from tests.merchant import Merchant

ADA, TEA = "ada@example.test", "Green Tea"
TO_READ_ALL = "read_all_orders"


def kept(merchant: Merchant) -> Store:
    """The store's row."""
    with merchant.scope() as session:
        return session.scalars(select(Store)).one()


def grant(merchant: Merchant, *, all_orders: bool) -> None:
    """Let Shopify grant the app all it asks for, with or without all orders."""
    asked = merchant.shop.shop.app.scopes
    merchant.shop.install(tuple(one for one in asked if all_orders or one != TO_READ_ALL))
    merchant.catch_up()


def page(merchant: Merchant, locale: str) -> str:
    """The app's page as the admin shows it."""
    asked = {"id_token": merchant.shop.session_token(), "locale": locale}
    answer = requests.get(f"{merchant.app_url}/shopify", params=asked, timeout=20)
    assert answer.status_code == 200
    return answer.text


def test_a_shop_that_renames_itself_is_known_by_its_new_name(merchant: Merchant) -> None:
    before = kept(merchant)
    merchant.shop.installation.change_shop("Tea & Co.")
    merchant.catch_up()
    after = kept(merchant)
    assert (before.name != "Tea & Co.", after.name) == (True, "Tea & Co.")
    assert (after.currency, after.time_zone) == (before.currency, before.time_zone)


def test_older_orders_are_loaded_once_the_shop_shows_them(merchant: Merchant) -> None:
    number = merchant.buy(ADA, TEA)
    merchant.shop.deliveries.lose()
    merchant.shop.store.orders[number].created -= 61 * 24 * 3600
    grant(merchant, all_orders=False)
    reconcile(str(merchant.id))
    assert kept(merchant).warnings == [SIXTY_DAYS]
    assert "only the orders of the last 60 days" in page(merchant, "en")
    assert "تنها سفارش‌های ۶۰ روز گذشته" in page(merchant, "fa-IR")
    forget_files(merchant)
    grant(merchant, all_orders=True)
    assert kept(merchant).warnings == []
    assert "60 days" not in page(merchant, "en")
    with merchant.scope() as session:
        assert session.scalars(select(Order.external_id)).all() == [str(number)]


def test_the_apps_page_says_whether_the_history_is_loaded(merchant: Merchant) -> None:
    assert "Its past orders have been read" in page(merchant, "en")
    assert "سفارش‌های پیشین خوانده شده‌اند" in page(merchant, "fa")
    merchant.shop.uninstall()
    merchant.catch_up()
    assert "Its past orders are being read now" in page(merchant, "en")
