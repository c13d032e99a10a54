"""Whatever comes twice, late or in another sequence ends as a clean reading of the store does.

The store's changes are made while events about earlier ones are delivered and handled. Events
are the store's own bodies, built when the change happens; several changes fall into one second.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from connector.registry import platform
from database import inbox
from database.inbox import Incoming
from database.models import Store as StoreRow
from database.session import store_transaction
from jobs.absorb import absorb
from jobs.context import ActiveStore, active_store
from jobs.drain import drain_batch
from jobs.facts import Key
from jobs.prepare import prepare
from sandbox import clock, json_text
from sandbox.delivery_payload import payload_for
from sandbox.operations import customers, orders, refunds
from sandbox.operations.refunds import RefundRequest
from sandbox.payloads.orders import refunded, total
from sandbox.records import Customer, Order
from sandbox.store import Store
from tests.conftest import Installed
from tests.jobs import state

TIERS = ["one=1", "two=15", "three=30"]
ADDRESSES = ("one@example.test", "two@example.test")
Change = Callable[["Story"], None]


@dataclass
class Story:
    """An order and an account of one buyer as they come to be, and the events they cause."""

    installed: Installed
    name: str
    moment: int = field(default_factory=clock.now)
    order: Order | None = None
    account: Customer | None = None
    told: list[Incoming] = field(default_factory=list)
    restored_in_silence: bool = False

    @property
    def store(self) -> Store:
        """The pretend store."""
        return self.installed.sandbox.store

    def address(self, number: int) -> str:
        """One of the buyer's e-mail addresses, which no other story has."""
        return f"{self.name}.{ADDRESSES[number]}"

    def change(self, what: Change) -> None:
        """Let something happen, if it can happen now, and keep what the store sends of it."""
        fired: dict[tuple[str, int], None] = {}
        before = self.order and self.order.status
        with self.store.lock, pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.store, "listener", lambda *event: fired.setdefault(event))
            what(self)
            self.told += [self.event(topic, identifier) for topic, identifier in fired]
        if fired:
            self.restored_in_silence = False
        elif before == "trash" and self.order and self.order.status != "trash":
            self.restored_in_silence = True

    def event(self, topic: str, identifier: int) -> Incoming:
        """The event as the store sends it now."""
        hook = next(hook for hook in self.store.webhooks.values() if hook.topic == topic)
        body = json_text.encode(payload_for(self.store, hook, identifier)).encode()
        name = platform("woocommerce").name_event(body, {"X-WC-Webhook-Topic": topic})
        return Incoming(self.installed.id, name.key, topic, {}, body)


def place(story: Story) -> None:
    if story.order is None:
        products = [p for p in story.store.products.values() if p.regular_price][:2]
        story.order = Order(
            id=story.store.next_post_id(),
            status="processing",
            currency="USD",
            created=story.moment,
            modified=story.moment,
            customer_id=0,
            billing={"email": story.address(0)},
            shipping={},
            lines=tuple(orders.new_line(story.store, p.id, 0, 1) for p in products),
        )
        orders.place(story.store, story.order)


def become(status: str) -> Change:
    def change(story: Story) -> None:
        if story.order and story.order.status not in ("trash", "refunded"):
            orders.changed(story.store, story.order, status)

    return change


def note(story: Story) -> None:
    if story.order and story.order.status != "trash":
        orders.changed(story.store, story.order, None)


def change_line(story: Story) -> None:
    if story.order and story.order.status != "trash" and not story.order.refund_ids:
        first, *rest = story.order.lines
        story.order.lines = (first._replace(total=first.total + 100), *rest)
        orders.changed(story.store, story.order, None)


def refund(share: int, *, by_line: bool) -> Change:
    def change(story: Story) -> None:
        if story.order is None or story.order.status == "trash":
            return
        left = total(story.order) - refunded(story.store, story.order)
        amount = left if share == 100 else left * share // 100
        line = story.order.lines[0]
        lines = ((line.id, 1, min(amount, line.total)),) if by_line else ()
        if amount:
            request = RefundRequest(amount, "", lines, 1, refunded_payment=False, restock=False)
            refunds.create(story.store, story.order, request)

    return change


def trash(story: Story) -> None:
    if story.order and story.order.status != "trash":
        orders.trash(story.store, story.order)


def restore(story: Story) -> None:
    if story.order and story.order.status == "trash":
        orders.changed(story.store, story.order, "processing")


def open_account(story: Story) -> None:
    if story.account is None:
        story.account = Customer(
            id=story.store.next_user_id(),
            email=story.address(0),
            username=story.address(0),
            created=story.moment,
        )
        customers.create(story.store, story.account)


def change_address(number: int) -> Change:
    def change(story: Story) -> None:
        if story.account and story.account.id in story.store.customers:
            customers.move_email(story.store, story.account, story.address(number))
            customers.changed(story.store, story.account)

    return change


def give_to_account(story: Story) -> None:
    alive = story.account and story.account.id in story.store.customers
    if story.order and story.account and alive and story.order.status != "trash":
        story.order.customer_id = story.account.id
        orders.changed(story.store, story.order, None)


def close_account(story: Story) -> None:
    if story.account and story.account.id in story.store.customers:
        customers.delete(story.store, story.account)


CHANGES: dict[str, Change] = {
    "place": place,
    "complete": become("completed"),
    "cancel": become("cancelled"),
    "process": become("processing"),
    "note": note,
    "change a line": change_line,
    "refund a third": refund(33, by_line=False),
    "refund half of a line": refund(50, by_line=True),
    "refund the rest": refund(100, by_line=False),
    "trash": trash,
    "restore": restore,
    "open account": open_account,
    "change address": change_address(1),
    "change address back": change_address(0),
    "give to account": give_to_account,
    "close account": close_account,
}
STEPS = st.one_of(
    st.sampled_from(sorted(CHANGES)),
    st.sampled_from(["a second passes", "handle"]),
    st.integers(0, 30),
)


@dataclass(frozen=True)
class Pair:
    """The installation that hears events, and one that reads the store once, afterwards."""

    hearing: Installed
    reading: ActiveStore


@pytest.fixture
def pair(installed: Installed) -> Pair:
    """Two installations in one store, which delivers nothing by itself."""
    second = uuid4()
    with installed.scope() as session:
        row = session.scalars(select(StoreRow)).one()
        row.settings = {**row.settings, "points_tiers": TIERS}
        session.flush()
        columns = {c.name: getattr(row, c.name) for c in StoreRow.__table__.columns}
    with store_transaction(installed.context.engine, second) as session:
        session.add(StoreRow(**{**columns, "id": second, "platform": "woocommerce", "url": "copy"}))
    installed.sandbox.deliveries.hold()
    reading = replace(
        active_store(installed.context, second), credentials=installed.store.credentials
    )
    return Pair(installed, reading)


def handle(installed: Installed) -> None:
    """Handle every event that waits."""
    while drain_batch(installed.context, installed.store):
        pass


def tell(story: Story, event: Incoming) -> None:
    with story.installed.scope() as session:
        inbox.put(session, [event])


def read_once(pair: Pair, story: Story) -> None:
    """Let the second installation read what the story left in the store."""
    context = pair.hearing.context
    keys: list[Key] = [("customer", str(story.account.id))] if story.account else []
    keys += [("order", str(story.order.id))] if story.order else []
    for key in keys:
        prepared = prepare(context, pair.reading, (), [key])
        assert prepared.failures == {}
        with store_transaction(context.engine, pair.reading.id) as session:
            assert not absorb(session, pair.reading, prepared.facts).look_up


def outcome(pair: Pair, store_id: UUID, story: Story) -> dict[str, Any]:
    """What the database holds of the story, with the points of its buyer."""
    with store_transaction(pair.hearing.context.engine, store_id) as session:
        own = {story.address(0), story.address(1)}
        account = str(story.account.id) if story.account else ""
        balances, tiers = state.points(session), state.tiers(session)
        names = {*(f"email:{address}" for address in own), f"account:{account}"}
        return {
            "tiers": {key: tier for key, tier in tiers.items() if key in names},
            "orders": state.orders(session, str(story.order.id)) if story.order else {},
            "account": state.accounts(session).get(account),
            "points": {
                key: balance
                for key, balance in balances.items()
                if key.removeprefix("email:") in own or key == f"account:{account}"
            },
        }


def test_a_state_that_comes_back_within_its_second_is_believed(pair: Pair) -> None:
    story = Story(pair.hearing, uuid4().hex[:8])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: story.moment)
        story.change(place)
        paid = story.told[-1]
        tell(story, paid)
        handle(pair.hearing)
        story.change(CHANGES["cancel"])
        tell(story, story.told[-1])
        handle(pair.hearing)
        story.change(CHANGES["process"])
        again = story.told[-1]
        assert again.key == paid.key
        tell(story, again)
        handle(pair.hearing)
    read_once(pair, story)
    assert outcome(pair, pair.hearing.id, story) == outcome(pair, pair.reading.id, story)


def test_an_order_told_after_its_account_was_deleted_is_a_guests(pair: Pair) -> None:
    story = Story(pair.hearing, uuid4().hex[:8])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: story.moment)
        for change in ("open account", "place", "give to account"):
            story.change(CHANGES[change])
        late = story.told[-1]
        story.change(CHANGES["close account"])
        tell(story, story.told[-1])
        handle(pair.hearing)
        tell(story, late)
        handle(pair.hearing)
    read_once(pair, story)
    assert outcome(pair, pair.hearing.id, story) == outcome(pair, pair.reading.id, story)


@settings(
    max_examples=45,
    deadline=timedelta(seconds=20),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=24), data=st.data())
def test_events_in_any_sequence_end_as_a_clean_reading_does(
    pair: Pair, steps: list[str | int], data: st.DataObject
) -> None:
    story = Story(pair.hearing, uuid4().hex[:8])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: story.moment)
        story.change(place)
        for step in steps:
            if step == "a second passes":
                story.moment += 1
            elif step == "handle":
                handle(pair.hearing)
            elif isinstance(step, int):
                tell(story, story.told[step % len(story.told)])
            else:
                story.change(CHANGES[step])
        if story.restored_in_silence:
            story.change(note)
    for number in data.draw(st.permutations(range(len(story.told)))):
        tell(story, story.told[number])
    handle(pair.hearing)
    read_once(pair, story)
    assert outcome(pair, pair.hearing.id, story) == outcome(pair, pair.reading.id, story)
