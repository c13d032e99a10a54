"""Draining: several at once, a lease that ends, a store that does not answer, a bad object."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from connector.errors import TemporaryError
from connector.platform import ConnectedStore
from connector.woocommerce.reading import Reader
from database import inbox, stores
from database.inbox import Incoming
from database.models import Order, Store
from database.versions import Version
from jobs import absorb, drain, prepare, reading
from jobs.context import connected
from jobs.facts import Fact, known
from jobs.reconcile import reconcile
from sandbox.faults import Fault
from tests.conftest import Installed
from tests.jobs.conftest import Calls, settle
from tests.jobs.state import events, ledger, orders, points
from tests.shop import Shop
from tests.webhooks.deliveries import order_body

ADA = "ada@example.test"


def put(installed: Installed, *bodies: bytes, topic: str = "order.updated") -> None:
    with installed.scope() as session:
        inbox.put(
            session,
            [
                Incoming(installed.id, f"{topic} {hash(body)}", topic, {}, body, None)
                for body in bodies
            ],
        )


def batch(installed: Installed, limit: int = drain.BATCH) -> int:
    return drain.drain_batch(installed.context, installed.store, limit)


def states(installed: Installed) -> list[str]:
    return sorted(state for _, state, _ in events(installed))


def test_several_who_drain_at_once_handle_each_event_once(installed: Installed) -> None:
    bodies = [
        order_body(id=1 + n % 40, date_modified_gmt=f"2026-05-01T12:{n // 60:02}:{n % 60:02}")
        for n in range(200)
    ]
    put(installed, *bodies)
    with ThreadPoolExecutor(4) as pool:
        handled = list(pool.map(lambda _: drain_all(installed), range(4)))
    assert sum(handled) == 200
    assert states(installed) == ["handled"] * 200
    with installed.scope() as session:
        assert len(orders(session)) == 40
        assert sorted(ledger(session)) == [(12, "earned")] * 40


def drain_all(installed: Installed) -> int:
    handled = 0
    while count := batch(installed, 20):
        handled += count
    return handled


def test_a_batch_is_no_larger_than_asked_for(installed: Installed) -> None:
    put(installed, *(order_body(id=n) for n in range(1, 31)))
    assert [batch(installed, 20) for _ in range(3)] == [20, 10, 0]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Let something happen after the store was read and before what it said is kept."""

    def during(happens: Callable[[], None]) -> None:
        real = Reader.read
        once = [True]

        def read(self: Reader, *key: Any) -> Any:
            record = real(self, *key)
            if once:
                once.clear()
                happens()
            return record

        monkeypatch.setattr(Reader, "read", read)

    yield during
    monkeypatch.undo()


def test_a_lease_that_ends_while_the_store_is_read_costs_no_effect(
    installed: Installed, shop: Shop, slow: Callable[[Callable[[], None]], None]
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    put(installed, b'{"id":%d}' % order["id"], topic="order.deleted")

    def another_takes_over() -> None:
        with installed.scope() as session:
            session.execute(
                text("UPDATE inbox_events SET leased_until = leased_until - interval '1 hour'")
            )
        assert batch(installed) == 1

    slow(another_takes_over)
    batch(installed)
    assert states(installed) == ["handled"] * len(events(installed))
    with installed.scope() as session:
        assert ledger(session) == [(12, "earned")]


def test_a_change_between_reading_and_keeping_is_not_overwritten(
    installed: Installed, shop: Shop, slow: Callable[[Callable[[], None]], None]
) -> None:
    """Two changes within a second: who read the first must not undo the second."""
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    held = installed.sandbox.store.orders[order["id"]]
    second = held.modified

    def cancel() -> None:
        with installed.sandbox.store.lock:
            held.status, held.modified = "cancelled", second
        put(installed, b'{"id": %d}' % order["id"], topic="order.deleted")
        assert batch(installed, 1) == 1

    slow(cancel)
    put(installed, b'{"id":%d}' % order["id"], topic="order.deleted")
    batch(installed)
    with installed.scope() as session:
        assert session.scalars(select(Order.status)).one() == "cancelled"
        assert points(session) == {}
    assert states(installed) == ["handled"] * len(events(installed))


def test_an_order_that_goes_between_reading_and_keeping_stays_gone(
    installed: Installed, shop: Shop, slow: Callable[[Callable[[], None]], None]
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)

    def delete() -> None:
        shop.delete(f"orders/{order['id']}", force=True)
        put(installed, b'{"id": %d}' % order["id"], topic="order.deleted")
        assert batch(installed, 1) == 1

    slow(delete)
    put(installed, b'{"id":%d}' % order["id"], topic="order.deleted")
    batch(installed)
    with installed.scope() as session:
        assert session.scalars(select(Order.gone)).one()
        assert points(session) == {}


def test_a_store_that_is_disconnected_while_it_is_read_keeps_its_events(
    installed: Installed, shop: Shop, slow: Callable[[Callable[[], None]], None]
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)

    def disconnect() -> None:
        with installed.scope() as session:
            stores.change_state(session, "active", "disconnected")

    slow(disconnect)
    put(installed, b'{"id":%d}' % order["id"], topic="order.deleted")
    drain.drain(str(installed.id))
    with installed.scope() as session:
        waiting = session.execute(
            text("SELECT attempts, lease FROM inbox_events WHERE state = 'waiting'")
        ).all()
    assert [tuple(row) for row in waiting] == [(0, None)]


def test_an_event_that_stays_undecided_is_given_back_and_does_not_spin(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(installed, order_body())
    rounds: list[int] = []

    def never_sure(session: Session, store: Any, facts: Any) -> absorb.Absorbed:
        rounds.append(len(facts))
        return absorb.Absorbed(look_up={key for key, _ in facts})

    monkeypatch.setattr(drain, "absorb", never_sure)
    drain.drain(str(installed.id))
    assert rounds == [1] * absorb.ROUNDS
    with installed.scope() as session:
        row = session.execute(text("SELECT state, attempts, lease FROM inbox_events")).one()
    assert tuple(row) == ("waiting", 0, None)


def deletions(installed: Installed, *numbers: int) -> None:
    put(installed, *(b'{"id":%d}' % n for n in numbers), topic="order.deleted")


def failing(monkeypatch: pytest.MonkeyPatch, bad: set[str], error: Exception) -> list[str]:
    """Let the store fail for some objects; the objects that are asked for."""
    asked: list[str] = []
    real = Reader.read

    def read(self: Reader, kind: Any, identifier: str) -> Any:
        asked.append(identifier)
        if identifier in bad:
            raise error
        return real(self, kind, identifier)

    monkeypatch.setattr(Reader, "read", read)
    return asked


@pytest.mark.parametrize("error", [TemporaryError("500"), KeyError("leila@example.test")])
def test_an_object_that_cannot_be_read_fails_alone(
    installed: Installed, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    deletions(installed, 101, 102, 103)
    failing(monkeypatch, {"102"}, error)
    assert batch(installed) == 3
    assert states(installed) == ["handled", "handled", "waiting"]
    (told,) = [said for _, _, said in events(installed) if said]
    assert told.startswith(type(error).__name__)
    assert "leila" not in told


def test_a_store_that_fails_twice_in_a_row_is_left_in_peace(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = range(101, 111)
    deletions(installed, *numbers)
    asked = failing(monkeypatch, {str(n) for n in numbers}, TemporaryError("500"))
    batch(installed)
    assert asked == ["101", "102"]
    assert states(installed) == ["waiting"] * 10


def test_what_there_is_no_time_to_read_waits_without_blame(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READING_SECONDS", -1.0)
    deletions(installed, 101, 102)
    put(installed, order_body())
    assert batch(installed) == 1
    with installed.scope() as session:
        rows = session.execute(
            text("SELECT attempts, lease FROM inbox_events WHERE state = 'waiting'")
        ).all()
    assert [tuple(row) for row in rows] == [(0, None)] * 2


def test_a_refunded_order_that_went_meanwhile_is_gone(installed: Installed, shop: Shop) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    shop.create(f"orders/{order['id']}/refunds", amount="2.00")
    installed.sandbox.drain_deliveries()
    shop.delete(f"orders/{order['id']}", force=True)
    settle(installed)
    assert states(installed) == ["handled"] * len(events(installed))
    with installed.scope() as session:
        assert (orders(session), points(session)) == ({}, {})


def test_refunds_that_are_known_are_not_read_again(
    installed: Installed, shop: Shop, calls: Calls
) -> None:
    order = shop.order("Green Tea", email=ADA)
    shop.create(f"orders/{order['id']}/refunds", amount="2.00")
    settle(installed)
    calls.made.clear()
    installed.sandbox.store.orders[order["id"]].modified += 5
    shop.change(f"orders/{order['id']}", customer_note="a change")
    settle(installed)
    assert [path for _, path, _ in calls.made if path.endswith("/refunds")] == []
    with installed.scope() as session:
        assert points(session) == {f"account:{shop.customer_id(ADA)}": 10}


def test_a_revoked_key_lets_events_wait_until_it_works_again(
    installed: Installed, shop: Shop
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    installed.sandbox.add_fault(Fault("revoked_key"))
    deletions(installed, order["id"])
    drain.drain(str(installed.id))
    assert state(installed) == "disconnected"
    put(installed, order_body())
    drain.drain(str(installed.id))
    reconcile(str(installed.id))
    assert state(installed) == "disconnected"
    assert states(installed).count("waiting") == 2
    installed.sandbox.clear_faults()
    reconcile(str(installed.id))
    assert state(installed) == "active"
    settle(installed)
    assert states(installed) == ["handled"] * len(events(installed))
    with installed.scope() as session:
        assert len(orders(session)) == 2


def state(installed: Installed) -> str:
    with installed.scope() as session:
        return session.scalars(select(Store.state)).one()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("too_many_requests", seconds=1, times=1),
        Fault("server_error", times=2),
        Fault("half_answer", times=1),
    ],
)
def test_a_store_that_stumbles_is_asked_again_within_the_call(
    installed: Installed, shop: Shop, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    with installed.sandbox.store.lock:
        installed.sandbox.store.orders[order["id"]].status = "trash"
    installed.sandbox.add_fault(fault)
    deletions(installed, order["id"])
    assert batch(installed) == 1
    assert states(installed) == ["handled"] * len(events(installed))
    with installed.scope() as session:
        assert points(session) == {}


def test_an_event_waits_as_long_as_the_store_asks(installed: Installed) -> None:
    installed.sandbox.add_fault(Fault("too_many_requests", seconds=900))
    deletions(installed, 101)
    batch(installed)
    with installed.scope() as session:
        wait = session.execute(
            text("SELECT extract(epoch FROM next_attempt_at - clock_timestamp()) FROM inbox_events")
        ).scalar_one()
    assert 900 - 5 < wait < 900 * 1.25


def test_reading_does_not_hold_the_database(
    installed: Installed, shop: Shop, slow: Callable[[Callable[[], None]], None]
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    free = threading.Event()

    def touch() -> None:
        with installed.scope() as session:
            session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            stores.get(session, lock=True)
            free.set()

    slow(touch)
    deletions(installed, order["id"])
    batch(installed)
    assert free.is_set()


def test_a_variation_is_read_as_its_product_and_keeps_the_products_version(
    installed: Installed, shop: Shop
) -> None:
    shirt = shop.product_id("Tee Shirt")
    variation = shop.get(f"products/{shirt}/variations")[0]["id"]
    key, asked = ("product", str(shirt)), ("product", str(variation))
    prepared = prepare.prepare(installed.context, installed.store, (), [asked])  # type: ignore[list-item]
    assert prepared.renamed == {asked: key}
    ((name, fact),) = prepared.facts
    with installed.scope() as session:
        assert (name, fact.known_before) == (key, known(session, [name])[name])


def test_a_fact_read_before_another_was_kept_is_not_believed_in_a_tie(
    installed: Installed, shop: Shop
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    with connected(installed.context, installed.store) as connection:
        record = read_order(connection, order["id"])
    with installed.scope() as session:
        session.execute(text("UPDATE orders SET content = 'another'"))
        stale = Fact(record, read_now=True, known_before=Version(record.modified_at, b"before"))
        result = absorb.absorb(session, installed.store, [(("order", record.id), stale)])
        assert result.look_up == {("order", record.id)}
        (version,) = known(session, [("order", record.id)]).values()
        fresh = Fact(record, read_now=True, known_before=version)
        assert (
            absorb.absorb(session, installed.store, [(("order", record.id), fresh)]).look_up
            == set()
        )


def read_order(connection: ConnectedStore, identifier: int) -> Any:
    return connection.read("order", str(identifier))
