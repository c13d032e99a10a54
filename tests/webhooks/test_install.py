"""A store connects: by its own page over TLS, and in development by a form."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
import requests
import trustme
from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.serving import make_server

from bazgasht.app import create_app
from database import installs, stores
from database.models import Install, Order, PointEntry, Store
from database.session import store_transaction, transaction
from jobs import context as job_context
from jobs.context import Context
from jobs.recompute import recompute
from sandbox.delivery import DeliveryPolicy
from sandbox.faults import Fault
from sandbox.records import ApiKey
from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.conftest import Installed, Quiet, work_off
from tests.shop import Shop

CALLBACK = "/install/woocommerce/callback"


def callback(state: str, key: ApiKey, permissions: str = "read_write") -> dict[str, object]:
    """What a store posts once the merchant has approved."""
    return {
        "key_id": 1,
        "user_id": state,
        "consumer_key": key.consumer_key,
        "consumer_secret": key.consumer_secret,
        "key_permissions": permissions,
    }


def begin(context: Context, sandbox: RunningStore) -> str:
    with transaction(context.engine) as session:
        return installs.begin(session, "woocommerce", sandbox.url)


def rows(context: Context) -> int:
    """How many stores there are, active or not."""
    return len(stores.all_stores(context.engine))


def test_the_development_form_connects_a_store(context: Context, sandbox: RunningStore) -> None:
    client = create_app(context).test_client()
    page = client.get("/install/woocommerce", query_string={"store": sandbox.url}).text
    assert sandbox.url in page
    (state,) = re.findall(r'name="state" value="([^"]+)"', page)
    key = sandbox.new_key()
    form = {"state": state, "key": key.consumer_key, "secret": key.consumer_secret}
    answer = client.post("/install/woocommerce/development", data=form)
    assert answer.status_code == 200
    assert "Your store is connected" in answer.text
    again = client.post("/install/woocommerce/development", data=form)
    assert again.status_code == 400
    assert "unknown, used or too old" in again.text
    assert [(s.url, s.state) for s in stores.all_stores(context.engine)] == [
        (sandbox.url, "active")
    ]


def test_the_form_exists_in_development_only(context: Context, sandbox: RunningStore) -> None:
    client = create_app(replace(context, development=False)).test_client()
    form = {"state": begin(context, sandbox), "key": "ck", "secret": "cs"}
    assert client.post("/install/woocommerce/development", data=form).status_code == 404


@pytest.mark.parametrize(
    ("store", "problem"),
    [
        ("", "no valid host name"),
        ("http://shop.example.com", "https://"),
        ("https://127.0.0.1", "public host name"),
        ("https://user:password@shop.example.com", "user name"),
        ("https://shop.example.com:99999", "malformed"),
    ],
)
def test_an_address_that_is_no_public_store_is_refused(
    context: Context, store: str, problem: str
) -> None:
    client = create_app(replace(context, development=False)).test_client()
    answer = client.get("/install/woocommerce", query_string={"store": store})
    assert answer.status_code == 400
    assert problem in answer.text
    with transaction(context.engine) as session:
        assert session.scalar(select(func.count()).select_from(Install)) == 0


def test_the_merchant_is_sent_to_the_stores_own_page(context: Context) -> None:
    public = replace(context, development=False, public_url="https://app.example.com")
    client = create_app(public).test_client()
    answer = client.get("/install/woocommerce?store=Shop.Example.com/blog/")
    assert answer.status_code == 302
    address = answer.headers["Location"]
    assert address.startswith("https://shop.example.com/blog/wc-auth/v1/authorize?")
    assert "scope=read_write" in address
    assert (
        "callback_url=https%3A%2F%2Fapp.example.com%2Finstall%2Fwoocommerce%2Fcallback" in address
    )


def test_a_page_is_shown_in_persian_to_who_reads_it(context: Context) -> None:
    client = create_app(context).test_client()
    page = client.get("/install/woocommerce/done?success=1&lang=fa").text
    assert 'dir="rtl"' in page
    assert "فروشگاه متصل شد" in page
    english = client.get("/install/woocommerce/done?success=0").text
    assert "Not connected" in english


def test_a_callback_connects_the_store_of_its_state_once(
    context: Context, sandbox: RunningStore
) -> None:
    client = create_app(context).test_client()
    body = callback(begin(context, sandbox), sandbox.new_key())
    assert client.post(CALLBACK, json=body).status_code == 200
    assert client.post(CALLBACK, json=body).status_code == 403
    assert rows(context) == 1


def test_an_expired_and_an_unknown_state_connect_nothing(
    context: Context, sandbox: RunningStore
) -> None:
    client = create_app(context).test_client()
    state, key = begin(context, sandbox), sandbox.new_key()
    with transaction(context.engine) as session:
        session.execute(text("UPDATE installs SET expires_at = now()"))
    assert client.post(CALLBACK, json=callback(state, key)).status_code == 403
    assert client.post(CALLBACK, json=callback("made-up", key)).status_code == 403
    assert rows(context) == 0


def test_a_key_that_may_only_read_is_refused_and_the_state_stays_good(
    context: Context, sandbox: RunningStore
) -> None:
    client = create_app(context).test_client()
    state = begin(context, sandbox)
    answer = client.post(CALLBACK, json=callback(state, sandbox.new_key(), "read"))
    assert (answer.status_code, answer.text) == (400, "the key must have the permission read_write")
    assert rows(context) == 0
    assert client.post(CALLBACK, json=callback(state, sandbox.new_key())).status_code == 200


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"{}", "user_id"),
        (b"not json", "callback"),
        (b'{"user_id":"x","consumer_key":"a b","consumer_secret":"c"}', "consumer_key"),
        (b"x" * 70_000, "limit"),
    ],
)
def test_a_malformed_callback_is_refused_and_its_content_not_repeated(
    context: Context, body: bytes, names: str
) -> None:
    answer = create_app(context).test_client().post(CALLBACK, data=body)
    assert answer.status_code in (400, 413)
    assert names in answer.text
    assert "a b" not in answer.text


def test_a_store_that_refuses_the_key_is_not_connected(
    context: Context, sandbox: RunningStore
) -> None:
    key = replace(sandbox.new_key(), consumer_secret="cs_wrong")
    answer = (
        create_app(context)
        .test_client()
        .post(CALLBACK, json=callback(begin(context, sandbox), key))
    )
    assert answer.status_code == 400
    assert "install again with a key that may read and write" in answer.text
    assert rows(context) == 0


def test_a_store_that_is_in_trouble_is_not_connected_for_now(
    context: Context, sandbox: RunningStore
) -> None:
    sandbox.add_fault(Fault("too_many_requests", seconds=600))
    answer = (
        create_app(context)
        .test_client()
        .post(CALLBACK, json=callback(begin(context, sandbox), sandbox.new_key()))
    )
    assert answer.status_code == 503
    assert "429" in answer.text
    assert rows(context) == 0


def test_installing_again_repairs_and_keeps_what_there_is(installed: Installed) -> None:
    shop, sandbox, context = Shop(installed.sandbox), installed.sandbox, installed.context
    shop.order("House Blend Beans", email="ada@example.test")
    installed.catch_up()
    with installed.scope() as session:
        row = session.scalars(select(Store)).one()
        row.settings = {**row.settings, "cross_sell_mode": "replace"}
        secrets = context.vault.unseal(row.webhook_secrets or b"")
    hooks = dict(sandbox.store.webhooks)
    hooks.pop(next(iter(hooks)))
    for identifier in hooks:
        sandbox.store.webhooks[identifier].status = "disabled"
    body = callback(begin(context, sandbox), sandbox.new_key())
    assert create_app(context).test_client().post(CALLBACK, json=body).status_code == 200
    work_off(context)
    assert [(s.id, s.state) for s in stores.all_stores(context.engine)] == [
        (installed.id, "active")
    ]
    now = sandbox.store.webhooks.values()
    assert len(now) == 11
    assert {hook.status for hook in now} == {"active"}
    assert len({hook.topic for hook in now}) == 11
    with installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1
        assert session.scalars(select(PointEntry.points)).all() == [23]
        row = session.scalars(select(Store)).one()
        assert row.settings["cross_sell_mode"] == "replace"
        assert context.vault.unseal(row.webhook_secrets or b"") == secrets


class TlsServer:
    """The app over https on a loopback port."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.app: Flask | None = None
        self._server = make_server(
            "localhost", 0, self._serve, threaded=True, request_handler=Quiet, ssl_context=tls
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the app is reached."""
        return f"https://localhost:{self._server.server_port}"

    def _serve(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None
        return self.app(environ, start_response)

    def stop(self) -> None:
        """End serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts when it calls stores."""
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return authority


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def secure_app(context: Context, authority: trustme.CA) -> Iterator[Context]:
    server = TlsServer(tls_of(authority))
    secure = replace(context, public_url=server.url)
    server.app = create_app(secure)
    job_context.use(secure)
    try:
        yield secure
    finally:
        job_context.use(context)
        server.stop()


@pytest.fixture
def secure_store(authority: trustme.CA) -> Iterator[RunningStore]:
    store = RunningStore(
        small_store(), address=("localhost", 0), tls=tls_of(authority), delivery=DeliveryPolicy()
    )
    with store as running:
        yield running


def test_a_store_connects_by_its_own_page_over_tls(
    secure_app: Context, secure_store: RunningStore, authority: trustme.CA, tmp_path: Path
) -> None:
    with requests.Session() as merchant:
        merchant.verify = str(tmp_path / "authority.pem")
        begin_at = f"{secure_app.public_url}/install/woocommerce"
        page = merchant.get(begin_at, params={"store": secure_store.url}, timeout=10)
        assert page.url.startswith(f"{secure_store.url}/wc-auth/v1/authorize?")
        (link,) = re.findall(r'href="([^"]*access_granted[^"]*)"', page.text)
        approve = link.replace("&amp;", "&")
        done = merchant.get(approve, timeout=30)
        assert done.url.startswith(f"{secure_app.public_url}/install/woocommerce/done?success=1")
        assert "Your store is connected" in done.text
        # The link can be used again, and would then bring another key.
        keys = set(secure_store.store.keys)
        assert merchant.get(approve, timeout=30).status_code == 401
        assert set(secure_store.store.keys) == keys
    (store,) = stores.all_stores(secure_app.engine)
    assert (store.url, store.state) == (secure_store.url, "active")
    work_off(secure_app)
    hooks = secure_store.store.webhooks.values()
    assert len(hooks) == 11
    assert all(hook.delivery_url.startswith(secure_app.public_url) for hook in hooks)
    assert not any(hook.pending_delivery for hook in hooks)
    a_purchase_comes_through(secure_app, secure_store, store.id)


def a_purchase_comes_through(context: Context, sandbox: RunningStore, store_id: UUID) -> None:
    key = sandbox.new_key()
    with requests.Session() as buyer:
        buyer.auth = (key.consumer_key, key.consumer_secret)
        beans = next(p for p in sandbox.store.products.values() if p.name == "House Blend Beans")
        order = {
            "set_paid": True,
            "billing": {"email": "guest@example.test"},
            "line_items": [{"product_id": beans.id, "quantity": 1}],
        }
        answer = buyer.post(f"{sandbox.url}/wp-json/wc/v3/orders", json=order, timeout=10)
        assert answer.status_code == 201
    sandbox.drain_deliveries()
    work_off(context)
    recompute(str(store_id))
    with store_transaction(context.engine, store_id) as session:
        assert [str(net) for net in session.scalars(select(Order.kept_net))] == ["23.0000"]
