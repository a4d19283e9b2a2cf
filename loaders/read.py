"""The files of one split as frames of source columns: all of one schema, so that they can be worked on one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from loaders.readers import format_of, reader
from loaders.readers.content import DETECT, detected
from loaders.together import common, together, widened
from registry.errors import ReadError
from registry.loadspec import Read

FILE = "__file__"
ROW = "__row__"
SMALL = 64 << 20
"""Bytes of all files of a split up to which they are read at once."""


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
    schema = _schema(files, read)
    rows = 0
    for file in files:
        for frame in chunks(file, read):
            rows += frame.height
            try:
                yield widened(frame, schema)
            except pl.exceptions.PolarsError as error:
                raise _unlike(files, error) from None
    if not rows:
        raise _nothing(files)


def _schema(files: Sequence[Located], read: Read) -> dict[str, Any]:
    """The columns of all files together; of each file its first rows tell them, since its frames are of one schema."""
    schemas = []
    for file in files:
        first = next(chunks(file, read), None)
        if first is not None:
            schemas.append(first.schema)
    if not schemas:
        raise _nothing(files)
    try:
        return common(schemas)
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
