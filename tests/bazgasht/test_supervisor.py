"""The supervisor with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bazgasht.services import follow
from bazgasht.services.processes import is_alive, wait_until

ROOT = Path(__file__).parents[2]

# Appends its process id when it starts and the name of each signal it gets; ends on a signal.
PART = """
import os, signal, sys, time
def note(word):
    with open(sys.argv[1], "a") as file:
        file.write(f"{word}\\n")
def end(number, frame):
    note(signal.Signals(number).name)
    time.sleep(0.1)
    sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, end)
note(os.getpid())
time.sleep(60)
"""

# Ignores signals and has a child of its own.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n{child.pid}\\n")
time.sleep(60)
"""


def words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def line(text: str, file: Path) -> list[str]:
    return [sys.executable, "-S", "-c", text, str(file)]


@contextmanager
def supervised(
    parts: dict[str, list[str]], keywords: str = "", before: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, killed with all its parts when a test fails."""
    made = ", ".join(f"Part({name!r}, {argv!r})" for name, argv in parts.items())
    program = (
        f"import sys\nfrom bazgasht.supervisor import Part, Supervisor\n{before}\n"
        f"sys.exit(Supervisor([{made}], {keywords}).run())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_sigterm_stops_every_part_once_and_cleanly(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    with supervised({file.name: line(PART, file) for file in files}) as supervisor:
        assert wait_until(lambda: all(words(file) for file in files), 10)
        supervisor.terminate()
        assert supervisor.wait(10) == 0
    for file in files:
        process, *signals = words(file)
        assert signals == ["SIGTERM"]
        assert not psutil.pid_exists(int(process))


def test_a_terminals_interrupt_reaches_a_part_once(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with supervised({"a": line(PART, file)}) as supervisor:
        assert wait_until(lambda: len(words(file)) == 1, 10)
        os.killpg(supervisor.pid, signal.SIGINT)
        assert supervisor.wait(10) == 0
    assert words(file)[1:] == ["SIGINT"]


def test_a_killed_part_comes_back(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    parts = {"a": line(PART, file), "b": line(PART, other)}
    with supervised(parts) as supervisor:
        assert wait_until(lambda: bool(words(file) and words(other)), 10)
        os.kill(int(words(file)[0]), signal.SIGKILL)
        assert wait_until(lambda: len(words(file)) == 2, 10)
        supervisor.terminate()
        assert supervisor.wait(10) == 0
        assert supervisor.stdout is not None
        said = supervisor.stdout.read()
    assert words(file)[0] != words(file)[1]
    assert len(words(other)) == 2
    assert next(text.split() for text in said.splitlines() if "part_ended" in text)[-3:] == [
        "exit_code=-9",
        "part=a",
        "restart_in_seconds=0.5",
    ]


def test_a_part_that_keeps_failing_is_started_ever_more_slowly(tmp_path: Path) -> None:
    file = tmp_path / "starts"
    failing = ["sh", "-c", f"echo started >> {file}; exit 3"]
    with supervised({"failing": failing}) as supervisor:
        assert supervisor.stdout is not None
        ends = []
        for text in supervisor.stdout:
            if "part_ended" in text:
                ends.append(text.split()[-3:])
            if len(ends) == 2:
                break
        assert words(file) == ["started"] * 2
        supervisor.terminate()
        assert supervisor.wait(10) == 0
    assert ends == [
        ["exit_code=3", "part=failing", f"restart_in_seconds={delay}"] for delay in ("0.5", "1.0")
    ]


@pytest.mark.parametrize(("grace", "interrupts"), [("0.4", 1), ("60", 2)])
def test_a_part_that_does_not_end_is_killed_with_its_children(
    tmp_path: Path, grace: str, interrupts: int
) -> None:
    file = tmp_path / "a"
    with supervised({"a": line(STUBBORN, file)}, f"grace_period={grace}") as supervisor:
        assert wait_until(lambda: len(words(file)) == 2, 10)
        for _ in range(interrupts):
            supervisor.terminate()
            time.sleep(0.2)
        assert supervisor.wait(10) == 1
    assert not any(is_alive(int(process)) for process in words(file))


def test_services_are_looked_after_even_after_an_error(tmp_path: Path) -> None:
    file, checks = tmp_path / "a", tmp_path / "checks"
    before = f"""
import bazgasht.supervisor
bazgasht.supervisor._SECONDS_BETWEEN_CHECKS = 0.2
def ensure():
    with open({str(checks)!r}, "a") as file:
        file.write("check\\n")
    raise ValueError("the server is gone")
"""
    with supervised({"a": line(PART, file)}, "ensure=ensure", before) as supervisor:
        assert wait_until(lambda: len(words(checks)) == 2, 10)
        supervisor.terminate()
        assert supervisor.wait(10) == 0
        assert supervisor.stdout is not None
        assert supervisor.stdout.read().count("the server is gone") == len(words(checks))


def test_parts_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with supervised({"a": line(PART, file)}) as supervisor:
        assert wait_until(lambda: len(words(file)) == 1, 10)
        supervisor.kill()
        assert wait_until(lambda: words(file)[1:] == ["SIGTERM"], 10)
        assert wait_until(lambda: not is_alive(int(words(file)[0])), 10)


def test_the_watcher_ends_a_program_whose_parent_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    command = [sys.executable, follow.__file__, "watcher"]
    parent = "import os, subprocess, sys; subprocess.run([*{0}, str(os.getpid()), *{1}])"
    program = parent.format(command, line(PART, file))
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        assert wait_until(lambda: len(words(file)) == 1, 10)
        process.kill()
    assert wait_until(lambda: words(file)[1:] == ["SIGTERM"], 10)
    assert wait_until(lambda: not is_alive(int(words(file)[0])), 10)
