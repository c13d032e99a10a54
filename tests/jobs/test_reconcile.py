"""Finding what webhooks missed, mending the webhooks, and asking a store that refused again."""

from time import time

import pytest
from sqlalchemy import select, text

from connector.errors import CredentialsRefused
from database import stores
from database.models import Product, Store
from jobs.reconcile import compare_identifiers, reconcile
from sandbox import clock
from sandbox.faults import Fault
from tests.conftest import Installed
from tests.jobs.conftest import Calls, install_afresh, order_days_ago, settle
from tests.jobs.state import accounts, everything, orders, points
from tests.shop import Shop

ADA = "ada@example.test"


@pytest.fixture
def deaf(installed: Installed) -> Installed:
    """A store whose webhooks are gone, so that nothing is told."""
    installed.sandbox.store.webhooks.clear()
    return installed


def topics(installed: Installed) -> list[str]:
    hooks = installed.sandbox.store.webhooks.values()
    return sorted(hook.topic for hook in hooks if hook.status == "active")


def test_what_was_never_told_is_found_within_the_hour(deaf: Installed, shop: Shop) -> None:
    order = shop.order("Green Tea", email=ADA)
    shop.create(f"orders/{order['id']}/refunds", amount="2.00")
    trashed = shop.order("Earl Grey", email=ADA)
    shop.delete(f"orders/{trashed['id']}")
    new = shop.create("products", name="New", status="publish", regular_price="5.00")
    shop.change(f"products/{shop.product_id('Socks')}", status="draft")
    settle(deaf)
    reconcile(str(deaf.id))
    with deaf.scope() as session:
        assert {o["status"] for o in orders(session).values()} == {"processing", "trash"}
        assert points(session) == {f"account:{shop.customer_id(ADA)}": 10}
        shown = dict(session.execute(select(Product.external_id, Product.published)).all())
    assert shown[str(new["id"])] is True
    assert shown[str(shop.product_id("Socks"))] is False


@pytest.mark.parametrize("ahead", [-3630, 3630])
def test_changes_are_found_though_the_stores_clock_is_an_hour_off(
    deaf: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr(clock, "now", lambda: int(time()) + ahead)
    order = str(shop.order("Green Tea", email=ADA)["id"])
    for amount, kept in (("2.00", 10), ("3.00", 7)):
        shop.create(f"orders/{order}/refunds", amount=amount)
        reconcile(str(deaf.id))
        deaf.sandbox.store.webhooks.clear()
        with deaf.scope() as session:
            assert points(session) == {f"account:{shop.customer_id(ADA)}": kept}


def test_what_leaves_no_trace_is_found_within_the_day(deaf: Installed, shop: Shop) -> None:
    kept = shop.order("Green Tea", email=ADA)
    gone = shop.order("Earl Grey", email="sara@example.test")
    reconcile(str(deaf.id))
    deaf.sandbox.store.webhooks.clear()
    shop.delete(f"orders/{gone['id']}", force=True)
    shop.delete(f"products/{shop.product_id('Socks')}", force=True)
    shop.delete(f"customers/{shop.customer_id('reza@example.test')}", force=True)
    new = shop.create("customers", email="new@example.test")["id"]
    shop.change(f"customers/{shop.customer_id(ADA)}", first_name="Augusta")
    compare_identifiers(str(deaf.id))
    with deaf.scope() as session:
        assert set(orders(session)) == {str(kept["id"])}
        known = accounts(session)
        assert known[str(new)][0] == "new@example.test"
        assert known[str(shop.customer_id(ADA))][2] == "Augusta Lovelace"
        assert "reza@example.test" not in {email for email, _, _ in known.values()}
    settle(deaf)
    assert everything(install_afresh(deaf)) == everything(deaf)


def test_old_orders_that_were_never_told_are_found_within_the_day(
    deaf: Installed, shop: Shop
) -> None:
    order = order_days_ago(deaf, 40, "Green Tea", email=ADA)
    reconcile(str(deaf.id))
    with deaf.scope() as session:
        assert orders(session) == {}
    compare_identifiers(str(deaf.id))
    with deaf.scope() as session:
        assert set(orders(session)) == {str(order["id"])}


def test_a_webhook_that_the_store_has_disabled_is_made_new(
    installed: Installed, shop: Shop
) -> None:
    hooks = installed.sandbox.store.webhooks
    disabled = next(hook for hook in hooks.values() if hook.topic == "order.updated")
    disabled.status, disabled.failure_count = "disabled", 6
    reconcile(str(installed.id))
    assert disabled.id not in hooks
    assert len(topics(installed)) == 11
    assert {hook.failure_count for hook in hooks.values()} == {0}
    shop.order("Green Tea", email=ADA)
    settle(installed)
    with installed.scope() as session:
        assert len(orders(session)) == 1


@pytest.mark.parametrize("status", ["paused", "disabled", "deleted"])
def test_webhooks_are_mended_each_once(installed: Installed, status: str) -> None:
    hooks = installed.sandbox.store.webhooks
    for hook in list(hooks.values())[:4]:
        hook.status = status
        if status == "deleted":
            del hooks[hook.id]
    reconcile(str(installed.id))
    assert len(hooks) == len(set(topics(installed))) == 11


def test_healthy_webhooks_are_left_alone(installed: Installed, calls: Calls) -> None:
    reconcile(str(installed.id))
    assert calls.writes() == []


def test_reconciling_begins_where_it_ended(installed: Installed, calls: Calls) -> None:
    reconcile(str(installed.id))
    with installed.scope() as session:
        cursor = session.execute(
            text("SELECT clock_timestamp() - cursor FROM progress WHERE task = 'poll: orders'")
        ).scalar_one()
    assert 3900 <= cursor.total_seconds() < 3930
    paths = [path for _, path, _ in calls.made]
    assert paths.count("orders") == 2  # The others, and the trashed ones.
    assert paths.count("products") == 1


def test_a_reconciliation_that_breaks_off_begins_there_again(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    with installed.scope() as session:
        before = session.execute(
            text("SELECT cursor FROM progress WHERE task = 'poll: orders'")
        ).scalar_one()
    installed.sandbox.add_fault(Fault("server_error", path="/wp-json/wc/v3/orders"))
    reconcile(str(installed.id))
    with installed.scope() as session:
        row = session.execute(
            text("SELECT cursor, last_error FROM progress WHERE task = 'poll: orders'")
        ).one()
    assert row.cursor == before
    assert "500" in row.last_error


def test_one_object_that_cannot_be_read_does_not_end_the_comparison(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    installed.sandbox.store.webhooks.clear()
    placed = [order_days_ago(installed, 40, "Green Tea", email=ADA)["id"] for _ in range(3)]
    installed.sandbox.add_fault(Fault("server_error", path=f"/wp-json/wc/v3/orders/{placed[0]}"))
    compare_identifiers(str(installed.id))
    with installed.scope() as session:
        assert set(orders(session)) == {str(n) for n in placed[1:]}


def test_a_store_that_refuses_the_key_is_disconnected_and_asked_again(
    installed: Installed, calls: Calls
) -> None:
    installed.sandbox.add_fault(Fault("revoked_key"))
    reconcile(str(installed.id))
    compare_identifiers(str(installed.id))
    assert state(installed) == "disconnected"
    calls.made.clear()
    reconcile(str(installed.id))
    assert len(calls.made) == 1
    installed.sandbox.clear_faults()
    reconcile(str(installed.id))
    assert state(installed) == "active"


def state(installed: Installed) -> str:
    with installed.scope() as session:
        return session.scalars(select(Store.state)).one()


@pytest.mark.parametrize("gone", ["uninstalled", "leaving"])
def test_a_store_that_left_is_not_asked(installed: Installed, calls: Calls, gone: str) -> None:
    with installed.scope() as session:
        stores.change_state(session, "active", gone)
    reconcile(str(installed.id))
    compare_identifiers(str(installed.id))
    assert calls.made == []


def test_a_key_refused_half_way_is_noticed(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shop.order("Green Tea", email=ADA)
    shop.create(f"orders/{order['id']}/refunds", amount="2.00")
    settle(installed)

    def refuse(*_: object) -> None:
        raise CredentialsRefused("revoked")

    monkeypatch.setattr("connector.woocommerce.reading.Reader.read", refuse)
    compare_identifiers(str(installed.id))
    assert state(installed) == "disconnected"
