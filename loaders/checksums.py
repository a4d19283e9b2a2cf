"""Checksums of files: the card's pins, what the manifest says, and sums remembered of files that have not changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import BufferedReader
from pathlib import Path
from threading import Event
from uuid import uuid4

from registry.errors import ChecksumError, ReadError
from registry.loadspec import FileRef
from registry.settings import settings

CHUNK = 1 << 20
WORTH = 1 << 20
"""Bytes from which on a sum is worth remembering."""
SLOW = 8 << 20
"""Bytes from which on a file is better measured while something else is done."""
SETTLED = 2.0
"""Seconds that a file must have been left alone: a change within one tick of the clock would not show."""


def sha256(path: Path, *, fresh: bool = False, stop: Event | None = None) -> str:
    """SHA-256 of a file, in hex; that of a large file that has not changed is remembered, unless `fresh`.

    Raises:
        ReadError: it may not be read; or `stop` was set meanwhile.
    """
    try:
        before = state(path)
        if not fresh and (known := _known(path, before)):
            return known
        with path.open("rb") as file:
            found = _measured(file, stop)
    except PermissionError as error:
        raise ReadError(f"{path}: cannot be read: {error.strerror}") from None
    if found is None:
        raise ReadError(f"{path}: nobody waits for its sum any more")
    if state(path) == before:
        _remember(path, before, found)
    return found


def _measured(file: BufferedReader, stop: Event | None) -> str | None:
    if stop is None:
        return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    while count := file.readinto(buffer):
        if stop.is_set():
            return None
        digest.update(buffer[:count])
    return digest.hexdigest()


@contextlib.contextmanager
def meanwhile(paths: Sequence[Path]) -> Iterator[Future[list[str]]]:
    """The SHA-256 of files, found in a thread while the block is at work, no longer than it is; errors as `sha256`."""
    stop = Event()
    with ThreadPoolExecutor(1) as thread:
        try:
            yield thread.submit(lambda: [sha256(path, stop=stop) for path in paths])
        finally:
            stop.set()


def is_known(path: Path) -> bool:
    """Whether the SHA-256 of a file is remembered, or takes no time worth speaking of."""
    now = state(path)
    return now[0] < SLOW or _known(path, now) is not None


def remember(path: Path, digest: str) -> None:
    """Note the SHA-256 of a file that was just made and measured by us."""
    _remember(path, state(path), digest)


def md5(path: Path) -> str:
    """MD5 of a file, in hex: what many archives tell of their files."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def git_blob(path: Path) -> str:
    """The id that Git gives to a file of these bytes."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check(path: Path, ref: FileRef) -> None:
    """Hold a file against what the card pins.

    Raises:
        ChecksumError: with both sums and what to do.
    """
    for name, pinned, measure in (("sha256", ref.sha256, sha256), ("git blob", ref.git_blob, git_blob)):
        if pinned and (found := measure(path)) != pinned:
            raise ChecksumError(
                f"{path}: {name} is {found}, and the card pins {pinned} for {ref.path}. The file was changed or cut "
                "short, or is another version: fetch the pinned one again, or pass `revision=` to load another version "
                "without the card's checksums"
            )


def state(path: Path) -> list[int]:
    """What changes when a file does: size, times, and which file it is."""
    now = path.stat()
    return [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, now.st_dev]


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return settings().cache / "sums" / name[:2] / f"{name[2:34]}.json"


def _known(path: Path, now: list[int]) -> str | None:
    if now[0] < WORTH:
        return None
    try:
        told = json.loads(_note(path).read_text())
        return str(told["sha256"]) if told["state"] == now and told["path"] == str(path.absolute()) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(path: Path, then: list[int], digest: str) -> None:
    if then[0] < WORTH or not 0 <= then[1] <= (time.time() - SETTLED) * 1e9:
        return
    note = _note(path)
    beside = note.with_name(f".{uuid4().hex}")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(json.dumps({"path": str(path.absolute()), "state": then, "sha256": digest}))
            beside.replace(note)
        finally:
            beside.unlink(missing_ok=True)
