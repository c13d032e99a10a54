"""The state machine of the ledger with redemptions in it, used, refunded and released at will."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from retention.ledger.apportionment import apportioned
from retention.ledger.audit import Audit
from retention.ledger.chain import linked
from retention.ledger.holdings import Holdings
from retention.ledger.redemption import Spending, affordable
from retention.records import PointEntry
from tests.retention.ledger.test_machine import CUSTOMERS, Ledger
from tests.retention.tables import START
from tests.retention.test_redemption import kept


@dataclass
class Redeemed:
    """A redemption as the facts have it: whose, how many points, and what is to be held."""

    customer: int
    points: int
    reserved: int
    redeemed: int = 0
    entries: list[PointEntry] = field(default_factory=list)


class Redeeming(Ledger):
    """Redemptions whose orders are paid, refunded, restored and cancelled in any sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.redemptions: dict[str, Redeemed] = {}

    def bring(self, name: str, grace: int = 0) -> list[PointEntry]:
        """Bring a redemption to what is to be held; the entries that it took."""
        one, before = self.redemptions[name], len(self.book.entries)
        spending = Spending(self.book, name, one.customer, "rule", self.moment, grace, one.entries)
        spending.bring(one.reserved, one.redeemed, self.shortfall)
        return self.book.entries[before:]

    @rule(customer=CUSTOMERS, points=st.integers(min_value=1, max_value=150))
    def reserve(self, customer: int, points: int) -> None:
        free = affordable(self.book, customer, self.moment)
        if points > free:
            return
        spendable = {
            lot.reference: lot.available
            for lot in self.book.of_customer(customer)
            if lot.expires_at is None or lot.expires_at > self.moment
        }
        name = f"n{len(self.redemptions)}"
        self.redemptions[name] = Redeemed(customer, points, points)
        made = self.bring(name)
        assert sum(entry.points for entry in made) == -points
        assert all(0 < -entry.points <= spendable[entry.lot] for entry in made)
        assert affordable(self.book, customer, self.moment) == free - points

    @precondition(lambda self: self.redemptions)
    @rule(
        data=st.data(),
        news=st.sampled_from(["used", "reopened", "released"]),
        grace=st.sampled_from([0, 10]),
    )
    def hear(self, data: st.DataObject, news: str, grace: int) -> None:
        """News of a redemption's order, or that its time is over."""
        name = data.draw(st.sampled_from(sorted(self.redemptions)))
        one = self.redemptions[name]
        one.reserved = one.points if news == "reopened" else 0
        returned = data.draw(st.integers(min_value=0, max_value=one.points))
        one.redeemed = one.points - returned if news == "used" else 0
        self.bring(name, grace)
        assert self.bring(name, grace) == []

    @precondition(lambda self: self.redemptions)
    @rule(data=st.data(), customer=CUSTOMERS)
    def give_to_another(self, data: st.DataObject, customer: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.redemptions)))
        self.redemptions[name].customer = customer
        assert self.bring(name) == []

    @invariant()
    def what_is_held_is_what_the_last_news_say(self) -> None:
        for one in self.redemptions.values():
            holdings = Holdings.of(one.entries)
            assert (holdings.reserved, holdings.redeemed) == (one.reserved, one.redeemed)
            assert sum(part.held for part in holdings.parts.values()) == holdings.points
            own = [e.points for e in one.entries if e.reason not in ("written_off", "reclaimed")]
            assert sum(own) == -holdings.points

    @invariant()
    def every_lot_has_its_share_of_what_went_back(self) -> None:
        for one in self.redemptions.values():
            parts = Holdings.of(one.entries).parts.values()
            lots = [part for part in parts if not part.is_missing]
            back = [part.back for part in lots]
            assert back == (
                apportioned(sum(back), [part.taken for part in lots]) if any(back) else back
            )
            assert not any(back) or not any(part.held for part in parts if part.is_missing)

    @invariant()
    def the_accounts_are_the_sums_over_all_redemptions(self) -> None:
        audit = Audit()
        audit.read(linked(self.book.entries, START))
        audit.compare_redemptions(
            kept(
                reference=name,
                points=one.points,
                state="used" if one.redeemed or not one.reserved else "issued",
                returned=0 if one.reserved else one.points - one.redeemed,
                entries=len(one.entries),
            )
            for name, one in self.redemptions.items()
        )
        assert audit.problems == []
        held = self.redemptions.values()
        assert audit.accounts["reserved"] == sum(one.reserved for one in held)
        assert audit.accounts["redeemed"] == sum(one.redeemed for one in held)

    @invariant()
    def nothing_is_left_to_customers_that_was_not_taken_from_them(self) -> None:
        left: Counter[str] = Counter()
        for lot in self.book.lots.values():
            left[lot.order_id or lot.reference] += lot.written_off
        assert min(left.values(), default=0) >= 0


Redeeming.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestRedeeming = Redeeming.TestCase
