"""Points for accounts, birthdays and friends at a pretend Shopify shop."""

from datetime import timedelta

from sqlalchemy import select, update

from database import occasions
from database.models import Customer, PointEntry, RuleStart
from database.privacy import Subject
from jobs.friends import code_for, listing
from jobs.points import advance
from jobs.verification import verify
from retention.yearly import YearlyDay
from sandbox.shopify.gid import gid
from sandbox.shopify.operations import Terms
from sandbox.shopify.shop import Visit
from tests.jobs.conftest import set_settings
from tests.merchant import Merchant


def switched_on(merchant: Merchant, **settings: int) -> None:
    """Switch rules on as of yesterday, when the shop's customers were there already."""
    with merchant.shop.store.lock:
        for customer in merchant.shop.store.customers.values():
            customer.created -= 30 * 86_400
    set_settings(merchant, **settings)
    advance(str(merchant.id))
    with merchant.scope() as session:
        session.execute(update(RuleStart).values(since=RuleStart.since - timedelta(days=1)))


def entries(merchant: Merchant) -> list[tuple[str, int, str]]:
    with merchant.scope() as session:
        rows = session.execute(
            select(Customer.email, PointEntry.points, PointEntry.reason)
            .join(Customer, Customer.id == PointEntry.customer_id)
            .where(PointEntry.order_id.is_(None))
            .order_by(PointEntry.number)
        )
        return [(row[0] or "", row[1], row[2]) for row in rows]


def test_a_new_customer_is_welcomed_and_tells_a_birthday(merchant: Merchant) -> None:
    switched_on(merchant, points_welcome=50, points_birthday=30)
    made = merchant.shop.merchant.create_customer("nika@example.test", "Nika")
    owner = gid("Customer", made.id)
    merchant.shop.shop.metafields.put(owner, "facts", "birth_date", "date", "1990-05-17")
    merchant.catch_up()
    assert entries(merchant) == [("nika@example.test", 50, "welcome")]
    with merchant.scope() as session:
        (row,) = occasions.birthdays(session)
        assert row.birthday == YearlyDay("gregorian", 5, 17)
    merchant.buy("ada@example.test", "Green Tea")
    merchant.catch_up()
    assert len(entries(merchant)) == 1
    assert not verify(merchant.context, merchant.id).problems


def test_a_friend_who_comes_by_the_link_brings_points(merchant: Merchant) -> None:
    switched_on(merchant, points_referral=100, points_referred=20)
    ada = Subject(email="ada@example.test")
    assert code_for(merchant.context, merchant.id, ada, "ADA-5").link.endswith("=ada-5")
    by_the_link = Visit("direct", "bazgasht", "referral", "ada-5")
    merchant.buy("sara@example.test", "Green Tea", terms=Terms(visit=by_the_link))
    merchant.catch_up()
    assert entries(merchant) == [
        ("ada@example.test", 100, "referral"),
        ("sara@example.test", 20, "referred"),
    ]
    assert [row.state for row in listing(merchant.context, merchant.id)] == ["accepted"]


def test_a_friend_at_the_same_address_is_held(merchant: Merchant) -> None:
    switched_on(merchant, points_referral=100, points_referred=20)
    home = {"address_1": "12 Main St.", "city": "Toronto", "postcode": "M5V 2T6", "country": "CA"}
    with merchant.shop.store.lock:
        for customer in merchant.shop.store.customers.values():
            if customer.email in ("ada@example.test", "sara@example.test"):
                customer.billing.update(home)
    ada = Subject(email="ada@example.test")
    code_for(merchant.context, merchant.id, ada, "ADA-5")
    merchant.buy("ada@example.test", "Green Tea")
    by_the_link = Visit("direct", "bazgasht", "referral", "ada-5")
    merchant.buy("sara@example.test", "Green Tea", terms=Terms(visit=by_the_link))
    merchant.catch_up()
    (row,) = listing(merchant.context, merchant.id)
    assert (row.state, row.reasons) == ("held", ("same address",))
    assert entries(merchant) == []
