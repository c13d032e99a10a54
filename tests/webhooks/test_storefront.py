"""What the plugin of a WooCommerce store asks for its shoppers, over HTTP."""

import json
import time
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from bazgasht.app import create_app
from bazgasht.composition import redis_client
from connector.woocommerce.storefront import StorefrontCall, sign, storefront_key
from database import privacy as requests_about
from database import stores
from jobs.context import Context
from sandbox.faults import Fault
from tests.conftest import AppServer, Installed, work_off
from tests.database.rows import new_store
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop
from tests.webhooks.deliveries import set_secrets

ADA = "ada@example.test"


def signed(
    store_id: UUID, operation: str, body: Any = None, *, secret: str, account: str, **changes: str
) -> dict[str, Any]:
    """The path, body and headers of a call."""
    call = StorefrontCall(
        method="GET" if body is None else "POST",
        path=f"/storefront/{store_id}/{operation}",
        timestamp=changes.get("timestamp", str(int(time.time()))),
        key=changes.get("key", str(uuid4())),
        account_id=account,
        body=b"" if body is None else json.dumps(body).encode(),
        signature="",
    )
    headers = {
        "X-Bazgasht-Timestamp": call.timestamp,
        "X-Bazgasht-Key": call.key,
        "X-Bazgasht-Account": call.account_id,
        "X-Bazgasht-Signature": sign(call, storefront_key(secret)),
        "Accept-Language": changes.get("language", "en"),
    }
    return {"path": call.path, "data": call.body, "headers": headers}


class Plugin:
    """The plugin of a store, which signs what it asks for Ada."""

    def __init__(self, store: Installed, app_url: str, secret: str) -> None:
        self.store, self.app_url, self._secret = store, app_url, secret
        self.store_id = store.id
        self._account = str(store.sandbox.store.customer_ids_by_email[ADA])

    def signed(self, operation: str, body: Any = None, **changes: str) -> dict[str, Any]:
        """The path, body and headers of a call."""
        named = {"secret": self._secret, "account": self._account} | changes
        return signed(self.store_id, operation, body, **named)

    def __call__(self, operation: str, body: Any = None, **changes: str) -> requests.Response:
        """The answer over HTTP."""
        call = self.signed(operation, body, **changes)
        url = self.app_url + call.pop("path")
        with requests.Session() as session:
            session.trust_env = False
            return session.request("GET" if body is None else "POST", url, timeout=30, **call)


def secret_of(store: Installed) -> str:
    """The secret of the store's webhooks."""
    with store.scope() as session:
        row = stores.get(session)
        assert row is not None
        assert row.webhook_secrets is not None
        secrets: list[str] = store.context.vault.unseal(row.webhook_secrets)
    return secrets[0]


@pytest.fixture
def plugin(installed: Installed, app_server: AppServer) -> Plugin:
    """The plugin of a store where Ada has 23 points, each worth 0.05."""
    set_settings(installed, redemption_enabled=True, point_value="0.05", redemption_step=5)
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)
    settle(installed)
    return Plugin(installed, app_server.url, secret_of(installed))


def problem(answer: requests.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["problem"], error["message"]


def test_tells_the_points_of_the_account_that_the_store_vouches_for(plugin: Plugin) -> None:
    answer = plugin("points")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json() == {
        "signed_in": True,
        "points": 23,
        "pending": 0,
        "next_expiry": None,
        "value": {"amount": "1.15", "currency": "USD"},
        "tier": None,
        "redeem": {
            "least": 5,
            "step": 5,
            "most": 20,
            "point_value": "0.05",
            "currency": "USD",
        },
        "open": [],
    }
    assert plugin("points", account="999").json()["points"] == 0


def test_redeems_once_for_each_key(plugin: Plugin, capfd: pytest.CaptureFixture[str]) -> None:
    key = str(uuid4())
    first = plugin("redeem", {"points": 15}, key=key)
    assert first.status_code == 200, first.text
    made = first.json()["redemption"]
    assert (made["state"], made["points"]) == ("issued", 15)
    assert made["worth"] == {"amount": "0.75", "currency": "USD"}
    assert plugin("redeem", {"points": 15}, key=key).json() == first.json()

    told = plugin("points").json()
    assert (told["points"], told["open"]) == (8, [made])
    (coupon,) = plugin.store.sandbox.store.coupons.values()
    assert (coupon.code, coupon.email_restrictions) == (made["code"], (ADA,))
    assert problem(plugin("redeem", {"points": 5}, key=key))[:2] == (422, "key_used")
    logged = "".join(capfd.readouterr())
    assert "reward issued" in logged
    assert [secret for secret in (made["code"], ADA, key) if secret in logged] == []


def test_one_accounts_key_is_nothing_to_another_account(plugin: Plugin) -> None:
    key = str(uuid4())
    assert plugin("redeem", {"points": 15}, key=key).status_code == 200
    other = plugin("redeem", {"points": 15}, key=key, account="999")
    assert problem(other) == (422, "nobody", "You have no points yet.")


def test_says_in_the_shoppers_language_what_to_do(plugin: Plugin) -> None:
    assert problem(plugin("redeem", {"points": 25})) == (
        422,
        "not_enough",
        "You can spend 23 points; redeem no more than that.",
    )
    assert problem(plugin("redeem", {"points": 12}, language="fa-IR")) == (
        422,
        "step",
        "تعداد امتیاز باید مضربی از ۵ باشد.",
    )
    set_settings(plugin.store, redemption_enabled=False)
    assert problem(plugin("redeem", {"points": 15}))[:2] == (422, "off")
    assert plugin("points").json()["redeem"] is None
    assert plugin("points").json()["value"] is None


@pytest.mark.parametrize("body", [{}, {"points": 0}, {"points": "5"}, {"points": True}, []])
def test_a_body_that_names_no_points_is_refused(context: Context, body: Any) -> None:
    secrets = ("the newest", "an older one")
    store_id = new_store(context.engine)
    set_secrets(context, store_id, *secrets)
    call = signed(store_id, "redeem", body, secret="an older one", account="17")
    answer = create_app(context).test_client().post(**call)
    assert (answer.status_code, answer.get_json()["error"]["problem"]) == (400, "bad_request")


def test_nobody_else_is_answered(plugin: Plugin) -> None:
    stranger = Plugin(plugin.store, plugin.app_url, "another secret")
    assert problem(stranger("points"))[::2] == (
        401,
        "The key does not fit. Enter the address and the key that the app prints.",
    )
    old = plugin("points", timestamp=str(int(time.time()) - 400))
    assert problem(old)[:2] == (401, "clock")
    assert problem(plugin("redeem", {"points": 5}, account=""))[:2] == (400, "signed_out")
    assert plugin("redeem", {"points": 5, "x": "y" * 20_000}).status_code == 413
    plugin.store_id = uuid4()
    assert problem(plugin("points"))[:2] == (404, "no_store")


def test_a_shopper_who_asks_too_often_waits(plugin: Plugin) -> None:
    answers = [plugin("redeem", {"points": 5}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [422, 429]
    refused = answers[-1]
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert f"Wait {seconds} seconds" in problem(refused)[2]
    assert plugin("points").json()["points"] == 3


def test_while_nothing_can_be_counted_points_are_told_and_none_are_redeemed(
    plugin: Plugin,
) -> None:
    context = plugin.store.context
    away = redis_client("redis://127.0.0.1:1")
    client = create_app(replace(context, redis=away)).test_client()
    told = client.get(**plugin.signed("points"))
    assert told.get_json()["points"] == 23
    refused = client.post(**plugin.signed("redeem", {"points": 5}))
    assert (refused.status_code, refused.get_json()["error"]["problem"]) == (503, "away")
    assert int(refused.headers["Retry-After"]) > 0
    assert plugin("points").json()["points"] == 23


def test_a_reward_that_the_store_has_yet_to_make_shows_no_code(plugin: Plugin) -> None:
    plugin.store.sandbox.add_fault(Fault("revoked_key", path="/wp-json/wc/v3/coupons"))
    answer = plugin("redeem", {"points": 15})
    assert answer.status_code == 202
    assert answer.json()["redemption"]["code"] is None
    assert "being made" in answer.json()["message"]


def test_tells_a_person_everything_and_erases(plugin: Plugin) -> None:
    told = plugin("personal-data/export", {"email": ADA}).json()
    assert [row["email"] for row in told["customers"]] == [ADA]
    assert told["points"]["balance"] == 23
    bad = plugin("personal-data/export", {"email": "nobody"})
    assert problem(bad)[:2] == (400, "bad_person")

    answer = plugin("personal-data/erase", {"email": ADA})
    assert answer.status_code == 202
    work_off(plugin.store.context)
    with plugin.store.scope() as session:
        done = {row.kind: row.done_at for row in requests_about.listing(session)}
    assert done.keys() == {"export", "erase"}
    assert None not in done.values()
    assert plugin("personal-data/export", {"email": ADA}, account="").json()["customers"] == []
