"""The web part as it runs: several processes that look like one from outside."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import psutil
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import func, select, text
from urllib3.util import Retry

from bazgasht.services import RunningServices
from database.models import InboxEvent
from database.session import store_transaction
from jobs.context import Context
from tests.conftest import SECRET_KEY
from tests.database.rows import new_store
from tests.faults.product import PATIENCE, free_port, wait_for
from tests.webhooks.deliveries import SECRET, headers_of, order_body, post, set_secrets

PROCESSES = 2
# Here a process that does not end is killed so late that nobody waits for it, however busy the
# machine is.
WEB = """
from bazgasht import cli, parts
parts.SECONDS_TO_END = 240
cli.main()
"""


@contextmanager
def web(services: RunningServices) -> Iterator[tuple[str, psutil.Process]]:
    """The web part in processes of its own: its address, and the process that leads them."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": services.app_url,
        "REDIS_URL": services.redis_url,
        "BAZGASHT_SECRET_KEYS": SECRET_KEY,
        "BAZGASHT_PORT": str(port),
        "BAZGASHT_WEB_PROCESSES": str(PROCESSES),
    }
    command = [sys.executable, "-c", WEB, "web"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as leader:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{url}/readyz"), "the web part does not start")
            yield url, psutil.Process(leader.pid)
        finally:
            leader.terminate()


@contextmanager
def inbox_closed(context: Context, store_id: UUID) -> Iterator[Callable[[], bool]]:
    """Let no event be kept while the block runs; yields whether one is being kept."""
    waits = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbox_events'::regclass"
    )
    with store_transaction(context.engine, store_id) as session:
        session.execute(text("LOCK TABLE inbox_events IN SHARE MODE"))
        yield lambda: bool(session.scalar(waits))


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False


def patient_get(url: str) -> str:
    """What is there; asked again when the process that was about to answer has been killed."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(5, backoff_factor=0.1)))
        return session.get(url, timeout=30).text


def counted(url: str) -> list[float]:
    """How many deliveries were refused as unknown, asked often enough to meet each process."""
    told = [patient_get(f"{url}/metrics") for _ in range(4 * PROCESSES)]
    pattern = r'bazgasht_acknowledgement_seconds_count{status="404"} (\S+)'
    return [float(found) for page in told for found in re.findall(pattern, page)]


def test_each_process_tells_what_all_have_counted_even_one_that_was_killed(
    services: RunningServices, context: Context
) -> None:
    with web(services) as (url, leader):
        assert len(leader.children()) == PROCESSES
        for _ in range(20):
            unknown = f"{url}/webhooks/woocommerce/00000000-0000-0000-0000-000000000000"
            assert requests.post(unknown, b"{}", timeout=30).status_code == 404
        assert counted(url) == [20.0] * 4 * PROCESSES
        leader.children()[0].kill()
        wait_for(lambda: len(leader.children()) == PROCESSES, "it is not started again")
        assert counted(url) == [20.0] * 4 * PROCESSES


def test_a_process_that_is_still_starting_does_not_delay_the_end(
    services: RunningServices, context: Context
) -> None:
    with web(services) as (_, leader):
        first = set(leader.children())
        next(iter(first)).kill()
        wait_for(lambda: set(leader.children()) - first, "it is not started again")
        leader.terminate()
        leader.wait(PATIENCE)


def test_a_delivery_under_way_is_kept_and_answered_though_the_part_is_told_to_stop(
    services: RunningServices, context: Context
) -> None:
    store_id = new_store(context.engine)
    set_secrets(context, store_id, SECRET)
    body = order_body()
    with web(services) as (url, leader), ThreadPoolExecutor(1) as sender:
        with inbox_closed(context, store_id) as is_waited_for:
            address = f"{url}/webhooks/woocommerce/{store_id}"
            answer = sender.submit(post, address, body, headers_of(body))
            wait_for(is_waited_for, "the delivery does not come")
            leader.terminate()
            time.sleep(0.5)
        assert answer.result(PATIENCE).status_code == 200
        leader.wait(PATIENCE)
    with store_transaction(context.engine, store_id) as session:
        assert session.scalar(select(func.count()).select_from(InboxEvent)) == 1
