"""Webhook subscriptions made by the API."""

from typing import Any
from urllib.parse import urlsplit

from sandbox import clock
from sandbox.shopify.api.call import Call, Resolvers, bad_request, user_error
from sandbox.shopify.api.connections import Page, listed
from sandbox.shopify.deliveries import API_VERSION
from sandbox.shopify.gid import gid, number_in
from sandbox.shopify.subscriptions import (
    BY_ENUM_NAME,
    Subscription,
    enum_name,
    needed_scope,
)
from sandbox.shopify.times import utc_text

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
INPUT = "webhookSubscription"
GONE = "Webhook subscription does not exist"


def _subscriptions(_root: Any, call: Call, **arguments: Any) -> Page:
    found = call.shop.subscriptions.by_api()
    if arguments.get("topics"):
        found = [one for one in found if enum_name(one.topic) in arguments["topics"]]
    for name in ("uri", "callbackUrl"):
        if arguments.get(name):
            found = [one for one in found if one.uri == arguments[name]]
    return listed(call, found, arguments)


def _uri_problem(call: Call, topic: str, uri: str | None, own: int) -> str | None:
    if not uri:
        return "Address can't be blank"
    address = urlsplit(uri)
    if address.scheme not in {"http", "https"} or not address.hostname:
        return "Address is invalid"
    if address.scheme == "http" and address.hostname not in LOOPBACK:
        return "Address protocol http:// is not supported"
    others = (one for one in call.shop.subscriptions.by_api() if one.id != own)
    if any((one.topic, one.uri) == (topic, uri) for one in others):
        return "Address for this topic has already been taken"
    return None


def _refused(message: str, *path: str) -> dict[str, Any]:
    return {"webhookSubscription": None, "userErrors": [user_error(message, *path)]}


def _fill(subscription: Subscription, call: Call, wanted: dict[str, Any]) -> None:
    if wanted.get("filter"):
        raise bad_request("the pretend shop does not filter webhooks")
    if wanted.get("format") == "XML":
        raise bad_request("the pretend shop does not write XML")
    book = call.shop.metafields
    namespaces = wanted.get("metafieldNamespaces", subscription.metafield_namespaces)
    subscription.uri = wanted.get("uri") or wanted.get("callbackUrl") or subscription.uri
    subscription.include_fields = tuple(wanted.get("includeFields", subscription.include_fields))
    subscription.metafield_namespaces = tuple(book.resolved(name) for name in namespaces)
    subscription.name = wanted.get("name", subscription.name)
    subscription.updated = clock.now()


def _create(
    _root: Any,
    call: Call,
    topic: str,
    webhookSubscription: dict[str, Any],  # noqa: N803
) -> dict[str, Any]:
    if topic not in BY_ENUM_NAME:
        raise bad_request(f"the pretend shop has no webhooks of the topic {topic}")
    path, scope = BY_ENUM_NAME[topic], needed_scope(BY_ENUM_NAME[topic])
    if scope and not call.shop.has_scope(scope):
        message = "You cannot create a webhook subscription with the specified topic"
        return _refused(message, INPUT, "topic")
    wanted = webhookSubscription
    problem = _uri_problem(call, path, wanted.get("uri") or wanted.get("callbackUrl"), 0)
    if problem:
        return _refused(problem, INPUT, "uri")
    made = Subscription(call.shop.subscriptions.next_id(), path, "")
    _fill(made, call, wanted)
    call.shop.subscriptions.add(made)
    return {"webhookSubscription": made, "userErrors": []}


def _update(
    _root: Any,
    call: Call,
    id: str,  # noqa: A002
    webhookSubscription: dict[str, Any],  # noqa: N803
) -> dict[str, Any]:
    found = call.shop.subscriptions.get(number_in(id, "WebhookSubscription"))
    if found is None:
        return _refused(GONE, "id")
    wanted = webhookSubscription
    uri = wanted.get("uri") or wanted.get("callbackUrl") or found.uri
    problem = _uri_problem(call, found.topic, uri, found.id)
    if problem:
        return _refused(problem, INPUT, "uri")
    _fill(found, call, wanted)
    return {"webhookSubscription": found, "userErrors": []}


def _delete(_root: Any, call: Call, id: str) -> dict[str, Any]:  # noqa: A002
    found = call.shop.subscriptions.get(number_in(id, "WebhookSubscription"))
    if found is None:
        return {"deletedWebhookSubscriptionId": None, "userErrors": [user_error(GONE, "id")]}
    call.shop.subscriptions.remove(found)
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


RESOLVERS: Resolvers = {
    "QueryRoot": {"webhookSubscriptions": _subscriptions},
    "Mutation": {
        "webhookSubscriptionCreate": _create,
        "webhookSubscriptionUpdate": _update,
        "webhookSubscriptionDelete": _delete,
    },
    "WebhookSubscription": {
        "id": lambda one, _call: gid("WebhookSubscription", one.id),
        "legacyResourceId": lambda one, _call: one.id,
        "topic": lambda one, _call: enum_name(one.topic),
        "uri": lambda one, _call: one.uri,
        "format": lambda one, _call: one.format,
        "includeFields": lambda one, _call: one.include_fields,
        "metafieldNamespaces": lambda one, _call: one.metafield_namespaces,
        "filter": lambda one, _call: one.filter,
        "name": lambda one, _call: one.name,
        "createdAt": lambda one, _call: utc_text(one.created),
        "updatedAt": lambda one, _call: utc_text(one.updated),
        "apiVersion": lambda _one, _call: API_VERSION,
    },
    "ApiVersion": {"handle": lambda version, _call: version},
}
