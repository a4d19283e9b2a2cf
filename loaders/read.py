"""The files of one split as frames of source columns: all of one schema, so that they can be worked on one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from loaders.readers import format_of, reader
from loaders.readers.content import DETECT, detected
from loaders.repeats import gathered
from loaders.together import common, together, widened
from registry.errors import ReadError
from registry.loadspec import Read

FILE = "__file__"
ROW = "__row__"
SMALL = 64 << 20
"""Bytes of all files of a split up to which they are read at once."""
PART = 20 << 20
"""Bytes of rows that come at once of larger files; text that repeats counts once."""
BEGUN = 8
"""Files that are held open, each with its first rows, while the types of all are found."""


class Located(NamedTuple):
    """A file on this machine; `name` is its path in the source, with "/": archive members as ``a.zip/inner/x.csv``."""

    path: Path
    name: str


def chunks(located: Located, read: Read) -> Iterator[pl.DataFrame]:
    """One file bit by bit: its own columns, then `__file__` (path in the source) and `__row__` (from 0, in the file).

    Raises:
        ReadError: the file is not what `read` says; the message names the file.
    """
    if read.encoding == DETECT:
        read = read.model_copy(update={"encoding": detected(located.path)})
    row = 0
    try:
        found = reader(format_of(located.name, read))(located.path, read)
        for frame in [found] if isinstance(found, pl.DataFrame) else found:
            expected = [*(read.expect or []), *(read.only or [])]
            if missing := [name for name in expected if name not in frame.columns]:
                raise ReadError(missing_columns(located.path, missing, frame.columns))
            if read.only is not None:
                frame = frame.select(read.only)
            if reserved := {FILE, ROW} & set(frame.columns):
                raise ReadError(
                    f"{located.path}: a column is called {reserved.pop()}, a name that the loader keeps for itself"
                )
            number = pl.int_range(row, row + pl.len(), dtype=pl.Int64).alias(ROW)
            yield frame.with_columns(pl.lit(located.name).alias(FILE), number)
            row += frame.height
    except OSError as error:
        raise ReadError(f"{located.path}: cannot be read: {error.strerror or error}") from None
    except pl.exceptions.PanicException as error:
        raise ReadError(f"{located.path}: no sense can be made of it: {error}; fetch it again") from None


def read_file(located: Located, read: Read) -> pl.DataFrame:
    """The whole of one file; columns and errors as those of `chunks`."""
    frames = list(chunks(located, read))
    if not frames:
        raise _nothing([located])
    return pl.concat(frames, rechunk=False)


def read_files(files: Sequence[Located], read: Read) -> pl.DataFrame:
    """All files of a split, one after another; a column that some lack is null there, a list in some is one in all.

    Raises:
        ReadError: as `chunks`; or columns of one name whose types cannot be brought together.
    """
    frames = [read_file(file, read) for file in files]
    if not any(frame.height for frame in frames):
        raise _nothing(files)
    try:
        return together(frames)
    except pl.exceptions.PolarsError as error:
        raise _unlike(files, error) from None


def stream(files: Sequence[Located], read: Read) -> Iterator[pl.DataFrame]:
    """The rows of `read_files` bit by bit; files that together are small come at once.

    Raises:
        ReadError: as `read_files`.
    """
    if sum(file.path.stat().st_size for file in files) <= SMALL:
        yield read_files(files, read)
        return
    rows = 0
    for frame in gathered(_ahead(_alike(files, read)), PART):
        rows += frame.height
        yield frame
    if not rows:
        raise _nothing(files)


def _ahead(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same frames: while one is worked on, a thread reads the next."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = thread.submit(next, frames, None)
            yield frame


def _alike(files: Sequence[Located], read: Read) -> Iterator[pl.DataFrame]:
    """Frames of the columns of all files together; of each its first rows tell them: its frames are of one schema."""
    schemas: list[Any] = []
    begun: list[Iterator[pl.DataFrame]] = []
    for file in files:
        frames = chunks(file, read)
        if (first := next(frames, None)) is not None:
            schemas.append(first.schema)
            if len(begun) < BEGUN:
                begun.append(chain([first], frames))
                continue
        begun.append(chunks(file, read) if first is not None else iter(()))
    if not schemas:
        raise _nothing(files)
    try:
        schema = common(schemas)
        for frames in begun:
            for frame in frames:
                yield widened(frame, schema)
    except pl.exceptions.PolarsError as error:
        raise _unlike(files, error) from None


def _nothing(files: Sequence[Located]) -> ReadError:
    return ReadError(f"{files[0].path}: no rows in it, only its header or nothing at all; fetch it again")


def _unlike(files: Sequence[Located], error: Exception) -> ReadError:
    return ReadError(f"{files[0].path} and the other files of its split do not fit together: {error}")


def missing_columns(path: Path | str, missing: Sequence[str], there: Sequence[str]) -> str:
    """The message for columns that a file lacks: names them and those that are there."""
    shown = ", ".join(repr(name) for name in there[:30] if name not in (FILE, ROW)) or "none"
    more = f" and {len(there) - 30} more" if len(there) > 30 else ""
    lacks = ", ".join(repr(name) for name in missing)
    return (
        f"{path}: no column {lacks}; columns there: {shown}{more}. "
        "Is this the right file? If the source renamed them, the card's `load` block must follow"
    )
