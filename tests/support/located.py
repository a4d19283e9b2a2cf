"""What `locate` finds of a dataset's files, and why it does not find one."""

from __future__ import annotations

from typing import Any

from loaders.fetch import Origin, locate
from registry.loadspec import FileRef


def found(origin: Origin, *refs: FileRef | str, **options: Any) -> list[tuple[str, bytes]]:
    """Names and contents of the files that are located; none may be absent."""
    files, absent = locate(origin, [FileRef(path=ref) if isinstance(ref, str) else ref for ref in refs], **options)
    assert absent == []
    return [(file.name, file.path.read_bytes()) for file in files]


def reasons(origin: Origin, ref: FileRef | str) -> str:
    """Why a file is absent."""
    files, absent = locate(origin, [FileRef(path=ref) if isinstance(ref, str) else ref])
    assert files == []
    return "; ".join(absent[0].reasons)
