"""Functions compiled to machine code by numba, and running them on every core.

They let the interpreter go while they run, so that plain threads share the cores: safe in any
process at any time, which numba's own threads are not. Compiled code is kept on disk, beside the
sources or where the user's caches are; NUMBA_CACHE_DIR names another place. It is renewed when any
module of the function's folder changes, so a function calls, and takes constants from, only
modules of its own folder: those of `retention.kernels`.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

Function = TypeVar("Function", bound=Callable[..., Any])
Part = TypeVar("Part")
Result = TypeVar("Result")

SETTING = "CACHE_LOCATOR_CLASSES"


class _FolderStamp:
    """Lets compiled code be as old as all modules of the function's folder, not its own alone."""

    _py_file: str

    def get_source_stamp(self) -> str:
        """Return what kept code must have been compiled from."""
        return _content(Path(self._py_file).parent)


class NamedFolder(_FolderStamp, UserProvidedCacheLocator):
    """Keeps compiled code in NUMBA_CACHE_DIR, if that is set."""


class BesideSources(_FolderStamp, InTreeCacheLocator):
    """Keeps compiled code beside the sources, if these can be written."""


class UsersFolder(_FolderStamp, UserWideCacheLocator):
    """Keeps compiled code in the user's cache directory."""


def compiled(function: Function) -> Function:
    """Compile the function at its first call in each process, or take the code that is kept."""
    try:
        with _kept_by(NamedFolder, BesideSources, UsersFolder):
            return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        warnings.warn(
            "compiled functions cannot be kept, so that each process compiles them anew;"
            " set NUMBA_CACHE_DIR to a directory that can be written",
            stacklevel=2,
        )
        return cast(Function, njit(nogil=True)(function))


@contextmanager
def _kept_by(*locators: type) -> Iterator[None]:
    """Let numba ask these where to keep code, as NUMBA_CACHE_LOCATOR_CLASSES would, for a while.

    Other libraries' functions keep theirs as ever.
    """
    usual = getattr(config, SETTING)
    setattr(config, SETTING, ",".join(f"{__name__}.{which.__name__}" for which in locators))
    try:
        yield
    finally:
        setattr(config, SETTING, usual)


@cache
def _content(folder: Path) -> str:
    modules = sorted(folder.glob("*.py"))
    return sha256(b"".join(sha256(module.read_bytes()).digest() for module in modules)).hexdigest()


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
