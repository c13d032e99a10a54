"""Session tokens: what the Shopify admin sends with every call of an embedded page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from shopify import session_token

from connector.errors import BadSignature
from connector.shopify.shop import AppKeys, is_shop_domain

_INVALID = "the session token is missing, malformed, expired or not signed for this app"


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A genuine session token: the shop's domain, the user's number, and how long it lives."""

    shop: str
    user_id: str
    expires_at: datetime
    text: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def verify_session_token(authorization: str, app: AppKeys) -> SessionToken:
    """The session token of an Authorization header, `Bearer <token>`.

    ShopifyAPI checks signature, audience, times and that issuer and destination agree; it
    accepts a token that never expires and looks at the shop's name loosely, so both are looked
    at here as well.

    Raises:
        BadSignature: it is not to be believed; why is not said.
    """
    for secret in app.secrets:
        claims = _decode(authorization, app.client_id, secret)
        if claims is not None:
            return _read(authorization.removeprefix(session_token.PREFIX), claims)
    raise BadSignature(_INVALID)


def _decode(authorization: str, client_id: str, secret: str) -> dict[str, Any] | None:
    try:
        claims = session_token.decode_from_header(authorization, client_id, secret)
    except (session_token.SessionTokenError, ValueError, TypeError, AttributeError):
        return None
    return claims if isinstance(claims, dict) else None


def _read(text: str, claims: dict[str, Any]) -> SessionToken:
    expires, destination = claims.get("exp"), claims.get("dest")
    shop = str(destination).removeprefix("https://")
    is_whole = destination == f"https://{shop}" and claims.get("iss") == f"https://{shop}/admin"
    if not isinstance(expires, int) or not is_whole or not is_shop_domain(shop):
        raise BadSignature(_INVALID)
    moment = datetime.fromtimestamp(expires, UTC)
    return SessionToken(shop, str(claims["sub"]), moment, text, MappingProxyType(claims))
