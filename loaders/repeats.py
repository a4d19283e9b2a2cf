"""Text that repeats, as the case summary that a hundred questions are asked of, held once however often it occurs.

A column of text is places in a buffer of bytes (Arrow's string views), so that rows of the same value can share its
bytes: in memory, and in a file of records, which is mapped as it is written. What is done here hangs on the values
alone: not on the buffers that they came in, nor on the number of threads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

LONG = 64
"""Mean bytes of a text from which on it is worth the looking whether it repeats."""
ROWS = 1 << 20
"""Rows that come at once at most, however small."""
VIEW = 16
"""Bytes of a text's place."""


class Coded(NamedTuple):
    """A column as its different values, in the order in which they first occur, and a place among them for each row."""

    values: pl.Series
    codes: pl.Series
    first: pl.Series
    """The row where each value first occurs."""

    def spread(self, values: pl.Series) -> pl.Series:
        """The column that has `values` in place of its own; its rows share their bytes."""
        return values.gather(self.codes)


def coded(column: pl.Series) -> Coded | None:
    """A column of long texts of which most repeat, taken apart; None for any other."""
    rows = len(column)
    if column.dtype != pl.String or rows < 2 or (column.str.len_bytes().sum() or 0) < LONG * rows:
        return None
    _, first, codes = np.unique(column.hash().to_numpy(), return_index=True, return_inverse=True)
    if len(first) * 2 > rows:
        return None
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    at = pl.Series(first[order].astype(np.uint32))
    found = Coded(column.gather(at), pl.Series(rank[codes].astype(np.uint32)), at)
    # Two texts of one hash: nobody has seen any.
    return found if column.eq_missing(found.spread(found.values)).all() else None


def gathered(frames: Iterator[pl.DataFrame], size: int, *, settle: bool = False) -> Iterator[pl.DataFrame]:
    """The same rows in frames that hold about `size` bytes, however much text they repeat.

    With `settle` the bytes of all columns lie in buffers that hold nothing else.
    """
    kept: list[pl.DataFrame] = []
    total = rows = 0
    hopeful: Collection[str] | None = None  # columns that repeated in the last rows that were looked at together
    for frame in frames:
        if kept and frame.schema != kept[0].schema:
            yield _one(kept, settle).frame
            kept, total, rows, hopeful = [], 0, 0, None
        new = _shared(frame, settle, hopeful)
        kept.append(new.frame)
        total, rows = total + new.weight, rows + frame.height
        if total >= size or rows >= ROWS:
            whole = _one(kept, settle) if len(kept) > 1 or hopeful is not None else new
            total, hopeful = whole.weight, whole.repeated
            kept = [whole.frame]
            if total * 2 >= size or rows >= ROWS:
                total = rows = 0
                del frame, new, whole  # nothing but what is given is held while somebody works on it
                yield kept.pop()
    if kept:
        yield _one(kept, settle).frame


def pieces(frame: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Slices of a frame whose texts, written out, are about `size` bytes."""
    count = max(1, -(-int(frame.estimated_size()) // size))
    step = max(1, -(-frame.height // count))
    for first in range(0, max(1, frame.height), step):
        yield frame.slice(first, step)


class _Shared(NamedTuple):
    frame: pl.DataFrame
    weight: int
    """Bytes that it takes."""
    repeated: Collection[str]


def _one(frames: list[pl.DataFrame], settle: bool) -> _Shared:
    return _shared(pl.concat(frames, rechunk=True), settle, None)


def _shared(frame: pl.DataFrame, settle: bool, among: Collection[str] | None) -> _Shared:
    """The same rows, long texts that repeat held once each; looked for in the columns `among`, or in all."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    written = dict(zip(texts, _written(frame.select(texts)), strict=True))
    found: dict[str, pl.Series] = {}
    for name in texts if among is None else [name for name in texts if name in among]:
        if written[name] >= LONG * frame.height and (one := coded(frame[name])) is not None:
            values = _compact(one.values.to_frame())
            written[name] = sum(_written(values))
            found[name] = one.spread(values.to_series())
    rest = frame.drop(found)
    weight = sum(written.values()) + VIEW * len(texts) * frame.height
    weight += sum(int(rest[name].rechunk().estimated_size()) for name in rest.columns if name not in written)
    if settle:
        rest = _compact(rest)
    whole = pl.DataFrame([found[name] if name in found else rest[name] for name in frame.columns])
    return _Shared(whole, weight, found)


def _written(texts: pl.DataFrame) -> list[int]:
    """Bytes of the texts of each column."""
    return [size or 0 for size in texts.select(pl.all().str.len_bytes().sum()).row(0)] if texts.width else []


def _compact(frame: pl.DataFrame) -> pl.DataFrame:
    """The same values in buffers of their own: Arrow's older text is bytes one after another, and has no other form."""
    if not frame.width:
        return frame
    plain = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    return pl.DataFrame(pl.from_arrow(plain, rechunk=False))
