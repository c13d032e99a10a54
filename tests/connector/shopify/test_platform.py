import pytest

from connector.errors import CredentialsRefused, ForbiddenAddress
from connector.http import GuardedSession
from connector.platform import Credentials
from connector.registry import platform, register
from connector.shopify import Shopify
from connector.shopify.platform import LocalBuckets
from connector.shopify.shop import check_shop_url, graphql_address, is_shop_domain, shop_url
from tests.connector.shopify.pretend import APP


def test_the_registry_gives_what_was_registered_last() -> None:
    before = platform("shopify")
    mine = Shopify(APP)
    register(mine)
    try:
        assert platform("shopify") is mine
    finally:
        register(before)
    with pytest.raises(ValueError, match="there are: woocommerce, shopify"):
        platform("magento")


def test_a_shop_is_called_at_its_own_domain_only() -> None:
    assert shop_url("tea-house.myshopify.com") == "https://tea-house.myshopify.com"
    assert (
        graphql_address("https://tea.myshopify.com", "token")
        == "https://tea.myshopify.com/admin/api/2026-10/graphql.json"
    )
    assert (
        graphql_address("http://127.0.0.1:8080", "token")
        == "http://127.0.0.1:8080/admin/api/2026-10/graphql.json"
    )
    good = "https://tea.myshopify.com"
    assert check_shop_url(f"{good}/", development=False) == good


@pytest.mark.parametrize(
    "domain",
    ["", "tea", ".myshopify.com", "-tea.myshopify.com", "tea.myshopify.com\n", "a.b.myshopify.com"],
)
def test_what_is_no_shops_domain(domain: str) -> None:
    assert not is_shop_domain(domain)
    with pytest.raises(ForbiddenAddress):
        shop_url(domain)


@pytest.mark.parametrize(
    "address",
    [
        "http://tea.myshopify.com",
        "https://tea.myshopify.com.evil.example",
        "https://tea.myshopify.com@evil.example",
        "https://tea.myshopify.com:8443",
        "https://tea.myshopify.com/admin",
        "https://evil.example",
        "http://127.0.0.1:8080",
        "http://10.0.0.1",
    ],
)
def test_what_is_no_shops_address(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_shop_url(address, development=False)


def test_a_pretend_shop_is_on_loopback() -> None:
    for address in ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"):
        assert check_shop_url(address, development=True) == address
    with pytest.raises(ForbiddenAddress):
        check_shop_url("http://10.0.0.1", development=True)


def test_tokens_that_do_not_read_ask_to_open_the_app() -> None:
    broken = Credentials("https://tea.myshopify.com", "", '{"access_token": "secret-1"}')
    with pytest.raises(CredentialsRefused, match="open the app in the shop") as raised:
        Shopify(APP).open(broken, region="IR", development=False)
    assert "secret-1" not in str(raised.value)


def test_no_delivery_is_a_ping() -> None:
    assert not Shopify().is_ping(b"", {})


def test_a_process_has_one_bucket_a_shop() -> None:
    buckets = LocalBuckets()
    assert buckets("https://a.myshopify.com") is buckets("https://a.myshopify.com")
    assert buckets("https://a.myshopify.com") is not buckets("https://b.myshopify.com")


def test_a_shop_is_not_called_over_plain_http_outside_development() -> None:
    session = GuardedSession()
    with pytest.raises(ForbiddenAddress):
        list(session.stream("http://tea.myshopify.com"))
    session.close()
