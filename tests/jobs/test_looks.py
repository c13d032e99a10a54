"""What promotions, sources and reviews say of purchases, from the stores to the report."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from database.disclosure import describe
from database.models import Review
from database.person import find as find_person
from database.privacy import Subject
from jobs.reconcile import compare_identifiers
from jobs.store_figures import read
from retention.figures.period import days
from retention.figures.report import Report
from sandbox.shopify.operations import Terms
from sandbox.shopify.shop import Visit
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle
from tests.merchant import Merchant
from tests.shop import Shop

ADA, SARA = "ada@example.test", "sara@example.test"


def mail(source: str = "mail", campaign: str = "spring") -> list[dict[str, Any]]:
    noted = {"source_type": "utm", "utm_source": source, "utm_campaign": campaign}
    return [
        {"key": f"_wc_order_attribution_{name}", "value": value} for name, value in noted.items()
    ]


def looked(store: Installed | Merchant) -> Report:
    """The figures of the last ninety days, today's included."""
    source = read(store.context, store.id)
    return source.report(days(source.today - timedelta(days=89), source.today, source.zone))


def rows(found: Report, name: str, *columns: str) -> list[tuple[Any, ...]]:
    return found.breakdown(name).table.select(columns).rows()


def remarks(found: Report) -> set[str]:
    return {one.name for one in found.remarks}


def test_promotions_and_sources_of_woocommerce_brought_first_and_second_purchases(
    installed: Installed,
) -> None:
    Shop(installed.sandbox).create(
        "coupons", code="welcome10", discount_type="percent", amount="10"
    )
    coupon = {"coupon_lines": [{"code": "Welcome10"}]}
    order_days_ago(installed, 9, "House Blend Beans", email=ADA, **coupon)
    order_days_ago(installed, 5, "House Blend Beans", email=ADA, meta_data=mail(), **coupon)
    order_days_ago(installed, 4, "Green Tea", email=SARA, meta_data=mail())
    settle(installed)

    found = looked(installed)

    brought = ("base", "count", "second_purchases", "later_purchases")
    assert rows(found, "look_coupons", "code", *brought) == [
        ("welcome10", 1, 1, 1, 0),
        (None, 1, 0, 0, 0),
    ]
    assert rows(found, "look_sources", "source", "campaign", *brought) == [
        ("mail", "spring", 1, 0, 1, 0),
        (None, None, 1, 1, 0, 0),
    ]
    # Of the two discounts of 2.30 only that of the second purchase keeps a customer.
    assert rows(found, "costs_by_kind", "kind", "entries", "amount") == [
        ("discounts", 1, Decimal("2.3000"))
    ]
    assert remarks(found) >= {"reviews_unknown", "costs_unknown"}
    assert remarks(found).isdisjoint({"coupons_unknown", "sources_unknown", "given_unknown"})

    set_settings(installed, point_value="0.01")
    # One point for each whole unit: 20, 20 and 12 points.
    assert rows(looked(installed), "costs_by_kind", "kind", "entries", "amount") == [
        ("discounts", 1, Decimal("2.3000")),
        ("points", 3, Decimal("0.5200")),
    ]
    with installed.scope() as session:
        (told, *_) = describe(session, find_person(session, Subject(email=SARA)))["orders"]
    assert (told["source"], told["campaign"], told["discount"]) == ("mail", "spring", "0.0000")


def test_reviews_of_woocommerce_are_read_without_their_writers_names(installed: Installed) -> None:
    order_days_ago(installed, 9, "House Blend Beans", email=ADA)
    settle(installed)
    shop = Shop(installed.sandbox)
    beans = shop.product_id("House Blend Beans")
    for email, rating in ((ADA, 5), ("nobody@example.test", 2), (SARA, 0)):
        shop.create(
            "products/reviews", product_id=beans, review="Good", reviewer="Ada",
            reviewer_email=email, rating=rating,
        )  # fmt: skip

    compare_identifiers(str(installed.id))
    settle(installed)

    found = looked(installed)
    assert rows(found, "look_reviews", "rating", "reviews", "base", "count") == [
        (2, 1, 0, 0),
        (5, 1, 1, 0),
    ]
    assert "reviews_unknown" not in remarks(found)
    with installed.scope() as session:
        kept = session.scalars(select(Review).order_by(Review.rating)).all()
        assert [row.customer_id is None for row in kept] == [True, False]
        (told,) = describe(session, find_person(session, Subject(email=ADA)))["reviews"]
    assert (told["product"], told["rating"]) == (str(beans), 5)
    installed.sandbox.store.reviews.clear()
    compare_identifiers(str(installed.id))
    with installed.scope() as session:
        assert session.scalars(select(Review)).all() == []


def test_codes_and_visits_of_shopify_reach_the_looks(merchant: Merchant) -> None:
    merchant.buy(ADA, "House Blend Beans", terms=Terms(visit=Visit("google")))
    marked = Visit("direct", "mail", "letter", "spring")
    merchant.buy(ADA, "House Blend Beans", terms=Terms(discount=300, visit=marked))
    merchant.catch_up()

    found = looked(merchant)

    assert rows(found, "look_coupons", "code", "base", "second_purchases") == [
        (None, 1, 0),
        ("discount", 0, 1),
    ]
    names = ("source", "medium", "campaign", "base", "second_purchases")
    assert rows(found, "look_sources", *names) == [
        ("google", None, None, 1, 0),
        ("mail", "letter", "spring", 0, 1),
    ]
    assert found.breakdown("costs_by_kind").table["amount"].to_list() == [Decimal(3)]
    compare_identifiers(str(merchant.id))
    assert "reviews_unknown" in remarks(looked(merchant))
