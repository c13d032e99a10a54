"""Who is told of what: webhook subscriptions made by the API or declared by the app."""

from dataclasses import dataclass, field
from itertools import count

from sandbox import clock
from sandbox.shopify.app_config import COMPLIANCE_TOPICS, AppConfig

OWN_APP = "own"
TOPICS = (
    "app/scopes_update",
    "app/uninstalled",
    "bulk_operations/finish",
    "collections/create",
    "collections/delete",
    "collections/update",
    "customers/create",
    "customers/delete",
    "customers/merge",
    "customers/update",
    "orders/cancelled",
    "orders/create",
    "orders/delete",
    "orders/edited",
    "orders/paid",
    "orders/updated",
    "products/create",
    "products/delete",
    "products/update",
    "refunds/create",
    "shop/update",
)
SCOPES = {"orders": "orders", "refunds": "orders", "products": "products"}
SCOPES |= {"collections": "products", "customers": "customers"}
FAILURES_BEFORE_REMOVAL = 8


def enum_name(topic: str) -> str:
    """A topic as GraphQL names it: ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


BY_ENUM_NAME = {enum_name(topic): topic for topic in TOPICS}


def needed_scope(topic: str) -> str | None:
    """The scope that a subscription to a topic needs; None when it needs none."""
    resource = SCOPES.get(topic.split("/", maxsplit=1)[0])
    return f"read_{resource}" if resource else None


@dataclass
class Subscription:
    """One subscription; `app` is whose it is, `by_api` tells it from the app's configuration."""

    id: int
    topic: str
    uri: str
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()
    filter: str | None = None
    format: str = "JSON"
    name: str | None = None
    app: str = OWN_APP
    by_api: bool = True
    created: int = field(default_factory=clock.now)
    updated: int = field(default_factory=clock.now)
    failures_in_a_row: int = 0


class Subscriptions:
    """All subscriptions of a shop."""

    def __init__(self, app: AppConfig) -> None:
        self._ids = count(1_001_001)
        self._listed: dict[int, Subscription] = {}
        for one in app.subscriptions:
            self.add(
                Subscription(
                    next(self._ids),
                    one.topic,
                    one.uri,
                    one.include_fields,
                    one.metafield_namespaces,
                    by_api=False,
                )
            )

    def next_id(self) -> int:
        """An id for a new subscription."""
        return next(self._ids)

    def add(self, subscription: Subscription) -> Subscription:
        """Keep a subscription."""
        self._listed[subscription.id] = subscription
        return subscription

    def by_api(self, app: str = OWN_APP) -> list[Subscription]:
        """The subscriptions that an app made by the API, the oldest first."""
        return [one for one in self._listed.values() if one.by_api and one.app == app]

    def get(self, number: int | None) -> Subscription | None:
        """A subscription of the app, made by the API."""
        found = self._listed.get(number or 0)
        return found if found and found.by_api and found.app == OWN_APP else None

    def remove(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._listed.pop(subscription.id, None)

    def remove_own(self) -> None:
        """Forget what the app subscribed to by the API, as an uninstall does."""
        for one in self.by_api():
            self.remove(one)

    def listening(self, topic: str, scopes: tuple[str, ...] | None) -> list[Subscription]:
        """Who is told of a topic; `scopes` are the installed app's, None when it is not."""

        def is_told(one: Subscription) -> bool:
            if one.topic != topic:
                return False
            if one.app != OWN_APP or topic in COMPLIANCE_TOPICS:
                return True
            needed = needed_scope(topic)
            if scopes is None:
                return False
            return needed is None or needed in scopes or needed.replace("read", "write") in scopes

        return [one for one in self._listed.values() if is_told(one)]

    def note(self, subscription: Subscription, *, succeeded: bool) -> None:
        """Count failures in a row; too many remove a subscription that the API made."""
        if succeeded:
            subscription.failures_in_a_row = 0
            return
        subscription.failures_in_a_row += 1
        if subscription.by_api and subscription.failures_in_a_row >= FAILURES_BEFORE_REMOVAL:
            self.remove(subscription)
