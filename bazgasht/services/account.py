"""The unprivileged account that PostgreSQL runs as when we run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from bazgasht.services.errors import ServiceError

SYSTEM_DIRECTORY = Path("/var/lib/bazgasht")


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that make a child run as an account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of the system by name and numbers."""

    name: str
    user: int
    group: int

    def identity(self) -> Identity:
        """How a child process is started as this account."""
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def may_enter(self, directory: Path) -> bool:
        """Whether the account may pass through a directory, by its mode."""
        status = directory.stat()
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.group:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def first_closed(self, path: Path) -> Path | None:
        """The outermost existing directory on the way to a path that the account may not enter."""
        for directory in [*reversed(path.parents), path]:
            if directory.is_dir() and not self.may_enter(directory):
                return directory
        return None


def service_account(data: Path | None = None) -> Account | None:
    """Who PostgreSQL runs as: None, meaning ourselves, unless we are root.

    Root runs it as the owner of the data if there are data already, else as `postgres` if the
    system has that user, else as `nobody`.

    Raises:
        ServiceError: we are root and the system has none of these users.
    """
    if os.geteuid() != 0:
        return None
    if data is not None and data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServiceError(
        "PostgreSQL does not run as root and the system has neither a user 'postgres' nor "
        "'nobody'; make one of them or run as an ordinary user"
    )


def default_data_directory(project: Path) -> Path:
    """Where data go if nobody says otherwise: `var` in the project.

    For root it is `/var/lib/bazgasht/<project's name>` if the account that PostgreSQL runs as
    cannot reach the project, as is so under `/root`.
    """
    project = project.resolve()
    account = service_account()
    if account is not None and account.first_closed(project) is not None:
        return SYSTEM_DIRECTORY / project.name
    return project / "var"


def require_reachable(directory: Path, account: Account) -> None:
    """Refuse a data directory that the account cannot reach.

    Raises:
        ServiceError: names the directory in the way and what to do.
    """
    closed = account.first_closed(directory)
    if closed is not None:
        raise ServiceError(
            f"PostgreSQL runs as the user '{account.name}', who may not enter {closed}, so it "
            f"cannot keep its data in {directory}; set BAZGASHT_DATA_DIRECTORY to a directory "
            f"that user can reach, for example {SYSTEM_DIRECTORY}/data"
        )


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
