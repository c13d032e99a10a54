"""The tokens by which the admin tells an embedded app who looks at it."""

import secrets
import time
import uuid
from typing import Any

import jwt

from sandbox.shopify.app_config import AppConfig

LIFETIME = 60
USER_ID = 548_380_009


def make(app: AppConfig, domain: str, secret: str, **claims: Any) -> str:
    """A signed session token of a shop; `claims` replace or, with None, leave out claims."""
    now = int(time.time())
    usual: dict[str, Any] = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": app.client_id,
        "sub": str(USER_ID),
        "exp": now + LIFETIME,
        "nbf": now,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "sid": secrets.token_hex(32),
    }
    chosen = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(chosen, secret, algorithm="HS256")


def is_valid(token: str, app: AppConfig, domain: str, secrets_known: tuple[str, ...]) -> bool:
    """Whether the shop's admin made this token for the app and it has not expired."""
    for secret in secrets_known:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=app.client_id,
                options={"require": ["exp", "nbf", "iss", "dest", "sub"]},
            )
        except jwt.InvalidTokenError:
            continue
        return bool(claims["dest"] == f"https://{domain}")
    return False
