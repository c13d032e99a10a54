"""Connections, transactions and the scope of a store.

Row-level security is the wall between merchants: the app connects as a role that owns nothing,
and a transaction sees the rows of one store only after `store_transaction` has set it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session


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
