"""The app's configuration at Shopify, `shopify.app.toml`, made from the manifest.

Shopify's command line deploys the file. Scopes and topics come from the manifest, what is asked
of each topic's payload from the reader of events, the version from the GraphQL documents.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from connector.manifest import Manifest, PlatformEntry
from connector.shopify.events import COMPLIANCE_TOPICS, INCLUDE_FIELDS
from connector.shopify.shop import API_VERSION

EXAMPLE_URL = "https://bazgasht.example.com"
"""Stands in the file of the repository for where the app is really reached."""

EXAMPLE_CLIENT_ID = "0" * 32
"""Stands in the file of the repository for the app's own number at Shopify."""

HOME_PATH = "/shopify"
WEBHOOK_PATH = "/webhooks/shopify"
PROXY_PATH = "/shopify/proxy"
CALLBACK_PATH = "/install/shopify/callback"
PROXY_PREFIX = "apps"
PROXY_SUBPATH = "bazgasht"
PROXY_SCOPE = "write_app_proxy"

_CLIENT_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 30
_HEAD = "# Made from manifest.json by `bazgasht manifest`: change that, not this file.\n"


def app_config(manifest: Manifest, application_url: str, client_id: str) -> str:
    """The text of `shopify.app.toml`, the same for the same manifest.

    `application_url` is where the app is reached: https and a host, without a path. Shopify
    opens `HOME_PATH` there in its admin, delivers webhooks to `WEBHOOK_PATH`, and passes what
    shoppers ask of `/apps/bazgasht/…` in their shop on to `PROXY_PATH`. `client_id` is the
    app's own number at Shopify, 32 hexadecimal digits.

    Raises:
        ValueError: the address, the number or the manifest cannot be used; says how to mend it.
    """
    url = _checked_url(application_url)
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise ValueError("client_id: must be the 32 hexadecimal digits that Shopify shows")
    if len(manifest.name.en) > _LONGEST_NAME:
        raise ValueError(f"manifest name.en: must have at most {_LONGEST_NAME} letters")
    entry = _entry(manifest)
    tables = [
        _table(
            "",
            name=manifest.name.en,
            client_id=client_id,
            application_url=f"{url}{HOME_PATH}",
            embedded=True,
        ),
        _table("[access_scopes]", scopes=",".join(_scopes(entry))),
        _table("[auth]", redirect_urls=[f"{url}{CALLBACK_PATH}"]),
        _table("[webhooks]", api_version=API_VERSION),
        *_subscriptions(entry, f"{url}{WEBHOOK_PATH}"),
        _table("[app_proxy]", url=f"{url}{PROXY_PATH}", subpath=PROXY_SUBPATH, prefix=PROXY_PREFIX),
    ]
    return _HEAD + "\n".join(tables)


def _checked_url(address: str) -> str:
    parts = urlsplit(address)
    is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if parts.scheme != "https" or not parts.hostname or not is_plain:
        raise ValueError(
            f"application_url: must be https:// and a host with nothing after it, not {address!r}"
        )
    return address.rstrip("/")


def _entry(manifest: Manifest) -> PlatformEntry:
    entry = manifest.platforms.get("shopify")
    if entry is None:
        raise ValueError("manifest platforms: must have an entry `shopify`")
    return entry


def _scopes(entry: PlatformEntry) -> list[str]:
    scopes = re.findall(r"\w+", entry.scope)
    if PROXY_SCOPE not in scopes:
        raise ValueError(f"manifest shopify scope: must have {PROXY_SCOPE}, for the app proxy")
    return scopes


def _subscriptions(entry: PlatformEntry, address: str) -> Iterator[str]:
    """One subscription for all topics of which the same fields are asked, in their order."""
    by_fields: dict[tuple[str, ...], list[str]] = {}
    for topic in entry.topics:
        if topic in COMPLIANCE_TOPICS:
            continue
        if topic not in INCLUDE_FIELDS:
            raise ValueError(f"manifest shopify topics: {topic} is read by nothing; remove it")
        by_fields.setdefault(INCLUDE_FIELDS[topic], []).append(topic)
    header = "[[webhooks.subscriptions]]"
    for fields, topics in by_fields.items():
        narrowed = {"include_fields": fields} if fields else {}
        yield _table(header, topics=topics, uri=address, **narrowed)
    yield _table(header, compliance_topics=COMPLIANCE_TOPICS, uri=address)


def _table(header: str, **values: object) -> str:
    lines = [header] if header else []
    lines += [f"{name} = {_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A value in TOML, whose texts and truths are written as in JSON."""
    if isinstance(value, (list, tuple)):
        return "[" + "".join(f"\n  {_value(one)}," for one in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)
