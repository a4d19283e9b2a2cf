"""Where a value came from, so that a refusal can name file, row, column and value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

import polars as pl

from loaders.read import FILE, ROW
from registry.errors import ReadError


@dataclass(frozen=True)
class Place:
    """The table that values were taken from; `at` holds each value's row in it where values are elements of lists."""

    frame: pl.DataFrame
    column: str
    at: pl.Series | None = None

    def inside(self, at: pl.Series) -> Place:
        """The place of elements whose lists stand at the rows `at` of the present values."""
        return replace(self, at=at if self.at is None else self.at.gather(at))

    def refuse_where(self, bad: pl.Series, values: pl.Series, why: str) -> None:
        """Refuse the first value whose mark in `bad` is true.

        Raises:
            ReadError: naming file, row (counted from 1), column and value.
        """
        first = bad.fill_null(False).arg_true()
        if len(first):
            self.refuse(first[0], values[first[0]], why, len(first))

    def refuse(self, position: int, value: object, why: str, count: int = 1) -> NoReturn:
        """Refuse the value at `position`: raises `ReadError` that names where it is; `count` values are like it."""
        row = position if self.at is None else self.at[position]
        shown = repr(value)
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        where = f"column {self.column!r}"
        if ROW in self.frame.columns:
            number = self.frame[ROW][row]
            where = f"{self.frame[FILE][row]}, row {row + 1 if number is None else number + 1}, {where}"
        raise ReadError(f"{where}: {shown[:117] + '…' if len(shown) > 118 else shown} {why}{more}")

    def refuse_type(self, word: str, wanted: str, values: pl.Series) -> NoReturn:
        """Refuse a column whose type a step cannot work on; raises `ReadError`."""
        raise ReadError(f"column {self.column!r}: `{word}` works on {wanted}, and this is {values.dtype}")
