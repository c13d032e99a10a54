"""An installation of its own for measuring: services, an active store, and parts as processes."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID, uuid4

from cryptography.fernet import Fernet

from bazgasht.composition import redis_client
from bazgasht.services import RunningServices, start_services
from connector.manifest import load
from database.migrate import migrate
from database.models import Store
from database.session import connect, store_transaction
from database.vault import Vault
from jobs import context as job_context
from jobs.context import Context

SECRET = "a-secret-that-only-the-benchmark-knows"  # noqa: S105
SECONDS_TO_START = 30.0


@dataclass(frozen=True)
class Installation:
    """Running services, and what this process and others need to use them."""

    services: RunningServices
    context: Context
    key: str

    def environment(self) -> Mapping[str, str]:
        """The environment of a part of this installation."""
        return os.environ | {
            "DATABASE_URL": self.services.app_url,
            "REDIS_URL": self.services.redis_url,
            "BAZGASHT_SECRET_KEYS": self.key,
            "BAZGASHT_DEVELOPMENT": "true",
            "BAZGASHT_LOG_LEVEL": "WARNING",
        }

    def add_store(self) -> UUID:
        """An active store that exists in the database only."""
        store_id = uuid4()
        vault = self.context.vault
        statuses = load().platforms["woocommerce"].purchase_statuses
        with store_transaction(self.context.engine, store_id) as session:
            session.add(
                Store(
                    id=store_id,
                    platform="woocommerce",
                    url=f"http://127.0.0.1:9/{store_id}",
                    state="active",
                    currency="USD",
                    country="US",
                    settings={"purchase_statuses": list(statuses)},
                    credentials=vault.seal({"key": "ck_bench", "secret": "cs_bench"}),
                    webhook_secrets=vault.seal([SECRET]),
                )
            )
        return store_id


@contextmanager
def installation() -> Iterator[Installation]:
    """Fresh services with migrated tables, gone when the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="bazgasht-bench-"))
    directory.chmod(0o755)
    try:
        with start_services(directory) as services:
            migrate(services.owner_url, services.app_url)
            key = Fernet.generate_key().decode()
            context = Context(
                engine=connect(services.app_url),
                redis=redis_client(services.redis_url),
                vault=Vault([key]),
                public_url="http://127.0.0.1:9",
                development=True,
            )
            job_context.use(context)
            yield Installation(services, context, key)
            context.engine.dispose()
            context.redis.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that runs while the block does."""
    child = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def web(made: Installation) -> Iterator[int]:
    """The web part as it is shipped; its port."""
    port = free_port()
    environment = {**made.environment(), "BAZGASHT_PORT": str(port)}
    with process(["-m", "bazgasht", "web"], environment):
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield port


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = SECONDS_TO_START) -> None:
    """Return once an address answers 200.

    Raises:
        TimeoutError: it does not in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310  Our own address.
                if answer.status == 200:
                    return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")
