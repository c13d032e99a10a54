"""The parts that run as processes of their own: web, workers and scheduler."""

import os
import signal
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from threading import Event

import structlog
from granian import Granian
from granian.constants import Interfaces

from bazgasht.composition import Addresses, addresses, make_context
from bazgasht.memory import spare_what_is_loaded
from bazgasht.settings import AppSettings, opened
from bazgasht.supervisor import Part
from jobs import context as job_context
from jobs import queue, schedule

log = structlog.get_logger()

SECONDS_TO_END = 10
"""How long a web process that was told to stop may go on before it is killed."""


def serve_web(settings: AppSettings) -> None:
    """Serve the app until told to stop."""
    addresses(settings)
    log.info("web serves", address=f"http://{settings.host}:{settings.port}")
    with TemporaryDirectory(prefix="bazgasht-metrics-") as counts:
        # Here the processes keep what they count, so that each can tell what all have counted.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        os.register_at_fork(after_in_child=_end_when_told)
        Granian(
            "bazgasht.app:from_environment",
            factory=True,
            interface=Interfaces.WSGI,
            address=settings.host,
            port=settings.port,
            workers=settings.web_processes,
            blocking_threads=settings.web_threads,
            backlog=2048,
            log_enabled=False,
            respawn_failed_workers=True,
            workers_kill_timeout=SECONDS_TO_END,
        ).serve()


def _end_when_told() -> None:
    """Let a process that is still starting be ended by a signal.

    It is forked with the leader's handlers, which would take the signal and do nothing about it;
    the leader would then wait in vain. Its own handlers come once it serves.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def run_worker(settings: AppSettings, name: str) -> None:
    """Run jobs of one queue until told to stop."""
    context = make_context(settings, addresses(settings))
    job_context.use(context)
    queue.load_jobs(name)
    if name == queue.COMPUTE:
        # Other parts need not load what computes.
        from retention.compiled_ahead import compile_ahead  # noqa: PLC0415

        compile_ahead()
    spare_what_is_loaded()
    queue.work(context.redis, name)


def run_scheduler(settings: AppSettings) -> None:
    """Enqueue what is due until told to stop."""
    context = make_context(settings, addresses(settings))
    schedule.run(context, stop_event())


def stop_event() -> Event:
    """An event that SIGINT and SIGTERM set."""
    stop = Event()
    handler: Callable[[int, object], None] = lambda _number, _frame: stop.set()  # noqa: E731
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    return stop


def parts(settings: AppSettings, where: Addresses, keys: str) -> list[Part]:
    """Every part of a complete installation on one machine."""
    environment = {
        "DATABASE_URL": where.app_url,
        "REDIS_URL": where.redis_url,
        "BAZGASHT_SECRET_KEYS": keys,
        "BAZGASHT_PUBLIC_URL": settings.public_url,
        "BAZGASHT_HOST": settings.host,
        "BAZGASHT_PORT": str(settings.port),
        "BAZGASHT_DEVELOPMENT": str(settings.development).lower(),
        "BAZGASHT_SHOPIFY_CLIENT_ID": settings.shopify_client_id,
        "BAZGASHT_SHOPIFY_CLIENT_SECRET": opened(settings.shopify_client_secret) or "",
        "BAZGASHT_SHOPIFY_PREVIOUS_SECRET": opened(settings.shopify_previous_secret) or "",
        "BAZGASHT_SHOPIFY_PRETEND_ADDRESS": settings.shopify_pretend_address,
    }
    commands = [("web", ["web"]), ("scheduler", ["scheduler"])]
    commands += [(f"worker {name}", ["worker", name]) for name in queue.QUEUES]
    return [
        Part(name, [sys.executable, "-m", "bazgasht", *words], environment)
        for name, words in commands
    ]
