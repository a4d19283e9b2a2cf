"""JSON and JSON lines. Types are those of the values; a column of mixed types becomes text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from loaders.readers.content import read_bytes
from registry.errors import ReadError
from registry.loadspec import Read

VALUE = "value"
"""Name of the one column of rows that are not objects."""


def read_jsonl(path: Path, read: Read) -> pl.DataFrame:
    """JSON lines: one object a line; blank lines are passed over.

    Raises:
        ReadError: a line that is not an object, with its number; or a JSON document, which another format reads.
    """
    data = read_bytes(path, read.encoding)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise _wrong_line(path, data, error) from None
    return _chosen(path, frame, read)


def read_json(path: Path, read: Read) -> pl.DataFrame:
    """A JSON document: a list of rows, or an object that holds them where the card's `rows_at` or `keyed_by` says.

    Raises:
        ReadError: not JSON (line and column), or rows are not where the card says.
    """
    data = read_bytes(path, read.encoding)
    try:
        document = json.loads(data, parse_constant=lambda name: None)
    except json.JSONDecodeError as error:
        raise _not_json(path, data, error) from None
    except RecursionError:
        raise ReadError(f"{path}: nested too deeply to be read") from None
    rows = _rows(path, document, read)
    # One reader for both formats, so that the same rows have the same types in both.
    lines = "\n".join(json.dumps(row if isinstance(row, dict) else {VALUE: row}) for row in rows)
    if not rows:
        raise ReadError(f"{path}: no rows in it")
    frame = pl.read_ndjson(io.BytesIO(lines.encode()), infer_schema_length=None)
    return _chosen(path, frame, read)


def _rows(path: Path, document: Any, read: Read) -> list[Any]:
    found = [document]
    for part in [] if read.rows_at in (None, ".") else str(read.rows_at).split("."):
        inner = [step for node in found for step in _step(path, node, part, str(read.rows_at))]
        found = inner
    if read.keyed_by is not None:
        rows = []
        for node in found:
            if not isinstance(node, dict):
                raise ReadError(f"{path}: rows keyed by {read.keyed_by!r} should be an object, not {_kind(node)}")
            for key, value in node.items():
                row = value if isinstance(value, dict) else {VALUE: value}
                if read.keyed_by in row:
                    raise ReadError(f"{path}: the row {key!r} has a field {read.keyed_by!r} already")
                rows.append({read.keyed_by: key, **row})
        return rows
    if read.rows_at is not None:
        return [row for node in found for row in (node if isinstance(node, list) else [node])]
    if isinstance(document, list):
        return document
    keys = list(document)[:8] if isinstance(document, dict) else []
    raise ReadError(
        f"{path}: the document is {_kind(document)}, not a list of rows"
        + (f"; its first keys are {', '.join(keys)}" if keys else "")
        + ". Say in the card where rows are: `rows_at: KEY`, or `keyed_by: NAME` where its keys are ids"
    )


def _step(path: Path, node: Any, part: str, whole: str) -> list[Any]:
    if part == "*" and isinstance(node, dict):
        return list(node.values())
    if part == "*" and isinstance(node, list):
        return node
    if isinstance(node, dict) and part in node:
        return [node[part]]
    there = f"; keys there: {', '.join(map(str, list(node)[:20]))}" if isinstance(node, dict) else ""
    raise ReadError(f"{path}: nothing at {part!r} of `rows_at: {whole}`, which leads to {_kind(node)}{there}")


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", type(None): "null"}.get(type(value), "a single value")


def _chosen(path: Path, frame: pl.DataFrame, read: Read) -> pl.DataFrame:
    """The columns that `paths` names; objects without any field say nothing and become missing values."""
    if read.paths:
        keyed = [pl.col(read.keyed_by)] if read.keyed_by else []
        try:
            return frame.select(*keyed, *(_at(dotted).alias(name) for name, dotted in read.paths.items()))
        except pl.exceptions.PolarsError as error:
            raise ReadError(f"{path}: `paths` do not fit its rows: {error}") from None
    empty = [name for name, dtype in frame.schema.items() if dtype == pl.Struct({})]
    return frame.with_columns(pl.lit(None).alias(name) for name in empty)


def _at(dotted: str) -> pl.Expr:
    first, *rest = dotted.split(".")
    value = pl.col(first)
    for name in rest:
        value = value.struct.field(name)
    return value


def _wrong_line(path: Path, data: bytes, error: Exception) -> ReadError:
    if data.lstrip().startswith(b"["):
        return ReadError(f"{path}: a JSON list, not JSON lines; the card should say `read: {{format: json}}`")
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as wrong:
            end = " and is the last: the file is cut short" if number == len(lines) else ""
            told = wrong.msg if isinstance(wrong, json.JSONDecodeError) else str(wrong)
            start = line[:60].decode("utf-8", "replace")
            if number == 1 and line.strip() in (b"{", b"["):
                return ReadError(f"{path}: one JSON document, not JSON lines; the card should say `format: json`")
            return ReadError(f"{path}, line {number}: not a JSON object{end} ({told}): {start!r}")
        if not isinstance(value, dict):
            return ReadError(f"{path}, line {number}: {_kind(value)}, not an object")
    return ReadError(f"{path}: {error}")


def _not_json(path: Path, data: bytes, error: json.JSONDecodeError) -> ReadError:
    if error.msg == "Extra data":
        return ReadError(f"{path}, line {error.lineno}: more than one JSON value; JSON lines need `format: jsonl`")
    cut = error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated")
    told = "; the file is cut short, fetch it again" if cut else ""
    return ReadError(f"{path}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}{told}")
