"""Bringing a database to the newest schema, once, by a role that the app is not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from bazgasht.services import PostgresServer, RunningServices
from database import points
from database.migrate import MigrationError, configuration, migrate
from database.models import Base
from database.session import connect, store_transaction
from retention.ledger.audit import Audit
from retention.ledger.book import Book
from retention.ledger.changes import adjust

HEAD = ScriptDirectory.from_config(configuration()).get_current_head() or ""


@dataclass(frozen=True)
class EmptyDatabase:
    """A database of its own, owned by a role that may make roles."""

    superuser: URL
    owner: URL
    name: str

    def app_url(self, role: str) -> str:
        """The address of the database as this role."""
        return self.owner.set(username=role, password="p'w").render_as_string(hide_password=False)

    @property
    def owner_url(self) -> str:
        """The address as the owner."""
        return self.owner.render_as_string(hide_password=False)

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser."""
        engine = create_engine(self.superuser, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture
def empty(services: RunningServices) -> Iterator[EmptyDatabase]:
    server = next(s for s in services.servers if isinstance(s, PostgresServer))
    superuser = make_url(server.superuser_url)
    name = f"test_{uuid4().hex[:12]}"
    owner = superuser.set(username=f"{name}_owner", password="secret", database=name)
    database = EmptyDatabase(superuser, owner, name)
    database.execute(
        f"CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD 'secret'",
        f"CREATE DATABASE {name} OWNER {name}_owner",
    )
    try:
        yield database
    finally:
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")
        database.execute(
            f"DROP ROLE IF EXISTS {name}_app, {name}_super, {name}_member, {name}_bypass",
            f"DROP ROLE {name}_owner",
        )


def test_the_migrations_have_one_head() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1


def test_models_and_migrations_agree(services: RunningServices) -> None:
    engine = create_engine(services.owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_empty_database_gets_every_table_and_the_apps_role(empty: EmptyDatabase) -> None:
    assert migrate(empty.owner_url, empty.app_url(f"{empty.name}_app")) == HEAD
    engine = create_engine(empty.app_url(f"{empty.name}_app"), poolclass=NullPool)
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
            assert rows == 0


def test_a_migrated_database_is_left_alone(empty: EmptyDatabase) -> None:
    app_url = empty.app_url(f"{empty.name}_app")
    migrate(empty.owner_url, app_url)
    assert migrate(empty.owner_url, app_url) == HEAD


def test_of_two_who_migrate_at_once_one_waits_for_the_other(empty: EmptyDatabase) -> None:
    app_url = empty.app_url(f"{empty.name}_app")
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(migrate, empty.owner_url, app_url) for _ in range(3)]
        assert [run.result(timeout=60) for run in runs] == [HEAD] * 3


@pytest.mark.parametrize(
    ("role", "made_by"),
    [
        ("super", "CREATE ROLE {name}_super LOGIN SUPERUSER PASSWORD 'x'"),
        ("bypass", "CREATE ROLE {name}_bypass LOGIN BYPASSRLS PASSWORD 'x'"),
        ("member", "CREATE ROLE {name}_member LOGIN IN ROLE {name}_owner PASSWORD 'x'"),
        ("owner", "SELECT 1"),
    ],
)
def test_an_app_role_that_could_see_every_store_is_refused(
    empty: EmptyDatabase, role: str, made_by: str
) -> None:
    empty.execute(made_by.format(name=empty.name))
    with pytest.raises(MigrationError, match="DATABASE_OWNER_URL"):
        migrate(empty.owner_url, empty.app_url(f"{empty.name}_{role}"))
    engine = create_engine(empty.owner, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('stores')")).scalar_one() is None


LEDGER = """
    INSERT INTO stores (id, platform, url, state) VALUES
      (:a, 'woocommerce', 'https://a.test', 'active'),
      (:b, 'woocommerce', 'https://b.test', 'active');
    INSERT INTO customers (store_id, key)
    VALUES (:a, 'email:a'), (:a, 'account:1'), (:b, 'email:c');
    INSERT INTO point_entries (store_id, reference, order_id, customer_id, points, reason, rule)
    VALUES (:a, 'order:5:1:1', '5', 1, 100, 'earned', '{}'),
      (:b, 'order:5:3:1', '5', 3, 7, 'earned', '{}'),
      (:a, 'order:5:1:2', '5', 1, -40, 'reversed', '{}'),
      (:a, 'order:5:1:3', '5', 1, -60, 'moved', '{}'),
      (:a, 'order:5:2:1', '5', 2, 60, 'moved', '{}')
"""
OLD_COLUMNS = (
    "SELECT id, store_id, reference, order_id, customer_id, points, reason, rule, created_at "
    "FROM point_entries ORDER BY id"
)


PREDICTED = """
    INSERT INTO stores (id, platform, url, state)
      VALUES (:a, 'woocommerce', 'https://a.test', 'active');
    INSERT INTO customer_categories (store_id, customer_id, rank, category_id, basis, probability,
      count, base, base_rate, low, high, enough)
    VALUES (:a, 1, 1, 7, 'predicted', NULL, 0, 0, 0, 0, 1, false)
"""


def move_to(empty: EmptyDatabase, revision: str, move: Callable[[Config, str], None]) -> None:
    """Bring the database to a revision as its owner."""
    settings = configuration()
    settings.attributes["app_role"] = f"{empty.name}_app"
    with create_engine(empty.owner, poolclass=NullPool).begin() as connection:
        settings.attributes["connection"] = connection
        move(settings, revision)


def test_predictions_that_state_nothing_are_no_obstacle_on_the_way_down(
    empty: EmptyDatabase,
) -> None:
    migrate(empty.owner_url, empty.app_url(f"{empty.name}_app"))
    superuser = create_engine(empty.superuser.set(database=empty.name), poolclass=NullPool)
    store = {"a": uuid4()}
    with superuser.begin() as connection:
        for statement in PREDICTED.split(";"):
            connection.execute(text(statement), store)
    move_to(empty, "0017", command.downgrade)
    with superuser.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM customer_categories")) == 0
    move_to(empty, HEAD, command.upgrade)


def test_an_older_ledger_is_kept_whole_on_the_way_up_and_down(empty: EmptyDatabase) -> None:
    migrate(empty.owner_url, empty.app_url(f"{empty.name}_app"))
    superuser = create_engine(empty.superuser.set(database=empty.name), poolclass=NullPool)
    stores = {"a": uuid4(), "b": uuid4()}

    def to(revision: str, move: Callable[[Config, str], None]) -> list[Any]:
        move_to(empty, revision, move)
        with superuser.connect() as connection:
            return list(connection.execute(text(OLD_COLUMNS)))

    to("0006", command.downgrade)
    with superuser.begin() as connection:
        for statement in LEDGER.split(";"):
            named = {name: value for name, value in stores.items() if f":{name}" in statement}
            connection.execute(text(statement), named)
    before = to("0006", command.upgrade)
    assert len(before) == 5

    assert to(HEAD, command.upgrade) == before
    app = connect(empty.app_url(f"{empty.name}_app"))
    with store_transaction(app, stores["a"]) as session:
        audit = Audit()
        audit.read(points.links(session))
        head = points.head(session)
        audit.compare(head.entries, head.hash, points.all_lots(session))
        assert audit.problems == []
        assert (audit.entries, audit.accounts["issued"]) == (4, -60)
        assert points.balances(session, [1, 2]) == {1: (0, 0), 2: (60, 0)}
        # Half of it is spent and the rest goes on as before.
        book = Book(points.lots_of_customers(session, [2]))
        adjust(book, 2, -25, "till", "Reza", "spent")
        points.keep(session, book, head)
    app.dispose()

    after = to("0006", command.downgrade)
    assert after[:5] == before
    assert [(row.order_id, row.customer_id, row.points) for row in after[5:]] == [("", 2, -25)]
    to(HEAD, command.upgrade)
    app = connect(empty.app_url(f"{empty.name}_app"))
    with store_transaction(app, stores["a"]) as session:
        audit = Audit()
        audit.read(points.links(session))
        head = points.head(session)
        audit.compare(head.entries, head.hash, points.all_lots(session))
        assert audit.problems == []
        assert points.balances(session, [1, 2]) == {1: (0, 0), 2: (35, 0)}
    app.dispose()
