"""Store credit of the pretend shop: accounts of customers, one a currency.

Of several credits the one that ends soonest is spent first, and what an order gives back goes to
the credits that it was taken of, as Shopify's schema says; no recording shows it. Of several what
was taken last comes back first, which is described nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from sandbox import clock


@dataclass
class CreditTransaction:
    """Money that came; `remaining` is what of it was neither spent nor taken back.

    `has_lapsed` says that its end was noted.
    """

    id: int
    account_id: int
    amount: int
    created: int
    expires: int | None
    remaining: int
    event: str = "ADJUSTMENT"
    has_lapsed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it has run out."""
        return self.expires is not None and self.expires <= clock.now()


@dataclass
class Taken:
    """What a debit took of one credit, less what came back."""

    credit: CreditTransaction
    amount: int


@dataclass
class DebitTransaction:
    """Money that went, with what was taken of each credit."""

    id: int
    account_id: int
    amount: int
    created: int
    event: str
    taken: list[Taken]

    @property
    def left(self) -> int:
        """What of it has not come back."""
        return sum(one.amount for one in self.taken)


@dataclass
class DebitRevertTransaction:
    """Money of a debit that came back, because its order was called off or refunded."""

    id: int
    account_id: int
    amount: int
    created: int
    event: str
    debit: DebitTransaction


@dataclass
class ExpirationTransaction:
    """What was left of a credit when it ran out."""

    account_id: int
    amount: int
    created: int
    credit: CreditTransaction
    event: str = "ADJUSTMENT"


Transaction = CreditTransaction | DebitTransaction | DebitRevertTransaction | ExpirationTransaction


@dataclass
class CreditAccount:
    """A customer's credit in one currency."""

    id: int
    customer_id: int
    currency: str
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def credits(self) -> list[CreditTransaction]:
        """What can still be spent, what ends soonest first."""
        of_worth = [
            one
            for one in self.transactions
            if isinstance(one, CreditTransaction) and one.remaining and not one.is_over
        ]
        return sorted(of_worth, key=lambda one: (one.expires is None, one.expires, one.id))

    @property
    def balance(self) -> int:
        """What the customer can spend."""
        return sum(one.remaining for one in self.credits)

    def lapse(self) -> None:
        """Note the end of credits that have run out since."""
        given = [one for one in self.transactions if isinstance(one, CreditTransaction)]
        for one in given:
            if one.is_over and not one.has_lapsed:
                one.has_lapsed = True
                end = one.expires or 0
                self.transactions.append(ExpirationTransaction(self.id, one.remaining, end, one))


class CreditBook:
    """All accounts. Amounts are in smallest units.

    A shop that does not keep seconds, unlike `keeps_seconds`, ends credits with their hour. What
    comes back to a credit that is over can be spent no more; in a shop that does not do so, unlike
    `reverts_to_the_end`, it is a new credit without an end. Neither is recorded.
    """

    def __init__(self) -> None:
        self.keeps_seconds = True
        self.reverts_to_the_end = True
        self.accounts: dict[int, CreditAccount] = {}
        self._payments: dict[int, DebitTransaction] = {}
        self._ids = count(1)

    def of(self, customer_id: int) -> Iterator[CreditAccount]:
        """A customer's accounts."""
        return (one for one in self.accounts.values() if one.customer_id == customer_id)

    def account(self, customer_id: int, currency: str) -> CreditAccount:
        """A customer's account in a currency, opened when there is none."""
        found = next((one for one in self.of(customer_id) if one.currency == currency), None)
        if found is None:
            found = CreditAccount(next(self._ids), customer_id, currency)
            self.accounts[found.id] = found
        return found

    def credit(self, account: CreditAccount, amount: int, expires: int | None) -> CreditTransaction:
        """Give money."""
        if expires is not None and not self.keeps_seconds:
            expires += -expires % 3600
        number = next(self._ids)
        made = CreditTransaction(number, account.id, amount, clock.now(), expires, amount)
        account.transactions.append(made)
        return made

    def debit(self, account: CreditAccount, amount: int, event: str) -> DebitTransaction:
        """Take money. ValueError when there is too little."""
        if amount > account.balance:
            raise ValueError("The store credit account does not have sufficient funds")
        taken, rest = [], amount
        for one in account.credits:
            part = min(one.remaining, rest)
            one.remaining -= part
            rest -= part
            taken.append(Taken(one, part))
        number = next(self._ids)
        made = DebitTransaction(number, account.id, amount, clock.now(), event, taken)
        account.transactions.append(made)
        return made

    def pay(self, order_id: int, account: CreditAccount, amount: int) -> None:
        """Pay a part of an order."""
        self._payments[order_id] = self.debit(account, amount, "ORDER_PAYMENT")

    def paid(self, order_id: int) -> int:
        """What of an order was paid with store credit, whether or not it came back."""
        payment = self._payments.get(order_id)
        return payment.amount if payment else 0

    def left(self, order_id: int) -> int:
        """What of an order was paid with store credit and has not come back."""
        payment = self._payments.get(order_id)
        return payment.left if payment else 0

    def revert(self, order_id: int, amount: int, event: str) -> None:
        """Give back of what an order was paid with, each part to the credit it came from."""
        payment = self._payments.get(order_id)
        if payment is None or not amount:
            return
        account, rest = self.accounts[payment.account_id], amount
        account.lapse()
        for one in reversed(payment.taken):
            part = min(one.amount, rest)
            one.amount -= part
            rest -= part
            if one.credit.is_over and not self.reverts_to_the_end:
                self.credit(account, part, None)
            else:
                one.credit.remaining += part
        number = next(self._ids)
        account.transactions.append(
            DebitRevertTransaction(number, account.id, amount, clock.now(), event, payment)
        )
