"""The records of a split as files that are mapped into memory: written once, named by what they were made from.

`cache/records/<key>/` holds the parts as Arrow files and `record.json`, which says what is in them. The key stands for
the bytes of the source's files and all of the card that shapes a record, so that what is there is never out of date.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from loaders import checksums
from loaders.build import told_apart
from loaders.plan import SplitPlan
from loaders.rows import Context
from loaders.sources.store import locked
from loaders.together import common, widened
from registry.errors import MedRegistryError
from registry.settings import settings

FORMAT = 1
"""Another number whenever the same files and card come to other records."""
PART = 32 << 20
RECORD = "record.json"

Parts = Callable[[Context], Iterator[pl.DataFrame]]


class Stored(NamedTuple):
    """Records on disk: a frame that reads them when they are looked at, and what the manifest should tell of them."""

    frame: pl.DataFrame
    notes: list[str]
    key: str


def key_of(plan: SplitPlan, sums: Sequence[tuple[str, str]], languages: Sequence[str]) -> str:
    """The name of the records that `plan` makes of files with these (name, SHA-256)."""
    shape = replace(plan, files=(), count=None)
    told = repr((FORMAT, pl.__version__, shape, list(sums), list(languages)))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def folder_of(key: str) -> Path:
    """Where the records of a key are, or would be."""
    return settings().cache / "records" / key


def stored(key: str, make: Parts, context: Context) -> Stored:
    """The records of `key`, from the cache or made now; of several processes one makes them and the others wait.

    Raises:
        ReadError: what `make` raises; nothing is left behind.
        MedRegistryError: the cache cannot be written.
    """
    folder = folder_of(key)
    try:
        with locked(folder):
            if (found := _opened(folder)) is None:
                _make(folder, make, context)
                found = _opened(folder)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise MedRegistryError(
            f"{place}{error.strerror or error}. The cache is {settings().cache}; REGISTRY_CACHE names another folder"
        ) from None
    if found is None:
        raise MedRegistryError(f"{folder}: the records that were just written cannot be read; is the disk sound?")
    return found


def record_of(folder: Path) -> dict[str, Any] | None:
    """What `record.json` in a folder of records says; None where there are none."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(record, dict) and {"parts", "notes", "rows"} <= record.keys()
    return record if whole else None


def _opened(folder: Path) -> Stored | None:
    record = record_of(folder)
    if record is None:
        return None
    try:
        if any((folder / part["file"]).stat().st_size != part["bytes"] for part in record["parts"]):
            return None
        frames = [_mapped(folder / part["file"]) for part in record["parts"]]
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException):
        return None
    os.utime(folder / RECORD)  # when it was last of use, for whoever cleans the cache
    return Stored(pl.concat(frames, rechunk=False), record["notes"], folder.name)


def _mapped(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A part whose bytes stay in the file: pyarrow maps it, and Polars takes the buffers as they are."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    return pl.DataFrame(pl.from_arrow(table.select(columns) if columns else table, rechunk=False))


def _make(folder: Path, make: Parts, context: Context) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-", ignore_cleanup_errors=True) as made:
        new = Path(made) / "records"
        new.mkdir()
        parts = [_write(new, number, frame) for number, frame in enumerate(_of_size(make(context)))]
        parts = _of_one_schema(new, parts)
        _tell_ids_apart(new, parts, context)
        record = {
            "format": FORMAT,
            "rows": sum(part.rows for part in parts),
            "notes": context.notes,
            "parts": [
                {
                    "file": part.path.name,
                    "rows": part.rows,
                    "bytes": part.path.stat().st_size,
                    "sha256": checksums.sha256(part.path),
                }
                for part in parts
            ],
        }
        (new / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)  # damaged: it was looked at under the same lock
        new.replace(folder)


class _Part(NamedTuple):
    path: Path
    rows: int
    schema: pl.Schema


def _of_size(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in parts of about one size."""
    held: list[pl.DataFrame] = []
    size = 0.0
    for frame in frames:
        if held and frame.schema != held[0].schema:
            yield pl.concat(held, rechunk=False)
            held, size = [], 0.0
        held.append(frame)
        size += frame.estimated_size()
        if size >= PART:
            yield pl.concat(held, rechunk=False)
            held, size = [], 0.0
    if held:
        yield pl.concat(held, rechunk=False)


def _write(folder: Path, number: int, frame: pl.DataFrame) -> _Part:
    path = folder / f"{number:05d}.arrow"
    frame.rechunk().write_ipc(path, compression="uncompressed")
    return _Part(path, frame.height, frame.schema)


def _of_one_schema(folder: Path, parts: list[_Part]) -> list[_Part]:
    """Parts differ in `extra` alone, where a field has values in some of them only."""
    if all(part.schema == parts[0].schema for part in parts):
        return parts
    schema = common(part.schema for part in parts)
    return [
        part if part.schema == schema else _write(folder, number, widened(pl.read_ipc(part.path), schema))
        for number, part in enumerate(parts)
    ]


def _tell_ids_apart(folder: Path, parts: Sequence[_Part], context: Context) -> None:
    ids = [_mapped(part.path, ["id"])["id"] for part in parts]
    apart = told_apart(ids, context)
    if apart is None:
        return
    began = 0
    for number, part in enumerate(parts):
        frame = pl.read_ipc(part.path)
        _write(folder, number, frame.with_columns(apart.slice(began, part.rows)))
        began += part.rows
