"""What a story begins with, what holds after each of its steps, and how it ends."""

import time
from contextlib import ExitStack
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import Engine, select, text

from database.models import Customer
from database.points import all_lots, balances
from database.redemptions import all_redemptions
from jobs.points import advance
from jobs.reconcile import compare_identifiers, reconcile
from jobs.settings import change_settings
from jobs.verification import verify
from jobs.withdrawals import sweep
from jobs.write_back import write_back
from retention.redemption import Redemption
from sandbox import clock
from tests.long.kept_tables import KeptTables
from tests.long.oracle import Balances, Earned, Entry, Facts, Oracle, codes_of, earned_by, fold
from tests.long.stage import Stage, post


class Ending(RuleBasedStateMachine):
    """A store, the facts of its story, and the comparison at the end.

    `stage` is the open store, `tables` what the database held when it had just opened, `finished`
    how many stories have come to their end. `lapsed` and `cancelled` are codes whose time was
    let end, and that were called back; `multipliers` all that tiers were ever given.
    """

    stage: ClassVar[Stage]
    tables: ClassVar[KeptTables]
    finished: ClassVar[int] = 0
    superuser: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.tables.put_back()
        self.stage.context.redis.flushdb()
        self.stage.renew()
        self.stage.fail()
        self.facts: Facts | None = None
        self.before: list[Any] = []
        self.lapsed: set[str] = set()
        self.cancelled: set[str] = set()
        self.carried: set[str] = set()
        self.multipliers = {"1"}

    def teardown(self) -> None:
        try:
            if self.facts is not None:
                self.end(self.facts)
                type(self).finished += 1
        finally:
            self.stack.close()

    def change_settings(self, **wanted: object) -> None:
        """Change settings, and lose what they ask to be done at once: Redis may be wiped."""
        change_settings(self.stage.context, self.stage.id, wanted)
        self.stage.context.redis.flushdb()

    def on_the_clock(self, *statements: str, **values: object) -> None:
        """Move times in the tables, instead of waiting."""
        with type(self).superuser.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def let_leases_end(self) -> None:
        """What killed workers had taken, and rewards about which the store was just asked."""
        self.on_the_clock(
            "UPDATE inbox_events SET leased_until = now() WHERE leased_until > now()",
            "UPDATE inbox_events SET next_attempt_at = now() WHERE next_attempt_at > now()",
            "UPDATE write_backs SET next_attempt_at = now() WHERE next_attempt_at > now()",
            "UPDATE redemptions SET tried_at = tried_at - interval '11 minutes'"
            " WHERE tried_at > now() - interval '11 minutes'",
        )

    def redemptions(self) -> list[Redemption]:
        with self.stage.scope() as session:
            return all_redemptions(session)

    def keys(self) -> dict[int, str]:
        """The key of each customer: account:NUMBER, or email:ADDRESS of a guest."""
        with self.stage.scope() as session:
            return {row.id: row.key for row in session.execute(select(Customer.id, Customer.key))}

    @invariant()
    def no_old_entry_has_changed(self) -> None:
        rows = self.tables.rows("SELECT * FROM point_entries ORDER BY number")
        assert rows[: len(self.before)] == self.before
        self.before = rows

    def end(self, facts: Facts) -> None:
        """Read the store as it is every hour and every day, and compare."""
        self.settle()
        problems = verify(self.stage.context, self.stage.id).problems
        assert problems == [], problems
        self.no_old_entry_has_changed()
        truth = self.oracle(facts)
        found = self.found()
        assert found == truth.balances(), (found, truth.balances())
        self.codes_are_over_that_must_be(truth)
        keys = self.keys()
        folded = fold(Entry(*(getattr(row, name) for name in Entry._fields)) for row in self.before)
        assert {keys[one]: own for one, own in folded.items() if any(own)} == found
        for customer in self.stage.store.customers.values():
            key = f"account:{customer.id}"
            if key in keys.values():
                shown = self.stage.shown(customer)
                told = int(shown.get("points", 0)), int(shown.get("points_pending", 0))
                wanted = found.get(key, (0, 0)), truth.tier(key)
                assert (told, shown.get("tier", "")) == wanted, (key, told, shown, wanted)

    def settle(self) -> None:
        """Lose what waits, and let the app find out by itself what it has missed."""
        stage, name = self.stage, str(self.stage.id)
        stage.fail()
        stage.letters.clear()
        for letter in stage.sure_letters:
            post(letter())
        stage.sure_letters.clear()
        for order in list(stage.store.orders.values()):
            # While an order lies in the trash nobody can read what was refunded of it.
            if order.status == "trash" and order.refund_ids and codes_of(order):
                stage.trash(order)
        self.let_leases_end()
        stage.catch_up()
        reconcile(name)
        compare_identifiers(name)
        # What is found out now may be done the next time only, but the store is read once.
        for _ in range(2):
            self.let_leases_end()
            advance(name)
            sweep(name)
            stage.catch_up()
        write_back(name)

    def found(self) -> Balances:
        """Everyone's available and pending points, by the customer's key."""
        keys = self.keys()
        with self.stage.scope() as session:
            rows = balances(session, keys)
        return {keys[n]: (one.available, one.pending) for n, one in rows.items() if any(one)}

    def oracle(self, facts: Facts) -> Oracle:
        called_back = {one.code for one in self.redemptions() if one.state == "released"}
        return Oracle(
            stage=self.stage,
            facts=facts,
            rules=self.copied_rules(),
            called_back=frozenset(called_back),
            store_now=clock.now(),
            our_now=int(time.time()),
        )

    def copied_rules(self) -> dict[str, Earned]:
        """By which rule each order earned first: the one thing that the store does not tell."""
        with self.stage.scope() as session:
            rules = {lot.order_id: earned_by(lot.rule) for lot in all_lots(session) if lot.order_id}
        assert {str(one.multiplier) for one in rules.values()} <= self.multipliers
        return rules

    def codes_are_over_that_must_be(self, truth: Oracle) -> None:
        """What went back cannot be used, and went back for a reason; what lapsed went back."""
        working = self.stage.codes_that_work()
        for one in self.redemptions():
            is_called_off = one.code in self.carried and truth.is_idle(one.code)
            if one.state == "released":
                assert one.code not in working
                assert one.code in self.lapsed | self.cancelled or one.code in self.carried
            elif one.code in self.lapsed:
                assert not truth.is_idle(one.code)
            elif not self.stage.may_trash and one.is_open:
                assert not is_called_off
