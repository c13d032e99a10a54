"""The app's life in the shop: installed, granted scopes, uninstalled, and made to forget."""

from typing import Any

from sandbox import clock
from sandbox.records import Customer
from sandbox.shopify import session_tokens
from sandbox.shopify.bulk.operations import BulkOperations
from sandbox.shopify.events import Events
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads.common import Payload, moment
from sandbox.shopify.shop import Shop


class Installation:
    """What a merchant does with the app. Shopify manages the installation itself.

    `secret` signs session tokens; it is the newest of the app's.
    """

    def __init__(self, shop: Shop, events: Events, bulk: BulkOperations) -> None:
        self.shop = shop
        self.events = events
        self.bulk = bulk
        self.secret = shop.app.client_secret
        self._requests = 9_999

    def install(self, scopes: tuple[str, ...] | None = None) -> None:
        """Install the app, or grant it other scopes; by default those it asks for."""
        granted = tuple(sorted(self.shop.app.scopes if scopes is None else scopes))
        with self.shop.store.change():
            before, self.shop.scopes = self.shop.scopes, granted
            if before is not None and before != granted:
                self.events.tell("app/scopes_update", self._scopes_changed(before, granted))

    def _scopes_changed(self, before: tuple[str, ...], now: tuple[str, ...]) -> Payload:
        return {
            "id": 1,
            "shop_id": gid("Shop", self.shop.profile.id),
            "previous": list(before),
            "current": list(now),
            "updated_at": moment(self.shop, clock.now()),
        }

    def session_token(self, **claims: Any) -> str:
        """Open the app in the admin, which installs it when it is not.

        `claims` replace or, with None, leave out claims of the token.
        """
        if self.shop.scopes is None:
            self.install()
        shop = self.shop
        return session_tokens.make(shop.app, shop.profile.domain, self.secret, **claims)

    def uninstall(self) -> None:
        """Take the app out: tokens end at once, app/uninstalled is sent."""
        with self.shop.store.change():
            self.events.tell("app/uninstalled", self.about_shop())
            self.shop.scopes = None
            self.shop.tokens.revoke()
            self.shop.subscriptions.remove_own()
            self.bulk.cancel_all()

    def change_shop(self, name: str) -> None:
        """Rename the shop: shop/update."""
        with self.shop.store.change():
            self.shop.rename(name)
            self.events.tell("shop/update", self.about_shop())

    def redact_shop(self) -> None:
        """Ask for the shop's data to be erased, as Shopify does 48 hours after an uninstall."""
        self._comply("shop/redact", {})

    def request_customer_data(self, customer: Customer) -> None:
        """Ask for everything that the app knows of a customer."""
        self._requests += 1
        more = {
            "orders_requested": self._orders(customer),
            "data_request": {"id": self._requests},
        }
        self._comply("customers/data_request", self._about(customer) | more)

    def redact_customer(self, customer: Customer) -> None:
        """Ask for everything that the app knows of a customer to be erased."""
        more = {"orders_to_redact": self._orders(customer)}
        self._comply("customers/redact", self._about(customer) | more)

    def _comply(self, topic: str, body: Payload) -> None:
        profile = self.shop.profile
        own = {"shop_id": profile.id, "shop_domain": profile.domain}
        with self.shop.store.change():
            self.events.tell(topic, own | body)

    def _about(self, customer: Customer) -> Payload:
        phone = customer.billing.get("phone") or None
        return {"customer": {"id": customer.id, "email": customer.email, "phone": phone}}

    def _orders(self, customer: Customer) -> list[int]:
        orders = self.shop.store.orders.values()
        return [order.id for order in orders if order.customer_id == customer.id]

    def about_shop(self) -> Payload:
        """The shop, as app/uninstalled and shop/update send it."""
        settings, profile = self.shop.store.settings, self.shop.profile
        return {
            "id": profile.id,
            "name": settings.name,
            "email": profile.email,
            "domain": profile.domain,
            "country": profile.country,
            "country_code": profile.country,
            "primary_locale": "en",
            "currency": settings.currency,
            "iana_timezone": settings.time_zone,
            "plan_display_name": profile.plan,
            "myshopify_domain": profile.domain,
        }
