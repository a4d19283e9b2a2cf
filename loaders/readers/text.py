"""Text: lines, lines with field marks, or the whole file as one row."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from loaders.readers.content import read_text as read_content
from loaders.readers.options import options_of
from registry.errors import ReadError
from registry.loadspec import Read


def read_text(path: Path, read: Read) -> pl.DataFrame:
    """One row for each line, in the column `line`, without its end (LF or CR LF).

    With `read.marks` ({column: name}) a line holds fields as ``<|name|> … <|endofname|>``: each becomes a column,
    without white space at both ends, null where the line lacks it; blank lines are left out. Options: ``whole``, the
    file is one row with the column `text`; ``blocks``, blank lines are left out and the column `block` counts the runs
    of lines between them, from 0.

    Raises:
        ReadError: not text of the card's encoding; a line without any of the marks (names it).
    """
    options = options_of(path, read, {"whole": False, "blocks": False})
    text = read_content(path, read.encoding)
    if options["whole"]:
        return pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    frame = lines(text)
    if options["blocks"]:
        frame = frame.select("line", block_numbers().alias("block"))
    if options["blocks"] or read.marks:
        frame = frame.with_row_index("number", offset=1).filter(~is_blank())
        if read.marks:
            frame = _fields(path, frame, read.marks)
        frame = frame.drop("number")
    return frame


def lines(text: str) -> pl.DataFrame:
    """The lines of a text in the column `line`; LF and CR LF end a line, nothing else does."""
    line = pl.Series("line", text.removesuffix("\n").split("\n"), dtype=pl.String).str.strip_suffix("\r")
    return line.to_frame()


def is_blank(column: str = "line") -> pl.Expr:
    """True where `column` holds nothing but white space."""
    return pl.col(column).str.strip_chars() == ""


def block_numbers(column: str = "line") -> pl.Expr:
    """The number, from 0, of the run of lines between blank ones; on a blank line that of the run before."""
    blank = is_blank(column)
    starts = ~blank & blank.shift(1, fill_value=True)
    return starts.cast(pl.Int64).cum_sum() - 1


def _fields(path: Path, frame: pl.DataFrame, marks: dict[str, str]) -> pl.DataFrame:
    fields = [
        pl.col("line")
        .str.extract(rf"(?s)<\|{re.escape(mark)}\|>(.*?)<\|endof{re.escape(mark)}\|>", 1)
        .str.strip_chars()
        .alias(name)
        for name, mark in marks.items()
    ]
    found = frame.with_columns(fields)
    without = found.filter(pl.all_horizontal(pl.col(list(marks)).is_null()))
    if without.height:
        number, line = without["number"][0], without["line"][0]
        shown = ", ".join(f"<|{mark}|>" for mark in marks.values())
        raise ReadError(f"{path}, line {number}: none of the marks {shown} in {line[:80]!r}")
    return found.drop("line")
