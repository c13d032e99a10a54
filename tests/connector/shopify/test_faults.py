"""What goes wrong on the way, against the sandbox's shop."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import CredentialsRefused, NotReady, RateLimited, TemporaryError
from connector.http import GuardedSession, Limits
from connector.platform import Credentials
from connector.shopify import Shopify
from connector.shopify.bulk import BulkFiles, Patience
from connector.shopify.platform import ShopifyStore, keep_in_memory
from connector.shopify.reading import SIXTY_DAYS
from connector.shopify.session_token import verify_session_token
from connector.shopify.shop import AppKeys
from connector.shopify.tokens import TokenKeeper, exchange
from sandbox.faults import Fault
from sandbox.shopify.api.cost import RateLimit
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.server import ShopOptions
from tests.connector.shopify.sandboxed import SandboxShop, credentials, sandbox_shop

APP = AppConfig()
KEYS = AppKeys(APP.client_id, APP.client_secret)


@pytest.fixture
def shop() -> Iterator[SandboxShop]:
    with sandbox_shop(ShopOptions(app=APP)) as shop:
        yield shop


def open_with(shop: SandboxShop, keeper: TokenKeeper) -> ShopifyStore:
    """A worker's connection; all workers share the keeper."""
    adapter = Shopify(KEYS, keepers=lambda _: keeper)
    opened = adapter.open(shop.credentials, region="IR", development=True)
    assert isinstance(opened, ShopifyStore)
    return opened


def test_tokens_that_run_out_mid_job_are_renewed_once_for_all_workers(shop: SandboxShop) -> None:
    keeper = keep_in_memory(shop.credentials)
    stores = [open_with(shop, keeper) for _ in range(4)]
    assert stores[0].profile().name
    shop.running.expire_access_tokens()
    with ThreadPoolExecutor(4) as workers:
        names = list(workers.map(lambda store: store.profile().name, stores))
    assert len(set(names)) == 1
    assert shop.shop.tokens.refreshes == 1
    for store in stores:
        store.close()


def test_an_answer_lost_after_the_shop_rotated_is_got_again(shop: SandboxShop) -> None:
    keeper = keep_in_memory(shop.credentials)
    store = open_with(shop, keeper)
    shop.running.expire_access_tokens()
    shop.running.lose_next_token_answer()
    assert store.profile().name
    # The shop gave out two pairs, of which the second is in use.
    assert shop.shop.tokens.refreshes == 2
    store.close()


def test_a_worker_that_fell_over_before_saving_is_no_loss(shop: SandboxShop) -> None:
    keeper = keep_in_memory(shop.credentials)
    shop.running.expire_access_tokens()
    shop.shop.tokens.refresh(keeper.current().refresh_token, APP.scopes)
    store = open_with(shop, keeper)
    assert store.profile().name
    store.close()


def test_an_uninstalled_shop_refuses_every_call(shop: SandboxShop) -> None:
    store = open_with(shop, keep_in_memory(shop.credentials))
    shop.running.uninstall()
    with pytest.raises(CredentialsRefused, match="open the app in the shop"):
        store.profile()
    store.close()


def test_a_shop_is_connected_by_its_admins_session_token_and_again_after_leaving(
    shop: SandboxShop,
) -> None:
    session = GuardedSession(development=True)
    for _ in range(2):
        shop.running.uninstall()
        token = verify_session_token(f"Bearer {shop.running.session_token()}", KEYS)
        tokens = exchange(KEYS, shop.running.url, token, session)
        assert token.shop == shop.running.domain
        assert tokens.scopes == APP.scopes
        shop.credentials = Credentials(shop.running.url, "", json.dumps(tokens.as_json()))
        store = open_with(shop, keep_in_memory(shop.credentials))
        assert store.profile().name
        store.close()
    session.close()


def test_missing_scopes_are_named(shop: SandboxShop) -> None:
    shop.credentials = credentials(
        shop.running, shop.running.new_token(("read_orders", "read_products"))
    )
    store = open_with(shop, keep_in_memory(shop.credentials))
    assert store.profile().warnings == (SIXTY_DAYS,)
    with pytest.raises(CredentialsRefused, match="customers"):
        store.read("customer", shop.account_ids()[0])
    store.close()


def test_an_empty_bucket_is_waited_for() -> None:
    options = ShopOptions(app=APP, rate_limit=RateLimit(1000, 200))
    with sandbox_shop(options) as shop:
        store = open_with(shop, keep_in_memory(shop.credentials))
        assert store.profile().name
        shop.running.empty_bucket()
        began = time.monotonic()
        products = shop.product_ids()[:2]
        assert [store.read("product", one) is not None for one in products] == [True, True]
        assert 0.1 < time.monotonic() - began < 10
        store.close()


def test_a_shop_that_throttles_for_long_is_left_to_the_jobs(shop: SandboxShop) -> None:
    store = open_with(shop, keep_in_memory(shop.credentials))
    store._session.limits = Limits(back_off_seconds=0.01, longest_wait=0.05)
    shop.running.add_fault(Fault("throttled", seconds=60))
    with pytest.raises(RateLimited) as raised:
        store.profile()
    assert raised.value.retry_after is not None
    shop.running.clear_faults()
    time.sleep(raised.value.retry_after)
    assert store.profile().name
    store.close()


def test_a_history_is_gone_on_with_in_another_process(shop: SandboxShop) -> None:
    shop.order_many(103)
    first = open_with(shop, keep_in_memory(shop.credentials))
    pages = first.pages("order")
    assert len(next(pages).records) == 100
    first.close()
    second = open_with(shop, keep_in_memory(shop.credentials))
    assert [len(page.records) for page in second.pages("order", first=2)] == [3]
    second.close()
    assert len(shop.running.bulk.listed()) == 1


def test_a_file_that_is_not_ready_is_come_back_for(shop: SandboxShop) -> None:
    shop.order_many(3)
    shop.running.bulk.hold()
    store = open_with(shop, keep_in_memory(shop.credentials))
    store._files = BulkFiles(store._client, store._session, Patience(0.1, 0.01, 0.02))
    with pytest.raises(NotReady):
        list(store.pages("order"))
    shop.running.bulk.release()
    store._files = BulkFiles(store._client, store._session, Patience(10, 0.01, 0.1))
    (page,) = store.pages("order")
    assert len(page.records) == 3
    assert len(shop.running.bulk.listed()) == 1
    store.close()


def test_a_file_that_failed_is_begun_anew(shop: SandboxShop) -> None:
    shop.order_many(3)
    shop.running.bulk.fail_next()
    store = open_with(shop, keep_in_memory(shop.credentials))
    with pytest.raises(TemporaryError, match="ended as FAILED"):
        list(store.pages("order"))
    (page,) = store.pages("order")
    assert len(page.records) == 3
    store.close()


def test_leaving_in_the_middle_of_a_history_ends_it(shop: SandboxShop) -> None:
    shop.order_many(3)
    shop.running.bulk.hold()
    store = open_with(shop, keep_in_memory(shop.credentials))
    store._files = BulkFiles(store._client, store._session, Patience(0.1, 0.01, 0.02))
    with pytest.raises(NotReady):
        list(store.pages("order"))
    shop.running.uninstall()
    with pytest.raises(CredentialsRefused):
        list(store.pages("order"))
    store.close()
