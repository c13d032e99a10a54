"""Fixtures that everything shares: real services, a migrated database, a store that pretends."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from hypothesis import settings
from rq import Queue, SimpleWorker
from rq.job import Job
from sqlalchemy import Engine, create_engine, delete, update
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from bazgasht.app import create_app
from bazgasht.composition import redis_client
from bazgasht.services import PostgresServer, RunningServices, start_services
from connector.platform import Credentials
from database.migrate import migrate
from database.models import Base, Store
from database.session import connect, store_transaction
from database.vault import Vault
from jobs import context as job_context
from jobs import installation, queue
from jobs.context import ActiveStore, Context, active_store
from jobs.drain import drain
from sandbox.server import RunningStore
from sandbox.small import small_store

# Hypothesis is not to fail a test because the machine is busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SECRET_KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def services() -> Iterator[RunningServices]:
    """PostgreSQL, with the tables that the migrations make, and Valkey."""
    directory = Path(tempfile.mkdtemp(prefix="bazgasht-tests-"))
    directory.chmod(0o755)
    try:
        with start_services(directory) as running:
            migrate(running.owner_url, running.app_url)
            _spare_the_disk(running)
            yield running
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _spare_the_disk(services: RunningServices) -> None:
    """Let no commit wait for the disk: nobody kills this server, and its data go with the run."""
    engine = create_engine(services.owner_url)
    with engine.begin() as connection:
        name = make_url(services.owner_url).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    engine.dispose()


class AppServer:
    """The app, served on a loopback port from before the app exists."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the app is reached."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _serve(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None
        return self.app(environ, start_response)

    def stop(self) -> None:
        """End serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Quiet(WSGIRequestHandler):
    """A handler without an access log."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="session")
def app_server() -> Iterator[AppServer]:
    server = AppServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_context(services: RunningServices, app_server: AppServer) -> Iterator[Context]:
    """One process's connections, kept for the whole run."""
    context = Context(
        engine=connect(services.app_url, pool_size=20),
        redis=redis_client(services.redis_url),
        vault=Vault([SECRET_KEY]),
        public_url=app_server.url,
        development=True,
    )
    app_server.app = create_app(context)
    job_context.use(context)
    yield context
    context.engine.dispose()
    context.redis.close()


@pytest.fixture(scope="session")
def superuser(services: RunningServices) -> Iterator[Engine]:
    """The database as the one whom no row-level security binds."""
    server = next(s for s in services.servers if isinstance(s, PostgresServer))
    database = make_url(services.app_url).database
    engine = create_engine(make_url(server.superuser_url).set(database=database))
    yield engine
    engine.dispose()


@pytest.fixture
def context(shared_context: Context, superuser: Engine) -> Context:
    """The connections, on an empty database and an empty queue."""
    empty_tables(superuser)
    shared_context.redis.flushdb()
    return shared_context


def empty_tables(superuser: Engine) -> None:
    """Remove every row of every table, and count anew from 1.

    Deleting the few rows of a test is much faster than truncating, which syncs many files.
    """
    statements = [str(delete(table)) for table in reversed(Base.metadata.sorted_tables)]
    statements += ["SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"]
    with superuser.begin() as connection:
        connection.exec_driver_sql("; ".join(statements))


@pytest.fixture
def sandbox() -> Iterator[RunningStore]:
    """A small pretend WooCommerce store in US dollars."""
    with RunningStore(small_store()) as running:
        yield running


@dataclass
class Installed:
    """The small store with the app installed and its history loaded."""

    context: Context
    sandbox: RunningStore
    id: UUID

    @property
    def store(self) -> ActiveStore:
        """The store as the jobs see it."""
        return active_store(self.context, self.id)

    def catch_up(self) -> None:
        """Wait for the store's deliveries, then run jobs until none is left.

        A delivery is answered before its job is asked for, so the first one is run without asking.
        """
        self.sandbox.drain_deliveries()
        drain(str(self.id))
        work_off(self.context)

    def scope(self) -> AbstractContextManager[Session]:
        """A transaction that sees the store's rows."""
        return store_transaction(self.context.engine, self.id)


class WithScope(Protocol):
    """Something that opens transactions in a store's scope."""

    def scope(self) -> AbstractContextManager[Session]:
        """A transaction that sees the store's rows."""
        ...


def give_points_at_once(store: WithScope) -> None:
    """Let points be spent without waiting for days, so that a balance is what was earned."""
    with store.scope() as session:
        session.execute(update(Store).values(settings=Store.settings + {"points_pending_days": 0}))


class BurstWorker(SimpleWorker):
    """RQ's own worker, which takes no commands and so need not wait half a second for the end."""

    def subscribe(self) -> None:
        """Listen for no commands."""

    def unsubscribe(self) -> None:
        """Have nothing to end."""


def work_off(context: Context) -> None:
    """Run the jobs of every queue, one worker a queue, until all are empty; none may fail."""
    queues = [Queue(name, connection=context.redis) for name in queue.QUEUES]
    while waiting := [queue for queue in queues if queue.count]:
        for each in waiting:
            BurstWorker([each], connection=context.redis).work(burst=True, logging_level="CRITICAL")
            for job_id in each.failed_job_registry.get_job_ids():
                failed = Job.fetch(job_id, connection=context.redis).latest_result()
                raise AssertionError(failed and failed.exc_string)


@pytest.fixture
def installed(context: Context, sandbox: RunningStore) -> Installed:
    """The app, installed into the small store by the same way as the page takes."""
    return install_app(context, sandbox)


def install_app(context: Context, sandbox: RunningStore) -> Installed:
    """Connect a running store and load its history."""
    key = sandbox.new_key()
    credentials = Credentials(sandbox.url, key.consumer_key, key.consumer_secret)
    store_id = installation.connect(context, "woocommerce", credentials)
    result = Installed(context, sandbox, store_id)
    give_points_at_once(result)
    result.catch_up()
    return result
