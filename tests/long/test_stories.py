"""Long stories at both pretend stores: whatever happens, points are what the store's state says.

Orders are placed, paid, refunded, cancelled and trashed; webhooks are lost, doubled and come in any
sequence; workers are killed between any two statements; points are adjusted, redeemed and lapse.
In the end the stores are read once, as they are every hour, and the balances are compared with
what an oracle makes of the stores' orders alone.

LONG_STORIES is how many stories are told at each store (default 40), LONG_STEPS how many steps one
has (default 50), LONG_SEED what they are drawn from (default 1).
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select, text

from database.models import Customer
from database.models import Store as StoreRow
from database.points import all_lots, balances
from database.privacy import Subject
from database.redemptions import all_redemptions
from jobs.claims import claim_link, prove
from jobs.context import Context
from jobs.drain import drain
from jobs.points import adjust, advance, undo, verify
from jobs.reconcile import compare_identifiers, reconcile
from jobs.redemptions import redeem_for
from jobs.withdrawals import cancel, sweep
from jobs.write_back import write_back
from retention.redemption import CannotRedeem
from sandbox.records import Order
from tests.conftest import AppServer, empty_tables, work_off
from tests.long.stage import GOODS, ShopifyStage, Stage, WooCommerceStage, crashing, post

STORIES = int(os.environ.get("LONG_STORIES", "40"))
STEPS = int(os.environ.get("LONG_STEPS", "50"))
SEED = int(os.environ.get("LONG_SEED", "1"))

ACCOUNTS = ("sara@example.test", "reza@example.test", "ada@example.test")
GUESTS = ("visitor@example.test", "stranger@example.test")
PEOPLE = st.sampled_from([*ACCOUNTS, *GUESTS])
YOUNG, RIPE, LAPSED = 0, 5, 30
PENDING_DAYS, EXPIRY_DAYS = 2, 10
WHY = {"actor": "Reza", "note": "a story"}
JOBS: tuple[Callable[[str], object], ...] = (drain, advance, write_back, reconcile, sweep)


class Story(RuleBasedStateMachine):
    """One story at one store; `make` opens the store, on an empty database."""

    make: ClassVar[Callable[[ExitStack], Stage]]
    superuser: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stage = type(self).make(self.stack)
        self.given: Counter[str] = Counter()
        self.effects: dict[str, tuple[str, int]] = {}
        self.proved: set[str] = set()
        self.count = 0

    @initialize(lapses=st.booleans(), claim=st.sampled_from(["at_once", "proved"]))
    def begin(self, lapses: bool, claim: str) -> None:
        """Either points wait and lapse, or they are spent: together they hang on the clock."""
        self.lapses, self.claim = lapses, claim
        self.change_settings(
            points_claim=claim,
            points_pending_days=PENDING_DAYS if lapses else 0,
            points_expiry_days=EXPIRY_DAYS if lapses else 0,
            points_expiry_grace_days=0,
            points_shortfall="owe",
            point_value="0.01",
            redemption_enabled=True,
        )

    def change_settings(self, **wanted: object) -> None:
        with self.stage.scope() as session:
            row = session.scalars(select(StoreRow)).one()
            row.settings = {**row.settings, **wanted}

    def teardown(self) -> None:
        try:
            if hasattr(self, "lapses"):
                self.end()
        finally:
            self.stack.close()

    def number(self, email: str) -> int:
        return self.stage.store.customer_ids_by_email.get(email, 0)

    def some_order(self, data: st.DataObject) -> Order:
        return self.stage.store.orders[data.draw(st.sampled_from(sorted(self.stage.store.orders)))]

    @rule(
        email=PEOPLE,
        as_guest=st.booleans(),
        names=st.lists(st.sampled_from(GOODS), min_size=1, max_size=2),
        age=st.sampled_from([YOUNG, RIPE, LAPSED]),
        paid=st.booleans(),
    )
    def buy(self, email: str, as_guest: bool, names: list[str], age: int, paid: bool) -> None:
        number = 0 if as_guest and self.stage.may_trash else self.number(email)
        self.stage.buy(number, email, names, age, paid=paid or self.lapses)

    @precondition(lambda self: self.stage.store.orders)
    @rule(
        data=st.data(),
        change=st.sampled_from(["pay", "cancel", "refund", "refund", "trash", "delete"]),
        percent=st.sampled_from([1, 33, 50, 100]),
    )
    def change_an_order(self, data: st.DataObject, change: str, percent: int) -> None:
        order, stage = self.some_order(data), self.stage
        is_trashed = order.status == "trash"
        if change == "trash" and stage.may_trash:
            stage.trash(order)
        elif change == "pay" and not is_trashed and not self.lapses:
            stage.pay(order)
        elif change == "cancel" and not is_trashed:
            stage.cancel(order)
        elif change == "refund" and not is_trashed:
            stage.give_back(order, percent)
        elif change == "delete" and percent == 1:
            stage.delete(order)

    @rule(email=st.sampled_from(GUESTS))
    def open_account(self, email: str) -> None:
        if not self.number(email):
            self.stage.open_account(email)

    @rule(email=PEOPLE, points=st.integers(min_value=-30, max_value=60))
    def adjust_by_hand(self, email: str, points: int) -> None:
        self.count += 1
        key, points = f"k{self.count}", abs(points) if self.lapses else points
        person = Subject(None, email, None)
        with suppress(ValueError, LookupError):
            made = adjust(self.stage.context, self.stage.id, person, points, reference=key, **WHY)
            home = self.keys()[made.customer_id]
            self.given[home] += points
            self.effects[f"adjust:{key}"] = home, points

    def keys(self) -> dict[int, str]:
        """The key of each customer: account:NUMBER, or email:ADDRESS of a guest."""
        with self.stage.scope() as session:
            return {row.id: row.key for row in session.execute(select(Customer.id, Customer.key))}

    @rule(email=st.sampled_from(GUESTS))
    def prove_an_address(self, email: str) -> None:
        with suppress(ValueError, LookupError):
            link = claim_link(self.stage.context, self.stage.id, Subject(None, email, None))
            assert prove(self.stage.context, self.stage.id, link.url.partition("token=")[2])
            self.proved.add(email)

    @precondition(lambda self: self.effects)
    @rule(data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        effect = data.draw(st.sampled_from(sorted(self.effects)))
        with suppress(ValueError):
            undo(self.stage.context, self.stage.id, effect, **WHY)
            home, points = self.effects.pop(effect)
            self.given[home] -= points

    @precondition(lambda self: not self.lapses)
    @rule(email=st.sampled_from(ACCOUNTS), points=st.integers(min_value=1, max_value=20))
    def redeem(self, email: str, points: int) -> None:
        self.count += 1
        with suppress(CannotRedeem, LookupError):
            redeem_for(
                self.stage.context,
                self.stage.id,
                Subject(None, email, None),
                points=points,
                key=f"r{self.count}",
            )

    @precondition(lambda self: not self.lapses)
    @rule(data=st.data())
    def cancel_a_redemption(self, data: st.DataObject) -> None:
        with self.stage.scope() as session:
            opened = sorted(one.reference for one in all_redemptions(session) if one.is_open)
        if opened:
            chosen = data.draw(st.sampled_from(opened))
            with suppress(ValueError):
                cancel(self.stage.context, self.stage.id, chosen, **WHY)

    @rule(points=st.integers(min_value=1, max_value=3))
    def change_the_rule(self, points: int) -> None:
        self.change_settings(points_earned=points)

    @precondition(lambda self: self.stage.letters)
    @rule(data=st.data(), doubled=st.booleans())
    def deliver(self, data: st.DataObject, doubled: bool) -> None:
        """Some of what waits, in any sequence; what comes in is handled later."""
        waiting = self.stage.letters
        places = data.draw(st.lists(st.integers(0, len(waiting) - 1), max_size=6, unique=True))
        for place in places:
            letter = waiting[place]()
            post(letter)
            if doubled:
                post(letter)
        self.stage.letters = [one for n, one in enumerate(waiting) if n not in places]

    @rule()
    def lose_everything_that_waits(self) -> None:
        self.stage.letters.clear()

    @rule(job=st.sampled_from(JOBS))
    def work(self, job: Callable[[str], object]) -> None:
        job(str(self.stage.id))

    @rule(job=st.sampled_from(JOBS), after=st.integers(min_value=0, max_value=60))
    def kill(self, job: Callable[[str], object], after: int) -> None:
        with crashing(self.stage.context.engine, after):
            job(str(self.stage.id))
        self.let_leases_end()

    def let_leases_end(self) -> None:
        """Move the clock forward for what killed workers had taken, instead of waiting minutes."""
        with type(self).superuser.begin() as connection:
            for statement in (
                "UPDATE inbox_events SET leased_until = now() WHERE leased_until > now()",
                "UPDATE inbox_events SET next_attempt_at = now() WHERE next_attempt_at > now()",
                "UPDATE write_backs SET next_attempt_at = now() WHERE next_attempt_at > now()",
            ):
                connection.execute(text(statement))

    def end(self) -> None:
        """Read the store as it is every hour and every day, and compare."""
        stage, name = self.stage, str(self.stage.id)
        stage.letters.clear()
        for _ in range(2):
            self.let_leases_end()
            reconcile(name)
            compare_identifiers(name)
            advance(name)
            sweep(name)
            stage.catch_up()
            work_off(stage.context)
        write_back(name)
        assert verify(stage.context, stage.id).problems == []
        found, wanted = self.found(), self.oracle()
        assert found == wanted
        for key, (available, pending) in found.items():
            if key.startswith("account:"):
                shown = stage.shown(stage.store.customers[int(key.removeprefix("account:"))])
                assert (int(shown["points"]), int(shown["points_pending"])) == (available, pending)

    def found(self) -> dict[str, tuple[int, int]]:
        """Everyone's available and pending points, by the customer's key."""
        keys = self.keys()
        with self.stage.scope() as session:
            rows = balances(session, keys)
        return {keys[n]: (one.available, one.pending) for n, one in rows.items() if any(one)}

    def oracle(self) -> dict[str, tuple[int, int]]:
        """The same, out of what the store has in the end, what was given by hand and redeemed."""
        rates = self.rates()
        rows: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        moment = max((o.modified for o in self.stage.store.orders.values()), default=0)
        for order in self.stage.store.orders.values():
            rate = rates.get(str(order.id), 0)
            points = rate * self.stage.kept(order) // 100 if self.stage.counts(order) else 0
            age = (moment - (order.paid or order.created)) // 86_400
            if not (self.lapses and age >= PENDING_DAYS + EXPIRY_DAYS):
                rows[self.owner(order)][self.lapses and age < PENDING_DAYS] += points
        for home, points in self.given.items():
            rows[self.now(home)][0] += points
        with self.stage.scope() as session:
            for one in all_redemptions(session):
                if one.state != "released":
                    rows[f"account:{one.account_id}"][0] -= one.points
        return {key: (own[0], own[1]) for key, own in rows.items() if any(own)}

    def rates(self) -> dict[str, int]:
        """By which rate each order earned first: the one thing that the store does not tell."""
        with self.stage.scope() as session:
            return {
                lot.order_id: json.loads(lot.rule)["points"]
                for lot in all_lots(session)
                if lot.order_id
            }

    def owner(self, order: Order) -> str:
        if order.customer_id:
            return f"account:{order.customer_id}"
        return self.now(f"email:{order.billing['email']}")

    def now(self, key: str) -> str:
        """Who a customer is in the end: a guest may have become an account."""
        email = key.removeprefix("email:")
        is_known = self.claim == "at_once" or not self.stage.may_trash or email in self.proved
        number = self.number(email)
        return f"account:{number}" if number and is_known else key


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", [WooCommerceStage, ShopifyStage])
def test_points_are_what_the_stores_state_says(
    shared_context: Context, app_server: AppServer, superuser: Engine, kind: type[Stage]
) -> None:
    def make(stack: ExitStack) -> Stage:
        empty_tables(superuser)
        shared_context.redis.flushdb()
        return kind(shared_context, app_server, stack)  # type: ignore[call-arg]

    told = type(f"{kind.__name__}Story", (Story,), {"make": make, "superuser": superuser})
    told.make = staticmethod(make)  # type: ignore[attr-defined]
    run_state_machine_as_test(
        seed(SEED)(told),
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
