"""A database with one store in it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from database.session import store_transaction
from jobs.context import Context
from tests.database.rows import new_store

Scope = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def engine(context: Context) -> Engine:
    return context.engine


@pytest.fixture
def store_id(engine: Engine) -> UUID:
    return new_store(engine)


@pytest.fixture
def scope(engine: Engine, store_id: UUID) -> Scope:
    """A transaction that sees the store's rows."""
    return lambda: store_transaction(engine, store_id)
