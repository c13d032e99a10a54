"""Small files a service keeps beside its data: secrets, its port, and locks."""

import fcntl
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bazgasht.services.errors import ServiceError

LOOPBACK = "127.0.0.1"

# Ports below the range that systems hand to outgoing connections (32768 and up on Linux, 49152
# and up on macOS), so that none of those takes a server's port while the server restarts.
_PORTS = range(20000, 30000)


class FileLock:
    """An exclusive lock on a file, freed by the system when the last process holding it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object has the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock without waiting; False if somebody else holds it."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise ServiceError(
                f"{self._path} belongs to another user; run as that user or set "
                f"BAZGASHT_DATA_DIRECTORY to a directory of your own"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give up this process's hold; a child that inherited the descriptor keeps its own."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def fileno(self) -> int:
        """Descriptor to hand to a child that shall hold the lock for as long as it lives."""
        if self._descriptor is None:
            raise ServiceError(f"the lock {self._path} is not held")
        return self._descriptor


def make_directory(path: Path, mode: int) -> None:
    """Make a directory and the parents it lacks, with exactly this mode whatever the umask."""
    for directory in [*reversed(path.parents), path]:
        if not directory.exists():
            directory.mkdir(exist_ok=True)
            directory.chmod(mode)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 whole or not at all, on disk when this returns."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(scratch).replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the renames inside a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_or_create_secrets(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Random secrets by name from a file of mode 0600; the ones it lacks are made and kept."""
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: secrets.token_hex(24) for name in missing}
        write_private(path, json.dumps(known, indent=2))
    return known


def read_port(path: Path) -> int | None:
    """The port remembered in a file, or None if there is none or it cannot be read."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def choose_port(path: Path) -> int:
    """The remembered port if it is free, else another free one, which is remembered."""
    remembered = read_port(path)
    if remembered is not None and _is_free(remembered):
        return remembered
    for _ in range(200):
        port = secrets.choice(_PORTS)
        if _is_free(port):
            write_private(path, str(port))
            return port
    raise ServiceError(f"no free port between {_PORTS.start} and {_PORTS.stop} on {LOOPBACK}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
