"""Changes the code in small ways, one at a time, and counts how many changes the tests notice.

    python -m bench.mutation [--minutes 60] [--processes 2] [FILE...]

mutmut makes and tries the changes, in a copy of the code under build/mutation, with the pure tests
alone. What was tried is kept there: a run that was interrupted, or ran out of minutes, goes on;
after a change of the code only what changed is tried again, and after a change of the tests what
they did not notice. Prints the share that was noticed, by file, and what was not; ends with 1 when
it is below 90 %.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = ROOT / "build" / "mutation"
LEAST = 0.90
CODE = (
    *("apportionment", "audit", "book", "chain", "changes", "expiry", "handover", "holdings"),
    *("imports", "occasions", "posting", "redemption", "rewards", "settle", "sharing"),
)
FILES = (
    *(f"retention/ledger/{name}.py" for name in CODE),
    *(f"retention/{name}.py" for name in ("caps", "money", "multipliers", "net", "points")),
)
TESTS = (
    *("ledger", "tables.py", "test_caps.py", "test_money.py", "test_multipliers.py"),
    *("test_net.py", "test_points.py", "test_points_exactly.py", "test_redemption.py"),
)
CONFIGURATION = """\
[tool.mutmut]
source_paths = ["retention"]
only_mutate = {files}
pytest_add_cli_args_test_selection = ["tests"]
pytest_add_cli_args = ["-q", "-x", "--import-mode=importlib"]
use_git_change_detection = false
"""
# That a test fails is enough: looking for the smallest example would take most of the time.
PROFILE = """\
from hypothesis import Phase, settings

settings.register_profile("quick", deadline=None, phases=(Phase.explicit, Phase.generate))
settings.load_profile("quick")
"""
NO_TEST = 33


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a file's changes: `left` were not tried, `unnoticed` are their names."""

    file: str
    noticed: int
    unnoticed: Sequence[str]
    left: int

    @property
    def share(self) -> float:
        """The share of the tried changes that was noticed; 1 when none was tried."""
        tried = self.noticed + len(self.unnoticed)
        return self.noticed / tried if tried else 1.0


def main() -> int:
    """Run, print and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutation")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("files", nargs="*", default=FILES, metavar="FILE")
    options = parser.parse_args()
    _copy(options.files)
    _forget_unnoticed()
    _mutate(options.processes, time.monotonic() + options.minutes * 60)
    return _tell([_score(file) for file in options.files])


def _copy(files: Sequence[str]) -> None:
    """Bring the copy up to date, but for what was tried already."""
    for folder in (COPY / "retention", COPY / "tests"):
        shutil.rmtree(folder, ignore_errors=True)
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "retention", COPY / "retention", ignore=no_caches)
    for name in TESTS:
        source, target = ROOT / "tests/retention" / name, COPY / "tests/retention" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=no_caches)
        else:
            shutil.copy2(source, target)
    (COPY / "tests/retention/conftest.py").write_text(PROFILE, "utf-8")
    content = CONFIGURATION.format(files=json.dumps(list(files)))
    (COPY / "pyproject.toml").write_text(content, "utf-8")


def _forget_unnoticed() -> None:
    """Have tried again what other tests than today's did not notice."""
    digest = sha256()
    for path in sorted((COPY / "tests").rglob("*.py")):
        digest.update(path.read_bytes())
    kept = COPY / "tests.sha256"
    if kept.exists() and kept.read_text("ascii") == digest.hexdigest():
        return
    kept.write_text(digest.hexdigest(), "ascii")
    for path in (COPY / "mutants").rglob("*.meta"):
        content = json.loads(path.read_text("utf-8"))
        codes = content["exit_code_by_key"]
        codes.update({name: None for name, code in codes.items() if code in (0, NO_TEST)})
        path.write_text(json.dumps(content), "utf-8")


def _mutate(processes: int, until: float) -> None:
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
    with (COPY / "mutmut.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=COPY, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(max(1.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            # It works in processes of its own, which would go on.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
            print("The time is over; the next run goes on from here.")


def _score(file: str) -> Score:
    kept = COPY / "mutants" / f"{file}.meta"
    if not kept.exists():
        raise SystemExit(f"{file}: nothing was tried; {COPY / 'mutmut.log'} tells why")
    codes: dict[str, int | None] = json.loads(kept.read_text("utf-8"))["exit_code_by_key"]
    unnoticed = sorted(name for name, code in codes.items() if code in (0, NO_TEST))
    left = sum(code is None for code in codes.values())
    return Score(file, len(codes) - len(unnoticed) - left, unnoticed, left)


def _tell(scores: Sequence[Score]) -> int:
    for name in (name for score in scores for name in score.unnoticed):
        print(f"not noticed: {name}")
    for score in scores:
        tried = score.noticed + len(score.unnoticed)
        rest = f", {score.left} not tried" if score.left else ""
        print(f"{score.share:7.1%}  {score.noticed:4} of {tried:4}  {score.file}{rest}")
    noticed = sum(score.noticed for score in scores)
    tried = noticed + sum(len(score.unnoticed) for score in scores)
    left = sum(score.left for score in scores)
    share = noticed / tried if tried else 0.0
    print(f"{share:7.1%}  {noticed:4} of {tried:4}  mutation score; at least {LEAST:.0%} is asked")
    if left:
        print(f"{left} changes were not tried; run it again.")
    return 0 if share >= LEAST and not left else 1


if __name__ == "__main__":
    sys.exit(main())
