"""The first rows of a file, cut off to a small file of the same form, so that what is tried on it is bounded."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import polars as pl

from loaders.readers.content import detected, is_utf8, refuse_other_content
from loaders.recognise.layout import Entry
from loaders.recognise.readme import class_names
from registry.errors import ReadError

ROWS = 2_000
BYTES = 16 << 20
LONGEST_NAME = 120
WHOLE_JSON = 64 << 20
"""A JSON document beyond this is looked into only where it is a list of rows."""


@dataclass(frozen=True)
class Sample:
    """The head of one file: `path` is a small file that `read` (as a card writes it) reads like the whole."""

    path: Path
    name: str
    read: dict[str, Any]
    classes: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sampled(path: Path, entry: Entry, folder: Path) -> Sample:
    """Cut the head of `path` off into `folder`, and find out how it is read.

    Raises:
        ReadError: no rows can be read of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(entry.path).name.removesuffix(".gz")
    source = path
    try:
        if entry.container == "gz" and path.suffix.lower() == ".gz":
            source = _gunzipped(path, folder)
        refuse_other_content(source)
        return {"parquet": _parquet, "csv": _table, "tsv": _table, "json": _json, "jsonl": _json}.get(
            entry.format, _whole
        )(source, entry, target)
    except (OSError, UnicodeError, csv.Error, pl.exceptions.PolarsError, EOFError, zlib.error) as error:
        raise ReadError(f"{entry.path}: its head cannot be read: {error}") from None


def _gunzipped(path: Path, folder: Path) -> Path:
    target = folder / f"head-of-{path.stem}"
    limit = WHOLE_JSON if ".json" in path.name.lower() else BYTES
    with gzip.open(path, "rb") as packed, target.open("wb") as file:
        left = limit
        while left and (block := packed.read(min(left, 1 << 20))):
            file.write(block)
            left -= len(block)
    return target


def _whole(path: Path, entry: Entry, target: Path) -> Sample:
    if path.stat().st_size > BYTES:
        raise ReadError(f"{entry.path}: {path.stat().st_size:,} bytes in a format that is only read whole")
    shutil.copyfile(path, target)
    return Sample(target, entry.path, {"format": entry.format})


def _parquet(path: Path, entry: Entry, target: Path) -> Sample:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        batches = []
        left, size = ROWS, 0
        for batch in file.iter_batches(batch_size=64):
            batches.append(batch.slice(0, left))
            left -= batches[-1].num_rows
            size += batches[-1].nbytes
            if not left or size > BYTES:
                break
        table = pa.Table.from_batches(batches, file.schema_arrow)
        pq.write_table(table, target)
    except pa.ArrowException as error:
        raise ReadError(f"{entry.path}: not a Parquet file: {error}") from None
    return Sample(target, entry.path, {"format": "parquet"}, _told_classes(file.schema_arrow.metadata or {}))


def _told_classes(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Names of classes, from what the `datasets` library writes into a Parquet file."""
    try:
        told = json.loads(metadata.get(b"huggingface", b"{}"))
        return class_names(told.get("info", {}).get("features"))
    except (ValueError, AttributeError):
        return {}


def _table(path: Path, entry: Entry, target: Path) -> Sample:
    encoding = detected(path)
    default = "\t" if entry.format == "tsv" else ","
    separator = _separator(path, encoding, default)
    read: dict[str, Any] = {"format": entry.format}
    if not is_utf8(encoding):
        read["encoding"] = encoding
    if separator != default:
        read["separator"] = separator
    with path.open(encoding="utf-8-sig" if is_utf8(encoding) else encoding, newline="") as text:
        head = "".join(_lines_of_rows(text, separator))
    if _begins_with_data(head, separator):
        read["header"] = False
    target.write_text(head, encoding=encoding if "encoding" in read else "utf-8", newline="")
    return Sample(target, entry.path, read)


def _separator(path: Path, encoding: str, default: str) -> str:
    """The character that parts the header, and the next rows into as many cells."""
    with path.open(encoding=encoding, newline="") as text:
        lines = [line for _, line in zip(range(60), text, strict=False)]
    csv.field_size_limit(1 << 27)
    widths: dict[str, int] = {}
    for mark in dict.fromkeys((default, ",", ";", "\t", "|")):
        rows = [row for row in csv.reader(lines, delimiter=mark) if row][:-1] or [[""]]
        counts = [len(row) for row in rows]
        # The last row may be cut; a header of one cell proves nothing.
        if counts[0] > 1 and counts.count(counts[0]) >= 0.9 * len(counts):
            widths[mark] = counts[0]
    if default in widths or not widths:
        return default
    return max(widths, key=lambda mark: widths[mark])


def _begins_with_data(head: str, separator: str) -> bool:
    """Whether the first row is no header: a cell as long as a text, or a number that its column holds as well."""
    rows = list(csv.reader(head.splitlines(keepends=True)[:400], delimiter=separator))
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    below = [{row[place] for row in rows[1:] if place < len(row)} for place in range(len(rows[0]))]
    return any(
        len(cell) > LONGEST_NAME or (re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None and cell in others)
        for cell, others in zip(rows[0], below, strict=True)
    )


def _lines_of_rows(text: IO[str], separator: str) -> Iterator[str]:
    """The lines of the first rows, each row whole though its cells may hold line ends."""
    taken: list[str] = []
    size = 0

    def lines() -> Iterator[str]:
        for line in text:
            taken.append(line)
            yield line

    csv.field_size_limit(1 << 27)
    rows = csv.reader(lines(), delimiter=separator)
    for number, _ in enumerate(rows):
        yield from taken
        size += sum(len(line) for line in taken)
        taken.clear()
        if number >= ROWS or size > BYTES:
            return


def _json(path: Path, entry: Entry, target: Path) -> Sample:
    """JSON or JSON lines, whatever the ending says."""
    encoding = detected(path)
    read: dict[str, Any] = {} if is_utf8(encoding) else {"encoding": encoding}
    with path.open("rb") as file:
        cut = path.stat().st_size > BYTES
        data = file.read(BYTES)
    text = codecs.getincrementaldecoder("utf-8-sig" if is_utf8(encoding) else encoding)().decode(data)
    if (rows := _json_lines(text, cut)) is not None:
        # Written anew, but for the file's own encoding, which stays to be read.
        target.write_bytes("\n".join(rows).encode(encoding if read else "utf-8"))
        return Sample(target, entry.path, {"format": "jsonl", **read})
    if cut and path.stat().st_size <= WHOLE_JSON:
        text, cut = path.read_text(encoding="utf-8-sig" if is_utf8(encoding) else encoding), False
    if cut and text.lstrip()[:1] != "[":
        raise ReadError(f"{entry.path}: a JSON document of {path.stat().st_size:,} bytes that is no list of rows")
    document, where = _document(text, cut, entry)
    target.write_bytes(json.dumps(document, ensure_ascii=False).encode(encoding if read else "utf-8"))
    return Sample(target, entry.path, {"format": "json", **read, **where})


def _json_lines(text: str, cut: bool) -> list[str] | None:
    """The first lines where every one is an object; None where they are not, or all is one object on one line."""
    lines = text.split("\n")
    if cut:
        lines = lines[:-1]
    rows = [line for line in lines if line.strip()][: ROWS + 1]
    try:
        first = json.loads(rows[0]) if rows else None
        if not isinstance(first, dict) or (len(rows) == 1 and _inner_rows(first)):
            return None
        return rows[:ROWS] if all(isinstance(json.loads(row), dict) for row in rows) else None
    except (ValueError, RecursionError):
        return None


def _inner_rows(document: dict[str, Any]) -> bool:
    inner = list(document.values())
    keyed = len(inner) > 1 and all(isinstance(value, dict) for value in inner)
    return keyed or any(isinstance(value, list) and _rows_in(value) for value in inner)


def _rows_in(value: Any) -> bool:
    inner = list(value.values()) if isinstance(value, dict) else value
    return bool(inner) and all(isinstance(item, dict) for item in inner[:20])


def _document(text: str, cut: bool, entry: Entry) -> tuple[Any, dict[str, Any]]:
    """The head of a document, and where its rows are."""
    if cut:
        return _first_of_list(text), {}
    try:
        document = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{entry.path}: not JSON: {error}") from None
    if isinstance(document, list):
        if not document or not isinstance(document[0], dict):
            raise ReadError(f"{entry.path}: a JSON list whose elements are no objects")
        return document[:ROWS], {}
    if isinstance(document, dict):
        lists = [key for key, value in document.items() if isinstance(value, list) and _rows_in(value)]
        if len(lists) == 1 and "." not in lists[0] and lists[0] != "*":
            return {lists[0]: document[lists[0]][:ROWS]}, {"rows_at": lists[0]}
        inner = list(document.values())
        if len(inner) > 1 and all(isinstance(value, dict) for value in inner):
            shared = set.intersection(*(set(value) for value in inner[:20]))
            if shared:
                fields = {name for value in inner[:ROWS] for name in value}
                key = next(name for name in ("id", "key", "row_key", "document_key") if name not in fields)
                return dict(list(document.items())[:ROWS]), {"keyed_by": key}
    raise ReadError(f"{entry.path}: a JSON document in which rows could not be told from the rest")


def _first_of_list(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    rows: list[Any] = []
    at = text.index("[") + 1
    try:
        while len(rows) < ROWS:
            while text[at] in " \t\r\n,":
                at += 1
            if text[at] == "]":
                break
            row, at = decoder.raw_decode(text, at)
            rows.append(row)
    except (ValueError, IndexError):
        pass
    return rows
