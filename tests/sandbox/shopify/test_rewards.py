"""Discount codes and store credit of the pretend shop."""

from typing import Any

import pytest
import requests

from sandbox import clock
from sandbox.shopify.credit import CreditBook, DebitTransaction, ExpirationTransaction
from sandbox.shopify.gid import gid
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop
from tests.sandbox.shopify.client import Admin

BEANS, ROAST, ADA, BOB = 82, 83, 2, 3
CREATE = """
mutation Create($discount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { field code message }
  }
}
"""
LOOK = """
query Look($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    codeDiscount { ... on DiscountCodeBasic { status asyncUsageCount } }
  }
}
"""


def wanted(**more: Any) -> dict[str, Any]:
    value = {"discountAmount": {"amount": "4.00", "appliesOnEachItem": False}}
    return {
        "code": "Mine",
        "title": "Mine",
        "startsAt": "2026-01-01T00:00:00Z",
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [gid("Customer", ADA)]}},
        "customerGets": {"items": {"all": True}, "value": value},
        **more,
    }


def create(admin: Admin, **more: Any) -> Any:
    body = admin.post(CREATE, variables={"discount": wanted(**more)}).json()
    return body["data"]["discountCodeBasicCreate"]


def look(admin: Admin, code: str) -> Any:
    return admin.post(LOOK, variables={"code": code}).json()["data"]["codeDiscountNodeByCode"]


def test_a_code_is_made_once_in_whatever_case(admin: Admin) -> None:
    assert create(admin)["userErrors"] == []
    (error,) = create(admin, code="MINE")["userErrors"]
    assert (error["field"], error["code"]) == (["basicCodeDiscount", "code"], "TAKEN")
    assert look(admin, "mINE") == {"codeDiscount": {"status": "ACTIVE", "asyncUsageCount": 0}}
    assert look(admin, "other") is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": ""}, "BLANK"),
        ({"context": {"customers": {"add": [gid("Customer", 987)]}}}, "INVALID"),
        ({"endsAt": "2025-12-31T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
    ],
)
def test_bad_input_is_a_user_error(admin: Admin, more: dict[str, Any], code: str) -> None:
    made = create(admin, **more)
    assert made["codeDiscountNode"] is None
    assert [error["code"] for error in made["userErrors"]] == [code]


def test_an_order_tells_its_code_and_what_it_took_off(shop: RunningShop, admin: Admin) -> None:
    create(admin)
    placed = shop.merchant.place_order(
        {BEANS: 1, ROAST: 1}, customer_id=ADA, terms=Terms(codes=("mine",))
    )
    order = admin.order(placed.id)
    assert order["discountCodes"] == ["Mine"]
    # Of 23.00 and 25.00 the 4.00 take 1.91 and, with what is left, 2.09.
    allocated = [
        one["discountAllocations"][0]["allocatedAmountSet"]["shopMoney"]["amount"]
        for one in order["lineItems"]["nodes"]
    ]
    assert allocated == ["1.91", "2.09"]
    assert order["totalPriceSet"]["shopMoney"]["amount"] == "44.0"
    assert look(admin, "mine")["codeDiscount"]["asyncUsageCount"] == 1


@pytest.mark.parametrize(
    ("more", "buyer", "told"),
    [
        ({}, BOB, "not for this customer"),
        ({}, 0, "not for this customer"),
        ({"endsAt": "2026-02-01T00:00:00Z"}, ADA, "not valid"),
        ({"startsAt": "2037-01-01T00:00:00Z"}, ADA, "not valid"),
        (
            {"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "23.01"}}},
            ADA,
            "needs a larger order",
        ),
    ],
)
def test_an_order_that_may_not_use_it_is_refused(
    shop: RunningShop, admin: Admin, more: dict[str, Any], buyer: int, told: str
) -> None:
    create(admin, **more)
    before = len(shop.shop.store.orders)
    with pytest.raises(ValueError, match=told):
        shop.merchant.place_order({BEANS: 1}, customer_id=buyer, terms=Terms(codes=("mine",)))
    assert len(shop.shop.store.orders) == before


def test_a_code_is_used_once_even_if_its_order_is_cancelled(
    shop: RunningShop, admin: Admin
) -> None:
    create(admin)
    answer = requests.post(
        f"{shop.url}/sandbox/orders",
        json={"items": {str(BEANS): 1}, "customer_id": ADA, "codes": ["MINE"], "paid": False},
        timeout=5,
    )
    order = shop.shop.store.orders[answer.json()["id"]]
    assert order.status == "pending"
    shop.merchant.cancel(order.id)
    again = requests.post(
        f"{shop.url}/sandbox/orders",
        json={"items": {str(BEANS): 1}, "customer_id": ADA, "codes": ["mine"]},
        timeout=5,
    )
    assert (again.status_code, again.json()) == (
        400,
        {"message": "code mine has reached its usage limit"},
    )


def test_credit_that_ends_first_is_spent_first_and_comes_back() -> None:
    book, now = CreditBook(), clock.now()
    account = book.account(ADA, "USD")
    for_ever = book.credit(account, 300, None)
    late, soon = book.credit(account, 500, now + 90), book.credit(account, 200, now + 60)
    past = book.credit(account, 900, now - 1)
    assert account.balance == 1000
    book.pay(7, account, 600)
    assert [one.remaining for one in (for_ever, late, soon, past)] == [300, 100, 0, 900]
    assert (book.paid(7), book.left(7), account.balance) == (600, 600, 400)
    with pytest.raises(ValueError, match="sufficient funds"):
        book.debit(account, 401, "ADJUSTMENT")
    book.revert(7, 450, "ORDER_REFUND")
    assert [one.remaining for one in (for_ever, late, soon)] == [300, 500, 50]
    assert (book.paid(7), book.left(7), account.balance) == (600, 150, 850)
    book.revert(7, 150, "ORDER_REFUND")
    assert [one.remaining for one in (for_ever, late, soon)] == [300, 500, 200]
    assert (book.left(7), account.balance) == (0, 1000)
    amounts = [one.amount for one in account.transactions]
    assert amounts == [300, 500, 200, 900, 600, 900, 450, 150]


def test_what_comes_back_to_credit_that_is_over_is_not_spent_again() -> None:
    book, now = CreditBook(), clock.now()
    account = book.account(ADA, "USD")
    over = book.credit(account, 300, now + 60)
    book.pay(7, account, 200)
    over.expires = now
    account.lapse()
    account.lapse()
    book.revert(7, 50, "ORDER_REFUND")
    assert (over.remaining, account.balance) == (150, 0)
    book.reverts_to_the_end = False
    book.revert(7, 150, "ORDER_REFUND")
    assert (over.remaining, account.balance) == (150, 150)
    ends = [one for one in account.transactions if isinstance(one, ExpirationTransaction)]
    assert [(one.amount, one.created, one.credit) for one in ends] == [(100, now, over)]


def test_credit_pays_a_part_of_an_order(shop: RunningShop, admin: Admin) -> None:
    book = shop.shop.credit
    book.credit(book.account(ADA, "USD"), 1000, None)
    with pytest.raises(ValueError, match="sufficient funds"):
        shop.merchant.place_order({BEANS: 1}, customer_id=ADA, terms=Terms(credit=1001))
    placed = shop.merchant.place_order({BEANS: 1}, customer_id=ADA, terms=Terms(credit=1000))
    asked = "{ order(id: %s) { transactions { amountSet { shopMoney { amount } } } } }"
    order = admin.post(asked % f'"{gid("Order", placed.id)}"').json()["data"]["order"]
    paid = [one["amountSet"]["shopMoney"]["amount"] for one in order["transactions"]]
    assert paid == ["10.0", "13.0"]
    data = admin.data("store_credit", id=gid("StoreCreditAccount", book.account(ADA, "USD").id))
    nodes = data["storeCreditAccount"]["transactions"]["nodes"]
    assert [(one["event"], one["amount"]["amount"]) for one in nodes] == [
        ("ADJUSTMENT", "10.0"),
        ("ORDER_PAYMENT", "10.0"),
    ]
    shop.merchant.cancel(placed.id, refund=False)
    assert book.account(ADA, "USD").balance == 0
    shop.merchant.cancel(placed.id)
    assert book.account(ADA, "USD").balance == 1000


def test_store_credit_comes_back_after_what_was_paid_by_other_means(
    shop: RunningShop, admin: Admin
) -> None:
    book = shop.shop.credit
    account = book.account(ADA, "USD")
    gift = book.credit(account, 1000, None)
    placed = shop.merchant.place_order({BEANS: 1}, customer_id=ADA, terms=Terms(credit=1000))
    shop.merchant.refund(placed.id, {}, extra=1200)
    assert account.balance == 0
    shop.merchant.refund(placed.id, {}, extra=400)
    assert account.balance == 300
    shop.merchant.refund(placed.id, {}, extra=700)
    assert account.balance == 1000
    asked = "{ order(id: %s) { transactions { kind gateway amountSet { shopMoney { amount } } } } }"
    order = admin.post(asked % f'"{gid("Order", placed.id)}"').json()["data"]["order"]
    told = [
        (one["kind"], one["gateway"] == "shopify_store_credit", one["amountSet"]["shopMoney"])
        for one in order["transactions"]
    ]
    assert [(kind, credit, float(money["amount"])) for kind, credit, money in told] == [
        ("SALE", True, 10.0),
        ("SALE", False, 13.0),
        ("REFUND", False, 12.0),
        ("REFUND", True, 3.0),
        ("REFUND", False, 1.0),
        ("REFUND", True, 7.0),
    ]
    gift.expires = clock.now()
    data = admin.data("store_credit", id=gid("StoreCreditAccount", account.id))
    *_, first, last, end = data["storeCreditAccount"]["transactions"]["nodes"]
    assert (first["event"], first["amount"], last["amount"]) == (
        "ORDER_REFUND", {"amount": "3.0"}, {"amount": "7.0"},
    )  # fmt: skip
    paid = book.accounts[account.id].transactions[1]
    assert isinstance(paid, DebitTransaction)
    number = gid("StoreCreditAccountDebitTransaction", paid.id)
    assert last["debitTransaction"] == {"id": number}
    number = gid("StoreCreditAccountCreditTransaction", gift.id)
    assert (end["amount"], end["creditTransaction"]) == ({"amount": "10.0"}, {"id": number})


def test_an_order_that_is_called_off_before_it_is_paid_gives_its_credit_back(
    shop: RunningShop,
) -> None:
    book = shop.shop.credit
    account = book.account(ADA, "USD")
    book.credit(account, 1000, None)
    terms = Terms(credit=1000, paid=False)
    placed = shop.merchant.place_order({BEANS: 1}, customer_id=ADA, terms=terms)
    shop.merchant.cancel(placed.id)
    assert account.balance == 1000
    assert account.transactions[-1].event == "ORDER_CANCELLATION"
