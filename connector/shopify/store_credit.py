"""Store credit, made so that it can be recognised and taken back.

Shopify keeps no note with a credit and takes no key that would make a repetition harmless. So
each of ours runs out at a second of its own, which follows from the reward's code: before a credit
is given, and after an answer was lost, the account's transactions are searched for that second.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pydantic import Field

from connector.errors import Refused, TemporaryError
from connector.platform import CREDIT_OUTLASTS, CreditLeft, IssuedReward, Reward
from connector.shopify.graphql import Client, next_cursor, nodes
from connector.shopify.ids import gid, number_of
from connector.shopify.payloads import Money, Payload
from connector.values import Moment, Text, utc_text, validate, whole_seconds

_CREDIT = "StoreCreditAccountCreditTransaction"
_DEBIT = "StoreCreditAccountDebitTransaction"
_REVERT = "StoreCreditAccountDebitRevertTransaction"
_BY_AN_APP, _BY_AN_ORDER = "ADJUSTMENT", "ORDER_PAYMENT"
SPREAD_SECONDS = int(CREDIT_OUTLASTS.total_seconds())


class TransactionPayload(Payload):
    """A change of an account; what follows `amount` only a credit has."""

    kind: Text = Field(alias="__typename")
    created_at: Moment
    event: Text
    amount: Money
    id: Text = ""
    expires_at: Moment | None = None
    remaining_amount: Money | None = None


class _Given(Payload):
    """What the shop says of a credit that it has just made."""

    expires_at: Moment | None = None


@dataclass(frozen=True, slots=True)
class _Credit:
    """Our credit, and what else happened on its account."""

    own: TransactionPayload
    others: tuple[TransactionPayload, ...]
    account: str

    @property
    def remaining(self) -> Decimal:
        """What of it nobody has spent or taken back, or has come back from orders."""
        return self.own.remaining_amount.amount if self.own.remaining_amount else Decimal(0)

    @property
    def is_whole(self) -> bool:
        return self.remaining == self.own.amount.amount

    @property
    def is_over(self) -> bool:
        return self.own.expires_at is not None and self.own.expires_at <= datetime.now(UTC)

    @property
    def was_spent(self) -> bool:
        """Whether an order may have taken of it, rather than we ourselves."""
        later = [one for one in self.others if one.created_at >= self.own.created_at]
        paid = [one for one in later if one.kind == _DEBIT and one.event == _BY_AN_ORDER]
        undone = [one for one in later if one.kind == _REVERT]
        return not self.is_whole and (self.remaining > 0 or _sum(paid) > _sum(undone))

    @property
    def is_spent_next(self) -> bool:
        """Whether a debit would take of this credit: the one that ends first is taken first."""
        now = datetime.now(UTC)
        end = self.own.expires_at or datetime.max.replace(tzinfo=UTC)
        ends = (
            one.expires_at
            for one in self.others
            if one.remaining_amount and one.remaining_amount.amount > 0
        )
        return all(other is None or other > end or other <= now for other in ends)


class StoreCredit:
    """The calls about credit on customers' accounts, in one currency each."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def issue(self, reward: Reward) -> IssuedReward:
        """Give the credit, unless it is there already.

        Raises:
            Refused: the shop does not keep the second at which a credit runs out, so that it
                could not be found again; it was taken back.
        """
        _mark(reward)
        there = self._find(reward)
        return IssuedReward(number_of(there.own.id) if there else self._give(reward))

    def left(self, reward: Reward) -> CreditLeft | None:
        """What is left of the credit, None where there is none."""
        credit = self._find(reward)
        return CreditLeft(credit.remaining, _mark(reward)) if credit else None

    def withdraw(self, reward: Reward) -> bool:
        """Take the credit back; False if any of it was spent.

        Raises:
            TemporaryError: a debit would take of another credit, which ends sooner. Ours ends by
                itself.
        """
        credit = self._find(reward)
        if credit is None or (credit.is_whole and credit.is_over):
            return True
        if not credit.is_whole:
            return not credit.was_spent
        if not credit.is_spent_next:
            raise TemporaryError(
                "store credit: another credit of the customer ends sooner and would be taken"
            )
        self._take_back(reward, credit)
        after = self._find(reward)
        if after is not None and after.is_whole:
            raise TemporaryError("store credit: the shop has not taken it back")
        return after is None or not after.was_spent

    def _give(self, reward: Reward) -> str:
        given = {
            "creditAmount": _money(reward),
            "expiresAt": utc_text(_mark(reward)),
            "notify": False,
        }
        customer = gid("Customer", str(reward.account_id))
        try:
            made = self._client.change(
                "store_credit_credit",
                "storeCreditAccountCredit",
                repeatable=False,
                id=customer,
                input=given,
            )["storeCreditAccountTransaction"]
        except TemporaryError:
            if (there := self._find(reward)) is None:
                raise
            return number_of(there.own.id)
        if validate(_Given, made, "store credit").expires_at != _mark(reward):
            self._debit(reward, customer)
            told = "the shop moved the second at which a credit runs out; choose codes instead"
            raise Refused(f"store credit: {told}", code="not_as_asked")
        return number_of(made["id"])

    def _take_back(self, reward: Reward, credit: _Credit) -> None:
        """Debit the account; whether it came to that is seen by looking again."""
        try:
            self._debit(reward, credit.account)
        except (TemporaryError, Refused):
            after = self._find(reward)
            if after is not None and after.is_whole:
                raise

    def _debit(self, reward: Reward, owner: str) -> None:
        self._client.change(
            "store_credit_debit",
            "storeCreditAccountDebit",
            repeatable=False,
            id=owner,
            input={"debitAmount": _money(reward)},
        )

    def _find(self, reward: Reward) -> _Credit | None:
        mark = _mark(reward)
        for account in self._accounts(reward):
            made = list(self._transactions(account))
            for one in made:
                is_ours = (
                    one.kind == _CREDIT
                    and one.event == _BY_AN_APP
                    and one.expires_at == mark
                    and one.amount.amount == reward.amount
                )
                if is_ours:
                    others = tuple(other for other in made if other is not one)
                    return _Credit(one, others, account)
        return None

    def _accounts(self, reward: Reward) -> Iterator[str]:
        """The customer's accounts in the reward's currency."""
        if not reward.account_id:
            raise Refused("store credit needs the customer's account", code="no_account")
        customer = gid("Customer", reward.account_id)
        data = self._client.run("store_credit_accounts", id=customer)
        if not data.get("customer"):
            raise Refused("store credit: there is no such customer", code="no_account")
        for account in nodes(data, "customer", "storeCreditAccounts"):
            if account["balance"]["currencyCode"] == reward.currency:
                yield account["id"]

    def _transactions(self, account: str) -> Iterator[TransactionPayload]:
        path, after = ("storeCreditAccount", "transactions"), None
        while True:
            data = self._client.run("store_credit_transactions", id=account, after=after)
            for node in nodes(data, *path):
                yield validate(TransactionPayload, node, "store credit")
            after = next_cursor(data, *path)
            if after is None:
                return


def _mark(reward: Reward) -> datetime:
    """The second at which the reward's credit runs out, within a day after the reward's end."""
    later = timedelta(seconds=zlib.crc32(reward.code.lower().encode()) % SPREAD_SECONDS)
    return whole_seconds(reward.expires_at) + later


def _sum(transactions: Iterable[TransactionPayload]) -> Decimal:
    return sum((abs(one.amount.amount) for one in transactions), Decimal(0))


def _money(reward: Reward) -> dict[str, str]:
    return {"amount": f"{reward.amount:f}", "currencyCode": reward.currency}
