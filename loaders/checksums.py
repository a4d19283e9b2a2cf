"""Checksums of files: the card's pins, what the manifest says, and sums remembered of files that have not changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from uuid import uuid4

from registry.errors import ChecksumError, ReadError
from registry.loadspec import FileRef
from registry.settings import settings

CHUNK = 1 << 20
WORTH = 1 << 20
"""Bytes from which on a sum is worth remembering."""
SETTLED = 2.0
"""Seconds that a file must have been left alone: a change within one tick of the clock would not show."""


def sha256(path: Path, *, fresh: bool = False) -> str:
    """SHA-256 of a file, in hex; that of a large file that has not changed is remembered, unless `fresh`.

    Raises:
        ReadError: it may not be read.
    """
    try:
        before = _state(path)
        if not fresh and (known := _known(path, before)):
            return known
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise ReadError(f"{path}: cannot be read: {error.strerror}") from None
    if _state(path) == before:
        _remember(path, before, found)
    return found


def remember(path: Path, digest: str) -> None:
    """Note the SHA-256 of a file that was just made and measured by us."""
    _remember(path, _state(path), digest)


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


def _state(path: Path) -> list[int]:
    """What changes when a file does: size, times, and which file it is."""
    now = path.stat()
    return [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino, now.st_dev]


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return settings().cache / "sums" / name[:2] / f"{name[2:34]}.json"


def _known(path: Path, state: list[int]) -> str | None:
    if state[0] < WORTH:
        return None
    try:
        told = json.loads(_note(path).read_text())
        return str(told["sha256"]) if told["state"] == state and told["path"] == str(path.absolute()) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(path: Path, state: list[int], digest: str) -> None:
    if state[0] < WORTH or not 0 <= state[1] <= (time.time() - SETTLED) * 1e9:
        return
    note = _note(path)
    beside = note.with_name(f".{uuid4().hex}")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(json.dumps({"path": str(path.absolute()), "state": state, "sha256": digest}))
            beside.replace(note)
        finally:
            beside.unlink(missing_ok=True)
