"""Money with no and with three decimals, from the order to points and figures, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select

from database.disclosure import describe
from database.models import Order, OrderLine
from database.person import find
from database.privacy import Subject
from jobs import privacy
from jobs.erasing import erase
from jobs.store_figures import read
from retention.figures.period import month_containing
from retention.figures.text import value_text
from sandbox.shopify.amounts import Presentment
from sandbox.shopify.operations import Terms
from tests.conftest import Installed
from tests.jobs.conftest import Opened, OpenedShop, set_settings, settle
from tests.jobs.state import ledger
from tests.merchant import Merchant
from tests.shop import Shop

SARA = "sara@example.test"
GREEN = "Green Tea"


def amounts(store: Installed | Merchant) -> tuple[list[Decimal], Decimal, Decimal]:
    """The lines' amounts, the only order's total, and what is kept of it."""
    with store.scope() as session:
        order = session.scalars(select(Order)).one()
        lines = session.scalars(select(OrderLine.net).order_by(OrderLine.position)).all()
        return list(lines), order.total, order.kept_net


def entries(store: Installed | Merchant) -> list[tuple[int, str]]:
    with store.scope() as session:
        return ledger(session)


def revenue(store: Installed | Merchant) -> tuple[object, str]:
    """This month's revenue, exactly and as it is shown."""
    found = read(store.context, store.id)
    figures = found.report(month_containing(found.today, found.zone, found.calendar)).figures
    figure = next(one for one in figures if one.name == "revenue")
    return figure.value, value_text(figure, "en")


@pytest.mark.parametrize(
    ("currency", "unit", "shown"),
    [
        ("JPY", Decimal(1), "2,344 JPY"),
        ("KRW", Decimal(1), "2,344 KRW"),
        ("KWD", Decimal("0.001"), "2.344 KWD"),
        ("BHD", Decimal("0.001"), "2.344 BHD"),
    ],
)
def test_a_woocommerce_order_is_exact_to_the_last_unit_of_its_currency(
    opened: Opened, currency: str, unit: Decimal, shown: str
) -> None:
    installed = opened(currency)
    set_settings(installed, points_per_amount=str(unit))
    shop = Shop(installed.sandbox)
    lines = [
        {"product_id": shop.product_id(GREEN), "quantity": 1, "total": str(units * unit)}
        for units in (1234, 2345)
    ]
    order = shop.create(
        "orders", set_paid=True, customer_id=shop.customer_id(SARA), line_items=lines
    )
    settle(installed)
    first, second, both = 1234 * unit, 2345 * unit, 3579 * unit
    assert amounts(installed) == ([first, second], both, both)
    shop.create(f"orders/{order['id']}/refunds", amount=str(1235 * unit), api_refund=False)
    settle(installed)
    assert amounts(installed) == ([first, second], both, 2344 * unit)
    assert entries(installed) == [(3579, "earned"), (-1235, "reversed")]
    assert shop.meta(SARA)["bazgasht_points"] == "2344"
    assert revenue(installed) == (Fraction(2344 * unit), shown)


DINARS = Presentment("KWD", 3, Decimal("0.002051"))
YEN = Presentment("JPY", 0, Decimal("487.5"))
EUROS = Presentment("EUR", 2, Decimal("2.31"))


@pytest.mark.parametrize(
    ("currency", "unit", "seen", "total_seen", "shown"),
    [
        # 1,199,266 times the rate: 1,200,000 less 1,234, and 500 for shipping.
        ("JPY", Decimal(1), DINARS, "2459.695", "1,198,766 JPY"),
        ("KWD", Decimal("0.001"), YEN, "584642", "1,198.766 KWD"),
        ("BHD", Decimal("0.001"), EUROS, "2770.3", "1,198.766 BHD"),
    ],
)
def test_a_shopify_order_keeps_both_currencies_and_counts_in_the_shops(
    opened_shop: OpenedShop,
    currency: str,
    unit: Decimal,
    seen: Presentment,
    total_seen: str,
    shown: str,
) -> None:
    merchant = opened_shop(currency)
    set_settings(merchant, points_per_amount=str(unit))
    terms = Terms(discount=1234, shipping=500, presentment=seen)
    number = merchant.buy(SARA, GREEN, terms=terms)
    merchant.catch_up()
    net, total = 1_198_766 * unit, 1_199_266 * unit
    assert amounts(merchant) == ([net], total, net)
    assert entries(merchant) == [(1_198_766, "earned")]
    assert revenue(merchant) == (Fraction(net), shown)
    told = exported(merchant, number)
    assert (told["currency"], told["presentment_currency"]) == (currency, seen.currency)
    assert (Decimal(told["total"]), Decimal(told["presentment_total"])) == (
        total,
        Decimal(total_seen),
    )


def exported(merchant: Merchant, number: int) -> dict[str, str]:
    """An order of Sara's, as she is told of it."""
    with merchant.scope() as session:
        person = find(session, Subject(account_id=str(merchant.customer(SARA))))
        told = describe(session, person)["orders"]
    found: dict[str, str] = next(one for one in told if one["order"] == str(number))
    return found


def test_both_totals_outlive_the_erasure_of_the_buyer(opened_shop: OpenedShop) -> None:
    merchant = opened_shop("USD")
    terms = Terms(presentment=Presentment("JPY", 0, Decimal("151.5")))
    merchant.buy(SARA, GREEN, terms=terms)
    merchant.catch_up()
    subject = Subject(account_id=str(merchant.customer(SARA)))
    key = privacy.ask(merchant.context, merchant.id, "erase", subject)
    erase(merchant.context, merchant.id, subject, key)
    with merchant.scope() as session:
        order = session.scalars(select(Order)).one()
    assert (order.account_id, (order.email or "").endswith(".invalid")) == (None, True)
    assert (order.currency, order.total) == ("USD", Decimal(12))
    assert (order.presentment_currency, order.presentment_total) == ("JPY", Decimal(1818))
