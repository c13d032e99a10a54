"""The plugin for WooCommerce: what it shows, and what it does with forms and with the app."""

import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from connector.woocommerce.storefront import StorefrontCall, sign
from tests.storefront.plugin import ADDRESS, KEY, PHP, PLUGIN, Scene, coupon

FIELDS = {
    "bazgasht_points": "1250",
    "bazgasht_points_pending": "30",
    "bazgasht_points_next_expiry": "2026-12-31",
    "bazgasht_points_expiring": "200",
    "bazgasht_points_value": "62.50 USD",
    "bazgasht_tier": "silver",
    "bazgasht_tier_second_name": "نقره‌ای",
}
OFFER = {"bazgasht_offer": {"least": 100, "step": 50}}
SCENE = Scene({"meta": FIELDS, "transients": OFFER})
REQUEST = "5f0c1b9e-8f0a-4a52-8a57-0f9d8d1c2b3a"
REDEEM = {
    "bazgasht_action": "bazgasht-redeem",
    "_bazgasht_nonce": "nonce-bazgasht-redeem",
    "points": "500",
    "request": REQUEST,
}
USE = {
    "bazgasht_action": "bazgasht-use",
    "_bazgasht_nonce": "nonce-bazgasht-use",
    "code": "POINTS-a",
}
VALID = ["woocommerce_coupon_is_valid", True]
AWAY = "This is not possible right now. Try again in a few minutes."


def words(html: str) -> str:
    """What is read of a page."""
    isolated = str.maketrans("\u2068\u2069", "()")
    return " ".join(re.sub(r"<[^>]*>", " ", html).translate(isolated).split())


def test_every_file_is_php() -> None:
    if PHP is None:
        pytest.skip("NO PHP HERE: the plugin for WooCommerce is unproven")
    files = sorted(map(str, PLUGIN.rglob("*.php")))
    parse = "token_get_all(file_get_contents($file), TOKEN_PARSE)"
    script = f"foreach (array_slice($argv, 1) as $file) {{ {parse}; echo $file, PHP_EOL; }}"
    ran = subprocess.run(
        [PHP, "-r", script, *files], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.split() == files


@pytest.mark.parametrize("body", ["", '{"points":500}', '{"email":"آدا@example.test"}\n'])
def test_signs_as_the_app_does(body: str) -> None:
    parts = ("POST", "/storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a11/redeem", "1790000000")
    call = StorefrontCall(*parts, REQUEST, "17", body.encode(), "")
    signed = Scene().play("signature", KEY, *parts, REQUEST, "17", body)
    assert signed.result == sign(call, KEY)
    if body == '{"points":500}':
        assert signed.result in (PLUGIN / "includes" / "signature.php").read_text("utf-8")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (ADDRESS, ADDRESS.removeprefix("https://app.example")),
        (ADDRESS.replace(".example", ".example:8443/under"), ADDRESS[len("https://app.example") :]),
        (ADDRESS.replace("https", "http"), ""),
        (f"{ADDRESS}/", ""),
        (f"{ADDRESS}\n", ""),
        (ADDRESS[:-1], ""),
        (ADDRESS.replace("app.", "user@app."), ""),
        (ADDRESS.replace("/storefront", "/../storefront?a=b&"), ""),
    ],
)
def test_calls_only_addresses_of_the_app(address: str, path: str) -> None:
    assert Scene().play("signed_path", address).result == path


def test_shows_what_the_app_has_written_without_asking_it() -> None:
    page = SCENE.play("show_points")
    assert page.requests == []
    assert words(page.html) == (
        "Points to spend 1,250 They are worth USD 62.50 Not yet to be spent 30 "
        "Next to expire 200 on (2026-12-31) Your tier silver "
        "Points to redeem for a coupon Redeem"
    )
    assert re.search(
        r'<input [^>]*name="points" required min="100" max="1250" step="50" value="1250">',
        page.html,
    )
    assert 'value="nonce-bazgasht-redeem"' in page.html


def test_speaks_persian() -> None:
    page = SCENE.play("show_points", locale="fa_IR", coupons=[coupon("points-a", minimum="10")])
    assert words(page.html) == (
        "امتیاز قابل خرج 1,250 ارزش امتیازها USD 62.50 در انتظار 30 "
        "انقضای بعدی 200 امتیاز در (2026-12-31) سطح شما نقره‌ای "
        "چند امتیاز به کوپن تبدیل شود؟ تبدیل به کوپن کوپن‌های شما points-a $ 5.00 "
        "تا (2099-01-31) برای سفارش‌های دست‌کم $ 10 رونوشت استفاده در سبد خرید"
    )


def test_shows_only_coupons_that_the_customer_can_use() -> None:
    listed = [
        coupon("points-mine"),
        coupon("points-used", used=1),
        coupon("points-over", expires="2020-01-31 12:00:00"),
        coupon("points-another", emails=["another-ada@example.test"]),
        coupon("points-shared", emails=["ada@example.test", "bob@example.test"]),
        coupon("points-open", emails=[]),
        coupon("autumn", ours=False),
    ]
    page = SCENE.play("show_points", coupons=listed)
    assert re.findall(r"<code dir=\"ltr\">([^<]*)</code>", page.html) == ["points-mine"]
    assert 'data-bazgasht-copy="points-mine" data-bazgasht-copied="Copied" hidden' in page.html


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"meta": {}}, "You have no points yet."),
        ({"meta": {"bazgasht_points": "99"}}, "From 100 points on you can redeem"),
        ({"meta": {"bazgasht_points": "-5"}}, "Points to spend -5 From 100 points"),
    ],
)
def test_offers_nothing_that_cannot_be_redeemed(changes: dict[str, Any], text: str) -> None:
    page = SCENE.play("show_points", **changes)
    assert text in words(page.html)
    assert "<form" not in page.html


def test_escapes_whatever_it_shows() -> None:
    evil = '"><script>alert(1)</script>'
    page = SCENE.play(
        "show_points",
        meta=FIELDS
        | {
            "bazgasht_tier": evil,
            "bazgasht_points_value": evil,
            "bazgasht_points_next_expiry": evil,
        },
        coupons=[coupon(evil)],
    )
    assert "<script" not in page.html
    assert '"">' not in page.html
    settings = SCENE.play(
        "show_settings", can=["manage_woocommerce"], options={"bazgasht_address": evil}
    )
    assert "<script" not in settings.html


def test_a_lost_answer_is_asked_for_again_under_the_same_name() -> None:
    lost = SCENE.play("handle_form", post=REDEEM)
    assert (lost.notices, lost.redirect) == (
        [["error", AWAY]],
        "https://shop.example/my-account/bazgasht-points/",
    )
    assert lost.requests == [f"POST {ADDRESS[19:]}/redeem"]
    assert lost.session == {"bazgasht_pending": {"points": 500, "request": REQUEST}}
    again = SCENE.play("handle_form", post=REDEEM | {"request": str(uuid4())}, session=lost.session)
    assert again.session == lost.session
    other = SCENE.play("handle_form", post=REDEEM | {"points": "550"}, session=lost.session)
    assert other.session == {"bazgasht_pending": {"points": 550, "request": REQUEST}}


@pytest.mark.parametrize(
    "post",
    [
        {},
        REDEEM | {"_bazgasht_nonce": "nonce-bazgasht-use"},
        REDEEM | {"_bazgasht_nonce": ""},
        USE | {"_bazgasht_nonce": "nonce-bazgasht-redeem"},
        REDEEM | {"bazgasht_action": "bazgasht-other"},
    ],
)
def test_does_nothing_for_a_form_that_is_not_its_own(post: dict[str, str]) -> None:
    done = SCENE.play("handle_form", post=post, coupons=[coupon("points-a")])
    assert (done.requests, done.cart) == ([], [])


def test_does_nothing_for_a_visitor() -> None:
    done = SCENE.play("handle_form", post=REDEEM, user=None)
    assert (done.requests, done.redirect, done.result) == ([], "", None)


def test_puts_the_customers_own_coupon_into_the_cart() -> None:
    done = SCENE.play("handle_form", post=USE, coupons=[coupon("points-a")])
    assert (done.cart, done.redirect) == (["points-a"], "https://shop.example/cart/")
    for another in (coupon("points-b"), coupon("points-a", emails=["bob@example.test"])):
        done = SCENE.play("handle_form", post=USE, coupons=[another])
        assert (done.cart, done.redirect) == (
            [],
            "https://shop.example/my-account/bazgasht-points/",
        )
        assert done.notices == [["error", "This coupon cannot be used any more."]]


@pytest.mark.parametrize("named", ["silver, gold", "Silver", "طلایی، نقره‌ای"])
def test_a_coupon_for_a_tier_is_for_its_customers(named: str) -> None:
    offer: dict[str, Any] = {"coupons": [coupon("exclusive", meta={"bazgasht_tiers": named})]}
    assert SCENE.play(coupon_hook=VALID, **offer).result is True
    assert SCENE.play(coupon_hook=[VALID[0], False], **offer).result is False
    # An order that a merchant makes is its customer's, of whom nothing is known on the stage.
    of_another = SCENE.play(coupon_hook=VALID, order_of=18, **offer).result
    assert list(of_another) == ["refused"]
    assert SCENE.play(coupon_hook=VALID, order_of=17, **offer).result is True


@pytest.mark.parametrize(
    "changes", [{"user": None}, {"meta": {}}, {"meta": {"bazgasht_tier": "bronze"}}]
)
def test_a_coupon_for_a_tier_is_refused_to_all_others(changes: dict[str, Any]) -> None:
    named = {"bazgasht_tiers": "silver, <gold>"}
    offer: dict[str, Any] = {"coupons": [coupon("exclusive", meta=named)]}
    refused = SCENE.play(coupon_hook=VALID, **offer, **changes).result["refused"]
    assert words(refused) == "This coupon is for customers of the tier (silver, &lt;gold&gt;)."
    persian = SCENE.play(coupon_hook=VALID, **offer, **changes, locale="fa_IR").result["refused"]
    assert words(persian) == "این کوپن برای مشتریان سطح (silver, &lt;gold&gt;) است."


def test_a_coupon_for_nobodys_tier_is_for_everybody() -> None:
    for named in ("", " ، ,"):
        listed = [coupon("open", meta={"bazgasht_tiers": named})]
        assert SCENE.play(coupon_hook=VALID, coupons=listed, user=None).result is True


def test_the_merchant_names_a_coupons_tiers() -> None:
    listed = [coupon("exclusive", meta={"bazgasht_tiers": 'gold"'})]
    field = SCENE.play(
        coupon_hook=["woocommerce_coupon_options_usage_restriction", 0], coupons=listed
    )
    assert '<input name="bazgasht_tiers" value="gold&quot;">' in field.html
    save = ["woocommerce_coupon_options_save", 0]
    typed = {"bazgasht_tiers": " silver،gold ,"}
    kept = SCENE.play(coupon_hook=save, coupons=listed, post=typed)
    assert kept.saved == {"bazgasht_tiers": "silver, gold"}
    assert SCENE.play(coupon_hook=save, coupons=listed).saved == []


@pytest.mark.parametrize(
    ("typed", "number"),
    [("500", 500), ("۵۰۰", 500), ("٥٠٠", 500), ("5.5", 0), ("-5", 0), ("", 0), ("9" * 10, 0)],
)
def test_reads_numbers_in_all_the_digits_of_its_readers(typed: str, number: int) -> None:
    assert SCENE.play("whole_number", typed).result == number


def test_takes_an_address_and_a_key_as_the_app_prints_them() -> None:
    assert Scene().play("checked_address", f" {ADDRESS}/ ").result == ADDRESS
    refused = Scene().play("checked_address", "http://app.example/storefront/1")
    assert (refused.result, list(refused.errors)) == (ADDRESS, ["address"])
    assert Scene().play("checked_key", "a" * 64).result == "a" * 64
    assert Scene().play("checked_key", "").result == KEY
    refused = Scene().play("checked_key", "secret")
    assert (refused.result, list(refused.errors)) == (KEY, ["key"])


def test_shows_the_settings_to_nobody_but_shop_managers_and_the_key_to_nobody() -> None:
    assert SCENE.play("show_settings").html == ""
    page = SCENE.play("show_settings", can=["manage_woocommerce"])
    assert "The app does not answer. Check the address." in page.html
    assert ADDRESS in page.html
    assert KEY not in page.html


def test_stands_behind_the_orders_in_the_menu_of_my_account() -> None:
    menu = SCENE.play(
        filter=["woocommerce_account_menu_items", {"orders": "Orders", "edit-account": "Details"}]
    )
    assert list(menu.result.items()) == [
        ("orders", "Orders"),
        ("bazgasht-points", "Points"),
        ("edit-account", "Details"),
    ]


def test_tells_wordpress_what_the_app_has() -> None:
    tables = {
        "customers": [{"email": "ada@example.test", "name": None, "deleted_in_the_store": False}],
        "points": {"balance": 5, "entries": [{"note": "<b>"}]},
        "orders": [],
    }
    items = SCENE.play("export_items", tables).result
    assert [(item["group_id"], item["item_id"]) for item in items] == [
        ("bazgasht-customers", "bazgasht-customers-0"),
        ("bazgasht-points", "bazgasht-points-0"),
    ]
    assert items[0]["data"] == [
        {"name": "email", "value": "ada@example.test"},
        {"name": "deleted in the store", "value": "false"},
    ]
    assert items[1]["data"][1]["value"] == "[{&quot;note&quot;:&quot;&lt;b&gt;&quot;}]"


def test_leaves_a_request_about_personal_data_open_while_the_app_is_away() -> None:
    for call in ("export_personal_data", "erase_personal_data"):
        assert SCENE.play(call, "ada@example.test").result == {"error": AWAY}


class _Proxy(BaseHTTPRequestHandler):
    """Whatever stands before the app, and answers in its place with a page, or with half of it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"orders": [{"number": "1"}, {"num')

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_takes_for_no_answer_what_cannot_be_read(proxy: str) -> None:
    """Neither a coupon that is not there nor an export with nothing in it is told."""
    told = SCENE.play("handle_form", post=REDEEM, app=proxy)
    assert told.notices == [["error", AWAY]]
    assert told.session == {"bazgasht_pending": {"points": 500, "request": REQUEST}}
    assert SCENE.play("export_personal_data", "ada@example.test", app=proxy).result == {
        "error": AWAY
    }
    page = SCENE.play("show_settings", can=["manage_woocommerce"], app=proxy)
    assert "Connected." not in page.html
