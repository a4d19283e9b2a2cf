"""One harvest of a catalogue at a time: a lock that ends with its process, and a note of who holds it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from registry.db import reading
from registry.errors import HarvestError
from registry.observation import clean
from registry.tables import now

log = logging.getLogger(__name__)

LONGEST_NOTE = 1_000
"""Bytes of a note that are read."""
LOCK = 727264
"""The number of the lock in PostgreSQL."""


@contextmanager
def alone(cache: Path, url: str) -> Iterator[None]:
    """Hold the lock of a catalogue while the block lasts.

    The system frees the lock when its process ends, however that ends: one that was killed blocks nobody. It holds
    among the processes that share `cache`; a harvest on another machine is not seen.

    Args:
        cache: the folder of locks, made if need be.
        url: the address of the catalogue, without its password.

    Raises:
        HarvestError: another process holds the lock, told with its number and since when; or the folder cannot be used.
    """
    mark = hashlib.sha256(url.encode()).hexdigest()[:16]
    path = cache / f"harvest-{mark}.lock"
    note = path.with_suffix(".json")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire(timeout=0)
    except Timeout:
        raise HarvestError(f"another harvest of this catalogue is running{_holder(note)}; lock {path}") from None
    except OSError as error:
        raise HarvestError(f"the lock of the harvest cannot be made: {error}") from None
    try:
        _leave(note)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


@contextmanager
def alone_everywhere(target: Engine) -> Iterator[None]:
    """Hold a lock in the database itself while the block lasts, where it serves several machines.

    Raises:
        HarvestError: a harvest on another machine holds it.
        DatabaseError: the database cannot be used.
    """
    if target.dialect.name != "postgresql":
        yield
        return
    with reading(target) as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK})").scalar():
            raise HarvestError("another harvest of this catalogue is running, on another machine or by another user")
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):  # a connection that is lost has given the lock back
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")


def _leave(note: Path) -> None:
    """Write down who holds the lock; whole or not at all, and a harvest goes on without it."""
    told = {"pid": os.getpid(), "host": socket.gethostname(), "since": now().isoformat(timespec="seconds")}
    new = note.with_suffix(".new")
    try:
        new.write_text(json.dumps(told), encoding="utf-8")
        new.replace(note)
    except OSError as error:
        log.warning("harvest: who holds the lock could not be noted: %s", error)


def _holder(note: Path) -> str:
    """``: process 4711 on ward-3 since 2026-11-24T02:17:00+00:00``; nothing where the note cannot be read."""
    try:
        with note.open("rb") as opened:
            told = json.loads(opened.read(LONGEST_NOTE))
        return f": process {told['pid']:d} on {clean(told['host'])} since {clean(told['since'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
