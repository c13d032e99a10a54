"""One-time states of installations under way."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from database.models import Install

LIFETIME = timedelta(hours=1)


def begin(session: Session, platform: str, store_url: str) -> str:
    """A fresh random state for an installation into this store; only its hash is kept."""
    state = secrets.token_urlsafe(32)
    session.execute(
        insert(Install).values(
            state_hash=_hash(state),
            platform=platform,
            store_url=store_url,
            expires_at=func.clock_timestamp() + LIFETIME,
        )
    )
    return state


def claim(session: Session, platform: str, state: str) -> str | None:
    """The store's address that this state belongs to, once: None when used, old or unknown."""
    return session.scalar(
        update(Install)
        .where(
            Install.state_hash == _hash(state),
            Install.platform == platform,
            Install.used_at.is_(None),
            Install.expires_at > func.clock_timestamp(),
        )
        .values(used_at=func.clock_timestamp())
        .returning(Install.store_url)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session) -> None:
    """Delete the states that can no longer be claimed."""
    session.execute(
        delete(Install)
        .where(Install.expires_at < func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
