"""CSV, TSV and Parquet.

Cells are text as written: line ends inside quotes stay as they are, nothing is taken for a number, a date or a missing
value but what the card lists in `null_values`. An empty cell is missing (null); a quoted empty cell (``""``) is the
empty text.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.csv

from loaders.readers.content import read_bytes, refuse_other_content
from registry.errors import ReadError
from registry.loadspec import Read

BLOCK = 16 << 20
LONGEST_CELL = 1 << 30


def read_csv(path: Path, read: Read) -> pl.DataFrame:
    """A CSV file as text columns; a column without a name is called ``column_N``, counted from 1.

    Raises:
        ReadError: empty, not text of its encoding, a row of another width than the header (with its line), two columns
            of one name, or a quoted cell that does not end.
    """
    return _read(path, read, read.separator or ",")


def read_tsv(path: Path, read: Read) -> pl.DataFrame:
    """As `read_csv`, with tabs."""
    return _read(path, read, read.separator or "\t")


def read_parquet(path: Path, read: Read) -> pl.DataFrame:
    """A Parquet file with the types it has.

    Raises:
        ReadError: not Parquet, or cut short.
    """
    refuse_other_content(path)
    try:
        return pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ReadError(f"{path}: not a whole Parquet file: {error}; fetch it again") from None


def _read(path: Path, read: Read, separator: str) -> pl.DataFrame:
    if unknown := set(read.options) - {"escape"}:
        raise ReadError(f"{path}: tables have no option {', '.join(sorted(unknown))}; they have: escape")
    if len(separator) != 1:
        raise ReadError(
            f"{path}: a separator is one character, not {separator!r}; use `format: text` for other layouts"
        )
    refuse_other_content(path)
    source = path if _is_utf8(read.encoding) else io.BytesIO(read_bytes(path, read.encoding))
    first = _first_row(path, read, separator)
    names = _names(path, read, first)
    try:
        table = _parse(source, read, separator, len(first), BLOCK)
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise _explained(path, read, separator, len(first), error) from None
        table = _parse(source, read, separator, len(first), min(path.stat().st_size + 1, LONGEST_CELL))
    if read.header:
        table = table.slice(1)
    frame = pl.DataFrame(table).rename(dict(zip(map(str, range(len(first))), names, strict=True)))
    _refuse_open_quote(path, read, separator, frame)
    return frame


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def _parse(source: Any, read: Read, separator: str, width: int, block: int) -> pa.Table:
    names = [str(number) for number in range(width)]
    if isinstance(source, io.BytesIO):
        source.seek(0)
    return pyarrow.csv.read_csv(
        source,
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=block),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator,
            quote_char=read.quote or False,
            escape_char=read.options.get("escape", False),
            newlines_in_values=True,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            null_values=["", *read.null_values],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


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
    try:
        with path.open(encoding="utf-8-sig" if _is_utf8(read.encoding) else read.encoding, newline="") as text:
            for row in _python_reader(text, read, separator):
                if row:
                    return list(row)
    except (UnicodeDecodeError, LookupError):
        read_bytes(path, read.encoding)
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
    text = io.StringIO(read_bytes(path, read.encoding).decode("utf-8"), newline="")
    reader = _python_reader(text, read, separator)
    begins = 1
    try:
        for row in reader:
            if row and len(row) != width:
                start = separator.join(row)[:80]
                return ReadError(
                    f"{path}, line {begins}: {len(row)} cells where the first row has {width}: {start!r}. The file is "
                    f"cut short, or its separator is not {separator!r}, or its quotes are not {read.quote!r}"
                )
            begins = reader.line_num + 1
    except csv.Error as wrong:
        return ReadError(f"{path}, line {begins}: {wrong}")
    return ReadError(f"{path}: {error}")


def _refuse_open_quote(path: Path, read: Read, separator: str, frame: pl.DataFrame) -> None:
    """Refuse a last cell whose quote is never closed: what follows it has been swallowed."""
    if not read.quote or not frame.height or not _is_utf8(read.encoding):
        return
    last = frame[-1, -1]
    if not last:
        return
    cell = last.replace(read.quote, read.quote * 2).encode()
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(cell) - 16))
        tail = file.read().rstrip(b"\r\n")
    if tail.endswith(separator.encode() + read.quote.encode() + cell.rstrip(b"\r\n")):
        raise ReadError(f"{path}: the quoted cell that starts with {last[:60]!r} never ends; the file is cut short")
