"""The records of a split as files that are mapped into memory: written once, named by what they were made from.

`cache/records/<key>/` holds the parts as Arrow files and `record.json`, which says what is in them. The key stands for
the bytes of the source's files and all of the card that shapes a record, so that what is there is never out of date.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from loaders import checksums
from loaders.build import told_apart
from loaders.plan import SplitPlan
from loaders.repeats import gathered
from loaders.rows import Context
from loaders.sources.store import locked
from loaders.together import common, widened
from registry.errors import MedRegistryError
from registry.settings import settings

FORMAT = 2
"""Another number whenever the same files and card come to other records."""
PART = 16 << 20
"""Bytes of a part's file from which on another is begun; text that repeats counts once."""
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
    with _writable(), locked(folder):
        if (found := _opened(folder)) is None:
            with _made(folder.parent, make, context, lambda: False) as new:
                _place(new, folder)
            found = _opened(folder)
    return _sound(found, folder)


def stored_once_named(
    sums: Future[list[str]], key: Callable[[list[str]], str], rough: str, make: Parts, context: Context
) -> Stored:
    """As `stored`, of files that are still being measured: the records are made meanwhile, and placed when it is done.

    Args:
        sums: checksums of the files; what they raise is raised here, and nothing is left behind.
        key: the name of the records by the checksums.
        rough: stands for what is being made until then, so that of several processes one makes it.
        make: gives the parts.
        context: what `make` notes.
    """

    def there() -> bool:
        return sums.done() and record_of(folder_of(key(sums.result()))) is not None

    with _writable(), locked(folder_of(rough)):
        try:
            with _made(folder_of(rough).parent, make, context, there) as new:
                folder = folder_of(key(sums.result()))
                with locked(folder):
                    if (found := _opened(folder)) is None:
                        _place(new, folder)
                        found = _opened(folder)
        except _There:
            return stored(key(sums.result()), make, context)
    return _sound(found, folder)


class _There(Exception):
    """The records were made before, under a key that has just become known."""


@contextlib.contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise MedRegistryError(
            f"{place}{error.strerror or error}. The cache is {settings().cache}; REGISTRY_CACHE names another folder"
        ) from None


def _sound(found: Stored | None, folder: Path) -> Stored:
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


@contextlib.contextmanager
def _made(beside: Path, make: Parts, context: Context, there: Callable[[], bool]) -> Iterator[Path]:
    """A folder of records that nobody sees yet; it is gone afterwards unless it was placed."""
    with tempfile.TemporaryDirectory(dir=beside, prefix=".part-", ignore_cleanup_errors=True) as made:
        new = Path(made) / "records"
        new.mkdir()
        _make(new, make, context, there)
        yield new


def _place(new: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)  # damaged: it was looked at under the same lock
    new.replace(folder)


def _make(new: Path, make: Parts, context: Context, there: Callable[[], bool]) -> None:
    parts = _of_one_schema(new, _written(new, make(context), there))
    parts = _ids_apart(new, parts, context)
    record = {
        "format": FORMAT,
        "rows": sum(part.rows for part in parts),
        "notes": context.notes,
        "parts": [
            {"file": part.path.name, "rows": part.rows, "bytes": part.path.stat().st_size, "sha256": part.sha256}
            for part in parts
        ],
    }
    (new / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _Part(NamedTuple):
    path: Path
    rows: int
    schema: pl.Schema
    sha256: str


def _written(folder: Path, frames: Iterator[pl.DataFrame], there: Callable[[], bool]) -> list[_Part]:
    """The frames as files of about one size: one is written while the next is made."""
    writing: list[Future[_Part]] = []
    with ThreadPoolExecutor(1) as writer:
        for number, frame in enumerate(gathered(frames, PART, settle=True)):
            if writing:
                writing[-1].result()  # no more than one waits
            if there():
                raise _There
            writing.append(writer.submit(_write, folder, number, frame))
        return [part.result() for part in writing]


def _write(folder: Path, number: int, frame: pl.DataFrame) -> _Part:
    path = folder / f"{number:05d}.arrow"
    new = path.with_suffix(".new")  # what is there may be mapped
    frame.write_ipc(new, compression="uncompressed")
    digest = checksums.sha256(new, fresh=True)
    new.replace(path)
    return _Part(path, frame.height, frame.schema, digest)


def _rewritten(folder: Path, number: int, frame: pl.DataFrame) -> _Part:
    (whole,) = gathered(iter([frame]), sys.maxsize, settle=True)
    return _write(folder, number, whole)


def _of_one_schema(folder: Path, parts: list[_Part]) -> list[_Part]:
    """Parts differ in `extra` alone, where a field has values in some of them only."""
    if all(part.schema == parts[0].schema for part in parts):
        return parts
    schema = common(part.schema for part in parts)
    return [
        part if part.schema == schema else _rewritten(folder, number, widened(_mapped(part.path), schema))
        for number, part in enumerate(parts)
    ]


def _ids_apart(folder: Path, parts: list[_Part], context: Context) -> list[_Part]:
    apart = told_apart([_mapped(part.path, ["id"])["id"] for part in parts], context)
    if apart is None:
        return parts
    began = 0
    new = []
    for number, part in enumerate(parts):
        ids = apart.slice(began, part.rows)
        began += part.rows
        new.append(_rewritten(folder, number, _mapped(part.path).with_columns(ids)))
    return new
