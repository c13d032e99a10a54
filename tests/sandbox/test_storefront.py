"""The pages that a person looks at."""

import requests

from sandbox.server import RunningStore
from tests.sandbox.client import Client


def page(running: RunningStore, path: str) -> str:
    answer = requests.get(f"{running.url}{path}", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


def product_ids(running: RunningStore) -> dict[str, int]:
    return {product.name: product.id for product in running.store.products.values()}


def test_product_shows_its_cross_sells(small: RunningStore) -> None:
    assert "Nothing is suggested" in page(small, "/product/french-press/")
    ids = product_ids(small)
    api = Client(small.url, small.new_key())
    suggested = [ids["Paper Filters"], ids["Tea Pot & Cup"], 999999]
    api.put(f"products/{ids['French Press']}", {"cross_sell_ids": suggested})
    api.close()
    shown = page(small, "/product/french-press/")
    assert "You may also like…" in shown
    assert 'href="/product/paper-filters/"' in shown
    assert "Tea Pot &amp; Cup" in shown
    assert "$39.99" in shown


def test_account_shows_what_apps_noted_and_escapes_it(small: RunningStore) -> None:
    api = Client(small.url, small.new_key())
    notes = [
        {"key": "bazgasht_points", "value": "120"},
        {"key": "second_category", "value": "<b>Tea</b>"},
        {"key": "tiers", "value": {"gold": 3}},
        {"key": "wp_hidden", "value": "no"},
    ]
    api.put("customers/2", {"meta_data": notes})
    api.post("orders", {"customer_id": 2, "line_items": [{"product_id": 82, "quantity": 2}]})
    api.close()
    shown = page(small, "/my-account/2/")
    assert "<bdi>Points</bdi>" in shown
    assert "<bdi>Second category</bdi>" in shown
    assert ">120<" in shown
    assert "&lt;b&gt;Tea&lt;/b&gt;" in shown
    assert "gold: 3" in shown
    assert "wp_hidden" not in shown
    assert "$46.00" in shown


def test_home_lists_searches_and_filters(small: RunningStore) -> None:
    assert "12 products" in page(small, "/")
    assert "French Press" not in page(small, "/?q=tea")
    drinks = page(small, "/?category=drinks")
    assert "French Press" in drinks
    assert "Beanie" not in drinks
    assert "Nothing was found." in page(small, "/?q=zzz")
    assert "&lt;script&gt;" in page(small, "/?q=<script>")


def test_persian_pages_run_from_right_to_left(small: RunningStore) -> None:
    shown = page(small, "/product/french-press/?lang=fa")
    assert '<html lang="fa" dir="rtl">' in shown
    assert "شاید این‌ها را هم بپسندید…" in shown
    assert '<html lang="en" dir="ltr">' in page(small, "/my-account/2")


def test_persian_account_has_jalali_dates_and_persian_digits(small: RunningStore) -> None:
    api = Client(small.url, small.new_key())
    api.put("customers/2", {"meta_data": [{"key": "bazgasht_points", "value": "1250"}]})
    content = {"customer_id": 2, "set_paid": True, "payment_method": "bacs"}
    answer = api.post("orders", {**content, "line_items": [{"product_id": 82, "quantity": 2}]})
    small.store.orders[answer.json()["id"]].created = 1_494_000_000  # 2017-05-05 16:00 UTC
    api.close()
    shown = page(small, "/my-account/2?lang=fa")
    assert "<bdi>امتیاز</bdi>" in shown
    assert "<bdi>۱۲۵۰</bdi>" in shown
    assert "<bdi>۱۳۹۶/۰۲/۱۵ ۱۶:۰۰</bdi>" in shown
    assert "<bdi>در حال انجام</bdi>" in shown


def test_persian_product_has_a_page(small: RunningStore) -> None:
    product = small.store.products[product_ids(small)["چای ایرانی"]]
    assert product.slug.startswith("%d")
    assert "چای ایرانی" in page(small, f"/product/{product.slug}/")


def test_unknown_pages_are_not_found(small: RunningStore) -> None:
    for path in ("/product/none/", "/my-account/999/", "/none"):
        assert requests.get(f"{small.url}{path}", timeout=10).status_code == 404
