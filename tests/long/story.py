"""A story at one store: what shoppers, the merchant, the network and the machines do to it."""

import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connector.errors import ConnectorError
from database.privacy import Subject
from jobs.claims import claim_link, prove
from jobs.drain import drain
from jobs.points import adjust, advance, undo
from jobs.reconcile import reconcile
from jobs.redemptions import redeem_for
from jobs.withdrawals import cancel, sweep
from jobs.write_back import write_back
from retention.redemption import CannotRedeem
from sandbox import clock
from sandbox.faults import Fault
from sandbox.records import Order
from tests.faults.traffic import Letter
from tests.long.ending import Ending
from tests.long.oracle import Facts, Spent, Tiers, account_of, codes_of
from tests.long.stage import GOODS, HOUR, crashing, post, skewed

ACCOUNTS = ("sara@example.test", "reza@example.test", "ada@example.test")
GUESTS = ("visitor@example.test", "stranger@example.test")
PEOPLE = st.sampled_from([*ACCOUNTS, *GUESTS])
YOUNG, RIPE, LAPSED = 0, 5, 30
PENDING_DAYS, EXPIRY_DAYS = 2, 10
Tiered = tuple[tuple[tuple[str, int], ...], tuple[str, ...]]
TIERS: tuple[Tiered, ...] = (
    ((), ()),
    ((("silver", 25),), ("silver=1.5",)),
    ((("silver", 20), ("gold", 60)), ("gold=2",)),
)
SOME_GOODS = st.lists(st.sampled_from(GOODS), min_size=1, max_size=2)
GIFT = 40
WHY = {"actor": "Reza", "note": "a story"}
JOBS: tuple[Callable[[str], object], ...] = (drain, advance, write_back, reconcile, sweep)


class Action(NamedTuple):
    """Something that may happen in a story, when it can, with what is drawn for it."""

    does: Callable[..., None]
    when: Callable[[Any], object]
    drawn: dict[str, st.SearchStrategy[Any]]

    def __repr__(self) -> str:
        return self.does.__name__


ACTIONS: list[Action] = []


def action(
    *,
    often: int = 1,
    when: Callable[[Any], object] = lambda _: True,
    **drawn: st.SearchStrategy[Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a method be one of the actions, so many times as often as others."""

    def add(does: Callable[..., None]) -> Callable[..., None]:
        ACTIONS.extend([Action(does, when, drawn)] * often)
        return does

    return add


class Story(Ending):
    """A story: points are spent at once, or wait, or wait and lapse.

    Spending and lapsing do not meet here, because who owes points keeps from lapsing what pays
    them, and it then hangs on the sequence of the news what is left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.effects: dict[str, tuple[str, int]] = {}
        self.former: dict[str, int] = {}
        self.count = 0

    @initialize(
        waits=st.sampled_from(["no", "waits", "lapses"]),
        claim=st.sampled_from(["at_once", "proved"]),
        skew=st.sampled_from([-HOUR, 0, HOUR]),
        cap=st.sampled_from([0, 0, 60]),
        grace=st.sampled_from([0, 3]),
        welcome=st.sampled_from([0, 15]),
    )
    def begin(self, waits: str, claim: str, skew: int, cap: int, grace: int, welcome: int) -> None:
        self.stack.enter_context(skewed(skew))
        self.waits, self.lapses = waits != "no", waits == "lapses"
        self.facts = self.told = Facts(
            proves=claim == "proved" and self.stage.may_trash,
            pending_days=PENDING_DAYS if self.waits else 0,
            expiry_days=EXPIRY_DAYS if self.lapses else 0,
            grace_days=grace,
            cap=cap,
            welcome=welcome,
        )
        self.change_settings(
            points_claim=claim,
            points_pending_days=self.told.pending_days,
            points_expiry_days=self.told.expiry_days,
            points_expiry_grace_days=grace,
            points_cap_lifetime=cap,
            points_welcome=welcome,
            points_tier_counts_pending=True,
            points_shortfall="owe",
            point_value="0.01",
            redemption_enabled=True,
        )
        self.began = int(time.time())
        for email in ACCOUNTS:
            self.give(email, GIFT)

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Do one of what can be done now.

        Rules of Hypothesis's own would be left out of most stories, so that few would ever have
        points earned, redeemed, used and refunded.
        """
        chosen = data.draw(st.sampled_from([one for one in ACTIONS if one.when(self)]), "action")
        drawn = {name: data.draw(of, name) for name, of in chosen.drawn.items()}
        chosen.does(self, **drawn)

    def number(self, email: str) -> int:
        return account_of(self.stage, email)

    def some_order(self, data: st.DataObject) -> Order:
        """Any order, but often one of those with codes, which are few."""
        orders = self.stage.store.orders
        with_codes = sorted(number for number, one in orders.items() if codes_of(one))
        is_any = data.draw(st.booleans()) or not with_codes
        return orders[data.draw(st.sampled_from(sorted(orders) if is_any else with_codes))]

    @action(
        often=2,
        email=PEOPLE,
        as_guest=st.booleans(),
        names=SOME_GOODS,
        age=st.sampled_from([YOUNG, RIPE, LAPSED]),
        paid=st.booleans(),
    )
    def buy(self, email: str, as_guest: bool, names: list[str], age: int, paid: bool) -> None:
        number = 0 if as_guest and self.stage.may_trash else self.number(email)
        self.stage.buy(number, email, names, age, paid=paid or self.waits)

    @action(
        when=lambda self: self.facts.spent, data=st.data(), names=SOME_GOODS, paid=st.booleans()
    )
    def buy_with_a_code(self, data: st.DataObject, names: list[str], paid: bool) -> None:
        self.use(data.draw(st.sampled_from(list(self.told.spent))), names, paid)

    def use(self, code: str, names: list[str], paid: bool) -> None:
        number = int(self.told.kept(self.told.spent[code].home).removeprefix("account:"))
        email = self.stage.store.customers[number].email
        if self.stage.spend(number, email, names, code, paid or self.waits):
            self.carried.add(code)

    @action(
        often=3,
        when=lambda self: self.stage.store.orders,
        data=st.data(),
        change=st.sampled_from(["pay", "cancel", "refund", "refund", "trash", "delete"]),
        percent=st.sampled_from([1, 33, 50, 100]),
    )
    def change_an_order(self, data: st.DataObject, change: str, percent: int) -> None:
        order, stage = self.some_order(data), self.stage
        is_trashed = order.status == "trash"
        if change == "trash" and stage.may_trash:
            stage.trash(order)
        elif change == "pay" and not self.waits:
            stage.pay(order)
        elif change == "cancel" and not is_trashed:
            stage.cancel(order)
        elif change == "refund" and not is_trashed:
            stage.give_back(order, percent)
        elif change == "delete" and percent == 1 and not codes_of(order):
            stage.delete(order)

    @action(email=st.sampled_from(GUESTS))
    def open_account(self, email: str) -> None:
        if not self.number(email):
            self.stage.open_account(email)
            # Before the programme began, by the store's clock, nobody is welcomed.
            if self.told.welcome and clock.now() >= self.began:
                self.told.welcomed[f"account:{self.number(email)}"] = clock.now()

    @action(when=lambda self: self.stage.may_merge, pair=st.permutations(ACCOUNTS))
    def merge(self, pair: list[str]) -> None:
        kept, removed = (self.number(email) for email in pair[:2])
        if kept and removed:
            self.former[pair[1]] = removed
            self.stage.merge(kept, removed)
            self.told.merged[f"account:{removed}"] = f"account:{kept}"

    @action(email=PEOPLE, points=st.integers(min_value=-30, max_value=60))
    def adjust_by_hand(self, email: str, points: int) -> None:
        self.give(email, abs(points) if self.lapses else points)

    def give(self, email: str, points: int) -> None:
        self.count += 1
        key = f"k{self.count}"
        person = Subject(None, email, None)
        with suppress(ValueError, LookupError):
            made = adjust(self.stage.context, self.stage.id, person, points, reference=key, **WHY)
            home = self.keys()[made.customer_id]
            self.told.given[home] += points
            self.effects[f"adjust:{key}"] = home, points

    @action(email=st.sampled_from(GUESTS))
    def prove_an_address(self, email: str) -> None:
        with suppress(ValueError, LookupError):
            link = claim_link(self.stage.context, self.stage.id, Subject(None, email, None))
            assert prove(self.stage.context, self.stage.id, link.url.partition("token=")[2])
            self.told.proved.add(email)

    @action(when=lambda self: self.effects, data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        effect = data.draw(st.sampled_from(sorted(self.effects)))
        with suppress(ValueError):
            undo(self.stage.context, self.stage.id, effect, **WHY)
            home, points = self.effects.pop(effect)
            self.told.given[home] -= points

    @action(
        often=3,
        when=lambda self: not self.lapses,
        email=st.sampled_from(ACCOUNTS),
        points=st.integers(min_value=1, max_value=20),
        killed_after=st.none() | st.integers(min_value=0, max_value=30),
        times=st.integers(min_value=1, max_value=2),
        names=st.none() | SOME_GOODS,
    )
    def redeem(
        self,
        email: str,
        points: int,
        killed_after: int | None,
        times: int,
        names: list[str] | None,
    ) -> None:
        """Redeem points, perhaps in a process that is killed; ask again, perhaps, and buy."""
        self.count += 1
        known = {one.code for one in self.redemptions()}
        for turn in range(times):
            is_killed = killed_after is not None and turn == 0
            with crashing(self.stage.context.engine, killed_after or 0 if is_killed else 10**9):
                self.ask_for_a_code(email, points, f"r{self.count}")
        made = [one for one in self.redemptions() if one.code not in known]
        assert len(made) <= 1
        for one in made:
            home = f"account:{self.number(email) or self.former[email]}"
            self.told.spent[one.code] = Spent(one.reference, home, points)
            if one.state == "released":
                self.cancelled.add(one.code)
            if names:
                self.use(one.code, names, paid=True)

    def ask_for_a_code(self, email: str, points: int, key: str) -> None:
        person = Subject(None, email, None)
        with suppress(CannotRedeem, LookupError):
            redeem_for(self.stage.context, self.stage.id, person, points=points, key=key)

    @action(when=lambda self: self.facts.spent, data=st.data())
    def cancel_a_redemption(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(list(self.told.spent)))
        self.let_leases_end()
        with suppress(ValueError, ConnectorError):
            cancel(self.stage.context, self.stage.id, self.told.spent[code].reference, **WHY)
            self.cancelled.add(code)

    @action(when=lambda self: self.facts.spent, data=st.data())
    def let_a_code_lapse(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(list(self.told.spent)))
        self.on_the_clock(
            "UPDATE redemptions SET expires_at = now() WHERE reference = :reference",
            reference=self.told.spent[code].reference,
        )
        self.lapsed.add(code)

    @action(points=st.integers(min_value=1, max_value=3))
    def change_the_rule(self, points: int) -> None:
        self.change_settings(points_earned=points)

    @action(
        tiers=st.sampled_from(TIERS),
        measure=st.sampled_from(["spend", "points"]),
        window=st.sampled_from(["lifetime", "rolling_year"]),
    )
    def change_the_tiers(self, tiers: Tiered, measure: str, window: str) -> None:
        least, multipliers = tiers
        self.told.tiers = Tiers(least, measure)
        self.multipliers |= {str(Fraction(one.partition("=")[2])) for one in multipliers}
        self.change_settings(
            points_tiers=[f"{name}={amount}" for name, amount in least],
            points_tier_multipliers=list(multipliers),
            points_tier_measure=measure,
            points_tier_window=window,
        )

    @action(
        kind=st.sampled_from(["half_answer", "server_error"]),
        times=st.integers(min_value=1, max_value=5),
    )
    def let_the_store_fail(self, kind: str, times: int) -> None:
        """Let it do nothing at its next requests, or do it and lose its answer."""
        self.stage.fail(Fault(kind, times=times))

    @action(often=2, when=lambda self: self.stage.letters, data=st.data(), doubled=st.booleans())
    def deliver(self, data: st.DataObject, doubled: bool) -> None:
        """Some of what waits, in any sequence; what comes in is handled later."""
        self.deliver_some(data, self.stage.letters, doubled)

    @action(when=lambda self: self.stage.sure_letters, data=st.data(), doubled=st.booleans())
    def deliver_what_is_repeated(self, data: st.DataObject, doubled: bool) -> None:
        self.deliver_some(data, self.stage.sure_letters, doubled)

    def deliver_some(
        self, data: st.DataObject, waiting: list[Callable[[], Letter]], doubled: bool
    ) -> None:
        places = data.draw(st.lists(st.integers(0, len(waiting) - 1), max_size=6, unique=True))
        for place in places:
            letter = waiting[place]()
            post(letter)
            if doubled:
                post(letter)
        waiting[:] = [one for n, one in enumerate(waiting) if n not in places]

    @action(when=lambda self: self.stage.letters)
    def lose_everything_that_waits(self) -> None:
        self.stage.letters.clear()

    @action(job=st.sampled_from(JOBS))
    def work(self, job: Callable[[str], object]) -> None:
        job(str(self.stage.id))

    @action(job=st.sampled_from(JOBS), after=st.integers(min_value=0, max_value=60))
    def kill(self, job: Callable[[str], object], after: int) -> None:
        with crashing(self.stage.context.engine, after):
            job(str(self.stage.id))
        self.let_leases_end()
