import hashlib
import hmac
import time
from urllib.parse import urlencode

import pytest

from connector.errors import BadSignature
from connector.shopify.app_proxy import verify_app_proxy
from tests.connector.shopify.pretend import APP

ADDRESS = "https://app.example/shopify/proxy/points"


def address(pairs: list[tuple[str, str]], secret: str = APP.client_secret) -> str:
    """The address as Shopify signs it: values of one name joined by commas, sorted by name."""
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        said.setdefault(name, []).append(value)
    text = "".join(f"{name}={','.join(said[name])}" for name in sorted(said))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ADDRESS}?{urlencode([*pairs, ('signature', signature)])}"


def pairs(**changed: str) -> list[tuple[str, str]]:
    said = {
        "logged_in_customer_id": "7",
        "path_prefix": "/apps/bazgasht",
        "shop": "tea.myshopify.com",
        "timestamp": str(int(time.time())),
        **changed,
    }
    return list(said.items())


@pytest.mark.parametrize("secret", APP.secrets)
def test_a_genuine_call_tells_the_shop_and_who_is_signed_in(secret: str) -> None:
    call = verify_app_proxy(address(pairs(locale="fa"), secret), APP)
    assert (call.shop, call.account_id, call.locale) == ("tea.myshopify.com", "7", "fa")


def test_a_stranger_has_no_account() -> None:
    assert verify_app_proxy(address(pairs(logged_in_customer_id="")), APP).account_id is None


def test_a_visitors_own_account_number_is_not_believed() -> None:
    with pytest.raises(BadSignature):
        verify_app_proxy(address([("logged_in_customer_id", "5"), *pairs()]), APP)


def test_a_signed_call_cannot_be_cut_up_into_another() -> None:
    genuine = address([("a", "logged_in_customer_id=5"), *pairs(logged_in_customer_id="")])
    signature = genuine.rpartition("=")[2]
    said = dict(pairs(logged_in_customer_id=""))
    forged = [
        ("a", ""),
        ("logged_in_customer_id", "5"),
        ("logged_in_customer_id=path_prefix", said["path_prefix"]),
        ("shop", said["shop"]),
        ("timestamp", said["timestamp"]),
        ("signature", signature),
    ]
    with pytest.raises(BadSignature):
        verify_app_proxy(f"{ADDRESS}?{urlencode(forged)}", APP)


@pytest.mark.parametrize(
    "bad",
    [
        ADDRESS,
        f"{ADDRESS}?shop",
        address(pairs(), "somebody else's"),
        address(pairs(timestamp=str(int(time.time()) - 91))),
        address(pairs(timestamp="soon")),
        address(pairs(shop="tea.myshopify.com.evil.example")),
        address(pairs(shop="")),
        address(pairs(logged_in_customer_id="seven")),
        address(pairs()).replace("shop=tea", "shop=milk"),
        address(pairs())[:-1] + "ä",
        address(pairs()).rpartition("&")[0],
    ],
)
def test_what_is_not_right_is_not_believed(bad: str) -> None:
    with pytest.raises(BadSignature):
        verify_app_proxy(bad, APP)
