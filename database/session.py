"""Connections, transactions and the scope of a store.

Row-level security is the wall between merchants: the app connects as a role that owns nothing,
and a transaction sees the rows of one store only after `store_transaction` has set it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

LOCK_POLL_SECONDS = 0.1


def connect(url: str, *, pool_size: int = 5, application: str = "bazgasht") -> Engine:
    """An engine for `url`, with connections checked before use so that a restart heals."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=True,
        connect_args={"application_name": application, "connect_timeout": 10},
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction outside any store: it sees no store's rows. Commits, or undoes on error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def store_transaction(engine: Engine, store_id: UUID) -> Iterator[Session]:
    """One transaction inside a store's scope. Commits at the end, undoes everything on error."""
    with transaction(engine) as session:
        set_store(session, store_id)
        yield session


def set_store(session: Session, store_id: UUID) -> None:
    """Let the rest of this transaction see this store's rows, and no other's."""
    session.execute(
        text("SELECT set_config('bazgasht.store', :store, true)"), {"store": str(store_id)}
    )


@contextmanager
def store_lock(
    engine: Engine, store_id: UUID, purpose: str, *, patience: float = 0
) -> Iterator[bool]:
    """Be the only one at this purpose in this store while the block runs; yields whether we are.

    The lock belongs to a connection of its own, so a process that dies gives it back at once.
    `patience` is how many seconds to wait for whoever has it.
    """
    key = int.from_bytes(blake2b(f"{store_id} {purpose}".encode(), digest_size=8).digest()) - 2**63
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = _lock(connection, key, time.monotonic() + patience)
        try:
            yield held
        finally:
            if held:
                _unlock(connection, key)


def _lock(connection: Connection, key: int, until: float) -> bool:
    statement = text("SELECT pg_try_advisory_lock(:key)")
    while not connection.execute(statement, {"key": key}).scalar_one():
        if time.monotonic() >= until:
            return False
        time.sleep(LOCK_POLL_SECONDS)
    return True


def _unlock(connection: Connection, key: int) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
    except DBAPIError:
        # The lock must not live on in the pool with a connection that works again.
        connection.invalidate()
