"""The web part as it runs: several processes that look like one from outside."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from bazgasht.services import RunningServices
from jobs.context import Context
from tests.conftest import SECRET_KEY
from tests.faults.product import free_port, wait_for

PROCESSES = 3


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
    command = [sys.executable, "-m", "bazgasht", "web"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as leader:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{url}/readyz"), "the web part does not start")
            yield url, psutil.Process(leader.pid)
        finally:
            leader.terminate()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def patient_get(url: str) -> str:
    """What is there; asked again when the process that was about to answer has been killed."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(5, backoff_factor=0.1)))
        return session.get(url, timeout=5).text


def counted(url: str) -> list[float]:
    """How many deliveries were refused as unknown, asked often enough to meet each process."""
    told = [patient_get(f"{url}/metrics") for _ in range(4 * PROCESSES)]
    pattern = r'bazgasht_acknowledgement_seconds_count{status="404"} (\S+)'
    return [float(found) for text in told for found in re.findall(pattern, text)]


def test_each_process_tells_what_all_have_counted_even_one_that_was_killed(
    services: RunningServices, context: Context
) -> None:
    with web(services) as (url, leader):
        assert len(leader.children()) == PROCESSES
        for _ in range(20):
            unknown = f"{url}/webhooks/woocommerce/00000000-0000-0000-0000-000000000000"
            assert requests.post(unknown, b"{}", timeout=5).status_code == 404
        assert counted(url) == [20.0] * 4 * PROCESSES
        leader.children()[0].kill()
        wait_for(lambda: len(leader.children()) == PROCESSES, "it is not started again")
        assert counted(url) == [20.0] * 4 * PROCESSES
