"""Calls of a store's own server on behalf of a shopper: the key, and how a call is signed with it.

The plugin in the store signs with `storefront_key`. It is derived from the secret that signs the
store's webhooks, so there is nothing more to keep or to rotate, and neither can stand for the
other. What is signed is, with a line feed behind each line and the body as it is sent:

    bazgasht-storefront-1
    POST                                        the method
    /storefront/0b9c…/redeem                    the path, from /storefront on
    1790000000                                  X-Bazgasht-Timestamp, in seconds
    5f0c…                                       X-Bazgasht-Key, one for each thing that is asked
    17                                          X-Bazgasht-Account, empty for nobody's
    {"points":500}

`X-Bazgasht-Signature` is the HMAC-SHA256 of that in lower-case hexadecimal digits, keyed with
the storefront key as text.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.errors import BadSignature

SCHEME = "bazgasht-storefront-1"
LONGEST_DIFFERENCE = 300
"""How many seconds a call's time may be from ours."""

_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")
_ACCOUNT = re.compile(r"[0-9]{0,20}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class WrongTime(BadSignature):
    """A genuine call whose time is not ours: old, sent again, or by a clock that is off."""


@dataclass(frozen=True, slots=True)
class StorefrontCall:
    """A call as it came: what is signed of it, and the signature."""

    method: str
    path: str
    timestamp: str
    key: str
    account_id: str
    body: bytes = field(repr=False)
    signature: str = field(repr=False)


def storefront_key(secret: str) -> str:
    """The key of a store's plugin, from the secret of the store's webhooks."""
    return hmac.digest(secret.encode(), SCHEME.encode(), "sha256").hex()


def sign(call: StorefrontCall, key: str) -> str:
    """The signature that belongs on the call."""
    lines = (SCHEME, call.method, call.path, call.timestamp, call.key, call.account_id, "")
    message = "\n".join(lines).encode() + call.body
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def verify_storefront(call: StorefrontCall, secrets: Iterable[str], now: float) -> None:
    """Return when one of the webhook secrets leads to the key that signed the call.

    Raises:
        BadSignature: it is not to be believed.
        WrongTime: it is genuine, and not of these minutes.
    """
    given = call.signature.encode("utf-8", "surrogateescape")
    # All are compared, so that the time tells nothing about which one fits.
    matches = [
        hmac.compare_digest(sign(call, storefront_key(secret)).encode(), given)
        for secret in secrets
        if secret
    ]
    if not _is_plain(call) or not any(matches):
        raise BadSignature("the call was not signed with the store's storefront key")
    if abs(now - int(call.timestamp)) > LONGEST_DIFFERENCE:
        raise WrongTime("the call's time is more than 5 minutes off; set the store's clock")


def _is_plain(call: StorefrontCall) -> bool:
    """Whether no part could be taken for another, and each is of its form."""
    return (
        _TIMESTAMP.fullmatch(call.timestamp) is not None
        and _KEY.fullmatch(call.key) is not None
        and _ACCOUNT.fullmatch(call.account_id) is not None
        and "\n" not in call.method + call.path
    )
