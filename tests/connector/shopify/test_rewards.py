"""Discount codes and store credit in the sandbox shop, as only Shopify has them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connector.errors import Refused, TemporaryError
from connector.http import GuardedSession
from connector.platform import ConnectedStore, CreditLeft, IssuedReward, Reward
from connector.shopify.store_credit import SPREAD_SECONDS
from sandbox.faults import Fault
from sandbox.shopify.operations import Terms
from tests.connector.shopify.conftest import OpenShop
from tests.connector.shopify.pretend import data, store_of
from tests.connector.shopify.sandboxed import SandboxShop, credentials

END = datetime(2032, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def credit(shop: SandboxShop) -> Reward:
    return Reward(
        code="BZ-CREDIT-1",
        amount=Decimal("7.50"),
        currency="USD",
        account_id=shop.account_ids()[0],
        email="ada@example.test",
        expires_at=END,
        kind="store_credit",
    )


@pytest.fixture
def code(credit: Reward) -> Reward:
    return replace(credit, code="BZ-CODE-1", kind="code")


def balance(shop: SandboxShop, reward: Reward) -> int:
    account = shop.shop.credit.account(int(reward.account_id or 0), "USD")
    return account.balance


def spend(shop: SandboxShop, reward: Reward, amount: int) -> int:
    order = shop.merchant.place_order(
        {int(shop.product_ids()[0]): 1},
        customer_id=int(reward.account_id or 0),
        terms=Terms(credit=amount),
    )
    return order.id


def test_credit_is_given_once_and_found_again(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    issued = store.issue_reward(credit)
    assert store.issue_reward(credit) == issued
    assert balance(shop, credit) == 750
    left = store.credit_left(credit)
    assert left is not None
    assert left.amount == Decimal("7.50")
    late = (left.ends_at - END.replace(microsecond=0)).total_seconds()
    assert 0 <= late < SPREAD_SECONDS


def test_a_lost_answer_makes_no_second_credit(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(replace(credit, code="BZ-CREDIT-2"))
    shop.lose_an_answer("storeCreditAccountCredit")
    store.issue_reward(credit)
    store.issue_reward(credit)
    assert balance(shop, credit) == 1500


def test_a_lost_answer_takes_no_second_time(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(credit)
    store.issue_reward(replace(credit, code="BZ-CREDIT-2"))
    shop.lose_an_answer("storeCreditAccountDebit")
    assert store.withdraw_reward(credit)
    assert balance(shop, credit) == 750


def test_a_shop_that_moves_the_end_of_a_credit_gives_none(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    shop.shop.credit.keeps_seconds = False
    with pytest.raises(Refused, match="moved the second"):
        store.issue_reward(credit)
    assert balance(shop, credit) == 0


def test_a_credit_that_was_refused_for_now_can_be_asked_for_again(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    shop.running.add_fault(Fault("server_error", times=1, text="storeCreditAccountCredit"))
    with pytest.raises(TemporaryError):
        store.issue_reward(credit)
    assert balance(shop, credit) == 0
    store.issue_reward(credit)
    assert balance(shop, credit) == 750


def test_credit_that_lies_untouched_is_taken_back(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    assert store.withdraw_reward(credit)
    store.issue_reward(credit)
    assert store.withdraw_reward(credit)
    assert balance(shop, credit) == 0
    assert store.withdraw_reward(credit)
    left = store.credit_left(credit)
    assert left is not None
    assert left.amount == 0


def test_credit_that_was_spent_in_part_stays(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(credit)
    spend(shop, credit, 250)
    left = store.credit_left(credit)
    assert left is not None
    assert left.amount == 5
    assert not store.withdraw_reward(credit)
    assert balance(shop, credit) == 500


def test_what_a_refund_gives_back_is_left_of_the_credit_also_after_its_end(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(credit)
    order = spend(shop, credit, 750)
    price = shop.shop.store.orders[order].lines[0].total
    shop.merchant.refund(order, {}, extra=price - 500)
    left = store.credit_left(credit)
    assert left is not None
    assert left.amount == Decimal("2.50")
    ago = timedelta(days=3650)
    (given,) = shop.shop.credit.account(int(credit.account_id or 0), "USD").credits
    given.expires = int((left.ends_at - ago).timestamp())
    shop.merchant.refund(order, {}, extra=100)
    over = store.credit_left(replace(credit, expires_at=END - ago))
    assert over == CreditLeft(Decimal("3.50"), left.ends_at - ago)


def test_credit_of_a_cancelled_order_is_whole_again(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(credit)
    order = spend(shop, credit, 750)
    assert not store.withdraw_reward(credit)
    shop.merchant.cancel(order)
    assert store.withdraw_reward(credit)
    assert balance(shop, credit) == 0


def test_no_other_credit_is_taken_instead(
    shop: SandboxShop, store: ConnectedStore, credit: Reward
) -> None:
    store.issue_reward(credit)
    book = shop.shop.credit
    account = book.account(int(credit.account_id or 0), "USD")
    gift = book.credit(account, 1000, int((END - timedelta(days=1)).timestamp()))
    with pytest.raises(TemporaryError, match="another credit of the customer ends sooner"):
        store.withdraw_reward(credit)
    assert balance(shop, credit) == 1750
    gift.remaining = 0
    assert store.withdraw_reward(credit)


def test_both_kinds_need_an_account(store: ConnectedStore, credit: Reward, code: Reward) -> None:
    for kind in (credit, code):
        with pytest.raises(Refused, match="needs the customer's account"):
            store.issue_reward(replace(kind, account_id=None))
    with pytest.raises(Refused, match="no such customer"):
        store.issue_reward(replace(credit, account_id="987654321"))


def test_without_the_scope_the_merchant_is_told_and_the_app_stays_connected(
    shop: SandboxShop, credit: Reward, code: Reward
) -> None:
    granted = ("read_orders", "write_customers", "write_products")
    keys = credentials(shop.running, shop.running.new_token(granted))
    store = shop.platform.open(keys, region="IR", development=True)
    with pytest.raises(Refused, match=r"approve in the shop: .*write_discounts") as refusal:
        store.issue_reward(code)
    assert refusal.value.code == "scope_missing"
    with pytest.raises(Refused, match=r"approve in the shop: .*read_store_credit_accounts"):
        store.credit_left(credit)
    assert store.profile().currency == "USD"
    store.close()


def test_a_code_is_as_asked_for(shop: SandboxShop, store: ConnectedStore, code: Reward) -> None:
    issued = store.issue_reward(replace(code, minimum=Decimal(20)))
    discount = shop.shop.discounts.by_id[int(issued.id)]
    assert (discount.code, discount.title, discount.amount) == ("BZ-CODE-1", "BZ-CODE-1", 750)
    assert (discount.usage_limit, discount.once_per_customer) == (1, True)
    assert discount.customer_ids == (int(code.account_id or 0),)
    assert discount.minimum == 2000
    assert discount.ends == int(END.timestamp())
    assert discount.status == "ACTIVE"


def test_another_discount_under_the_code_is_left_alone(
    shop: SandboxShop, store: ConnectedStore, code: Reward
) -> None:
    issued = store.issue_reward(code)
    shop.shop.discounts.by_id[int(issued.id)].title = "Spring sale"
    with pytest.raises(Refused, match="another discount under this code"):
        store.issue_reward(code)
    with pytest.raises(Refused, match="another of this name"):
        store.withdraw_reward(code)
    assert shop.shop.discounts.by_id[int(issued.id)].status == "ACTIVE"


def test_a_code_that_fits_not_is_deleted(
    shop: SandboxShop, store: ConnectedStore, code: Reward
) -> None:
    issued = store.issue_reward(code)
    shop.shop.discounts.by_id[int(issued.id)].customer_ids = ()
    with pytest.raises(Refused, match="the shop keeps another customer than was asked for"):
        store.issue_reward(code)
    assert shop.shop.discounts.by_id == {}


def test_a_use_that_is_not_counted_yet_is_seen(
    shop: SandboxShop, store: ConnectedStore, code: Reward
) -> None:
    store.issue_reward(code)
    shop.shop.discounts.counts_late = True
    order = shop.order_with_code(code, shop.product_ids()[0])
    assert not store.withdraw_reward(code)
    assert [one.status for one in shop.shop.discounts.by_id.values()] == ["ACTIVE"]
    shop.trash_order(order)
    assert store.withdraw_reward(code)


def test_a_withdrawn_code_cannot_be_made_again(
    shop: SandboxShop, store: ConnectedStore, code: Reward
) -> None:
    first = store.issue_reward(code)
    assert isinstance(first, IssuedReward)
    assert store.withdraw_reward(code)
    assert [one.status for one in shop.shop.discounts.by_id.values()] == ["EXPIRED"]
    with pytest.raises(Refused, match="keeps another end"):
        store.issue_reward(code)


def test_a_discount_of_another_type_is_somebody_elses(
    open_shop: OpenShop, session: GuardedSession, code: Reward
) -> None:
    other = {"id": "gid://shopify/DiscountCodeNode/7", "codeDiscount": {"__typename": "Other"}}
    taken = {"codeDiscountNode": None, "userErrors": [{"message": "taken", "code": "TAKEN"}]}
    shop = open_shop(
        {
            "DiscountCodeCreate": [data({"discountCodeBasicCreate": taken})],
            "DiscountCode": [data({"codeDiscountNodeByCode": other})],
        }
    )
    store = store_of(shop, session)
    with pytest.raises(Refused, match="another discount under this code"):
        store.issue_reward(code)
    with pytest.raises(Refused, match="another of this name"):
        store.withdraw_reward(code)


@pytest.mark.parametrize("errors", [[], [{"message": "taken", "code": "TAKEN"}]])
def test_a_code_that_is_not_shown_yet_is_asked_for_again(
    open_shop: OpenShop, session: GuardedSession, code: Reward, errors: list[dict[str, str]]
) -> None:
    made = {"codeDiscountNode": None, "userErrors": errors}
    shop = open_shop(
        {
            "DiscountCodeCreate": [data({"discountCodeBasicCreate": made})],
            "DiscountCode": [data({"codeDiscountNodeByCode": None})],
        }
    )
    store = store_of(shop, session)
    with pytest.raises(TemporaryError, match="does not show it yet"):
        store.issue_reward(code)
    (asked,) = shop.variables("DiscountCodeCreate")
    assert datetime.fromisoformat(asked["discount"]["startsAt"]) < datetime.now(UTC)
    assert asked["discount"]["endsAt"] == "2032-03-01T12:30:15Z"
    assert asked["discount"]["context"] == {
        "customers": {"add": [f"gid://shopify/Customer/{code.account_id}"]}
    }


@pytest.mark.parametrize("minimum", [None, Decimal(20)])
def test_a_code_that_may_pay_only_a_part_of_an_order_stands_alone(
    open_shop: OpenShop, session: GuardedSession, code: Reward, minimum: Decimal | None
) -> None:
    """Two of them, each with its least amount, would pay twice that part of one order."""
    made: dict[str, list[object] | None] = {"codeDiscountNode": None, "userErrors": []}
    shop = open_shop(
        {
            "DiscountCodeCreate": [data({"discountCodeBasicCreate": made})],
            "DiscountCode": [data({"codeDiscountNodeByCode": None})],
        }
    )
    with pytest.raises(TemporaryError):
        store_of(shop, session).issue_reward(replace(code, minimum=minimum))
    (asked,) = shop.variables("DiscountCodeCreate")
    assert asked["discount"]["combinesWith"] == {
        "orderDiscounts": minimum is None,
        "productDiscounts": True,
        "shippingDiscounts": True,
    }
