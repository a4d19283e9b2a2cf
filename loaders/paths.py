"""Paths that come from cards, archives and mirrors: kept inside their folder, matched by pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

from loaders.patterns import Matcher
from registry.errors import MedRegistryError, UsageError

DEEPEST = 12
MOST_ENTRIES = 500_000
UNDER_WAY = ".part-"
"""How names of files begin that are being written."""


def safe(relative: str) -> str:
    """A relative path with "/", proven to stay inside the folder it will be joined to.

    Raises:
        MedRegistryError: absolute, with a drive, a backslash, a NUL or "..".
    """
    parts = PurePosixPath(relative).parts
    bad = relative.startswith(("/", "~")) or ".." in parts or "\\" in relative or "\0" in relative
    if bad or not parts or re.match(r"^[A-Za-z]:", relative):
        raise MedRegistryError(f"the path {relative!r} leads out of its folder; nothing was read or written")
    return str(PurePosixPath(*parts))


def inside(folder: Path, relative: str) -> Path:
    """`folder`/`relative`; raises as `safe`."""
    return folder / safe(relative)


def home(path: str | Path) -> Path:
    """A path that a person gives, with ``~`` as their home.

    Raises:
        UsageError: there is no such person here, or nothing was given.
    """
    try:
        if not str(path).strip():
            raise UsageError("a path was given that is empty")
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(f"{str(path)!r} names the home of somebody who is not known on this machine") from None


def is_pattern(path: str) -> bool:
    """Whether a card's path stands for several files."""
    return any(mark in path for mark in "*?{")


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Matcher:
    """What tells whether a whole path fits a shell pattern (`*`, `**`, `?`, `{a,b}`), in time linear in the path.

    Raises:
        MedRegistryError: a brace is not closed.
    """
    return Matcher(pattern)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files below `folder` in sorted order as (path with "/", path), but for those of others on their way.

    Hidden and linked folders are not entered; files that a download or an unpacking is writing are left out.

    Raises:
        MedRegistryError: more entries than anyone meant to hand over.
    """
    seen = 0
    for root, folders, names in os.walk(folder):
        here = Path(root)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and depth < DEEPEST)
        seen += len(folders) + len(names)
        if seen > MOST_ENTRIES:
            raise MedRegistryError(
                f"{folder} holds more than {MOST_ENTRIES:,} entries; name a folder closer to the data"
            )
        for name in sorted(names):
            if name.startswith(UNDER_WAY):
                continue
            path = here / name
            yield path.relative_to(folder).as_posix(), path
