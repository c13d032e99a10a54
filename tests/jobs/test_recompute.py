"""Recomputing: only when something changed, one at a time, and never in a hurry."""

from typing import Any

import pytest
from sqlalchemy import select, text

from database import purchases, stores
from database.models import Computation, Store
from database.session import store_lock
from jobs import recompute
from retention import computation
from tests.conftest import Installed
from tests.jobs.conftest import compute, settle
from tests.shop import Shop

ADA = "ada@example.test"


def computed_at(installed: Installed) -> Any:
    with installed.scope() as session:
        return session.scalar(select(Computation.computed_at))


def is_dirty(installed: Installed) -> bool:
    with installed.scope() as session:
        return session.scalars(select(Store.dirty_since)).one() is not None


@pytest.fixture
def clean(installed: Installed) -> Installed:
    """A store that is computed and has not changed since."""
    compute(installed)
    assert not is_dirty(installed)
    return installed


def test_a_store_that_did_not_change_is_not_computed(clean: Installed) -> None:
    before = computed_at(clean)
    recompute.recompute(str(clean.id))
    assert computed_at(clean) == before


def test_an_order_makes_a_store_dirty_and_computing_makes_it_clean(
    clean: Installed, shop: Shop
) -> None:
    before = computed_at(clean)
    shop.order("Green Tea", email=ADA)
    settle(clean)
    assert is_dirty(clean)
    recompute.recompute(str(clean.id))
    assert computed_at(clean) > before
    assert not is_dirty(clean)


@pytest.mark.parametrize(
    ("path", "change", "dirty"),
    [
        ("products", {"name": "Another name"}, False),
        ("products", {"regular_price": "99.00"}, False),
        ("products", {"cross_sell_ids": [82]}, False),
        ("products", {"status": "draft"}, True),
        ("products", {"stock_status": "outofstock"}, True),
        ("products", {"categories": [{"id": 16}]}, True),
        ("customers", {"first_name": "Augusta"}, False),
    ],
)
def test_only_what_is_computed_from_makes_a_store_dirty(
    clean: Installed, shop: Shop, path: str, change: dict[str, Any], dirty: bool
) -> None:
    identifier = shop.product_id("Green Tea") if path == "products" else shop.customer_id(ADA)
    shop.change(f"{path}/{identifier}", **change)
    settle(clean)
    assert is_dirty(clean) is dirty


def test_an_order_told_again_without_news_does_not_make_a_store_dirty(
    installed: Installed, shop: Shop
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    compute(installed)
    installed.sandbox.store.orders[order["id"]].modified += 5
    with installed.sandbox.store.lock:
        installed.sandbox.store.fire("order.updated", order["id"])
    settle(installed)
    assert not is_dirty(installed)


def test_a_deletion_told_again_does_not_make_a_store_dirty(
    installed: Installed, shop: Shop
) -> None:
    product = shop.product_id("Socks")
    shop.delete(f"products/{product}", force=True)
    store = installed.sandbox.store
    for _ in range(2):
        with store.lock:
            store.fire("product.deleted", product)
        settle(installed)
        compute(installed)
    before = computed_at(installed)
    with store.lock:
        store.fire("product.deleted", product)
    settle(installed)
    assert not is_dirty(installed)
    compute(installed)
    assert computed_at(installed) == before


def test_one_who_computes_is_enough(clean: Installed, shop: Shop) -> None:
    shop.order("Green Tea", email=ADA)
    settle(clean)
    before = computed_at(clean)
    with store_lock(clean.context.engine, clean.id, recompute.LOCK):
        recompute.recompute(str(clean.id))
    assert computed_at(clean) == before
    assert is_dirty(clean)


def test_an_order_that_comes_while_a_store_is_computed_is_not_forgotten(
    clean: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order("Green Tea", email=ADA)
    settle(clean)
    with clean.scope() as session:
        session.execute(text("UPDATE stores SET dirty_since = now() - interval '1 day'"))
    real = computation.compute

    def compute_slowly(*arguments: Any) -> Any:
        shop.order("Earl Grey", email="sara@example.test")
        settle(clean)
        return real(*arguments)

    monkeypatch.setattr(recompute, "compute", compute_slowly)
    recompute.recompute(str(clean.id))
    assert is_dirty(clean)
    # It waits for quiet like any change, and is not overdue.
    assert stores.to_compute(clean.context.engine, 60) == []
    monkeypatch.setattr(recompute, "compute", real)
    recompute.recompute(str(clean.id))
    assert not is_dirty(clean)
    with clean.scope() as session:
        figures = session.scalars(select(Computation)).one()
        assert purchases.lines(session, ["processing"], stores.now(session)).height == 2
        assert figures.period_end is not None


def test_a_computation_that_fails_is_tried_again(
    clean: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.order("Green Tea", email=ADA)
    settle(clean)

    def fail(*_: object) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(recompute, "compute", fail)
        with pytest.raises(ValueError, match="no"):
            recompute.recompute(str(clean.id))
    assert is_dirty(clean)
    recompute.recompute(str(clean.id))
    assert not is_dirty(clean)
