"""The PostgreSQL server process over a data directory, whoever started it."""

import signal
from pathlib import Path

from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import command_line, is_alive, send_signal, wait_until

# First a fast shutdown, which ends sessions and writes a checkpoint, then an immediate one.
_STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 15.0))


def running_process(data: Path) -> int | None:
    """Process id of the server that runs over a data directory, or None.

    The id in `postmaster.pid` may be that of a process unreaped, or of another program since.
    """
    process = _line(data, 0)
    if process is None or not is_alive(process):
        return None
    program, ours, _ = command_line(process).partition(f" -D {data} ")
    return process if ours and Path(program).name == "postgres" else None


def port_in_use(data: Path) -> int | None:
    """Port of the server that runs over a data directory, or None."""
    return _line(data, 3) if running_process(data) is not None else None


def forget(data: Path) -> None:
    """Remove what a dead server left, which would keep a new one from starting.

    PostgreSQL itself waits for ever on a process id that is unreaped or reused. It still refuses
    to start while backends of the old server hold its shared memory.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)


def end(process: int) -> None:
    """Stop a server that is not our child, cleanly if it lets itself be.

    Raises:
        ServiceError: it is still there.
    """
    for number, seconds in _STOPS:
        send_signal(process, number)
        if wait_until(lambda: not is_alive(process), seconds):
            return
    raise ServiceError(f"PostgreSQL (process {process}) did not stop")


def _line(data: Path, number: int) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text("utf-8").splitlines()[number])
    except (OSError, ValueError, IndexError):
        return None
