"""The running Shopify shop: its Flask app, and a helper for tests."""

import ssl
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from flask import Flask

from sandbox import control, faults, storefront
from sandbox.faults import Fault, Faults
from sandbox.live import LiveOrders
from sandbox.records import Customer
from sandbox.running import Running
from sandbox.services import EXTENSION
from sandbox.shopify import admin, oauth, proxy
from sandbox.shopify import control as shopify_control
from sandbox.shopify.api.call import Call
from sandbox.shopify.api.cost import Bucket, RateLimit
from sandbox.shopify.api.execution import AdminApi
from sandbox.shopify.api.schema import AdminSchema
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.bulk.evaluation import Evaluation
from sandbox.shopify.bulk.operations import BulkOperation, BulkOperations
from sandbox.shopify.deliveries import ShopDeliveries, WebhookPolicy
from sandbox.shopify.events import Events
from sandbox.shopify.gid import gid
from sandbox.shopify.installation import Installation
from sandbox.shopify.operations import Merchant
from sandbox.shopify.payloads.common import moment
from sandbox.shopify.services import ShopServices
from sandbox.shopify.shop import Shop, ShopProfile
from sandbox.shopify.subscriptions import Subscription
from sandbox.shopify.tokens import TokenBook, TokenPair
from sandbox.shopify.trim_schema import SCHEMA_FILE
from sandbox.store import Store


@dataclass(frozen=True)
class ShopOptions:
    """What shapes a shop beyond its data."""

    app: AppConfig = field(default_factory=AppConfig)
    profile: ShopProfile = field(default_factory=ShopProfile)
    delivery: WebhookPolicy = field(default_factory=WebhookPolicy)
    rate_limit: RateLimit = field(default_factory=RateLimit)
    access_seconds: float = 3600
    refresh_seconds: float = 7_776_000
    native_recommendations: bool = True


@cache
def admin_schema() -> AdminSchema:
    """The schema that all shops share: resolvers are told their shop with each call."""
    return AdminSchema(SCHEMA_FILE.read_text(encoding="utf-8"))


def create_app(store: Store, options: ShopOptions | None = None) -> Flask:
    """The app of a shop; it delivers nothing until its deliveries are started.

    Raises ValueError when the store's currency is none of Shopify's.
    """
    options = options or ShopOptions()
    schema = admin_schema()
    currencies = getattr(schema.schema.type_map["CurrencyCode"], "values", {})
    if store.settings.currency not in currencies:
        raise ValueError(f"currency is {store.settings.currency!r}; Shopify does not know it")
    app = Flask("sandbox.shopify", template_folder="../templates")
    app.url_map.strict_slashes = False
    running = _services(store, options, schema)
    app.extensions[EXTENSION] = running
    faults.install(app, running.faults, admin.key_of_request, admin.fault_answer)
    for module in (admin, oauth, control, shopify_control, storefront):
        app.register_blueprint(module.routes)
    proxy.register(app, options.app.proxy_prefix, options.app.proxy_subpath)
    return app


def _services(store: Store, options: ShopOptions, schema: AdminSchema) -> ShopServices:
    tokens = TokenBook(options.access_seconds, options.refresh_seconds)
    shop = Shop(store, options.app, options.profile, tokens)
    shop.metafields.native_allowed = options.native_recommendations
    deliveries = ShopDeliveries(
        shop.subscriptions,
        options.profile.domain,
        options.app.client_secret,
        store.lock,
        options.delivery,
    )
    events, bulk = Events(shop, deliveries), BulkOperations(store)
    bulk.schema = schema.schema
    bulk_call = Call(shop, events, bulk, is_bulk=True)
    bulk.evaluate = lambda query, grouped: Evaluation(schema, bulk_call, store.lock).portions(
        query, grouped=grouped
    )
    bulk.finished = lambda operation: events.tell(
        "bulk_operations/finish", _finished(shop, operation)
    )
    return ShopServices(
        store=store,
        deliveries=deliveries,
        faults=Faults(admin.FAULT_KINDS),
        live=LiveOrders(store),
        shop=shop,
        events=events,
        bulk=bulk,
        api=AdminApi(schema, Bucket(options.rate_limit)),
        installation=Installation(shop, events, bulk),
        merchant=Merchant(shop, events),
    )


def _finished(shop: Shop, operation: BulkOperation) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": gid("BulkOperation", operation.id),
        "completed_at": moment(shop, operation.completed),
        "created_at": moment(shop, operation.created),
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": "query",
    }


class RunningShop(Running):
    """A Shopify shop that serves and delivers while the context lasts.

    `merchant` does what merchants and shoppers do, `installation` what concerns the app,
    `bulk` has the levers on bulk operations; the rest is as for every `Running` store.
    """

    def __init__(
        self,
        store: Store,
        options: ShopOptions | None = None,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        url: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        app = create_app(store, options)
        super().__init__(app, address=address, url=url, tls=tls)
        services: ShopServices = app.extensions[EXTENSION]
        self.services = services
        self.shop: Shop = services.shop
        self.merchant: Merchant = services.merchant
        self.installation: Installation = services.installation
        self.bulk: BulkOperations = services.bulk

    @property
    def deliveries(self) -> ShopDeliveries:
        """The queue of webhook deliveries."""
        return self.services.deliveries

    @property
    def domain(self) -> str:
        """The shop's name.myshopify.com, whose requests this server answers."""
        return self.shop.profile.domain

    def stop(self) -> None:
        """End serving, delivering and bulk operations."""
        self.bulk.stop()
        super().stop()

    def session_token(self, **claims: Any) -> str:
        """A session token of the admin, which installs the app when it is not."""
        return self.installation.session_token(**claims)

    def new_token(self, scopes: tuple[str, ...] | None = None) -> TokenPair:
        """Install the app with scopes, by default those it asks for, and give it tokens."""
        self.installation.install(scopes)
        return self.shop.tokens.issue(self.shop.scopes or ())

    def install(self, scopes: tuple[str, ...] | None = None) -> None:
        """Install the app, or grant it other scopes."""
        self.installation.install(scopes)

    def uninstall(self) -> None:
        """Uninstall the app: tokens end at once, app/uninstalled is sent."""
        self.installation.uninstall()

    def redact_shop(self) -> None:
        """Send shop/redact."""
        self.installation.redact_shop()

    def request_customer_data(self, customer: Customer) -> None:
        """Send customers/data_request."""
        self.installation.request_customer_data(customer)

    def redact_customer(self, customer: Customer) -> None:
        """Send customers/redact."""
        self.installation.redact_customer(customer)

    def expire_access_tokens(self, *, unused: bool = True) -> None:
        """Let every access token expire now, or only those that have been used."""
        self.shop.tokens.expire_access(unused=unused)

    def lose_next_token_answer(self) -> None:
        """Carry out the next request to the token endpoint, and cut its answer off."""
        self.add_fault(Fault("half_answer", times=1, path=oauth.PATH))

    def empty_bucket(self) -> None:
        """Leave the app no points."""
        self.services.api.bucket.empty()

    def limit_rate(self, **limits: Any) -> None:
        """Change members of the `RateLimit`, as when the shop changes its plan."""
        bucket = self.services.api.bucket
        bucket.limit = replace(bucket.limit, **limits)

    def restore_points(self, seconds: float) -> None:
        """Restore at once the points of so many seconds."""
        self.services.api.bucket.let_pass(seconds)

    def allow_native_recommendations(self, *, allowed: bool) -> None:
        """Say whether the shop lets apps write the native recommendations."""
        self.shop.metafields.native_allowed = allowed

    def rotate_secret(self, secret: str) -> None:
        """Sign webhooks, session tokens and proxied pages with another secret from now on."""
        self.services.deliveries.secret = secret
        self.installation.secret = secret

    def subscribe_another_app(self, topic: str, uri: str) -> Subscription:
        """A subscription that another app made."""
        listed = self.shop.subscriptions
        return listed.add(Subscription(listed.next_id(), topic, uri, app="another"))
