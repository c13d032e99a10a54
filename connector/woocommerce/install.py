"""Connecting a WooCommerce store: its address, its own wc-auth page, the keys it sends."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import idna
from pydantic import BaseModel, ConfigDict, StringConstraints

from connector.errors import ForbiddenAddress
from connector.values import validate

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~%-]+)*")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".lan")


@dataclass(frozen=True, slots=True)
class GrantedKey:
    """The key that a store has made for us; `state` is the one the authorisation began with."""

    state: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    may_write: bool


_Token = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]


class _CallbackPayload(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    user_id: _Token
    consumer_key: _Token
    consumer_secret: _Token
    key_permissions: str


def authorize_url(
    store_url: str, *, state: str, return_url: str, callback_url: str, app_name: str, scope: str
) -> str:
    """The store's own page on which the merchant grants us a key.

    `state` comes back with the key, as the callback's `user_id`. The callback is not signed and
    the page's link can be used again, so the state must be random and valid once.

    Raises:
        ForbiddenAddress: the callback is not https, which the store would refuse.
    """
    if urlsplit(callback_url).scheme != "https":
        raise ForbiddenAddress("the callback address must be https: WooCommerce accepts no other")
    query = {
        "app_name": app_name,
        "scope": scope,
        "user_id": state,
        "return_url": return_url,
        "callback_url": callback_url,
    }
    return f"{store_url}/wc-auth/v1/authorize?{urlencode(query)}"


def read_callback(body: bytes) -> GrantedKey:
    """The key in a wc-auth callback. BadPayload names what is missing, never what is there."""
    payload = validate(_CallbackPayload, body, "callback")
    return GrantedKey(
        state=payload.user_id,
        key=payload.consumer_key,
        secret=payload.consumer_secret,
        may_write=payload.key_permissions == "read_write",
    )


def normalise_store_url(text: str, *, development: bool = False) -> str:
    """The one spelling of a store's address: scheme, host, sub-path, without a slash at the end.

    A missing scheme is read as https. Query and fragment are dropped, the host is in lower case
    and in its ASCII form. This refuses what is clearly no public store; where a name leads is
    checked at each call (`connector.http`). `development` allows plain http and any host.

    Raises:
        ForbiddenAddress: says what is wrong and what to give instead.
    """
    address = unicodedata.normalize("NFKC", text).strip()
    if not _SCHEME.match(address):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ForbiddenAddress(
            "the store's address is malformed; write it as in a browser"
        ) from None
    scheme = parts.scheme.lower()
    if scheme != "https" and not (development and scheme == "http"):
        raise ForbiddenAddress("the store's address must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddress("the store's address must not hold a user name or password")
    host = _host(parts.hostname or "", development)
    default = {"https": 443, "http": 80}[scheme]
    place = host if port in (None, default) else f"{host}:{port}"
    return f"{scheme}://{place}{_path(parts.path)}"


def _host(host: str, development: bool) -> str:
    if development and (host == "localhost" or _is_literal(host)):
        return f"[{host}]" if ":" in host else host
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ForbiddenAddress("the store's address has no valid host name") from None
    # A last label that begins with a digit is an address in disguise, such as 127.1 or 0x7f.1.
    is_public = "." in name and not name.rpartition(".")[2][0].isdigit()
    if not development and (not is_public or name.endswith(_PRIVATE_SUFFIXES)):
        raise ForbiddenAddress("the store's address must be a public host name, not a number")
    return name


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path(path: str) -> str:
    trimmed = re.sub(r"/+", "/", path).rstrip("/")
    if not _PATH.fullmatch(trimmed) or "/.." in trimmed or "/." in trimmed:
        raise ForbiddenAddress(
            "the store's address has a malformed path; give the shop's front page"
        )
    return trimmed
