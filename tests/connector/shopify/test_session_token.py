import time
from typing import Any

import jwt
import pytest

from connector.errors import BadSignature
from connector.shopify.session_token import verify_session_token
from tests.connector.shopify.pretend import APP

# Some tokens are made when the tests are collected, and must not run out before theirs.
DAY = 86_400


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {
        "iss": "https://tea.myshopify.com/admin",
        "dest": "https://tea.myshopify.com",
        "aud": APP.client_id,
        "sub": "42",
        "exp": now + DAY,
        "nbf": now,
        "iat": now,
        "jti": "j",
        "sid": "s",
    }
    return {key: value for key, value in {**known, **changed}.items() if value is not None}


def signed(secret: str = APP.client_secret, algorithm: str = "HS256", **changed: Any) -> str:
    return f"Bearer {jwt.encode(claims(**changed), secret, algorithm)}"


@pytest.mark.parametrize("secret", APP.secrets)
def test_a_genuine_token_tells_shop_and_user(secret: str) -> None:
    expires = int(time.time()) + 60
    header = signed(secret, exp=expires)
    token = verify_session_token(header, APP)
    assert (token.shop, token.user_id) == ("tea.myshopify.com", "42")
    assert token.expires_at.timestamp() == expires
    assert token.text == header.removeprefix("Bearer ")
    assert token.text not in repr(token)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + DAY},
        {"aud": "another app"},
        {"jti": None},
        {"dest": "https://milk.myshopify.com"},
        {"dest": "https://tea.myshopify.com/"},
        {"dest": 7},
        {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
        {"iss": "https://tea.myshopify.com.evil.example/admin"},
        {
            "iss": "https://tea.myshopify.com\n/admin",
            "dest": "https://tea.myshopify.com\n",
        },
        {"iss": "http://tea.myshopify.com/admin", "dest": "http://tea.myshopify.com"},
    ],
)
def test_what_is_not_right_is_not_believed(changed: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        verify_session_token(signed(**changed), APP)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer ",
        "Bearer ä.b.c",
        signed("somebody else's secret, long enough"),
        signed().removeprefix("Bearer "),
        f"Bearer {jwt.encode(claims(), '', 'none')}",
        signed()[:-4],
    ],
)
def test_what_is_not_signed_for_us_is_not_believed(header: str) -> None:
    with pytest.raises(BadSignature):
        verify_session_token(header, APP)
