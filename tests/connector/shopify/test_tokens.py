from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import jwt
import pytest

from connector.errors import BadPayload, CredentialsRefused, Refused, TemporaryError
from connector.http import GuardedSession
from connector.shopify.session_token import verify_session_token
from connector.shopify.shop import AppKeys
from connector.shopify.tokens import MemoryKeeper, ShopTokens, Tokens, exchange, refresh
from tests.connector.recordings import Recorded, answer
from tests.connector.shopify.conftest import OpenShop
from tests.connector.shopify.pretend import APP, OAUTH, PretendShop, grant, tokens

ENDPOINT = f"POST {OAUTH}"


def shop_tokens(
    shop: PretendShop, session: GuardedSession, keeper: MemoryKeeper, app: AppKeys = APP
) -> ShopTokens:
    return ShopTokens(app, shop.url, keeper, session)


def test_a_fresh_token_is_used_without_asking(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop({})
    assert shop_tokens(shop, session, MemoryKeeper(tokens(1))).token() == "access-1"
    assert shop.calls == []


def test_a_token_about_to_run_out_is_renewed_first(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({ENDPOINT: [grant(2)]})
    keeper = MemoryKeeper(tokens(1, minutes=1.9))
    assert shop_tokens(shop, session, keeper).token() == "access-2"
    (call,) = shop.calls
    assert call.content == {
        "client_id": "client-1",
        "client_secret": "the newest secret of thirty-two+",
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
    }
    kept = keeper.current()
    assert (kept.access_token, kept.refresh_token) == ("access-2", "refresh-2")
    assert kept.scopes == ("read_orders", "write_products")
    now = datetime.now(UTC)
    assert timedelta(minutes=59) < kept.expires_at - now <= timedelta(hours=1)
    assert timedelta(days=89) < kept.refresh_expires_at - now <= timedelta(days=90)


def test_two_workers_renew_once(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop({ENDPOINT: [grant(2), grant(3)]})
    keeper = MemoryKeeper(tokens(1))
    barrier = Barrier(2)

    def renew() -> str:
        barrier.wait()
        return shop_tokens(shop, session, keeper).renewed("access-1")

    with ThreadPoolExecutor(2) as workers:
        found = [one.result() for one in [workers.submit(renew), workers.submit(renew)]]
    assert found == ["access-2", "access-2"]
    assert len(shop.calls) == 1


def test_an_answer_that_got_lost_is_asked_for_again_with_the_old_refresh_token(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    lost = Recorded(b'{"access_tok', 200, length=500)
    shop = open_shop({ENDPOINT: [lost, Recorded(b"{", 200), Recorded(b"", 503), grant(3)]})
    keeper = MemoryKeeper(tokens(1))
    assert shop_tokens(shop, session, keeper).renewed("access-1") == "access-3"
    assert [call.content["refresh_token"] for call in shop.calls] == ["refresh-1"] * 4


def test_while_the_shop_is_away_the_old_tokens_stay(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({ENDPOINT: [Recorded(b"", 503)]})
    keeper = MemoryKeeper(tokens(1))
    with pytest.raises(TemporaryError):
        shop_tokens(shop, session, keeper).renewed("access-1")
    assert keeper.current().refresh_token == "refresh-1"


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "something_new"])
def test_a_refused_renewal_asks_to_open_the_app(
    open_shop: OpenShop, session: GuardedSession, code: str
) -> None:
    shop = open_shop({ENDPOINT: [answer({"error": code}, status=400)]})
    with pytest.raises(CredentialsRefused, match="open the app in the shop"):
        refresh(APP, shop.url, tokens(1), session)


def test_a_refresh_token_that_has_run_out_is_not_sent(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({})
    old = Tokens("a", datetime.now(UTC), "r", datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(CredentialsRefused, match="refresh_token_expired"):
        refresh(APP, shop.url, old, session)
    assert shop.calls == []


def test_a_token_that_does_not_expire_is_not_accepted(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({ENDPOINT: [answer({"access_token": "for ever", "scope": ""})]})
    with pytest.raises(Refused, match="must use expiring offline tokens") as raised:
        refresh(APP, shop.url, tokens(1), session)
    assert "for ever" not in str(raised.value)


def test_without_the_apps_keys_nothing_is_renewed(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({})
    with pytest.raises(Refused, match="client id and secret are not set"):
        refresh(AppKeys("", ""), shop.url, tokens(1), session)


def test_a_session_token_is_exchanged_for_an_expiring_offline_token(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({ENDPOINT: [grant(1)]})
    claims = {
        "iss": "https://tea.myshopify.com/admin",
        "dest": "https://tea.myshopify.com",
        "aud": "client-1",
        "sub": "42",
        "exp": datetime.now(UTC) + timedelta(minutes=1),
        "jti": "j",
        "sid": "s",
    }
    text = jwt.encode(claims, APP.client_secret, "HS256")
    got = exchange(APP, shop.url, verify_session_token(f"Bearer {text}", APP), session)
    assert (got.access_token, got.refresh_token) == ("access-1", "refresh-1")
    (call,) = shop.calls
    assert call.content == {
        "client_id": "client-1",
        "client_secret": "the newest secret of thirty-two+",
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": text,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        "expiring": 1,
    }


def test_tokens_are_kept_as_json_and_read_again() -> None:
    known = tokens(1)
    assert Tokens.read(known.as_json()) == known
    assert "access-1" not in repr(known)
    with pytest.raises(BadPayload, match="the shop's tokens: refresh_token: Field required"):
        Tokens.read({k: v for k, v in known.as_json().items() if k != "refresh_token"})
