"""Points redeemed at a Shopify shop: for a discount code, or for store credit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from connector.platform import Reward
from database import redemptions as table
from jobs import redemptions as job
from jobs.context import active_store
from jobs.erasing import erase
from jobs.points import adjust
from jobs.privacy import ask, subject
from jobs.rewards import reward_of
from jobs.verification import verify
from jobs.withdrawals import sweep, withdraw
from retention.redemption import Redemption
from sandbox.shopify.credit import CreditTransaction
from sandbox.shopify.operations import Terms
from tests.jobs.conftest import as_kept, set_settings
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
    assert (as_kept(shop, made).state, as_kept(shop, made).order_id) == ("used", str(order))
    assert available(shop) == 700
    return made, order


def test_a_code_is_used_and_refunded_in_part(shop: Merchant) -> None:
    made, order = used(shop)
    shop.shop.merchant.refund(order, {}, extra=300)
    shop.catch_up()
    assert (as_kept(shop, made).state, as_kept(shop, made).returned) == ("used", 100)
    assert available(shop) == 800


def test_a_code_is_taken_back_when_its_order_is_cancelled(
    shop: Merchant, superuser: Engine
) -> None:
    made, order = used(shop)
    shop.shop.merchant.cancel(order)
    shop.catch_up()
    assert (as_kept(shop, made).state, as_kept(shop, made).returned) == ("issued", 300)
    assert available(shop) == 1000
    asked_long_ago(superuser)
    sweep(str(shop.id))
    released = as_kept(shop, made)
    assert (released.state, released.reason) == ("released", "its order was called off")
    assert available(shop) == 1000


def test_an_order_that_is_not_paid_yet_keeps_its_code(shop: Merchant, superuser: Engine) -> None:
    made = redeem(shop)
    order = shop.buy(ADA, "Green Tea", terms=Terms(codes=(made.code,), paid=False))
    shop.catch_up()
    asked_long_ago(superuser)
    sweep(str(shop.id))
    assert (as_kept(shop, made).state, available(shop)) == ("issued", 700)
    shop.shop.merchant.pay(order)
    shop.catch_up()
    assert (as_kept(shop, made).state, available(shop)) == ("used", 700)


def credited(shop: Merchant) -> tuple[Redemption, int]:
    """A redemption for credit that paid three dollars of an order of tea, of twelve in all."""
    set_settings(shop, redemption_kind="store_credit")
    made = redeem(shop)
    assert (made.state, made.kind) == ("issued", "store_credit")
    order = shop.buy(ADA, "Green Tea", terms=Terms(credit=300))
    shop.catch_up()
    assert (as_kept(shop, made).state, left(shop), available(shop)) == ("issued", 0, 700)
    return made, order


def left(shop: Merchant) -> int:
    """The store credit that Ada can spend."""
    return shop.shop.shop.credit.account(shop.customer(ADA), "USD").balance


def month_later(shop: Merchant, superuser: Engine) -> None:
    """Let 32 days pass for redemptions, credit and orders, by dating them back, and look."""
    pretend, seconds = shop.shop.shop, 32 * 24 * 60 * 60
    for account in pretend.credit.accounts.values():
        for one in account.transactions:
            one.created -= seconds
            if isinstance(one, CreditTransaction) and one.expires:
                one.expires -= seconds
    for order in pretend.store.orders.values():
        order.created -= seconds
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE redemptions SET expires_at = expires_at - :time"),
            {"time": timedelta(seconds=seconds)},
        )
    look(shop, superuser)


def look(shop: Merchant, superuser: Engine) -> None:
    shop.catch_up()
    asked_long_ago(superuser)
    sweep(str(shop.id))


def refund(shop: Merchant, order: int, cents: int) -> None:
    """Give money back of an order; what the card paid, nine dollars, goes back first."""
    shop.shop.merchant.refund(order, {}, extra=cents)


def test_store_credit_is_taken_back_or_left_until_its_end(shop: Merchant) -> None:
    set_settings(shop, redemption_kind="store_credit")
    made = redeem(shop)
    store = active_store(shop.context, shop.id)
    back = withdraw(shop.context, store, made.reference, "not used in time", with_grace=False)
    assert (back.state, available(shop), left(shop)) == ("released", 1000, 0)
    spent = redeem(shop, "another")
    shop.buy(ADA, "Green Tea", terms=Terms(credit=100))
    shop.catch_up()
    over = withdraw(shop.context, store, spent.reference, "not used in time", with_grace=False)
    assert (over.state, over.order_id, available(shop), left(shop)) == ("issued", None, 700, 200)


def test_what_is_left_of_credit_at_its_end_comes_back_as_points(
    shop: Merchant, superuser: Engine
) -> None:
    set_settings(shop, redemption_kind="store_credit")
    made = redeem(shop)
    shop.buy(ADA, "Green Tea", terms=Terms(credit=101))
    look(shop, superuser)
    assert (as_kept(shop, made).state, left(shop)) == ("issued", 199)
    month_later(shop, superuser)
    over = as_kept(shop, made)
    assert (over.state, over.returned, available(shop), left(shop)) == ("used", 199, 899, 0)
    with shop.scope() as session:
        assert ledger(session)[-3:] == [(300, "committed"), (-300, "committed"), (199, "returned")]


@pytest.mark.parametrize(("cents", "back", "state"), [(1000, 100, "used"), (1200, 300, "released")])
def test_credit_that_a_refund_gives_back_is_spent_or_brings_points_at_its_end(
    shop: Merchant, superuser: Engine, cents: int, back: int, state: str
) -> None:
    made, order = credited(shop)
    refund(shop, order, cents)
    look(shop, superuser)
    # The shop has given the credit back itself, so points would be a second time.
    assert (as_kept(shop, made).state, available(shop), left(shop)) == ("issued", 700, back)
    month_later(shop, superuser)
    assert (as_kept(shop, made).state, available(shop), left(shop)) == (state, 700 + back, 0)


def test_credit_that_comes_back_after_its_end_brings_points_once(
    shop: Merchant, superuser: Engine
) -> None:
    made, order = credited(shop)
    month_later(shop, superuser)
    assert (as_kept(shop, made).state, as_kept(shop, made).returned, available(shop)) == (
        "used",
        0,
        700,
    )
    refund(shop, order, 1000)
    look(shop, superuser)
    assert (as_kept(shop, made).returned, available(shop), left(shop)) == (100, 800, 0)
    refund(shop, order, 200)
    shop.shop.merchant.cancel(order)
    shop.catch_up()
    assert as_kept(shop, made).orders == (str(order),)
    look(shop, superuser)
    assert (as_kept(shop, made).returned, as_kept(shop, made).orders) == (300, ())
    look(shop, superuser)
    assert available(shop) == 1000


def test_credit_that_comes_back_to_be_spent_brings_no_points(
    shop: Merchant, superuser: Engine
) -> None:
    made, order = credited(shop)
    shop.shop.shop.credit.reverts_to_the_end = False
    month_later(shop, superuser)
    refund(shop, order, 1200)
    look(shop, superuser)
    assert (as_kept(shop, made).returned, available(shop), left(shop)) == (0, 700, 300)
    # An order that was placed later cannot have been paid with it.
    shop.shop.merchant.cancel(shop.buy(ADA, "Green Tea"))
    shop.catch_up()
    assert as_kept(shop, made).orders == ()


def test_news_of_an_order_that_come_while_the_shop_is_asked_are_not_lost(
    shop: Merchant, superuser: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, order = credited(shop)
    month_later(shop, superuser)
    refund(shop, order, 1000)
    shop.catch_up()
    asked_long_ago(superuser)

    def meanwhile(row: Redemption) -> Reward:
        refund(shop, order, 200)
        shop.catch_up()
        return reward_of(row)

    monkeypatch.setattr("jobs.credit_ends.reward_of", meanwhile)
    sweep(str(shop.id))
    assert (as_kept(shop, made).returned, as_kept(shop, made).orders) == (300, (str(order),))


def test_a_redemption_follows_the_account_that_its_own_is_merged_into(shop: Merchant) -> None:
    made = redeem(shop)
    kept = shop.customer("smile@example.test")
    shop.shop.merchant.merge_customers(kept, shop.customer(ADA))
    shop.catch_up()
    merged = as_kept(shop, made)
    assert merged.account_id == str(kept)
    person = subject(shop.context, shop.id, account=str(kept), email=None, phone=None)
    assert job.of_person(shop.context, shop.id, person) == [merged]
    store = active_store(shop.context, shop.id)
    assert withdraw(shop.context, store, made.reference, "cancelled").state == "released"
    with shop.scope() as session:
        entry = table.entries(session, [as_kept(shop, made)])[made.reference][-1]
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
    assert (as_kept(shop, made).account_id, as_kept(shop, made).state) == (None, "issued")
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE redemptions SET expires_at = expires_at - :time"),
            {"time": timedelta(days=32)},
        )
    asked_long_ago(superuser)
    sweep(str(shop.id))
    assert as_kept(shop, made).state == "used"
    assert verify(shop.context, shop.id).problems == []
