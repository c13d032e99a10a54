"""Putting the parts together: from the configuration to connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from bazgasht.services import RunningServices, start_services
from bazgasht.services.state import make_directory, write_private
from bazgasht.settings import AppSettings, ConfigurationError, opened
from connector.registry import register
from connector.shopify import Shopify
from connector.shopify.shop import AppKeys
from database.session import connect
from database.vault import Vault, new_key
from jobs.context import Context
from jobs.pacing import RedisCostBucket
from jobs.token_keeper import StoreTokenKeeper

KEY_FILE = "secret-keys"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where PostgreSQL (as the app's role and as the owner) and Redis are."""

    app_url: str
    owner_url: str | None
    redis_url: str


def addresses(settings: AppSettings) -> Addresses:
    """The addresses that the environment gives, for a part that runs apart.

    Raises:
        ConfigurationError: one is missing; it is named.
    """
    database, redis = opened(settings.database_url), opened(settings.redis_url)
    if not database or not redis:
        raise ConfigurationError(
            "set DATABASE_URL and REDIS_URL to run a part by itself; "
            "`bazgasht run` starts both with everything else"
        )
    return Addresses(with_driver(database), owner_address(settings), redis)


def owner_address(settings: AppSettings) -> str | None:
    """The address under which migrations run, if the environment gives it."""
    owner = opened(settings.database_owner_url)
    return with_driver(owner) if owner else None


def with_driver(url: str) -> str:
    """A PostgreSQL address, in the form that names the driver."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


@contextmanager
def services(settings: AppSettings) -> Iterator[tuple[RunningServices, Addresses]]:
    """Embedded services for what has no address: started, or attached to if they run already."""
    database = opened(settings.database_url)
    running = start_services(
        settings.data_directory,
        database_url=with_driver(database) if database else None,
        redis_url=opened(settings.redis_url),
        prefer_wheels=settings.prefer_wheels,
    )
    owner = owner_address(settings) if database else running.owner_url
    try:
        yield running, Addresses(running.app_url, owner, running.redis_url)
    finally:
        running.stop()


def secret_keys(settings: AppSettings) -> str:
    """The keys that encrypt what stores entrust to us, newest first, with commas between.

    Without a setting, one is made and kept in the data directory.
    """
    configured = opened(settings.secret_keys)
    if configured:
        return configured
    path = settings.data_directory / KEY_FILE
    if not path.exists():
        make_directory(settings.data_directory, 0o755)
        write_private(path, new_key())
    return path.read_text("ascii").strip()


def add_secret_key(settings: AppSettings) -> None:
    """Put a new key in front of those in the data directory.

    Raises:
        ConfigurationError: the keys come from the environment, so they are changed there.
    """
    if settings.secret_keys:
        raise ConfigurationError(
            "BAZGASHT_SECRET_KEYS is set: put a key from `bazgasht new-key` in front of it there"
        )
    write_private(settings.data_directory / KEY_FILE, f"{new_key()},{secret_keys(settings)}")


def redis_client(url: str) -> Redis:
    """A client whose calls end in a second when nobody answers, but that waits for jobs."""
    return Redis.from_url(
        url,
        socket_connect_timeout=1,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


def make_context(settings: AppSettings, where: Addresses, *, pool_size: int = 5) -> Context:
    """Connections for one process."""
    keys = [key.strip() for key in secret_keys(settings).split(",") if key.strip()]
    context = Context(
        engine=connect(where.app_url, pool_size=pool_size),
        redis=redis_client(where.redis_url),
        vault=Vault(keys),
        public_url=settings.public_url,
        development=settings.development,
        lists_bytes=settings.lists_memory << 20,
    )
    register(shopify(settings, context))
    return context


def shopify(settings: AppSettings, context: Context) -> Shopify:
    """The Shopify adapter with the app's keys; all workers share the tokens and costs of shops."""
    app = AppKeys(
        settings.shopify_client_id,
        opened(settings.shopify_client_secret) or "",
        opened(settings.shopify_previous_secret) or "",
    )
    return Shopify(
        app,
        keepers=lambda credentials: StoreTokenKeeper(context.engine, context.vault, credentials),
        buckets=lambda address: RedisCostBucket(context.redis, address),
        pretend_address=settings.shopify_pretend_address,
    )
