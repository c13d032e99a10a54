import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retention import kernels
from retention.compiled import compiled, in_threads


def test_a_function_whose_code_cannot_be_kept_is_compiled_all_the_same() -> None:
    # What has no file of its own has no place for its compiled code either.
    made: dict[str, Callable[[int], int]] = {}
    exec("def twice(number):\n    return 2 * number", made)  # noqa: S102

    with pytest.warns(UserWarning, match="set NUMBA_CACHE_DIR"):
        twice = compiled(made["twice"])

    assert twice(21) == 42


CALLEE = """
from retention.compiled import compiled

@compiled
def priced(number):
    return {} * number
"""

CALLER = """
from loops.callee import priced
from retention.compiled import compiled

@compiled
def answer(number):
    return priced(number) + 1
"""

ASK = """
from loops.caller import answer
print(answer(10), *answer.stats.cache_hits.values(), answer.stats.cache_path)
"""


@pytest.mark.parametrize("place", ["beside the sources", "the user's cache", "NUMBA_CACHE_DIR"])
def test_a_change_of_what_a_function_calls_renews_its_code(tmp_path: Path, place: str) -> None:
    package, kept = tmp_path / "loops", tmp_path / "kept"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "callee.py").write_text(CALLEE.format(3))
    (package / "caller.py").write_text(CALLER)
    if place == "the user's cache":
        # Nothing can be written where a file stands in a folder's place.
        (package / "__pycache__").touch()
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("NUMBA_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
    environment["XDG_CACHE_HOME"] = environment["HOME"] = str(kept / "user")
    if place == "NUMBA_CACHE_DIR":
        environment["NUMBA_CACHE_DIR"] = str(kept / "named")

    def asked() -> list[str]:
        command = [sys.executable, "-W", "error", "-c", ASK]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    folder = {
        "beside the sources": package / "__pycache__",
        "the user's cache": kept / "user" / "numba",
        "NUMBA_CACHE_DIR": kept / "named",
    }[place]
    first, again = asked(), asked()
    (package / "callee.py").write_text(CALLEE.format(5))

    changed = asked()

    assert (first[0], again[0:2], changed[0]) == ("31", ["31", "1"], "51")
    assert folder in [Path(first[-1]), Path(first[-1]).parent]


def imported(module: Path) -> set[tuple[str, str]]:
    """What a module imports by name: from which module, and the name."""
    return {
        (node.module or "", one.name)
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }


def test_compiled_functions_lie_in_one_folder_and_take_only_types_from_others() -> None:
    folder = Path(kernels.__file__).parent
    makers = ("retention.compiled", "compiled")
    compiling = [one for one in folder.parent.rglob("*.py") if makers in imported(one)]

    assert compiling
    assert {one.parent for one in compiling} == {folder}
    taken = {module for one in compiling for module, _ in imported(one)}
    others = {"typing", "numpy.typing", "retention.arrays", "retention.compiled"}
    assert {module for module in taken if not module.startswith("retention.kernels")} == others


def test_threads_answer_in_the_sequence_of_the_parts() -> None:
    assert in_threads(lambda number: number * number, range(5)) == [0, 1, 4, 9, 16]
    assert in_threads(lambda number: number, []) == []


def test_what_fails_in_a_thread_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda number: 1 // number, [1, 0])
