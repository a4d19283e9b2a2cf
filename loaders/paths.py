"""Paths that come from cards, archives and mirrors: kept inside their folder, matched by pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

from registry.errors import MedRegistryError

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


def is_pattern(path: str) -> bool:
    """Whether a card's path stands for several files."""
    return any(mark in path for mark in "*?{")


@lru_cache(maxsize=256)
def matcher(pattern: str) -> re.Pattern[str]:
    """A shell pattern (`*`, `**`, `?`, `{a,b}`) as a regular expression for whole paths."""
    out = ""
    place = depth = 0
    while place < len(pattern):
        char = pattern[place]
        if pattern.startswith("**/", place):
            out, place = out + "(?:[^/]+/)*", place + 3
            continue
        if pattern.startswith("**", place):
            out, place = out + ".*", place + 2
            continue
        if char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        place += 1
    if depth:
        raise MedRegistryError(f"the pattern {pattern!r} has an open brace")
    return re.compile(out, re.DOTALL)


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
