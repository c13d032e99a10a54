"""Stores with the app installed, and what tests do with them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from connector.platform import Credentials
from database import redemptions
from database.models import Store
from jobs import installation
from jobs.context import Context
from jobs.recompute import recompute
from retention.redemption import Redemption
from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.conftest import AppServer, Installed, WithScope, install_app, work_off
from tests.merchant import Merchant, open_shop
from tests.shop import Shop

Opened = Callable[[str], Installed]
OpenedShop = Callable[[str], Merchant]


@pytest.fixture
def opened(context: Context) -> Iterator[Opened]:
    """Open the small store in a currency and install the app into it."""
    with ExitStack() as stack:
        yield lambda currency: install_app(
            context, stack.enter_context(RunningStore(small_store(currency)))
        )


@pytest.fixture
def opened_shop(context: Context, app_server: AppServer) -> Iterator[OpenedShop]:
    """Open the small shop on Shopify in a currency and install the app into it."""
    with ExitStack() as stack:
        yield lambda currency: stack.enter_context(
            open_shop(context, app_server, small_store(currency))
        )


@pytest.fixture
def merchant(opened_shop: OpenedShop) -> Merchant:
    """The small shop on Shopify in US dollars with the app installed."""
    return opened_shop("USD")


@pytest.fixture
def shop(installed: Installed) -> Shop:
    """The installed store, as its shoppers and its merchant use it."""
    return Shop(installed.sandbox)


@dataclass
class Calls:
    """The calls that a store has been asked, as (method, path below wc/v3, body)."""

    made: list[tuple[str, str, Any]] = field(default_factory=list)

    def watch(self, sandbox: RunningStore) -> None:
        """Note every call from now on."""
        inner = sandbox.server.application

        def noting(environ: Any, start_response: Any) -> Any:
            body = environ["wsgi.input"].read()
            environ["wsgi.input"] = BytesIO(body)
            path = environ["PATH_INFO"].removeprefix("/wp-json/wc/v3/")
            self.made.append((environ["REQUEST_METHOD"], path, json.loads(body or b"null")))
            return inner(environ, start_response)

        sandbox.server.application = noting

    def writes(self) -> list[tuple[str, Any]]:
        """What was written since the last time this was asked, as (path, body)."""
        written = [(path, body) for method, path, body in self.made if method != "GET"]
        self.made.clear()
        return written


@pytest.fixture
def calls(installed: Installed) -> Calls:
    """The calls to the installed store, from now on."""
    calls = Calls()
    calls.watch(installed.sandbox)
    return calls


def set_settings(installed: WithScope, **settings: Any) -> None:
    """Change the store's settings."""
    with installed.scope() as session:
        row = session.scalars(select(Store)).one()
        row.settings = {**row.settings, **settings}


def order_days_ago(installed: Installed, days: int, *names: str, **content: Any) -> Any:
    """An order that was placed, and changed for the last time, so many days ago."""
    installed.sandbox.deliveries.hold()
    order = Shop(installed.sandbox).order(*names, **content)
    make_older(installed, order["id"], days)
    installed.sandbox.deliveries.release()
    return order


def make_older(installed: Installed, order_id: int, days: int) -> None:
    """Date an order back, while its events have yet to be delivered."""
    with installed.sandbox.store.lock:
        order = installed.sandbox.store.orders[order_id]
        order.created, order.modified = (
            moment - days * 86_400 for moment in (order.created, order.modified)
        )


def pay(installed: Installed, days: int, *names: str, **buyer: Any) -> Any:
    """An order, of Sara unless told otherwise, that was paid so many days ago."""
    installed.sandbox.deliveries.hold()
    order = Shop(installed.sandbox).order(*names, **(buyer or {"email": "sara@example.test"}))
    make_older(installed, order["id"], days)
    with installed.sandbox.store.lock:
        made = installed.sandbox.store.orders[order["id"]]
        made.paid = made.created
    installed.sandbox.deliveries.release()
    settle(installed)
    return order


def as_kept(store: WithScope, made: Redemption) -> Redemption:
    """The redemption as it is kept now."""
    with store.scope() as session:
        found = redemptions.named(session, made.reference)
    assert found is not None
    return found


def compute(installed: Installed) -> None:
    """Recompute the store if it changed, and write what came of it."""
    recompute(str(installed.id))
    settle(installed)


def settle(installed: Installed) -> None:
    """Deliver and work until nothing is left to do.

    What was delivered while jobs ran may have come after the last of them.
    """
    deliveries = installed.sandbox.deliveries
    while True:
        installed.sandbox.drain_deliveries()
        delivered = deliveries.delivered
        installed.catch_up()
        if not deliveries.pending and deliveries.delivered == delivered:
            return


def install_afresh(installed: Installed) -> Installed:
    """The same store known anew, under another name of this machine."""
    key = installed.sandbox.new_key()
    url = installed.sandbox.url.replace("127.0.0.1", "localhost")
    assert url != installed.sandbox.url
    installed.sandbox.store.url = url  # The store checks signatures over its own address.
    credentials = Credentials(url, key.consumer_key, key.consumer_secret)
    store_id = installation.connect(installed.context, "woocommerce", credentials)
    work_off(installed.context)
    return Installed(installed.context, installed.sandbox, store_id)
