"""Rewards in a Shopify shop when answers are lost, scopes are missing, or it is all a mistake."""

import pytest

from connector.errors import TemporaryError
from database.privacy import Subject
from jobs import redemptions as job
from jobs.points import adjust
from jobs.verification import verify
from jobs.withdrawals import cancel
from retention.redemption import Redemption
from sandbox.faults import Fault
from sandbox.shopify.discounts import Discount
from sandbox.shopify.operations import Terms
from tests.jobs.conftest import as_kept, set_settings
from tests.merchant import Merchant

ADA, TEA = "ada@example.test", "Green Tea"


@pytest.fixture
def ada(merchant: Merchant) -> str:
    """The account of a customer who has 1,000 points, of which 100 are worth a dollar."""
    set_settings(merchant, redemption_enabled=True, point_value="0.01", points_enabled=False)
    account = str(merchant.customer(ADA))
    merchant.buy(ADA, TEA)
    merchant.catch_up()
    adjust(merchant.context, merchant.id, Subject(account), 1000, actor="Reza", note="a gift")
    return account


def redeem(merchant: Merchant, account: str, key: str = "k") -> Redemption:
    return job.redeem(merchant.context, merchant.id, account_id=account, points=300, key=key)


def balance(merchant: Merchant) -> int:
    """What can be spent, in a ledger that agrees with itself and with what the shop shows."""
    merchant.catch_up()
    rebuilt = verify(merchant.context, merchant.id)
    assert rebuilt.problems == []
    return rebuilt.available


def discounts(merchant: Merchant) -> list[Discount]:
    return list(merchant.shop.shop.discounts.by_id.values())


def test_a_lost_answer_makes_one_code(merchant: Merchant, ada: str) -> None:
    merchant.shop.add_fault(Fault("half_answer", times=1, text="discountCodeBasicCreate"))
    made = redeem(merchant, ada)
    assert made.state == "issued"
    assert [one.code for one in discounts(merchant)] == [made.code]
    assert balance(merchant) == 700


def test_an_undone_redemption_leaves_a_code_that_is_of_no_use(merchant: Merchant, ada: str) -> None:
    made = redeem(merchant, ada)
    cancel(merchant.context, merchant.id, made.reference, actor="Reza", note="a mistake")
    assert [one.status for one in discounts(merchant)] == ["EXPIRED"]
    with pytest.raises(ValueError, match="is not valid"):
        merchant.buy(ADA, TEA, terms=Terms(codes=(made.code,)))
    assert balance(merchant) == 1000


def test_credit_is_given_and_taken_back_while_it_is_whole(merchant: Merchant, ada: str) -> None:
    set_settings(merchant, redemption_kind="store_credit")
    merchant.shop.add_fault(Fault("half_answer", times=1, text="storeCreditAccountCredit"))
    both = {made.reward_id: made for made in (redeem(merchant, ada), redeem(merchant, ada, "2"))}
    account = merchant.shop.shop.credit.account(int(ada), "USD")
    assert account.balance == 600
    first, second = (both[str(one.id)] for one in account.credits)
    # The shop takes what ends first, so the other one cannot be taken back before it.
    with pytest.raises(TemporaryError, match="another credit of the customer ends sooner"):
        cancel(merchant.context, merchant.id, second.reference, actor="Reza", note="a mistake")
    cancel(merchant.context, merchant.id, first.reference, actor="Reza", note="a mistake")
    assert account.balance == 300
    assert balance(merchant) == 700
    merchant.buy(ADA, TEA, terms=Terms(credit=100))
    with pytest.raises(ValueError, match="was used in the store"):
        cancel(merchant.context, merchant.id, second.reference, actor="Reza", note="a mistake")
    assert (account.balance, balance(merchant)) == (200, 700)
    assert as_kept(merchant, second).state == "issued"


def test_a_shop_without_the_scope_gives_the_points_back_and_stays_connected(
    merchant: Merchant, ada: str
) -> None:
    granted = tuple(scope for scope in merchant.shop.shop.app.scopes if "discounts" not in scope)
    merchant.shop.install(granted)
    made = redeem(merchant, ada)
    assert made.state == "released"
    assert "write_discounts" in made.reason
    assert merchant.state() == "active"
    assert balance(merchant) == 1000
