"""Session tokens, token exchange and refresh."""

import time
from typing import Any

import jwt
import pytest
import requests
from shopify import session_token
from shopify_app import RequestInput, ShopifyApp

from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.oauth import EXCHANGE, ID_TOKEN, OFFLINE, PATH
from sandbox.shopify.server import RunningShop
from tests.sandbox.shopify.client import Admin, document

APP = AppConfig()


def ask(shop: RunningShop, **given: Any) -> requests.Response:
    own = {"client_id": APP.client_id, "client_secret": APP.client_secret}
    return requests.post(f"{shop.url}{PATH}", json=own | given, timeout=5)


def exchange(shop: RunningShop, **given: Any) -> requests.Response:
    wanted = {
        "grant_type": EXCHANGE,
        "subject_token_type": ID_TOKEN,
        "requested_token_type": OFFLINE,
        "expiring": 1,
    }
    if "subject_token" not in given:
        given["subject_token"] = shop.session_token()
    return ask(shop, **wanted | given)


def refresh(shop: RunningShop, token: str) -> requests.Response:
    return ask(shop, grant_type="refresh_token", refresh_token=token)


def works(shop: RunningShop, token: str) -> bool:
    admin = Admin(shop, token)
    status = admin.post(document("shop")).status_code
    admin.session.close()
    assert status in {200, 401}
    return status == 200


def test_session_tokens_are_what_shopifys_libraries_accept(shop: RunningShop) -> None:
    token = shop.session_token()
    claims = session_token.decode_from_header(f"Bearer {token}", APP.client_id, APP.client_secret)
    assert claims["dest"] == "https://bazgasht-demo.myshopify.com"
    assert claims["iss"] == "https://bazgasht-demo.myshopify.com/admin"
    assert set(claims) == {"iss", "dest", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"}
    assert 55 <= claims["exp"] - time.time() <= 60
    theirs = ShopifyApp(client_id=APP.client_id, client_secret=APP.client_secret)
    request: RequestInput = {
        "method": "GET",
        "url": "https://app.test/?",
        "headers": {"Authorization": f"Bearer {token}"},
        "body": "",
    }
    verified = theirs.verify_app_home_req(request, app_home_patch_id_token_path="/patch")
    assert (verified.ok, verified.shop) == (True, "bazgasht-demo")


def test_claims_can_be_changed_and_left_out(shop: RunningShop) -> None:
    token = shop.session_token(exp=None, aud="another")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert "exp" not in claims
    assert claims["aud"] == "another"


def test_an_exchange_gives_expiring_tokens(shop: RunningShop) -> None:
    assert shop.services.counts()["installed"] == 0
    answer = exchange(shop)
    assert answer.status_code == 200
    body = answer.json()
    assert shop.services.counts()["installed"] == 1
    assert body["scope"] == ",".join(APP.scopes)
    assert (body["expires_in"], body["refresh_token_expires_in"]) == (3600, 7_776_000)
    assert works(shop, body["access_token"])


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"subject_token": "nonsense"}, "invalid_subject_token"),
        ({"subject_token_type": "jwt"}, "invalid_request"),
        ({"requested_token_type": "online"}, "invalid_request"),
        ({"expiring": 0}, "invalid_request"),
    ],
)
def test_bad_requests_are_refused(shop: RunningShop, given: dict[str, Any], error: str) -> None:
    answer = exchange(shop, **given)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"exp": None}, {"aud": "another"}, {"dest": "https://other.myshopify.com"}],
)
def test_only_this_shops_living_tokens_are_exchanged(
    shop: RunningShop, claims: dict[str, Any]
) -> None:
    answer = exchange(shop, subject_token=shop.session_token(**claims))
    assert answer.json()["error"] == "invalid_subject_token"


def test_a_refresh_rotates_the_pair(shop: RunningShop) -> None:
    first = exchange(shop).json()
    second = refresh(shop, first["refresh_token"]).json()
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert works(shop, second["access_token"])
    # The new pair was used, so the old refresh token is spent.
    answer = refresh(shop, first["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert refresh(shop, second["refresh_token"]).status_code == 200


def test_an_unused_refresh_may_be_tried_again(shop: RunningShop) -> None:
    first = exchange(shop).json()
    lost = refresh(shop, first["refresh_token"]).json()
    again = refresh(shop, first["refresh_token"]).json()
    assert again["refresh_token"] != lost["refresh_token"]
    # What the first try gave is worth nothing any more.
    assert not works(shop, lost["access_token"])
    assert refresh(shop, lost["refresh_token"]).status_code == 400
    assert works(shop, again["access_token"])


def test_an_answer_that_is_lost_after_the_rotation(shop: RunningShop) -> None:
    first = exchange(shop).json()
    shop.lose_next_token_answer()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        refresh(shop, first["refresh_token"])
    assert shop.shop.tokens.refreshes == 1
    second = refresh(shop, first["refresh_token"]).json()
    assert works(shop, second["access_token"])


def test_tokens_expire(shop: RunningShop) -> None:
    first = exchange(shop).json()
    shop.expire_access_tokens()
    assert not works(shop, first["access_token"])
    second = refresh(shop, first["refresh_token"]).json()
    assert works(shop, second["access_token"])
    shop.shop.tokens.refresh_seconds = -1
    third = refresh(shop, second["refresh_token"]).json()
    assert refresh(shop, third["refresh_token"]).status_code == 400


def test_a_rotated_secret_is_accepted_beside_the_first(shop: RunningShop) -> None:
    new = "another secret of thirty-two letters"
    shop.rotate_secret(new)
    answer = exchange(shop, client_secret=new)
    assert answer.status_code == 200
    assert exchange(shop).status_code == 200


def test_an_uninstall_ends_all_tokens_at_once(shop: RunningShop) -> None:
    token = shop.session_token()
    first = exchange(shop).json()
    shop.uninstall()
    assert not works(shop, first["access_token"])
    assert refresh(shop, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert exchange(shop, subject_token=token).json()["error"] == "invalid_subject_token"
    assert exchange(shop).status_code == 200
