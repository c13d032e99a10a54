"""Points redeemed at a Shopify shop: for a discount code, or for store credit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from database import redemptions as table
from jobs import redemptions as job
from jobs.context import active_store
from jobs.erasing import erase
from jobs.points import adjust, verify
from jobs.privacy import ask, subject
from jobs.withdrawals import sweep, withdraw
from retention.redemption import Redemption
from sandbox.shopify.operations import Terms
from tests.jobs.conftest import set_settings
from tests.jobs.state import ledger
from tests.merchant import Merchant

ADA = "ada@example.test"


@pytest.fixture
def shop(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> Merchant:
    """A shop where a point is worth a cent, of which Ada has 1,000 and earns no more."""
    monkeypatch.setattr(job, "PATIENCE", 60.0)  # However busy the machine is.
    set_settings(merchant, redemption_enabled=True, point_value="0.01", points_enabled=False)
    person = subject(merchant.context, merchant.id, account=None, email=ADA, phone=None)
    adjust(merchant.context, merchant.id, person, 1000, actor="Reza", note="a gift")
    return merchant


def redeem(shop: Merchant, key: str = "k") -> Redemption:
    account = str(shop.customer(ADA))
    return job.redeem(shop.context, shop.id, account_id=account, points=300, key=key)


def now(shop: Merchant, made: Redemption) -> Redemption:
    with shop.scope() as session:
        found = table.named(session, made.reference)
    assert found is not None
    return found


def available(shop: Merchant) -> int:
    audit = verify(shop.context, shop.id)
    assert audit.problems == []
    return audit.available


def asked_long_ago(superuser: Engine) -> None:
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE redemptions SET tried_at = tried_at - :time"), {"time": timedelta(days=1)}
        )


def used(shop: Merchant) -> tuple[Redemption, int]:
    """A redemption whose code an order of tea uses, for which nine dollars were left to pay."""
    made = redeem(shop)
    assert (made.state, made.worth, made.kind) == ("issued", Decimal("3.00"), "code")
    order = shop.buy(ADA, "Green Tea", terms=Terms(codes=(made.code,)))
    shop.catch_up()
    assert (now(shop, made).state, now(shop, made).order_id) == ("used", str(order))
    assert available(shop) == 700
    return made, order


def test_a_code_is_used_and_refunded_in_part(shop: Merchant) -> None:
    made, order = used(shop)
    shop.shop.merchant.refund(order, {}, extra=300)
    shop.catch_up()
    assert (now(shop, made).state, now(shop, made).returned) == ("used", 100)
    assert available(shop) == 800


def test_a_code_is_taken_back_when_its_order_is_cancelled(
    shop: Merchant, superuser: Engine
) -> None:
    made, order = used(shop)
    shop.shop.merchant.cancel(order)
    shop.catch_up()
    assert (now(shop, made).state, now(shop, made).returned) == ("issued", 300)
    assert available(shop) == 1000
    asked_long_ago(superuser)
    sweep(str(shop.id))
    released = now(shop, made)
    assert (released.state, released.reason) == ("released", "its order was called off")
    assert available(shop) == 1000


def test_an_order_that_is_not_paid_yet_keeps_its_code(shop: Merchant, superuser: Engine) -> None:
    made = redeem(shop)
    order = shop.buy(ADA, "Green Tea", terms=Terms(codes=(made.code,), paid=False))
    shop.catch_up()
    asked_long_ago(superuser)
    sweep(str(shop.id))
    assert (now(shop, made).state, available(shop)) == ("issued", 700)
    shop.shop.merchant.pay(order)
    shop.catch_up()
    assert (now(shop, made).state, available(shop)) == ("used", 700)


def test_store_credit_is_spent_or_taken_back(shop: Merchant) -> None:
    set_settings(shop, redemption_kind="store_credit")
    made = redeem(shop)
    assert (made.state, made.kind) == ("issued", "store_credit")
    store = active_store(shop.context, shop.id)
    back = withdraw(shop.context, store, made.reference, "not used in time", with_grace=False)
    assert (back.state, available(shop)) == ("released", 1000)
    spent = redeem(shop, "another")
    shop.buy(ADA, "Green Tea", terms=Terms(credit=100))
    shop.catch_up()
    over = withdraw(shop.context, store, spent.reference, "not used in time", with_grace=False)
    assert (over.state, over.order_id, available(shop)) == ("used", None, 700)
    with shop.scope() as session:
        assert ledger(session)[-2:] == [(300, "committed"), (-300, "committed")]


def test_a_redemption_follows_the_account_that_its_own_is_merged_into(shop: Merchant) -> None:
    made = redeem(shop)
    kept = shop.customer("smile@example.test")
    shop.shop.merchant.merge_customers(kept, shop.customer(ADA))
    shop.catch_up()
    merged = now(shop, made)
    assert merged.account_id == str(kept)
    person = subject(shop.context, shop.id, account=str(kept), email=None, phone=None)
    assert job.of_person(shop.context, shop.id, person) == [merged]
    store = active_store(shop.context, shop.id)
    assert withdraw(shop.context, store, made.reference, "cancelled").state == "released"
    with shop.scope() as session:
        entry = table.entries(session, [now(shop, made)])[made.reference][-1]
    assert (entry.customer_id, entry.points, entry.reason) == (merged.customer_id, 300, "released")
    assert available(shop) == 1000


def test_credit_of_somebody_erased_counts_as_spent_when_it_is_over(
    shop: Merchant, superuser: Engine
) -> None:
    """Nobody can be asked any more whether it was: the account that had it is not known."""
    set_settings(shop, redemption_kind="store_credit")
    made = redeem(shop)
    person = subject(shop.context, shop.id, account=None, email=ADA, phone=None)
    erase(shop.context, shop.id, person, ask(shop.context, shop.id, "erase", person))
    assert (now(shop, made).account_id, now(shop, made).state) == (None, "issued")
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE redemptions SET expires_at = expires_at - :time"),
            {"time": timedelta(days=31)},
        )
    asked_long_ago(superuser)
    sweep(str(shop.id))
    assert now(shop, made).state == "used"
    assert verify(shop.context, shop.id).problems == []
