"""Store credit."""

from decimal import Decimal
from typing import Any

from sandbox import clock, money
from sandbox.shopify import times
from sandbox.shopify.amounts import Money
from sandbox.shopify.api.call import Call, Resolver, Resolvers, bad_request, user_error
from sandbox.shopify.api.connections import Page, listed
from sandbox.shopify.credit import (
    CreditAccount,
    CreditTransaction,
    DebitRevertTransaction,
    DebitTransaction,
    ExpirationTransaction,
)
from sandbox.shopify.gid import gid, number_in

SCOPE = "write_store_credit_account_transactions"


def _smallest(call: Call, given: dict[str, Any]) -> int:
    return money.from_text(str(Decimal(given["amount"])), call.shop.store.settings.decimals)


def _money(call: Call, units: int, currency: str) -> Money:
    return Money(units, call.shop.store.settings.decimals, currency)


def _account(call: Call, text: str) -> CreditAccount | None:
    return call.shop.credit.accounts.get(number_in(text, "StoreCreditAccount") or 0)


def _refused(message: str, code: str, *path: str) -> dict[str, Any]:
    error = user_error(message, *path, code=code)
    return {"storeCreditAccountTransaction": None, "userErrors": [error]}


def _owned(call: Call, text: str, currency: str) -> CreditAccount | None:
    """The account of an id, or the one of a customer in a currency, opened when there is none."""
    number = number_in(text, "Customer")
    if number is None:
        return _account(call, text)
    return call.shop.credit.account(number, currency) if call.shop.customer(number) else None


def _credit(
    _root: Any,
    call: Call,
    id: str,  # noqa: A002
    creditInput: dict[str, Any],  # noqa: N803
) -> dict[str, Any]:
    call.require(SCOPE, "storeCreditAccountCredit")
    given = creditInput["creditAmount"]
    amount = _smallest(call, given)
    expires = creditInput.get("expiresAt")
    end = int(times.read(expires, call.shop.store.zone)) if expires else None
    if amount <= 0:
        return _refused("A positive amount must be used", "NEGATIVE_OR_ZERO_AMOUNT", "creditInput")
    if end is not None and end <= clock.now():
        return _refused("The expiry date must be in the future", "EXPIRES_AT_IN_PAST", "expiresAt")
    account = _owned(call, id, given["currencyCode"])
    if account is None:
        return _refused("Owner does not exist", "OWNER_NOT_FOUND", "id")
    made = call.shop.credit.credit(account, amount, end)
    return {"storeCreditAccountTransaction": made, "userErrors": []}


def _debit(
    _root: Any,
    call: Call,
    id: str,  # noqa: A002
    debitInput: dict[str, Any],  # noqa: N803
) -> dict[str, Any]:
    call.require(SCOPE, "storeCreditAccountDebit")
    account = _owned(call, id, debitInput["debitAmount"]["currencyCode"])
    if account is None:
        return _refused("The account does not exist", "ACCOUNT_NOT_FOUND", "id")
    amount = _smallest(call, debitInput["debitAmount"])
    if amount <= 0:
        return _refused("A positive amount must be used", "NEGATIVE_OR_ZERO_AMOUNT", "debitInput")
    try:
        made = call.shop.credit.debit(account, amount, "ADJUSTMENT")
    except ValueError as error:
        return _refused(str(error), "INSUFFICIENT_FUNDS", "debitInput")
    return {"storeCreditAccountTransaction": made, "userErrors": []}


def _accounts(customer: Any, call: Call, **arguments: Any) -> Page:
    return listed(call, list(call.shop.credit.of(customer.id)), arguments)


def _transactions(account: CreditAccount, call: Call, **arguments: Any) -> Page:
    if arguments.get("query") or arguments.get("sortKey", "CREATED_AT") != "CREATED_AT":
        raise bad_request("the pretend shop lists the transactions of an account as they came")
    call.require("read_store_credit_account_transactions", "transactions")
    account.lapse()
    made = sorted(account.transactions, key=lambda one: one.created)
    return listed(call, made, arguments)


def _currency(one: Any, call: Call) -> str:
    return call.shop.credit.accounts[one.account_id].currency


def _identified(name: str) -> Resolver:
    return lambda one, _call: gid(name, one.id)


SHARED: dict[str, Resolver] = {
    "amount": lambda one, call: _money(call, one.amount, _currency(one, call)),
    "createdAt": lambda one, _call: times.utc_text(one.created),
    "event": lambda one, _call: one.event,
}
IDENTIFIED: dict[type, str] = {
    CreditTransaction: "StoreCreditAccountCreditTransaction",
    DebitTransaction: "StoreCreditAccountDebitTransaction",
    DebitRevertTransaction: "StoreCreditAccountDebitRevertTransaction",
}
NAMES = IDENTIFIED | {ExpirationTransaction: "StoreCreditAccountExpirationTransaction"}
RESOLVERS: Resolvers = {
    "QueryRoot": {"storeCreditAccount": lambda _root, call, id: _account(call, id)},  # noqa: A006
    "Mutation": {"storeCreditAccountCredit": _credit, "storeCreditAccountDebit": _debit},
    "Customer": {"storeCreditAccounts": _accounts},
    "StoreCreditAccount": {
        "id": lambda one, _call: gid("StoreCreditAccount", one.id),
        "balance": lambda one, call: _money(call, one.balance, one.currency),
        "transactions": _transactions,
    },
    **{name: {**SHARED, "id": _identified(name)} for name in IDENTIFIED.values()},
    NAMES[ExpirationTransaction]: {
        **SHARED,
        "creditTransaction": lambda one, _call: one.credit,
    },
}
RESOLVERS["StoreCreditAccountDebitRevertTransaction"] |= {
    "debitTransaction": lambda one, _call: one.debit,
}
RESOLVERS["StoreCreditAccountCreditTransaction"] |= {
    "expiresAt": lambda one, _call: times.utc_text(one.expires) if one.expires else None,
    "remainingAmount": lambda one, call: _money(call, one.remaining, _currency(one, call)),
}
