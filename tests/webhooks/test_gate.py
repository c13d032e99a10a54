"""The gate: secrets are remembered, looked at again by one request, and outlive the database."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from database.session import connect
from jobs.context import Context
from tests.database.rows import new_store
from tests.webhooks.deliveries import set_secrets
from webhooks import gate
from webhooks.gate import Gate

REQUESTS = 8


@pytest.fixture
def store_id(context: Context) -> UUID:
    store_id = new_store(context.engine)
    set_secrets(context, store_id, "a", "b")
    return store_id


@pytest.fixture
def engine(context: Context) -> Iterator[Engine]:
    """An engine of the test's own, whose statements take a moment."""
    engine = connect(context.engine.url.render_as_string(hide_password=False), pool_size=REQUESTS)

    @event.listens_for(engine, "before_cursor_execute")
    def wait(*_arguments: Any) -> None:
        time.sleep(0.05)

    yield engine
    engine.dispose()


def test_when_the_time_is_up_one_request_of_many_asks_the_database(
    context: Context, engine: Engine, store_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Gate(engine, context.vault)
    monkeypatch.setattr(gate, "REMEMBER_SECONDS", 0.0)
    assert guarded.door(store_id) is not None
    monkeypatch.setattr(gate, "REMEMBER_SECONDS", 5.0)
    asked: list[Any] = []
    event.listen(engine, "begin", asked.append)
    together = Barrier(REQUESTS)

    def request(_number: int) -> tuple[str, ...]:
        together.wait()
        door = guarded.door(store_id)
        assert door is not None
        return door.secrets

    with ThreadPoolExecutor(REQUESTS) as pool:
        assert list(pool.map(request, range(REQUESTS))) == [("a", "b")] * REQUESTS
    assert len(asked) == 1


def test_without_the_database_only_known_stores_are_let_in(
    context: Context, engine: Engine, store_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Gate(engine, context.vault)
    monkeypatch.setattr(gate, "REMEMBER_SECONDS", 0.0)
    assert guarded.door(store_id) is not None

    @event.listens_for(engine, "begin")
    def refuse(_connection: Any) -> None:
        raise OperationalError("BEGIN", {}, ConnectionError("away"))

    door = guarded.door(store_id)
    assert door is not None
    assert door.secrets == ("a", "b")
    with pytest.raises(OperationalError):
        guarded.door(store_id, fresh=True)
    with pytest.raises(OperationalError):
        guarded.door(UUID(int=1))
