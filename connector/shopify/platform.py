"""The Shopify adapter as the rest of the product sees it."""

import json
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from connector.errors import BadPayload, CredentialsRefused
from connector.http import GuardedSession
from connector.meanings import EventName, Meaning
from connector.platform import ConnectedStore, Credentials
from connector.shopify import events
from connector.shopify.bulk import BulkFiles
from connector.shopify.categories import chosen
from connector.shopify.cost import CostBucket, LocalBucket
from connector.shopify.graphql import Client
from connector.shopify.reading import Reader
from connector.shopify.rewards import Rewards
from connector.shopify.session_token import SessionToken
from connector.shopify.shop import AppKeys, check_shop_url, shop_url
from connector.shopify.subscriptions import Subscriptions
from connector.shopify.tokens import MemoryKeeper, ShopTokens, TokenKeeper, Tokens, exchange
from connector.shopify.writing import Writer


class ShopifyStore(Reader, Writer, Subscriptions, Rewards):
    """One shop's API; see `connector.platform.ConnectedStore`."""

    def __init__(self, client: Client, session: GuardedSession, region: str) -> None:
        Reader.__init__(self, client, BulkFiles(client, session), region)
        Writer.__init__(self, client, region)
        self._session = session

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()


class LocalBuckets:
    """The buckets of shops within one process, one a shop."""

    def __init__(self) -> None:
        self._buckets: dict[str, CostBucket] = {}
        self._lock = Lock()

    def __call__(self, address: str) -> CostBucket:
        """The bucket of the shop at this address."""
        with self._lock:
            return self._buckets.setdefault(address, LocalBucket())


def keep_in_memory(credentials: Credentials) -> TokenKeeper:
    """Keeps the tokens of the credentials' secret, as `Tokens.as_json` writes them, in memory.

    Raises:
        BadPayload: they do not read.
    """
    return MemoryKeeper(Tokens.read(credentials.secret.encode()))


class Shopify:
    """The platform; see `connector.platform.StorePlatform`.

    `app` is needed to get and renew tokens. `keepers` and `buckets` give, for a shop, what all
    workers share: its tokens and its points. In development every shop may be a pretend one,
    reached at `pretend_address` whatever its domain is.
    """

    name = "shopify"

    def __init__(
        self,
        app: AppKeys | None = None,
        *,
        keepers: Callable[[Credentials], TokenKeeper] = keep_in_memory,
        buckets: Callable[[str], CostBucket] | None = None,
        pretend_address: str = "",
    ) -> None:
        self.app = app or AppKeys("", "")
        self._pretend_address = pretend_address
        self._keepers = keepers
        self._buckets = buckets or LocalBuckets()

    def is_ping(self, body: bytes, headers: Mapping[str, str]) -> bool:  # noqa: ARG002
        """No delivery is: Shopify sends no test calls."""
        return False

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
        """Whether one of the secrets signed these raw bytes; compared in constant time."""
        return events.verify(body, headers, secrets)

    def name_event(self, body: bytes, headers: Mapping[str, str]) -> EventName:
        """The event's topic and its key, unique per store. Never raises."""
        return events.name_event(body, headers)

    def interpret(self, topic: str, body: bytes, *, region: str) -> Meaning:
        """What a verified event means; see `connector.shopify.events.interpret`."""
        return events.interpret(topic, body, region=region)

    def topics_to_register(self, topics: Sequence[str]) -> Sequence[str]:  # noqa: ARG002
        """None: all are declared for every shop in shopify.app.toml, and would come twice."""
        return ()

    def categories_of(self, category_ids: Sequence[str], source: str) -> Sequence[str]:
        """The one from `source` (taxonomy, product_type, collection), else from the next place."""
        return chosen(category_ids, source)

    def open(self, credentials: Credentials, *, region: str, development: bool) -> ConnectedStore:
        """A connection to one shop; `development` allows a pretend one on loopback.

        Raises:
            ForbiddenAddress: the address is not a shop's.
            CredentialsRefused: the tokens do not read.
        """
        address = self.address(credentials.store_url, development=development)
        try:
            keeper = self._keepers(credentials)
        except BadPayload as error:
            raise CredentialsRefused(f"{error}; open the app in the shop to connect it") from None
        session = GuardedSession(development=development)
        tokens = ShopTokens(self.app, address, keeper, session)
        client = Client(address, tokens, session, self._buckets(address))
        return ShopifyStore(client, session, region)

    def address(self, store_url: str, *, development: bool) -> str:
        """Where a shop is called; ForbiddenAddress when it is no shop's address."""
        if development and self._pretend_address:
            return check_shop_url(self._pretend_address, development=True)
        return check_shop_url(store_url, development=development)

    def connected_by(self, token: SessionToken, *, development: bool) -> Credentials:
        """Credentials of the shop whose admin sent a verified session token.

        Raises:
            CredentialsRefused: the shop does not take the session token or the app's keys.
            TemporaryError: the shop did not answer.
        """
        store_url = shop_url(token.shop)
        session = GuardedSession(development=development)
        try:
            address = self.address(store_url, development=development)
            tokens = exchange(self.app, address, token, session)
        finally:
            session.close()
        return Credentials(store_url, key="", secret=json.dumps(tokens.as_json()))
