"""The files of one split as one frame of source columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from loaders.readers import format_of, reader
from loaders.together import together
from registry.errors import ReadError
from registry.loadspec import Read

FILE = "__file__"
ROW = "__row__"


class Located(NamedTuple):
    """A file on this machine; `name` is its path in the source, with "/": archive members as ``a.zip/inner/x.csv``."""

    path: Path
    name: str


def read_file(located: Located, read: Read) -> pl.DataFrame:
    """One file as a frame: its own columns, then `__file__` (path in the source) and `__row__` (from 0, in the file).

    Raises:
        ReadError: the file is not what `read` says; the message names the file.
    """
    try:
        frame = reader(format_of(located.name, read))(located.path, read)
    except OSError as error:
        raise ReadError(f"{located.path}: cannot be read: {error.strerror or error}") from None
    if missing := [name for name in read.expect or [] if name not in frame.columns]:
        raise ReadError(missing_columns(located.path, missing, frame.columns))
    if reserved := {FILE, ROW} & set(frame.columns):
        raise ReadError(f"{located.path}: a column is called {reserved.pop()}, a name that the loader keeps for itself")
    return frame.with_columns(pl.lit(located.name).alias(FILE), pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))


def read_files(files: Sequence[Located], read: Read) -> pl.DataFrame:
    """All files of a split, one after another; a column that some lack is null there, a list in some is one in all.

    Raises:
        ReadError: as `read_file`; or columns of one name whose types cannot be brought together.
    """
    frames = [read_file(file, read) for file in files]
    if not any(frame.height for frame in frames):
        raise ReadError(f"{files[0].path}: no rows in it, only its header or nothing at all; fetch it again")
    if len(frames) == 1:
        return frames[0]
    try:
        return together(frames)
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"{files[0].path} and the other files of its split do not fit together: {error}") from None


def missing_columns(path: Path | str, missing: Sequence[str], there: Sequence[str]) -> str:
    """The message for columns that a file lacks: names them and those that are there."""
    shown = ", ".join(repr(name) for name in there[:30] if name not in (FILE, ROW)) or "none"
    more = f" and {len(there) - 30} more" if len(there) > 30 else ""
    lacks = ", ".join(repr(name) for name in missing)
    return (
        f"{path}: no column {lacks}; columns there: {shown}{more}. "
        "Is this the right file? If the source renamed them, the card's `load` block must follow"
    )
