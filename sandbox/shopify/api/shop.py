"""The shop, the installed app, and tags."""

from typing import Any

from sandbox.operations import customers as accounts
from sandbox.operations import orders, products
from sandbox.shopify.api.call import Call, Resolvers, bad_request, user_error
from sandbox.shopify.api.nodes import node_of
from sandbox.shopify.gid import gid, parts

MOST_TAGS = 250
INSTALLATION_ID = 700_000_001
MERCHANT_SCOPES = {"Order": "write_orders", "Product": "write_products"}
MERCHANT_SCOPES |= {"Customer": "write_customers"}


def _currencies(_shop: Any, call: Call) -> list[str]:
    shown = {one.currency for one in call.shop.presentments.values()}
    own = call.shop.store.settings.currency
    return [own, *sorted(shown - {own})]


def _retag(call: Call, owner: str, tags: list[str], *, keep: bool) -> dict[str, Any]:
    kind = (parts(owner) or ("", ""))[0]
    if kind not in MERCHANT_SCOPES:
        raise bad_request(f"Invalid global id '{owner}'")
    call.require(MERCHANT_SCOPES[kind], "tagsAdd" if keep else "tagsRemove")
    node = node_of(owner, call)
    if node is None:
        return {"node": None, "userErrors": [user_error(f"{kind} does not exist", "id")]}
    before = call.shop.tags.get(owner, ())
    given = [tag.strip() for tag in tags if tag.strip()]
    known = {tag.casefold() for tag in (before if keep else given)}
    source = given if keep else before
    changed = tuple(tag for tag in source if tag.casefold() not in known)
    after = (*before, *changed) if keep else changed
    if len(after) > MOST_TAGS:
        return {"node": None, "userErrors": [user_error(f"Tags exceed {MOST_TAGS}", "tags")]}
    call.shop.tags[owner] = after
    if call.shop.tags[owner] != before:
        touch(call, kind, node)
    return {"node": node, "userErrors": []}


def touch(call: Call, kind: str, node: Any) -> None:
    """Note that an app changed an object: its updatedAt, and the webhook that tells of it."""
    store = call.shop.store
    if kind == "Order":
        orders.changed(store, node, None)
    elif kind == "Product":
        products.changed(store, node)
    elif kind == "Customer":
        accounts.changed(store, node)


RESOLVERS: Resolvers = {
    "QueryRoot": {
        "shop": lambda _root, call: call.shop,
        "currentAppInstallation": lambda _root, call: call.shop.app,
    },
    "Mutation": {
        "tagsAdd": lambda _root, call, id, tags: _retag(  # noqa: A006
            call, id, tags, keep=True
        ),
        "tagsRemove": lambda _root, call, id, tags: _retag(  # noqa: A006
            call, id, tags, keep=False
        ),
    },
    "Shop": {
        "id": lambda shop, _call: gid("Shop", shop.profile.id),
        "name": lambda shop, _call: shop.store.settings.name,
        "email": lambda shop, _call: shop.profile.email,
        "myshopifyDomain": lambda shop, _call: shop.profile.domain,
        "currencyCode": lambda shop, _call: shop.store.settings.currency,
        "enabledPresentmentCurrencies": _currencies,
        "ianaTimezone": lambda shop, _call: shop.store.settings.time_zone,
        "plan": lambda shop, _call: shop.profile.plan,
        "shopAddress": lambda shop, _call: shop.profile.country,
    },
    "ShopPlan": {"publicDisplayName": lambda plan, _call: plan},
    "ShopAddress": {
        "id": lambda _country, call: gid("ShopAddress", call.shop.profile.id),
        "countryCodeV2": lambda country, _call: country,
    },
    "AppInstallation": {
        "id": lambda _app, _call: gid("AppInstallation", INSTALLATION_ID),
        "accessScopes": lambda _app, call: sorted(call.shop.scopes or ()),
        "app": lambda app, _call: app,
    },
    "AccessScope": {"handle": lambda handle, _call: handle},
    "App": {
        "id": lambda app, _call: gid("App", app.id),
        "apiKey": lambda app, _call: app.client_id,
        "handle": lambda app, _call: app.handle,
    },
}
