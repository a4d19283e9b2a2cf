"""CSV, TSV and Parquet.

Cells are text as written: line ends inside quotes stay as they are, nothing is taken for a number, a date or a missing
value but what the card lists in `null_values`. An empty cell is missing (null); a quoted empty cell (``""``) is the
empty text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from loaders.readers.content import as_utf8, is_utf8, refuse_other_content, refuse_other_text
from registry.errors import ReadError
from registry.loadspec import Read

BLOCK = 4 << 20
PART = 16 << 20
"""Bytes of the rows of Parquet that come at once."""
SMALL = 64 << 20
"""Bytes up to which a table is parsed at once, by several threads."""
LONGEST_CELL = 1 << 30


def read_csv(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """A CSV file as text columns, some thousand rows at a time; one without a name is ``column_N``, counted from 1.

    Raises:
        ReadError: empty, not text of its encoding, a row of another width than the header (with its line), two columns
            of one name, or a quoted cell that does not end.
    """
    return _read(path, read, read.separator or ",")


def read_tsv(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """As `read_csv`, with tabs."""
    return _read(path, read, read.separator or "\t")


def read_parquet(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """A Parquet file with the types it has, in parts of some ten megabytes.

    Raises:
        ReadError: not Parquet, or cut short.
    """
    refuse_other_content(path)
    try:
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            rows = file.metadata.num_rows
            stored = sum(file.metadata.row_group(number).total_byte_size for number in range(file.num_row_groups))
            count = max(1, min(1 << 20, PART * rows // max(1, stored)))
            if not rows:
                yield _from_arrow(file.schema_arrow.empty_table())
            for batch in file.iter_batches(batch_size=count, columns=_projected(path, file, read)):
                batch.validate(full=True)  # a file may say text of bytes that are none
                yield _from_arrow(pa.Table.from_batches([batch]))
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError, OverflowError) as error:
        raise ReadError(f"{path}: not a whole Parquet file: {error}; fetch it again") from None


def _projected(path: Path, file: pyarrow.parquet.ParquetFile, read: Read) -> list[str] | None:
    if read.only is None:
        return None
    there = file.schema_arrow.names
    if missing := [name for name in read.only if name not in there]:
        raise ReadError(f"{path}: no column {', '.join(map(repr, missing))}; columns there: {', '.join(there[:30])}")
    return read.only


def _from_arrow(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(table))


def _read(path: Path, read: Read, separator: str) -> Iterator[pl.DataFrame]:
    if unknown := set(read.options) - {"escape"}:
        raise ReadError(f"{path}: tables have no option {', '.join(sorted(unknown))}; they have: escape")
    if len(separator) != 1:
        raise ReadError(
            f"{path}: a separator is one character, not {separator!r}; use `format: text` for other layouts"
        )
    first = _first_row(path, read, separator)
    names = _names(path, read, first)
    last = None
    with as_utf8(path, read.encoding) as source:
        try:
            for frame in _parsed(source, read, separator, names):
                last = frame if frame.height else last
                yield frame
        except pa.ArrowInvalid as error:
            raise _explained(path, read, separator, len(first), error) from None
        if last is not None:
            _refuse_open_quote(path, source, read, separator, last)


def _parsed(source: Path, read: Read, separator: str, names: list[str]) -> Iterator[pl.DataFrame]:
    """Frames of the rows below the header, of which there may be none.

    A row longer than a block stops the reader; the file is then begun again in larger blocks, behind what was read.
    """
    block, done = BLOCK, 0
    size = source.stat().st_size
    while True:
        behind = done + read.header
        try:
            for batch in _opened(source, read, separator, len(names), block):
                skipped = min(behind, batch.num_rows)
                behind -= skipped
                frame = _from_arrow(pa.Table.from_batches([batch.slice(skipped)]))
                yield frame.rename(dict(zip(map(str, range(len(names))), names, strict=True)))
                done += frame.height
            return
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error) or block > size:
                raise
            block = min(block * 8, LONGEST_CELL, size + 1)


def _opened(source: Path, read: Read, separator: str, width: int, block: int) -> Iterator[pa.RecordBatch]:
    names = [str(number) for number in range(width)]
    small = source.stat().st_size <= SMALL
    options = {
        "read_options": pyarrow.csv.ReadOptions(column_names=names, block_size=block, use_threads=small),
        "parse_options": pyarrow.csv.ParseOptions(
            delimiter=separator,
            quote_char=read.quote or False,
            escape_char=read.options.get("escape", False),
            newlines_in_values=True,
        ),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            null_values=["", *read.null_values],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    }
    if small:
        yield from pyarrow.csv.read_csv(source, **options).to_batches()
        return
    with pyarrow.csv.open_csv(source, **options) as reader:
        yield from reader


def _python_reader(text: IO[str], read: Read, separator: str) -> Any:
    """Rows by Python's own reader: slow, but it counts lines."""
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(
        text,
        delimiter=separator,
        quotechar=read.quote or '"',
        quoting=csv.QUOTE_MINIMAL if read.quote else csv.QUOTE_NONE,
        escapechar=read.options.get("escape"),
    )


def _first_row(path: Path, read: Read, separator: str) -> list[str]:
    refuse_other_content(path)
    try:
        with path.open(encoding="utf-8-sig" if is_utf8(read.encoding) else read.encoding, newline="") as text:
            for row in _python_reader(text, read, separator):
                if row:
                    return list(row)
    except (UnicodeError, LookupError):
        refuse_other_text(path, read.encoding)
        raise
    except csv.Error as error:
        raise ReadError(f"{path}: the first row cannot be read: {error}") from None
    raise ReadError(f"{path}: nothing but blank lines; fetch it again")


def _names(path: Path, read: Read, first: list[str]) -> list[str]:
    names = first if read.header else list(read.columns or [])
    if not read.header and not names:
        names = [""] * len(first)
    if len(names) != len(first):
        raise ReadError(f"{path}: the card names {len(names)} columns, the first row has {len(first)}: {first!r:.200}")
    names = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ReadError(f"{path}: two columns are called {twice[0]!r}")
    return names


def _explained(path: Path, read: Read, separator: str, width: int, error: Exception) -> ReadError:
    """What is wrong and at which line; the fast reader knows only that something is."""
    refuse_other_text(path, read.encoding)
    begins = 1
    with path.open(encoding="utf-8-sig" if is_utf8(read.encoding) else read.encoding, newline="") as text:
        reader = _python_reader(text, read, separator)
        try:
            for row in reader:
                if row and len(row) != width:
                    start = separator.join(row)[:80]
                    return ReadError(
                        f"{path}, line {begins}: {len(row)} cells where the first row has {width}: {start!r}. The file "
                        f"is cut short, or its separator is not {separator!r}, or its quotes are not {read.quote!r}"
                    )
                begins = reader.line_num + 1
        except csv.Error as wrong:
            return ReadError(f"{path}, line {begins}: {wrong}")
    return ReadError(f"{path}: {error}")


def _refuse_open_quote(path: Path, source: Path, read: Read, separator: str, frame: pl.DataFrame) -> None:
    """Refuse a last cell whose quote is never closed: what follows it has been swallowed."""
    if not read.quote:
        return
    last = frame[-1, -1]
    if not last:
        return
    cell = last.replace(read.quote, read.quote * 2).encode()
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - len(cell) - 16))
        tail = file.read().rstrip(b"\r\n")
    if tail.endswith(separator.encode() + read.quote.encode() + cell.rstrip(b"\r\n")):
        raise ReadError(f"{path}: the quoted cell that starts with {last[:60]!r} never ends; the file is cut short")
