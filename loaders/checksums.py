"""Checksums of files: the card's pins, and what the manifest says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from registry.errors import ChecksumError
from registry.loadspec import FileRef

CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
