"""Who asks: OAuth 1 over plain http, Basic or the query string over https."""

import base64
import binascii
import hashlib
import hmac
import time
from threading import Lock

from flask import Request

from sandbox.errors import RestError
from sandbox.records import ApiKey
from sandbox.rest import php_query
from sandbox.store import Store

OAUTH_FIELDS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
SIGNATURE_METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
CLOCK_TOLERANCE_SECONDS = 15 * 60
READING_METHODS = {"GET", "HEAD", "OPTIONS"}


def _refusal(message: str) -> RestError:
    return RestError("woocommerce_rest_authentication_error", message, 401)


class Authenticator:
    """Checks the credentials of requests and remembers which nonces were used."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._nonces: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def key_of(self, request: Request) -> ApiKey | None:
        """The key that a request proves to hold; None when it shows none that counts.

        Raises RestError when what it shows is wrong or does not permit the method.
        """
        parameters = php_query.parse(request.query_string.decode())
        key = self._secret_shown(request, parameters) if request.scheme == "https" else None
        key = key or self._oauth(request, parameters)
        if key is not None:
            _check_permission(key, request.method)
        return key

    def _find(self, consumer_key: str) -> ApiKey | None:
        key = self.store.keys.get(consumer_key)
        return None if key is None or key.revoked else key

    def _secret_shown(
        self, request: Request, parameters: dict[str, php_query.PhpValue]
    ) -> ApiKey | None:
        shown = (
            str(parameters.get("consumer_key", "")),
            str(parameters.get("consumer_secret", "")),
        )
        if not all(shown):
            shown = _basic_credentials(request)
        if not all(shown):
            return None
        key = self._find(shown[0])
        if key is None:
            return None
        if not hmac.compare_digest(key.consumer_secret.encode(), shown[1].encode()):
            raise _refusal("Consumer secret is invalid.")
        return key

    def _oauth(self, request: Request, parameters: dict[str, php_query.PhpValue]) -> ApiKey | None:
        values = {name: str(parameters.get(name, "")) for name in OAUTH_FIELDS}
        if not any(values.values()):
            return None
        missing = [name for name, value in values.items() if not value]
        if missing:
            raise _refusal(f"Missing OAuth parameter {', '.join(missing)}")
        key = self._find(values["oauth_consumer_key"])
        if key is None:
            raise _refusal("Consumer key is invalid.")
        self._check_signature(request, parameters, values, key)
        self._check_nonce(values)
        return key

    def _check_signature(
        self,
        request: Request,
        parameters: dict[str, php_query.PhpValue],
        values: dict[str, str],
        key: ApiKey,
    ) -> None:
        digest = SIGNATURE_METHODS.get(values["oauth_signature_method"])
        if digest is None:
            raise _refusal("Invalid signature - signature method is invalid.")
        signed = {name: v for name, v in parameters.items() if name != "oauth_signature"}
        base = php_query.raw_encode(f"{self.store.url}{request.path}")
        text = f"{request.method}&{base}&{'%26'.join(php_query.signature_pairs(signed))}"
        expected = hmac.new(f"{key.consumer_secret}&".encode(), text.encode(), digest).digest()
        given = values["oauth_signature"].replace(" ", "+").encode()
        if not hmac.compare_digest(base64.b64encode(expected), given):
            raise _refusal("Invalid signature - provided signature does not match.")

    def _check_nonce(self, values: dict[str, str]) -> None:
        now = int(time.time())
        timestamp = values["oauth_timestamp"]
        if not timestamp.isdigit() or abs(now - int(timestamp)) > CLOCK_TOLERANCE_SECONDS:
            raise _refusal("Invalid timestamp.")
        nonce = (values["oauth_consumer_key"], values["oauth_nonce"])
        with self._lock:
            if nonce in self._nonces:
                raise _refusal("Invalid nonce - nonce has already been used.")
            self._nonces[nonce] = now
            self._forget_old_nonces(now)

    def _forget_old_nonces(self, now: int) -> None:
        # A dictionary keeps its order, so the oldest nonces come first.
        oldest = now - 2 * CLOCK_TOLERANCE_SECONDS
        while self._nonces and next(iter(self._nonces.values())) < oldest:
            del self._nonces[next(iter(self._nonces))]


def _basic_credentials(request: Request) -> tuple[str, str]:
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _colon, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _check_permission(key: ApiKey, method: str) -> None:
    if method in READING_METHODS and key.permissions == "write":
        raise _refusal("The API key provided does not have read permissions.")
    if method not in READING_METHODS and key.permissions == "read":
        raise _refusal("The API key provided does not have write permissions.")
