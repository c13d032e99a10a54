"""The block "your points", as Liquid renders it; what its script does is tried in a browser."""

import re

from tests.storefront.theme import Theme

BLOCK = "your-points"
SHOP = {"customer_accounts_enabled": True}
CUSTOMER = {"id": 7}


def attributes(rendered: str) -> dict[str, str]:
    """The attributes of the element that the script fills."""
    element = re.search(r"<bazgasht-points\s([^>]*)>", rendered)
    assert element is not None
    return dict(re.findall(r'([\w-]+)="([^"]*)"', element[1]))


def test_asks_the_app_through_the_shop_for_a_signed_in_customer() -> None:
    rendered = Theme().render(BLOCK, shop=SHOP, customer=CUSTOMER)

    asked = attributes(rendered)
    assert asked["data-url"] == "/apps/bazgasht"
    assert asked["aria-busy"] == "true"
    assert (asked["data-language"], asked["data-sign-in-url"]) == ("en", "/account/login")
    assert (asked["data-one"], asked["data-other"]) == ("% point", "% points")
    assert asked["data-expiry"] == "% expire on #"
    assert asked["data-paused"] == "No points are given at the moment."
    assert ">Loading your points…</p>" in rendered
    assert '<section\n    class="bazgasht"\n    dir="ltr"\n    lang="en"' in rendered
    assert ">Your points</h2>" in rendered


def test_speaks_persian_from_right_to_left_in_a_persian_shop() -> None:
    rendered = Theme("fa").render(BLOCK, shop=SHOP, customer=CUSTOMER)

    assert '<section\n    class="bazgasht"\n    dir="rtl"\n    lang="fa"' in rendered
    assert ">امتیاز شما</h2>" in rendered
    assert attributes(rendered)["data-other"] == "% امتیاز"


def test_invites_a_signed_out_customer_and_asks_nothing() -> None:
    rendered = Theme().render(BLOCK, shop=SHOP, customer=None)

    assert "<bazgasht-points" not in rendered
    assert (
        '<p class="bazgasht-points"><a href="/account/login">Sign in to see your points</a></p>'
    ) in rendered


def test_renders_nothing_in_a_shop_without_customer_accounts() -> None:
    shop = {"customer_accounts_enabled": False}

    assert Theme().render(BLOCK, shop=shop, customer=None).strip() == ""


def test_escapes_the_merchants_heading() -> None:
    rendered = Theme().render(BLOCK, {"heading": "<b>Me</b>"}, shop=SHOP, customer=None)

    assert ">&lt;b&gt;Me&lt;/b&gt;</h2>" in rendered


def test_leaves_the_form_out_where_the_merchant_does() -> None:
    shown = Theme().render(BLOCK, shop=SHOP, customer=CUSTOMER)
    left_out = Theme().render(BLOCK, {"redeeming": False}, shop=SHOP, customer=CUSTOMER)

    assert '<label for="bazgasht-redeem-b1">How many points?</label>' in shown
    assert "<form" not in left_out
    assert "<details" not in left_out
