"""Processes that are not children of this one, and the logs of those that are."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_PASSED_ON = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_LARGEST_LOG = 10_000_000


def server_environment() -> dict[str, str]:
    """Environment of a server: nothing of ours but the paths, and a locale that always exists."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "LC_ALL": "C"}


def is_alive(process: int) -> bool:
    """Whether a process id belongs to a process that runs; one dead but unreaped does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    status = Path(f"/proc/{process}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return status.read_text("utf-8", "replace").rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False
    return not _ps(process, "state=").startswith("Z")


def command_line(process: int) -> str:
    """Program and arguments of a running process, joined by spaces; empty if there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode("utf-8", "replace")
    return _ps(process, "command=")


def _ps(process: int, columns: str) -> str:
    result = subprocess.run(
        ["ps", "-ww", "-o", columns, "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip()


def send_signal(process: int, number: signal.Signals) -> None:
    """Signal a process, which may have ended already."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask every 20 ms until the condition holds; False if it does not within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def open_log(path: Path) -> BinaryIO:
    """Open a server's log to append, readable by us alone; a large one is put aside first."""
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".old.log"))
    path.touch(mode=0o600)
    return path.open("ab")


def end_of_log(path: Path, start: int) -> str:
    """What a server wrote to its log from a byte offset on, at most the last 2,000 characters."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(start)
        return file.read()[-2000:].decode("utf-8", "replace").strip()
