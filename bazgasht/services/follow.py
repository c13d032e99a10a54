"""Run a program that is told to end when the process that started it has ended.

`follow.py kernel|watcher PARENT PROGRAM [ARGUMENT ...]` turns into the program, so that signals
and the exit code are the program's own. Should its parent die, even by SIGKILL, the program gets
SIGTERM: from the kernel on Linux, elsewhere from a small watcher that asks every second. It is a
file run by its path, which keeps the start down to some milliseconds.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1


def main(how: str, parent: int, command: list[str]) -> None:
    """Arrange for the end and become the program."""
    if how == "kernel":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    else:
        _start_watcher(parent)
    if os.getppid() != parent:
        sys.exit("the process that should be followed has ended already")
    os.execvp(command[0], command)  # noqa: S606  A shell would take the signals.


def _start_watcher(parent: int) -> None:
    followed = os.getpid()
    if os.fork() != 0:
        return
    while os.getppid() == followed:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(followed, signal.SIGTERM)
            break
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
