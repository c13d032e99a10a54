"""The WooCommerce plugin, its own code, at the app: from the form on the page to the coupon."""

import pytest

from connector.woocommerce.storefront import storefront_key
from database import privacy, stores
from tests.conftest import AppServer, Installed
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop
from tests.storefront.plugin import Scene

ADA = "ada@example.test"
POST = {
    "bazgasht_action": "bazgasht-redeem",
    "_bazgasht_nonce": "nonce-bazgasht-redeem",
    "points": "15",
    "request": "5f0c1b9e-8f0a-4a52-8a57-0f9d8d1c2b3a",
}


@pytest.fixture
def scene(installed: Installed, app_server: AppServer) -> Scene:
    """A shop whose plugin knows the app; Ada has 23 points, each worth 0.05."""
    set_settings(installed, redemption_enabled=True, point_value="0.05", redemption_step=5)
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)
    settle(installed)
    with installed.scope() as session:
        row = stores.get(session)
        assert row is not None
        assert row.webhook_secrets is not None
        (secret,) = installed.context.vault.unseal(row.webhook_secrets)
    account = installed.sandbox.store.customer_ids_by_email[ADA]
    return Scene(
        {
            "app": app_server.url,
            "options": {
                "bazgasht_address": f"https://app.example/storefront/{installed.id}",
                "bazgasht_key": storefront_key(secret),
            },
            "user": {"ID": account, "user_email": ADA},
            "meta": Shop(installed.sandbox).meta(ADA),
        }
    )


def test_a_shopper_redeems_points_on_the_page(installed: Installed, scene: Scene) -> None:
    page = scene.play("show_points")
    assert page.requests == [f"GET /storefront/{installed.id}/points"]
    assert "<strong>23</strong>" in page.html
    assert "USD 1.15" in page.html
    assert 'min="5" max="20" step="5"' in page.html
    assert scene.play("show_points", transients=page.transients).requests == []

    done = scene.play("handle_form", post=POST)
    assert done.notices == [
        ["success", "Your coupon is here. Put it into your cart, or keep it for later."]
    ]
    assert done.session == {"bazgasht_pending": None}
    (coupon,) = installed.sandbox.store.coupons.values()
    assert coupon.code.startswith("points-")
    refused = scene.play("handle_form", post=POST | {"points": "۲۵", "request": ""}, locale="fa_IR")
    assert refused.notices == [["error", "می‌توانید ۸ امتیاز خرج کنید؛ بیش از آن ممکن نیست."]]


def test_the_settings_page_says_whether_the_key_fits(scene: Scene) -> None:
    allowed = {"can": ["manage_woocommerce"]}
    assert "Connected." in scene.play("show_settings", **allowed).html
    wrong = scene.given["options"] | {"bazgasht_key": "0" * 64}
    page = scene.play("show_settings", options=wrong, locale="fa_IR", **allowed)
    assert "کلید درست نیست." in page.html


def test_wordpress_exports_and_erases_what_the_app_has(installed: Installed, scene: Scene) -> None:
    told = scene.play("export_personal_data", ADA).result
    assert told["done"] is True
    assert {"name": "email", "value": ADA} in told["data"][0]["data"]
    assert scene.play("erase_personal_data", ADA).result["items_removed"] is True
    with installed.scope() as session:
        assert [row.kind for row in privacy.listing(session)] == ["export", "erase"]
