"""The WooCommerce adapter as the rest of the product sees it."""

from collections.abc import Mapping, Sequence

from connector.http import GuardedSession
from connector.meanings import EventName, Meaning
from connector.platform import ConnectedStore, Credentials
from connector.woocommerce import events
from connector.woocommerce.client import Client
from connector.woocommerce.other_points import OtherPoints
from connector.woocommerce.reading import Reader
from connector.woocommerce.rewards import Rewards
from connector.woocommerce.subscriptions import Subscriptions
from connector.woocommerce.writing import Writer


class WooCommerceStore(Reader, Writer, Subscriptions, Rewards, OtherPoints):
    """One WooCommerce store's API; see `connector.platform.ConnectedStore`."""

    def __init__(self, credentials: Credentials, session: GuardedSession, region: str) -> None:
        Reader.__init__(self, Client(credentials, session), region)
        self._session = session

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()


class WooCommerce:
    """The platform; see `connector.platform.StorePlatform`."""

    name = "woocommerce"

    def is_ping(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether this is the platform's test call, to be answered 200 and not stored."""
        return events.is_ping(body, headers)

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
        """Whether one of the secrets signed these raw bytes; compared in constant time."""
        return events.verify(body, headers, secrets)

    def name_event(self, body: bytes, headers: Mapping[str, str]) -> EventName:
        """The event's topic and its key, unique per store. Never raises."""
        return events.name_event(body, headers)

    def interpret(self, topic: str, body: bytes, *, region: str) -> Meaning:
        """What a verified event means; see `connector.woocommerce.events.interpret`."""
        return events.interpret(topic, body, region=region)

    def topics_to_register(self, topics: Sequence[str]) -> Sequence[str]:
        """All of them."""
        return topics

    def categories_of(self, category_ids: Sequence[str], source: str) -> Sequence[str]:  # noqa: ARG002
        """All of them: a WooCommerce product's categories come from one place."""
        return category_ids

    def open(self, credentials: Credentials, *, region: str, development: bool) -> ConnectedStore:
        """A connection to one store; `development` allows loopback addresses and plain http."""
        return WooCommerceStore(credentials, GuardedSession(development=development), region)
