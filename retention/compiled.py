"""Functions compiled to machine code by numba, and running them on every core.

They let the interpreter go while they run, so that plain threads share the cores: safe in any
process at any time, which numba's own threads are not. Compiled code is kept on disk, beside the
sources or where the user's caches are; NUMBA_CACHE_DIR names another place. A function must only
call compiled functions of its own file, for kept code is renewed when its own file changes.
"""

import os
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
Part = TypeVar("Part")
Result = TypeVar("Result")


def compiled(function: Function) -> Function:
    """Compile the function at its first call in each process, or take the code that is kept."""
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        warnings.warn(
            "compiled functions cannot be kept, so that each process compiles them anew;"
            " set NUMBA_CACHE_DIR to a directory that can be written",
            stacklevel=2,
        )
        return cast(Function, njit(nogil=True)(function))


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """Return what `work` returns of each part, worked on by as many threads as there are cores."""
    listed = list(parts)
    if len(listed) < 2:
        return [work(part) for part in listed]
    with ThreadPoolExecutor(min(cores(), len(listed))) as threads:
        return list(threads.map(work, listed))
