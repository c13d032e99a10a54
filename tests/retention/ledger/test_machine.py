"""A state machine over the ledger: whatever happens to orders, in any sequence, it is right."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from retention.ledger.audit import Audit
from retention.ledger.book import Book, applied
from retention.ledger.chain import linked
from retention.ledger.changes import adjust, expire, mature, undo
from retention.ledger.expiry import InactivityRule, lapse, restore
from retention.ledger.posting import Shortfall
from retention.ledger.settle import settle
from retention.points import EarningRule, target
from retention.records import Order, PointEntry, PointLot
from tests.retention.ledger.test_settle import ONE_PER_UNIT
from tests.retention.tables import START, order, refund_of_amount, refund_of_line

GUEST, ACCOUNT, OTHER = 1, 2, 3
CUSTOMERS = st.sampled_from([GUEST, ACCOUNT, OTHER])
ORDERS = st.sampled_from(["1", "2", "3"])
STATUSES = st.sampled_from(["processing", "completed", "cancelled", "trash"])
NETS = {"1": ("61.37", "38.63"), "2": ("9.99",), "3": ("250", "0.5", "12")}
AMOUNTS = st.decimals(min_value="0.01", max_value=60, places=2).map(str)
DAYS = st.integers(min_value=0, max_value=20)
INACTIVITY = InactivityRule(days=365, grace_days=30, since=START, zone="UTC")


class Ledger(RuleBasedStateMachine):
    """Three orders of three customers, a rule that changes, hands that adjust, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.rule = ONE_PER_UNIT
        self.shortfall: Shortfall = "write_off"
        self.moment = START
        self.states: dict[str, tuple[Order, int]] = {}
        self.copied: dict[str, EarningRule] = {}
        self.effects: list[list[PointEntry]] = []
        self.lapsed: list[PointEntry] = []
        self.before: tuple[PointEntry, ...] = ()

    def tell(self, placed: Order, customer: int, days: float = 0) -> None:
        """News of an order, by a clock that may be some days off."""
        moment = self.moment + timedelta(days=days)
        settle(self.book, placed, customer, self.rule, moment, self.shortfall)
        self.states[placed.id] = placed, customer
        if self.book.of_order(placed.id):
            self.copied.setdefault(placed.id, self.rule)

    @rule(name=ORDERS, customer=CUSTOMERS, status=STATUSES)
    def place(self, name: str, customer: int, status: str) -> None:
        before = self.states.get(name)
        refunds = before[0].refunds if before else ()
        made = order(*NETS[name], identifier=name, status=status, refunds=refunds)
        self.tell(replace(made, delivered_at=before[0].delivered_at if before else None), customer)

    @precondition(lambda self: self.states)
    @rule(data=st.data(), amount=AMOUNTS, by_line=st.booleans())
    def refund(self, data: st.DataObject, amount: str, by_line: bool) -> None:
        placed, customer = self.states[data.draw(st.sampled_from(sorted(self.states)))]
        name = f"r{len(placed.refunds)}"
        made = refund_of_line(name, "a", amount) if by_line else refund_of_amount(name, amount)
        refunds = data.draw(st.permutations([*placed.refunds, made]))
        self.tell(replace(placed, refunds=tuple(refunds)), customer)

    @precondition(lambda self: self.states)
    @rule(data=st.data(), days=st.none() | DAYS)
    def deliver(self, data: st.DataObject, days: int | None) -> None:
        placed, customer = self.states[data.draw(st.sampled_from(sorted(self.states)))]
        moment = None if days is None else START + timedelta(days=days)
        self.tell(replace(placed, delivered_at=moment), customer)

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def take_a_refund_back(self, data: st.DataObject) -> None:
        placed, customer = self.states[data.draw(st.sampled_from(sorted(self.states)))]
        self.tell(replace(placed, refunds=placed.refunds[1:]), customer)

    @precondition(lambda self: self.states)
    @rule(data=st.data(), hours=st.integers(min_value=-1, max_value=1))
    def tell_again(self, data: st.DataObject, hours: int) -> None:
        placed, customer = self.states[data.draw(st.sampled_from(sorted(self.states)))]
        written, earned = len(self.book.entries), placed.id in self.copied
        self.tell(placed, customer, hours / 24)
        # An order that has given nothing yet goes by the rule of the day; any other by its own.
        # Points that an undoing gave back to a former holder are moved with the next news.
        assert not earned or all(e.reason == "moved" for e in self.book.entries[written:])
        written = len(self.book.entries)
        self.tell(placed, customer, hours / 24)
        assert len(self.book.entries) == written

    @rule(
        points=st.integers(min_value=1, max_value=3),
        enabled=st.booleans(),
        pending=DAYS,
        expiry=DAYS,
        from_delivery=st.booleans(),
        shortfall=st.sampled_from(["write_off", "owe"]),
    )
    def change_the_settings(
        self,
        points: int,
        enabled: bool,
        pending: int,
        expiry: int,
        from_delivery: bool,
        shortfall: Shortfall,
    ) -> None:
        self.rule = replace(
            self.rule,
            points=points,
            enabled=enabled,
            pending_days=pending,
            expiry_days=expiry,
            from_delivery=from_delivery,
        )
        self.shortfall = shortfall

    @rule(days=DAYS)
    def let_time_pass(self, days: int) -> None:
        self.moment += timedelta(days=days)
        mature(self.book, self.moment)
        for customer in (GUEST, ACCOUNT, OTHER):
            expire(self.book, customer, self.moment)
        for lot in self.book.lots.values():
            assert not (lot.pending and lot.matures_at and lot.matures_at <= self.moment)
            assert not (lot.available > 0 and lot.expires_at and lot.expires_at <= self.moment)

    @rule(customer=CUSTOMERS, wrongly=st.booleans())
    def let_everything_lapse(self, customer: int, wrongly: bool) -> None:
        written, available = len(self.book.entries), self.book.available(customer)
        lapse(self.book, customer, INACTIVITY)
        assert self.book.available(customer) == min(0, available)
        if wrongly:
            made = [e for e in self.book.entries[written:] if e.reason == "lapsed"]
            restore(self.book, made)
            assert self.book.available(customer) == available
        else:
            self.lapsed += [e for e in self.book.entries[written:] if e.reason == "lapsed"]

    @precondition(lambda self: self.lapsed)
    @rule()
    def give_back_what_lapsed(self) -> None:
        left = {lot.reference: lot.left for lot in self.book.lots.values()}
        restore(self.book, self.lapsed)
        for name in {entry.lot for entry in self.lapsed}:
            gone = -sum(entry.points for entry in self.lapsed if entry.lot == name)
            assert 0 <= self.book.lots[name].left - left[name] <= gone
            assert self.book.lots[name].expired >= 0
        self.lapsed = []

    @rule(customer=CUSTOMERS, points=st.integers(min_value=-40, max_value=40))
    def adjust_by_hand(self, customer: int, points: int) -> None:
        written, available = len(self.book.entries), self.book.available(customer)
        spendable = {lot.reference: lot.available for lot in self.book.of_customer(customer)}
        key = f"k{written}"
        if not points or points < -max(0, available):
            with pytest.raises(ValueError, match="points is"):
                adjust(self.book, customer, points, key, "Reza", "a test")
            assert len(self.book.entries) == written
            return
        adjust(self.book, customer, points, key, "Reza", "a test")
        effect = self.book.entries[written:]
        assert self.book.available(customer) == available + points
        assert all(e.points > 0 or -e.points <= spendable[e.lot] for e in effect)
        self.effects.append(effect)

    @precondition(lambda self: self.effects)
    @rule(data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        effect = data.draw(st.sampled_from(self.effects))
        customer, points = effect[0].customer_id, sum(entry.points for entry in effect)
        available = self.book.available(customer)
        if points > max(0, available):
            with pytest.raises(ValueError, match="would be taken back"):
                undo(self.book, effect, "Reza", "a test")
            return
        undo(self.book, effect, "Reza", "a test")
        self.effects.remove(effect)
        assert self.book.available(customer) == available - points

    @invariant()
    def no_old_entry_has_changed(self) -> None:
        assert tuple(self.book.entries[: len(self.before)]) == self.before
        self.before = tuple(self.book.entries)

    @invariant()
    def everything_sums_to_zero_and_agrees(self) -> None:
        audit = Audit()
        audit.read(linked(self.book.entries, START))
        audit.compare(audit.entries, audit.hash, self.book.lots.values())
        assert audit.problems == []
        assert audit.pending + audit.available + sum(audit.accounts.values()) == 0
        references = [entry.reference for entry in self.book.entries]
        assert len(set(references)) == len(references)

    @invariant()
    def each_order_has_given_what_it_is_worth_by_its_own_rule(self) -> None:
        for name, (placed, _) in self.states.items():
            given = sum(lot.granted for lot in self.book.of_order(name))
            assert given == (target(placed, self.copied[name]) if name in self.copied else 0)

    @invariant()
    def lots_have_the_days_that_follow_from_the_delivery(self) -> None:
        for name, (placed, _) in self.states.items():
            if name in self.copied and self.copied[name].from_delivery:
                matures_at = self.copied[name].matures_at(placed)
                assert all(lot.matures_at == matures_at for lot in self.book.of_order(name))

    @invariant()
    def no_more_is_taken_back_than_was_earned(self) -> None:
        sums: Counter[str | None] = Counter()
        for entry in self.book.entries:
            if entry.against in {"issued", "moved"}:
                sums[entry.order_id] += entry.points
            if entry.reason == "reversed":
                assert sums[entry.order_id] >= 0

    @invariant()
    def balances_are_the_fold_over_the_entries(self) -> None:
        lots: dict[str, PointLot] = {}
        for entry in self.book.entries:
            lots[entry.lot] = applied(lots.get(entry.lot), entry)
        assert lots == self.book.lots
        for customer in (GUEST, ACCOUNT, OTHER):
            own = [entry for entry in self.book.entries if entry.customer_id == customer]
            assert sum(entry.available for entry in own) == self.book.available(customer)

    @invariant()
    def what_is_left_of_an_order_is_never_more_than_it_gave(self) -> None:
        for lot in self.book.lots.values():
            assert lot.pending >= 0
            if lot.order_id is None:
                assert not lot.granted


Ledger.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLedger = Ledger.TestCase
