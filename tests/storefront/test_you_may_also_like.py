"""The block "you may also like", rendered over literal products."""

import re
from typing import Any

import pytest
from liquid import Undefined

from connector.shopify.documents import document
from tests.storefront.theme import Theme, source

BLOCK = "you-may-also-like"


def product(title: str, **changes: Any) -> dict[str, Any]:
    """A product at 12.50 that can be bought, as Liquid knows it."""
    return {
        "title": title,
        "url": f"/products/{title.lower().replace(' ', '-')}",
        "available": True,
        "price": 1250,
        "price_min": 1250,
        "price_varies": False,
        "compare_at_price": None,
        "featured_image": None,
    } | changes


def page(*recommended: dict[str, Any]) -> dict[str, Any]:
    """The product whose page is shown."""
    return {"metafields": {"$app": {"recommendations": {"value": list(recommended)}}}}


def titles(rendered: str) -> list[str]:
    """The titles shown, in order, as they stand in the HTML."""
    return re.findall(r"<bdi>([^<]*)</bdi>", rendered)


def one_line(rendered: str) -> str:
    """The HTML without what stands between tags for the eye only."""
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", rendered)).strip()


def test_renders_a_card_with_image_title_and_price() -> None:
    image = {"src": "/cdn/cup.jpg", "width": 1200, "height": 800}

    rendered = Theme().render(BLOCK, product=page(product("Blue cup", featured_image=image)))

    assert one_line(rendered) == (
        '<section class="bazgasht" dir="ltr" aria-labelledby="bazgasht-heading-b1" '
        'data-shopify-editor-block="b1" >'
        '<h2 class="bazgasht__heading" id="bazgasht-heading-b1">You may also like</h2>'
        '<ul class="bazgasht-cards" role="list" style="--bazgasht-columns: 4">'
        '<li class="bazgasht-card">'
        '<a class="bazgasht-card__link" href="/products/blue-cup">'
        '<img src="/cdn/cup.jpg?width=600" srcset="/cdn/cup.jpg?width=165 165w, '
        '/cdn/cup.jpg?width=330 330w, /cdn/cup.jpg?width=600 600w" width="600" height="400" '
        'alt="" class="bazgasht-card__image" loading="lazy" '
        'sizes="(min-width: 750px) 25vw, 50vw">'
        '<span class="bazgasht-card__title"><bdi>Blue cup</bdi></span></a>'
        '<p class="bazgasht-card__price">$12.50</p></li></ul></section>'
    )


def test_speaks_persian_from_right_to_left_in_a_persian_shop() -> None:
    theme = Theme("fa", money_format="{{amount_no_decimals}} تومان")

    rendered = one_line(theme.render(BLOCK, product=page(product("فنجان", price=4500000))))

    assert '<section class="bazgasht" dir="rtl"' in rendered
    assert ">شاید این‌ها را هم بپسندید</h2>" in rendered
    assert '<p class="bazgasht-card__price">45,000 تومان</p>' in rendered


def test_reads_the_field_that_the_connector_keeps() -> None:
    assert "product.metafields['$app'].recommendations.value" in source(BLOCK)
    assert 'metafield(namespace: "$app", key: "recommendations")' in document(
        "product_recommendations"
    )


def test_renders_nothing_without_recommendations() -> None:
    assert Theme().render(BLOCK, product=page()).strip() == ""


@pytest.mark.parametrize(
    "metafields", [{}, {"$app": {}}, {"$app": {"recommendations": {"value": None}}}]
)
def test_renders_nothing_for_a_product_never_written_to(metafields: dict[str, Any]) -> None:
    theme = Theme(undefined=Undefined)

    assert theme.render(BLOCK, product={"metafields": metafields}).strip() == ""


def test_renders_nothing_when_all_are_sold_out() -> None:
    assert Theme().render(BLOCK, product=page(product("Cup", available=False))).strip() == ""


def test_hides_what_is_sold_out_and_shows_no_more_than_asked() -> None:
    recommended = [product(f"P{n}", available=n != 2) for n in range(1, 7)]

    shown = Theme().render(BLOCK, product=page(*recommended))
    fewer = Theme().render(BLOCK, {"products_shown": 2}, product=page(*recommended))

    assert titles(shown) == ["P1", "P3", "P4", "P5"]
    assert titles(fewer) == ["P1", "P3"]


def test_escapes_titles_headings_and_addresses() -> None:
    bad = product('<b>Cup</b> & "saucer"', url='/products/a?b=1&c="2"')

    rendered = Theme().render(BLOCK, {"heading": "Fish & <i>chips</i>"}, product=page(bad))

    assert titles(rendered) == ["&lt;b&gt;Cup&lt;/b&gt; &amp; &quot;saucer&quot;"]
    assert 'href="/products/a?b=1&amp;c=&quot;2&quot;"' in rendered
    assert ">Fish &amp; &lt;i&gt;chips&lt;/i&gt;</h2>" in rendered


def test_shows_the_lowest_price_where_variants_differ() -> None:
    cup = product("Cup", price_varies=True, price_min=900)

    english = Theme(money_format="<b>${{amount}}</b>").render(BLOCK, product=page(cup))
    persian = Theme("fa").render(BLOCK, product=page(cup))

    assert '<p class="bazgasht-card__price">From <b>$9.00</b></p>' in english
    assert '<p class="bazgasht-card__price">از $9.00</p>' in persian


def test_names_both_prices_of_a_reduced_product() -> None:
    cup = product("Cup", compare_at_price=2000)

    rendered = one_line(Theme().render(BLOCK, product=page(cup)))

    assert (
        '<p class="bazgasht-card__price"><span class="bazgasht-unseen">Regular price</span>'
        '<s>$20.00</s><span class="bazgasht-unseen">Sale price</span><span>$12.50</span></p>'
    ) in rendered


def test_ignores_a_comparison_with_a_price_that_is_not_higher() -> None:
    cup = product("Cup", compare_at_price=1250)

    rendered = Theme().render(BLOCK, product=page(cup))

    assert '<p class="bazgasht-card__price">$12.50</p>' in rendered


def test_keeps_the_place_of_a_missing_image() -> None:
    rendered = Theme().render(BLOCK, product=page(product("Cup")))

    assert '<span class="bazgasht-card__image bazgasht-card__image--none"></span>' in rendered


def test_divides_the_width_among_the_columns() -> None:
    image = {"src": "/cdn/cup.jpg", "width": 600, "height": 600}
    cup = product("Cup", featured_image=image)

    rendered = Theme().render(BLOCK, {"columns": 3}, product=page(cup))

    assert 'style="--bazgasht-columns: 3"' in rendered
    assert 'sizes="(min-width: 750px) 33vw, 50vw"' in rendered
