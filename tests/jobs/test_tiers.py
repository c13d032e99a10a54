"""Customers' tiers in a store: reached, withdrawn and ended, shown, and told with a trail."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from database.disclosure import describe
from database.models import CustomerTier, PointLot
from database.person import find
from database.privacy import Subject
from jobs.drain import drain
from jobs.points import adjust, advance
from jobs.settings import change_settings
from jobs.tier_overview import of_person, overview
from jobs.tiers import tiers_at
from jobs.write_back import write_back
from tests.conftest import Installed
from tests.jobs.conftest import Calls, pay, set_settings, settle
from tests.jobs.test_ledger import SARA
from tests.merchant import Merchant
from tests.shop import Shop

TIERS = ["silver|نقره‌ای=20", "gold=50"]
PERSON = Subject(None, SARA, None)


def shown(installed: Installed) -> tuple[str | None, str | None]:
    meta = Shop(installed.sandbox).meta(SARA)
    return meta.get("bazgasht_tier"), meta.get("bazgasht_tier_second_name")


def trail(installed: Installed) -> list[tuple[str, str, str, str, str]]:
    (standing,) = of_person(installed.context, installed.id, PERSON)
    return [(c.before, c.after, c.why, str(c.amount), str(c.threshold)) for c in standing.trail]


def pass_days(superuser: Engine, days: int) -> None:
    """Let so many days pass for orders and tiers, by dating them back."""
    with superuser.begin() as connection:
        for statement in (
            "UPDATE orders SET paid_at = paid_at - :time, placed_at = placed_at - :time",
            "UPDATE customer_tiers SET due_at = due_at - :time, as_of = as_of - :time",
        ):
            connection.execute(text(statement), {"time": timedelta(days=days)})


def move_on(installed: Installed) -> None:
    advance(str(installed.id))
    settle(installed)


def test_a_tier_is_reached_by_spending_and_withdrawn_by_a_refund(installed: Installed) -> None:
    set_settings(installed, points_tiers=TIERS)
    shop = Shop(installed.sandbox)
    shop.order("Green Tea", email=SARA)  # 12.00
    settle(installed)
    assert shown(installed) == (None, None)
    order = shop.order("Earl Grey", email=SARA)  # 13.50
    settle(installed)
    assert shown(installed) == ("silver", "نقره‌ای")
    found = overview(installed.context, installed.id)
    assert [(tier.name, count) for tier, count in found.sizes] == [("silver", 1), ("gold", 0)]
    (standing,) = of_person(installed.context, installed.id, PERSON)
    assert (standing.tier, standing.following) == ("silver", "gold")
    assert (standing.amount, standing.missing) == (Fraction(51, 2), Fraction(49, 2))

    shop.create(f"orders/{order['id']}/refunds", amount="5.51")
    settle(installed)
    assert shown(installed) == (None, None)
    assert trail(installed) == [
        ("", "silver", "reached", "51/2", "20"),
        ("silver", "", "withdrawn", "1999/100", "20"),
    ]
    with installed.scope() as session:
        told = describe(session, find(session, PERSON))["points"]["tier_changes"]
    assert [(one["after"], one["why"], one["amount"]) for one in told] == [
        ("silver", "reached", "25.5"),
        ("", "withdrawn", "19.99"),
    ]


def test_time_ends_a_tier_after_its_grace(installed: Installed, superuser: Engine) -> None:
    set_settings(
        installed, points_tiers=TIERS, points_tier_window="rolling_year", points_tier_grace_days=10
    )
    pay(installed, 200, "House Blend Beans")  # 23.00
    assert shown(installed)[0] == "silver"
    with installed.scope() as session:
        due = session.scalars(select(CustomerTier.due_at)).one()
    # A year of the store's days after the payment, and the grace.
    today = datetime.now(UTC)
    assert due is not None
    assert timedelta(days=365 - 200 + 10 - 2) < due - today < timedelta(days=365 - 200 + 10 + 1)
    pass_days(superuser, 170)
    move_on(installed)
    assert shown(installed)[0] == "silver"
    pass_days(superuser, 7)
    for _ in range(2):
        move_on(installed)
    assert shown(installed) == (None, None)
    assert [change[:3] for change in trail(installed)] == [
        ("", "silver", "reached"),
        ("silver", "", "ended"),
    ]


def test_what_rules_gave_in_between_goes_when_the_former_ones_come_back(
    installed: Installed,
) -> None:
    """No job that applies rules to everybody runs while tiers are on, or points are worth more."""
    former = {"points_tiers": [], "point_value": "0.01"}
    change_settings(installed.context, installed.id, former)
    move_on(installed)
    change_settings(installed.context, installed.id, {"points_tiers": TIERS, "point_value": "0.02"})
    Shop(installed.sandbox).order("House Blend Beans", email=SARA)  # 23.00
    installed.sandbox.drain_deliveries()
    drain(str(installed.id))
    write_back(str(installed.id))
    assert shown(installed) == ("silver", "نقره‌ای")
    assert Shop(installed.sandbox).meta(SARA)["bazgasht_points_value"] == "0.46 USD"
    change_settings(installed.context, installed.id, former)
    move_on(installed)
    assert shown(installed) == (None, None)
    assert Shop(installed.sandbox).meta(SARA)["bazgasht_points_value"] == "0.23 USD"


def test_new_rules_are_applied_to_everybody_and_switching_off_takes_tiers_away(
    installed: Installed, calls: Calls
) -> None:
    pay(installed, 3, "House Blend Beans")
    set_settings(installed, points_tiers=TIERS)
    move_on(installed)
    assert shown(installed)[0] == "silver"
    set_settings(installed, points_tiers=["starter=5", "silver=30"])
    move_on(installed)
    assert shown(installed) == ("starter", None)
    set_settings(installed, points_tiers=[])
    move_on(installed)
    assert shown(installed) == (None, None)
    set_settings(installed, points_tiers=["starter=5"])
    assert [change[:3] for change in trail(installed)] == [
        ("", "silver", "rules"),
        ("silver", "starter", "rules"),
        ("starter", "", "rules"),
    ]
    move_on(installed)
    calls.writes()
    move_on(installed)
    assert calls.writes() == []


def test_points_by_hand_count_for_no_tier_even_after_they_changed_hands(
    installed: Installed,
) -> None:
    set_settings(installed, points_tiers=TIERS, points_tier_measure="points")
    guest = Subject(None, "visitor@example.test", None)
    shop = Shop(installed.sandbox)
    billing = {"email": guest.email}
    shop.order("Green Tea", billing=billing)  # 12 points
    settle(installed)
    adjust(installed.context, installed.id, guest, 40, actor="Reza", note="a gift")
    shop.create("customers", email=guest.email, username="visitor", password="secret")
    for _ in range(2):
        move_on(installed)
    assert shop.meta("visitor@example.test")["bazgasht_points"] == "52"
    assert "bazgasht_tier" not in shop.meta("visitor@example.test")
    found = of_person(installed.context, installed.id, guest)
    assert sorted((one.tier, one.amount) for one in found) == [
        ("", Fraction(0)),
        ("", Fraction(12)),
    ]


@pytest.mark.parametrize(("counts_pending", "tier"), [(False, None), (True, "silver")])
def test_pending_points_count_for_a_tier_when_they_shall(
    installed: Installed, superuser: Engine, counts_pending: bool, tier: str | None
) -> None:
    set_settings(
        installed,
        points_tiers=TIERS,
        points_tier_measure="points",
        points_tier_counts_pending=counts_pending,
        points_pending_days=14,
    )
    pay(installed, 10, "House Blend Beans")  # 23 points
    assert shown(installed)[0] == tier
    pass_days(superuser, 5)
    with superuser.begin() as connection:
        back = text("UPDATE point_lots SET matures_at = matures_at - interval '5 days'")
        connection.execute(back)
    move_on(installed)
    assert shown(installed)[0] == "silver"
    (standing,) = of_person(installed.context, installed.id, PERSON)
    assert (standing.amount, standing.missing) == (Fraction(23), Fraction(27))


def test_an_order_is_told_the_tier_that_there_was_before_it(installed: Installed) -> None:
    set_settings(installed, points_tiers=TIERS)
    pay(installed, 20, "House Blend Beans")
    pay(installed, 10, "House Blend Beans")
    with installed.scope() as session:
        customer = session.scalars(select(PointLot.customer_id)).first()
        assert customer is not None
        paid = session.scalars(text("SELECT paid_at FROM orders ORDER BY paid_at")).all()[-2:]
        asked: list[tuple[int, Any]] = [(customer, at) for at in paid]
        found = tiers_at(session, installed.store, [*asked, (customer, datetime.now(UTC))])
    assert list(found.values()) == ["", "silver", "silver"]
    set_settings(installed, points_tiers=[])
    with installed.scope() as session:
        assert set(tiers_at(session, installed.store, asked).values()) == {""}


def test_a_shop_on_shopify_shows_tier_worth_and_expiry_and_tags_by_tier(merchant: Merchant) -> None:
    set_settings(
        merchant,
        points_tiers=TIERS,
        customer_tags=True,
        points_expiry_days=365,
        point_value="0.05",
    )
    merchant.buy("ada@example.test", "House Blend Beans")  # 23.00
    merchant.catch_up()
    ada = f"gid://shopify/Customer/{merchant.customer('ada@example.test')}"
    customer = merchant.metafields("customer_fields", ada)
    fields: Any = customer["metafields"]
    shown = {node["key"]: node["value"] for node in fields["nodes"]}
    expires = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    assert shown == {
        "points": "23",
        "points_pending": "0",
        "points_next_expiry": expires,
        "points_expiring": "23",
        "points_value": "1.15 USD",
        "tier": "silver",
        "tier_second_name": "نقره‌ای",
    }
    assert customer["tags"] == ["Bazgasht tier: silver"]
