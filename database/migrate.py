"""Bringing a database to the newest schema.

Run as the role that owns the tables; the app's own role is only granted what it needs.
"""

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

log = structlog.get_logger()

MIGRATION_LOCK = 4_277_001


class MigrationError(Exception):
    """The database cannot be migrated; the message says what to change."""


def configuration(connection: Connection | None = None, *, app_role: str = "") -> Config:
    """Alembic's configuration for our migrations, on `connection`."""
    config = Config()
    config.set_main_option("script_location", "database:migrations")
    config.attributes["connection"] = connection
    config.attributes["app_role"] = app_role
    return config


def migrate(owner_url: str, app_url: str) -> str:
    """Upgrade to the newest migration, one process at a time, and return its revision.

    The app's role, named by `app_url`, is created when it does not exist and the owner may
    create roles. Others wait on an advisory lock and then find nothing left to do.

    Raises:
        MigrationError: the app's role could see every store, or does not exist.
    """
    role = make_url(app_url).username or ""
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            _ensure_role(connection, app_url)
            command.upgrade(configuration(connection, app_role=role), "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
    engine.dispose()
    head = ScriptDirectory.from_config(configuration()).get_current_head() or ""
    log.info("database migrated", revision=head)
    return head


def _ensure_role(connection: Connection, app_url: str) -> None:
    url = make_url(app_url)
    row = connection.execute(
        text(
            "SELECT rolsuper OR rolbypassrls, pg_has_role(rolname, current_user, 'MEMBER') "
            "FROM pg_roles WHERE rolname = :role"
        ),
        {"role": url.username},
    ).one_or_none()
    if row is None:
        quoted = connection.dialect.identifier_preparer.quote(str(url.username))
        password = str(url.password or "").replace("'", "''")
        connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN PASSWORD '{password}'")
        connection.commit()
    elif row[0] or row[1]:
        raise MigrationError(
            f"DATABASE_URL connects as {url.username!r}, which row-level security does not bind "
            "(it is a superuser, may bypass it, or owns the tables or is a member of the role "
            "that does). Name another role in "
            "DATABASE_URL and the owner in DATABASE_OWNER_URL."
        )
