"""The cache of downloads, by content: the same bytes are kept once, wherever they came from."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from loaders import checksums
from registry.settings import settings

PAST = 10
"""Seconds by which a kept file is dated back, so that any change of it shows in its time."""


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the right to make `target`; another process that wants it waits."""
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / f".{target.name}.lock"):
        yield


def held(sha256: str | None) -> Path | None:
    """The kept file of these bytes, proven to be so; None where there is none."""
    if sha256 is None:
        return None
    blob = _blob(sha256)
    if not blob.is_file():
        return None
    if checksums.sha256(blob) != sha256:  # somebody wrote into it
        blob.unlink(missing_ok=True)
        return None
    return blob


def keep(arrived: Path, target: Path, sha256: str) -> Path:
    """Take a verified file into the cache, where it appears as `target`; `arrived` is gone then."""
    if held(sha256) is None:
        blob = _blob(sha256)
        blob.parent.mkdir(parents=True, exist_ok=True)
        then = time.time() - PAST
        os.utime(arrived, (then, then))
        arrived.chmod(0o444)  # it may appear in several places: a change in one would be one in all
        arrived.replace(blob)
        checksums.remember(blob, sha256)
    else:
        arrived.unlink()
    return show(sha256, target)


def show(sha256: str, target: Path) -> Path:
    """Let a kept file appear as `target`: as a link, or as a copy where the disk knows no links."""
    blob = _blob(sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.parent / f".part-{uuid4().hex}"
    try:
        try:
            os.link(blob, beside)
        except OSError:
            shutil.copy2(blob, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    checksums.remember(blob, sha256)
    checksums.remember(target, sha256)
    return target


def _blob(sha256: str) -> Path:
    return settings().cache / "blobs" / sha256
