"""The app leaves a store as it was, and shows what it had again when it comes back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from connector.errors import ConnectorError, CredentialsRefused, TemporaryError
from connector.platform import Credentials
from database import stores
from database.models import Store
from database.session import store_lock
from jobs import installation, recompute, write_back
from jobs.context import NotActive
from jobs.drain import drain, drain_batch
from jobs.reconcile import reconcile
from sandbox.faults import Fault
from tests.conftest import Installed, work_off
from tests.jobs.conftest import Calls, compute, order_days_ago, settle
from tests.jobs.state import points, write_backs
from tests.shop import Shop

ADA = "ada@example.test"
BEANS, FILTERS = "House Blend Beans", "Paper Filters"
OURS = {
    "bazgasht_points",
    "bazgasht_points_pending",
    "bazgasht_second_purchase_category",
}


@pytest.fixture
def busy(installed: Installed, shop: Shop) -> Shop:
    """A store in which the app has written lists, points and categories beside the merchant's."""
    pot = shop.product_id("Tea Pot & Cup")
    shop.change(f"products/{shop.product_id(BEANS)}", cross_sell_ids=[pot])
    shop.change(f"customers/{shop.customer_id(ADA)}", meta_data=[{"key": "club", "value": "gold"}])
    order_days_ago(installed, 2, BEANS, FILTERS, email=ADA)
    shop.order("Green Tea", email=ADA)
    settle(installed)
    compute(installed)
    assert set(shop.meta(ADA)) == OURS | {"club"}
    assert len(shop.cross_sells(BEANS)) > 1
    return shop


def lists(shop: Shop) -> dict[str, list[int]]:
    return {p["name"]: p["cross_sell_ids"] for p in shop.get("products", per_page=100)}


def state(installed: Installed) -> str:
    (store,) = stores.all_stores(installed.context.engine)
    return store.state


def left_as_it_was(installed: Installed, shop: Shop) -> None:
    pot = shop.product_id("Tea Pot & Cup")
    assert {name: ids for name, ids in lists(shop).items() if ids} == {BEANS: [pot]}
    assert shop.meta(ADA) == {"club": "gold"}
    assert installed.sandbox.store.webhooks == {}
    assert state(installed) == "uninstalled"


def test_leaving_restores_lists_and_removes_fields_and_webhooks(
    installed: Installed, busy: Shop
) -> None:
    installation.uninstall(installed.context, installed.id)
    left_as_it_was(installed, busy)
    with installed.scope() as session:
        row = session.scalars(select(Store)).one()
        assert (row.credentials, row.webhook_secrets) == (None, None)
        assert row.uninstalled_at is not None


def test_leaving_twice_and_leaving_an_unknown_store(installed: Installed, busy: Shop) -> None:
    installation.uninstall(installed.context, installed.id)
    installation.uninstall(installed.context, installed.id)
    with pytest.raises(LookupError, match="bazgasht stores"):
        installation.uninstall(installed.context, uuid4())


def test_a_product_that_was_unpublished_gets_its_own_list_back(
    installed: Installed, busy: Shop
) -> None:
    busy.change(f"products/{busy.product_id(BEANS)}", status="draft")
    settle(installed)
    installation.uninstall(installed.context, installed.id)
    left_as_it_was(installed, busy)


def test_webhooks_of_others_stay(installed: Installed, busy: Shop) -> None:
    other = busy.create(
        "webhooks", topic="order.created", delivery_url="http://127.0.0.1:9/x", name="other"
    )
    installation.uninstall(installed.context, installed.id)
    assert list(installed.sandbox.store.webhooks) == [other["id"]]


@pytest.mark.parametrize("path", ["products/batch", "customers/batch", "webhooks"])
def test_a_store_in_trouble_is_not_left_half_way(
    installed: Installed, busy: Shop, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    installed.sandbox.add_fault(Fault("server_error", path=f"/wp-json/wc/v3/{path}"))
    with pytest.raises(TemporaryError):
        installation.uninstall(installed.context, installed.id)
    assert state(installed) == "leaving"
    # Nothing happens meanwhile, and nothing that was taken back comes again.
    busy.order(BEANS, email=ADA)
    settle(installed)
    reconcile(str(installed.id))
    compute(installed)
    installed.sandbox.clear_faults()
    installation.uninstall(installed.context, installed.id)
    left_as_it_was(installed, busy)


def test_a_store_that_refuses_the_key_cannot_be_left(installed: Installed, busy: Shop) -> None:
    installed.sandbox.add_fault(Fault("revoked_key"))
    with pytest.raises(CredentialsRefused):
        installation.uninstall(installed.context, installed.id)
    installed.sandbox.clear_faults()
    installation.uninstall(installed.context, installed.id)
    left_as_it_was(installed, busy)


def test_jobs_that_were_under_way_change_nothing_any_more(installed: Installed, busy: Shop) -> None:
    store = installed.store
    busy.order(BEANS, email=ADA)
    installed.sandbox.drain_deliveries()
    installation.uninstall(installed.context, installed.id)
    with pytest.raises(NotActive):
        drain_batch(installed.context, store)
    with pytest.raises(NotActive):
        recompute.recompute_now(installed.context, store)
    for job in (drain, recompute.recompute, write_back.write_back, reconcile):
        job(str(installed.id))
    left_as_it_was(installed, busy)


def test_leaving_waits_for_who_is_writing(
    installed: Installed, busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "LONGEST_WRITE", 0.2)
    context = installed.context
    with store_lock(context.engine, installed.id, write_back.LOCK), pytest.raises(TemporaryError):
        installation.uninstall(context, installed.id)
    monkeypatch.setattr(installation, "LONGEST_WRITE", 10)
    with ThreadPoolExecutor(1) as pool:
        with store_lock(context.engine, installed.id, write_back.LOCK):
            leaving = pool.submit(installation.uninstall, context, installed.id)
            with pytest.raises(TimeoutError):
                leaving.result(timeout=0.3)
        leaving.result(timeout=10)
    left_as_it_was(installed, busy)


def test_coming_back_shows_points_lists_and_categories_again(
    installed: Installed, busy: Shop
) -> None:
    before, fields = lists(busy), busy.meta(ADA)
    installation.uninstall(installed.context, installed.id)
    key = installed.sandbox.new_key()
    again = installation.connect(
        installed.context,
        "woocommerce",
        Credentials(installed.sandbox.url, key.consumer_key, key.consumer_secret),
    )
    assert again == installed.id
    work_off(installed.context)
    compute(installed)
    assert lists(busy) == before
    assert busy.meta(ADA) == fields
    assert len(installed.sandbox.store.webhooks) == 11
    with installed.scope() as session:
        assert points(session) == {f"account:{busy.customer_id(ADA)}": 39}


def test_two_who_connect_a_new_store_at_once_connect_one(context: Any, sandbox: Any) -> None:
    def connect(_: int) -> Any:
        key = sandbox.new_key()
        credentials = Credentials(sandbox.url, key.consumer_key, key.consumer_secret)
        return installation.connect(context, "woocommerce", credentials)

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(connect, range(3)))) == 1
    assert len(stores.all_stores(context.engine)) == 1


def test_a_key_that_may_do_more_brings_what_was_refused(installed: Installed, busy: Shop) -> None:
    with installed.scope() as session:
        session.execute(text("UPDATE write_backs SET state = 'dead', last_error = 'may not'"))
    key = installed.sandbox.new_key()
    credentials = Credentials(installed.sandbox.url, key.consumer_key, key.consumer_secret)
    installation.connect(installed.context, "woocommerce", credentials)
    settle(installed)
    write_back.write_back(str(installed.id))
    assert {row.state for row in write_backs(installed).values()} == {"done"}


def test_a_store_that_does_not_answer_is_not_connected(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.http.time.sleep", lambda _: None)
    with pytest.raises(ConnectorError):
        installation.connect(
            context, "woocommerce", Credentials("http://127.0.0.1:1", "ck_1", "cs_1")
        )
    assert stores.all_stores(context.engine) == []


def test_nothing_of_a_store_is_written_before_it_changes(
    installed: Installed, calls: Calls
) -> None:
    settle(installed)
    assert [path for path, _ in calls.writes() if not path.startswith("webhooks")] == []
