"""Patterns of files: which names they stood for when their source was asked, kept so that part of them is never all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from uuid import uuid4

from loaders import sources
from loaders.download import Unavailable, shown
from loaders.paths import matcher, safe
from loaders.sources.base import Remote
from registry.settings import settings


def expanded(source: str, revision: str | None, pattern: str) -> list[Remote]:
    """The files of a source that match a pattern, in order of path.

    Raises:
        Unavailable: the source does not list its files, or none matches.
    """
    wanted = matcher(safe(pattern))
    found = [remote for remote in sources.listing(source, revision) if wanted.fullmatch(remote.path)]
    if not found:
        raise Unavailable(f"no file of {shown(source)} matches the pattern")
    note = _note(source, revision, pattern)
    note.parent.mkdir(parents=True, exist_ok=True)
    beside = note.with_name(f".{uuid4().hex}")
    beside.write_text(json.dumps([remote.path for remote in found]))
    beside.replace(note)
    return found


def known(source: str, revision: str | None, pattern: str) -> list[str] | None:
    """The names that the pattern stood for when it was last asked; None where it never was."""
    try:
        return [safe(name) for name in json.loads(_note(source, revision, pattern).read_text())]
    except (OSError, ValueError, TypeError):
        return None


def _note(source: str, revision: str | None, pattern: str) -> Path:
    key = json.dumps([source, revision, pattern])
    return settings().cache / "lists" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
