"""The blocks in a real browser: what the script shows, and that nothing on the page moves."""

import json
import re

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


# The points, four facts and the line that opens the form, each with the room that it keeps.
POINTS_HEIGHT = 30 + 48 + 48


def points_page(status: int, body: str, language: str = "en", **settings: bool) -> ShopPage:
    """A page with the points of a signed-in customer."""
    shop = {"customer_accounts_enabled": True}
    block = Theme(language).render("your-points", settings, shop=shop, customer={"id": 7})
    return ShopPage(block, language, (status, body))


def reward(code: str | None, **changes: object) -> dict[str, object]:
    """Something that was redeemed, as the app tells it."""
    return {
        "reference": "r1",
        "points": 500,
        "worth": {"amount": "25.00", "currency": "USD"},
        "minimum": None,
        "kind": "code",
        "state": "issued",
        "code": code,
        "expires_at": "2026-12-31T10:00:00+00:00",
    } | changes


EVERYTHING = {
    "signed_in": True,
    "points": 1250,
    "pending": 30,
    "next_expiry": {"on": "2026-12-31", "points": 200},
    "value": {"amount": "62.50", "currency": "USD"},
    "tier": {"name": "silver", "second_name": "نقره‌ای"},
    "redeem": {
        "least": 100,
        "step": 50,
        "most": 1250,
        "point_value": "0.05",
        "currency": "USD",
    },
    "open": [reward("points-a"), reward(None, kind="store_credit")],
}
REFUSED = json.dumps({"error": {"problem": "not_enough", "message": "You can spend <b>3</b>."}})


def everything(language: str = "en", **settings: bool) -> ShopPage:
    """A page to which the app tells all that there can be, and gives a reward after a failure."""
    page = points_page(200, json.dumps(EVERYTHING), language, **settings)
    minimum = {"amount": "50.00", "currency": "USD"}
    made = {"redemption": reward("points-b", minimum=minimum), "message": None}
    page.redeemed = [(503, "<html>"), (200, json.dumps(made))]
    return page


def refused() -> ShopPage:
    """A page whose form the app refuses."""
    page = points_page(200, json.dumps(EVERYTHING | {"open": []}))
    page.redeemed = [(422, REFUSED)]
    return page


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
    page.css = asset("bazgasht.css")
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
        "everything": everything(),
        "everything in Persian": everything("fa"),
        "without a form": everything(redeeming=False),
        "refused": refused(),
        "too few": points_page(
            200,
            json.dumps(
                EVERYTHING
                | {"points": 5, "open": [], "redeem": {"least": 100, "step": 50, "most": 0}}
            ),
        ),
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
    assert (seen.moved, seen.moves, seen.height) == (0, 0, POINTS_HEIGHT)
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
    assert (seen.moved, seen.moves, seen.height) == (0, 0, POINTS_HEIGHT)


def test_invites_a_customer_whose_session_has_ended(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["signed out"])

    assert seen.html == '<a href="/account/login">Sign in to see your points</a>'
    assert (seen.moved, seen.moves, seen.height) == (0, 0, POINTS_HEIGHT)


@pytest.mark.parametrize("name", ["recommendations", "recommendations in Persian"])
def test_shows_recommendations_whose_late_images_move_nothing(
    name: str, shop: dict[str, ShopPage]
) -> None:
    seen = measured(shop[name])

    assert "Cup 1" in seen.text
    assert seen.indents == [0, 0, 0]
    assert seen.images == 2
    assert (seen.moved, seen.moves) == (0, 0)


def test_shows_all_that_the_app_tells_and_moves_nothing(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["everything"])

    assert seen.text == "1,250 points"
    assert seen.facts == [
        "Worth $62.50",
        "Not yet to be spent: 30",
        "200 expire on Dec 31, 2026",
        "Your tier: silver",
    ]
    assert seen.codes == [
        "points-a$25.00until Dec 31, 2026CopyUse now",
        "$25.00in your store credituntil Dec 31, 2026",
    ]
    assert (seen.moved, seen.moves, seen.height) == (0, 0, POINTS_HEIGHT)


def test_speaks_persian_throughout(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["everything in Persian"])

    assert seen.facts == [
        "به ارزش \u200e$۶۲٫۵۰",
        "در انتظار: ۳۰",
        "۲۰۰ امتیاز در ۱۰ دی ۱۴۰۵ منقضی می‌شود",
        "سطح شما: نقره‌ای",
    ]
    assert (seen.moved, seen.moves, seen.height, seen.direction) == (0, 0, POINTS_HEIGHT, "rtl")


def test_redeems_under_one_name_until_the_app_has_answered(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["everything"])
    asked = shop["everything"].questions

    assert seen.message[1:] == [
        "points-b$25.00for orders of at least $50.00until Dec 31, 2026CopyUse now",
        *("points-b", "$25.00", "for orders of at least $50.00", "until Dec 31, 2026"),
        *("Copy", "Use now"),
    ]
    assert seen.uses == [f"/discount/points-{one}?redirect=/cart" for one in "ba"]
    first, second = (one for one in asked if one.startswith("POST"))
    assert first == second
    assert re.fullmatch(
        r"POST points=1250&key=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}&lang=en application/json",
        first,
    )
    assert [one for one in asked if one == "GET"] == ["GET", "GET"]


def test_shows_what_the_app_says_against_it_as_text(shop: dict[str, ShopPage]) -> None:
    seen = measured(shop["refused"])

    assert seen.message == ["You can spend <b>3</b>."]
    first, second = (one for one in shop["refused"].questions if one.startswith("POST"))
    assert first != second


def test_offers_no_form_where_nothing_can_be_redeemed(shop: dict[str, ShopPage]) -> None:
    few, without = measured(shop["too few"]), measured(shop["without a form"])

    assert few.message == ["You can redeem points from 100 on."]
    assert shop["too few"].questions == ["GET"]
    assert (without.offers, without.height) == (False, POINTS_HEIGHT - 48)
    assert not measured(shop["many"]).offers
