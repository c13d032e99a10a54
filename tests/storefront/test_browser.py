"""The blocks in a real browser: what the script shows, and that nothing on the page moves."""

import json

import pytest

from tests.storefront.shop_page import Measured, Shop, ShopPage, asset
from tests.storefront.test_you_may_also_like import page as product_page
from tests.storefront.test_you_may_also_like import product
from tests.storefront.theme import Theme

UNAVAILABLE = {
    "the app is away": (503, "{}"),
    "no JSON": (200, "<html>"),
    "nothing said": (200, "{}"),
    "null": (200, "null"),
    "text for points": (200, '{"signed_in": true, "points": "<b>5</b>"}'),
}


def points_page(status: int, body: str, language: str = "en") -> ShopPage:
    """A page with the points of a signed-in customer."""
    shop = {"customer_accounts_enabled": True}
    block = Theme(language).render("your-points", shop=shop, customer={"id": 7})
    return ShopPage(block, language, (status, body))


def told(points: int | None, language: str = "en") -> ShopPage:
    """A page to which the app tells points."""
    return points_page(200, json.dumps({"signed_in": True, "points": points}), language)


def recommendations(language: str) -> ShopPage:
    """A page with three products, of which one has no image."""
    image = {"src": "/cdn/cup.svg", "width": 600, "height": 400}
    cups = [product(f"Cup {n}", featured_image=image if n < 3 else None) for n in (1, 2, 3)]
    block = Theme(language).render("you-may-also-like", product=product_page(*cups))
    return ShopPage(block, language)


def growing() -> ShopPage:
    """A page whose stylesheet keeps no room for the points."""
    page = told(1250)
    page.css = asset("bazgasht.css").replace("min-block-size: 3em", "min-block-size: 0")
    page.css += ".bazgasht-points:not([aria-busy]) { padding-block: 3em }"
    return page


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ShopPage]:
    """The pages, opened one after the other in one browser."""
    pages = {
        "many": told(1250),
        "one": told(1),
        "none": told(0),
        "many in Persian": told(1250, "fa"),
        "paused": told(None),
        "signed out": points_page(200, '{"signed_in": false, "points": null}'),
        "growing": growing(),
        "recommendations": recommendations("en"),
        "recommendations in Persian": recommendations("fa"),
    } | {name: points_page(*answer) for name, answer in UNAVAILABLE.items()}
    Shop(pages.values()).visit(tmp_path_factory.mktemp("chromium"))
    return pages


def measured(page: ShopPage) -> Measured:
    assert page.measured is not None, "Chromium did not report what it shows of this page"
    return page.measured


@pytest.mark.parametrize(
    ("name", "text", "direction"),
    [
        ("many", "1,250 points", "ltr"),
        ("one", "1 point", "ltr"),
        ("none", "0 points", "ltr"),
        ("many in Persian", "۱٬۲۵۰ امتیاز", "rtl"),
        ("paused", "No points are given at the moment.", "ltr"),
    ],
)
def test_shows_the_points_and_moves_nothing(
    name: str, text: str, direction: str, shop: dict[str, ShopPage]
) -> None:
    seen = measured(shop[name])

    assert (seen.text, seen.direction) == (text, direction)
    assert (seen.moved, seen.moves, seen.height) == (0, 0, 48)
    assert shop[name].questions == ["GET"]


def test_would_notice_if_something_moved(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["growing"])

    assert seen.text == "1,250 points"
    assert seen.moves > 0
    assert seen.moved > 0


@pytest.mark.parametrize("name", UNAVAILABLE)
def test_says_so_when_the_points_are_not_to_be_had(name: str, shop: dict[str, ShopPage]) -> None:
    seen = measured(shop[name])

    assert seen.html == "Your points cannot be shown right now."
    assert (seen.moved, seen.moves, seen.height) == (0, 0, 48)


def test_invites_a_customer_whose_session_has_ended(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["signed out"])

    assert seen.html == '<a href="/account/login">Sign in to see your points</a>'
    assert (seen.moved, seen.moves, seen.height) == (0, 0, 48)


@pytest.mark.parametrize("name", ["recommendations", "recommendations in Persian"])
def test_shows_recommendations_whose_late_images_move_nothing(
    name: str, shop: dict[str, ShopPage]
) -> None:
    seen = measured(shop[name])

    assert "Cup 1" in seen.text
    assert seen.indents == [0, 0, 0]
    assert seen.images == 2
    assert (seen.moved, seen.moves) == (0, 0)
