"""JSON and JSON lines. Types are those of the values; a column of mixed types becomes text."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial, reduce
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from loaders.readers.content import line_blocks, read_bytes, text_blocks
from loaders.readers.elements import element_blocks, is_list
from loaders.together import by_name, common
from registry.errors import ReadError
from registry.loadspec import Read

T = TypeVar("T")
VALUE = "value"
"""Name of the one column of rows that are not objects."""
PIECE, MOST_LINES = 256, 16_384
"""Lines whose types are found together: where objects have many fields, and elsewhere."""
MANY_FIELDS, MOST_FIELDS = 100, 1_000
"""Fields of an object that are many, and that are too many to be columns."""
MOST_COLUMNS = 10_000
LONG = 32 << 20
"""Bytes of a document from which on its list is read block by block."""


def read_jsonl(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """JSON lines, some thousand at a time: one object a line; blank lines are passed over.

    The option `text` names columns that stay JSON as text, as objects whose keys are data.

    Raises:
        ReadError: a line that is not an object, with its number; or a JSON document, which another format reads.
    """
    yield from _frames(path, partial(line_blocks, path, read.encoding), read)


def read_json(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """A JSON document: a list of rows, or an object that holds them where the card's `rows_at` or `keyed_by` says.

    A long list is read block by block, anything else as a whole. Options as those of `read_jsonl`.

    Raises:
        ReadError: not JSON (line and column), or rows are not where the card says.
    """
    plain = read.rows_at is None and read.keyed_by is None
    if plain and path.stat().st_size > LONG and is_list(next(text_blocks(path, read.encoding), b"")):
        yield from _frames(path, lambda: element_blocks(path, text_blocks(path, read.encoding)), read)
        return
    data = read_bytes(path, read.encoding)
    try:
        # Of bytes, the parser would guess the encoding anew.
        document = json.loads(data.decode(), parse_constant=lambda name: None)
    except json.JSONDecodeError as error:
        raise _not_json(path, data, error) from None
    except RecursionError:
        raise ReadError(f"{path}: nested too deeply to be read") from None
    rows = _rows(path, document, read)
    if not rows:
        raise ReadError(f"{path}: no rows in it")
    # One reader for both formats, so that the same rows have the same types in both.
    lines = "\n".join(json.dumps(row if isinstance(row, dict) else {VALUE: row}) for row in rows)
    yield from _frames(path, lambda: [lines.encode()], read)


def _frames(path: Path, blocks: Callable[[], Iterable[bytes]], read: Read) -> Iterator[pl.DataFrame]:
    """Frames of one schema, that of all blocks together: they are gone through twice."""
    schema: dict[str, Any] = {}
    first = b""
    texts = read.options.get("text", [])

    def types_of(number: int, block: bytes) -> tuple[bytes, dict[str, Any]]:
        found = _tried(path, block, lambda lines: schema_of(lines, texts), blocks, number)
        return _first_line(block), found

    for line, here in _side_by_side(types_of, blocks()):
        first = first or line
        schema = _narrow(common([schema, here], mixed=True))
    if not schema:
        raise ReadError(f"{path}: no rows in it")
    if len(schema) > MOST_COLUMNS:
        raise ReadError(
            f"{path}: its rows have {len(schema):,} different fields, more than {MOST_COLUMNS:,}; are the keys data? "
            "An object of rows needs `keyed_by: NAME` in the card"
        )
    whole = _in_order(_finite(first), schema)

    def frame_of(lines: bytes) -> pl.DataFrame:
        return pl.read_ndjson(io.BytesIO(lines), schema=whole)

    for number, block in enumerate(blocks()):
        if not _is_blank(block):
            yield _chosen(path, _tried(path, block, frame_of, blocks, number), read)


def _side_by_side(work: Callable[[int, bytes], T], blocks: Iterable[bytes]) -> Iterator[T]:
    """What `work` makes of the number of each block and the block, in order; two are worked on at a time."""
    with ThreadPoolExecutor(2) as threads:
        under_way: deque[Future[T]] = deque()
        for number, block in enumerate(blocks):
            under_way.append(threads.submit(work, number, block))
            if len(under_way) > 1:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _first_line(block: bytes) -> bytes:
    """The first line that is not blank."""
    start = re.search(rb"[^\s]", block)
    end = block.find(b"\n", start.start()) if start else 0
    return block[start.start() : end if end >= 0 else len(block)] if start else b""


def _tried(
    path: Path, block: bytes, work: Callable[[bytes], T], blocks: Callable[[], Iterable[bytes]], number: int
) -> T:
    """What `work` makes of a block; of its lines without NaN where it makes nothing of them as they are."""
    try:
        try:
            return work(block)
        except pl.exceptions.PolarsError:
            return work(_finite(block))
    except (pl.exceptions.PolarsError, RecursionError) as error:
        before = sum(one.count(b"\n") for one in islice(blocks(), number))
        raise _wrong_line(path, block, error, before) from None


def _is_blank(block: bytes) -> bool:
    return not block or block.isspace()


def _finite(block: bytes) -> bytes:
    """The lines with null for NaN and the infinities, which Python writes and JSON does not know."""
    lines = block.split(b"\n")
    for place, line in enumerate(lines):
        if b"NaN" in line or b"Infinity" in line:
            with contextlib.suppress(ValueError, RecursionError):  # what is no JSON is told of where lines are read
                lines[place] = json.dumps(json.loads(line, parse_constant=lambda name: None)).encode()
    return b"\n".join(lines)


def schema_of(block: bytes, texts: Sequence[str] = ()) -> dict[str, Any]:
    """The types of JSON lines. What is a list or an object here and something else there is text: its JSON.

    So is an object whose fields are too many to be columns, and what `texts` names.

    Raises:
        polars.exceptions.PolarsError: not JSON lines.
    """
    sample = _inferred(_sample(block), texts)
    wide = max(map(_widest, sample.values()), default=0) > MANY_FIELDS
    # Of many lines at once, Polars takes a time that grows with the square of the fields.
    size = PIECE if wide else MOST_LINES
    count = block.count(b"\n") + 1
    if count <= size:
        return _narrow(_inferred(block, texts))
    found = (_inferred(piece, texts) for piece in _pieces(block, max(1, len(block) * size // count)))
    return reduce(lambda one, other: _narrow(common([one, other], mixed=True)), found, {})


def _sample(block: bytes) -> bytes:
    """Some lines from all over a block."""
    lines, end = [], -1
    for place in range(0, len(block), max(1, len(block) // PIECE)):
        start = block.rfind(b"\n", 0, place) + 1
        if start > end:
            end = block.find(b"\n", start)
            end = len(block) if end < 0 else end
            lines.append(block[start:end])
    return b"\n".join(lines)


def _pieces(block: bytes, size: int) -> Iterator[bytes]:
    """The block in whole lines of about `size` bytes."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start + size - 1) + 1
        yield block[start : end or None]
        start = end or len(block)


def _inferred(block: bytes, texts: Sequence[str]) -> dict[str, Any]:
    """The types of lines, found by halves where they are a mixture: what Polars takes for its type it may not read."""
    if _is_blank(block):
        return {}
    try:
        schema = pl.scan_ndjson(io.BytesIO(block), infer_schema_length=None).collect_schema()
        told = {name: pl.String() if name in texts else dtype for name, dtype in schema.items()}
        if any(dtype.is_nested() for dtype in told.values()) or (
            any(dtype.is_numeric() for dtype in told.values()) and any(flag in block for flag in (b"true", b"false"))
        ):
            pl.read_ndjson(io.BytesIO(block), schema=told)
    except (pl.exceptions.SchemaError, pl.exceptions.ComputeError):
        lines = [line for line in block.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
    else:
        return told
    half = len(lines) // 2
    halves = (b"\n".join(part) for part in (lines[:half], lines[half:]))
    return common([_inferred(part, texts) for part in halves], mixed=True)


def _narrow(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with text for each column in which objects have more fields than anybody names."""
    return {name: pl.String() if _widest(dtype) > MOST_FIELDS else dtype for name, dtype in schema.items()}


def _widest(dtype: Any) -> int:
    if isinstance(dtype, pl.List):
        return _widest(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return max([len(dtype.fields), *(_widest(field.dtype) for field in dtype.fields)])
    return 0


def _in_order(line: bytes, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Columns and fields as the first line has them, then the others by name; Polars gives no order of its own."""
    first = pl.scan_ndjson(io.BytesIO(line), infer_schema_length=None).collect_schema()
    return _narrow(common([first, by_name(schema)], mixed=True))


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


def _wrong_line(path: Path, data: bytes, error: Exception, before: int) -> ReadError:
    """What is wrong and at which line of the file; `before` are the lines before `data`."""
    if not before and data.lstrip().startswith(b"["):
        return ReadError(f"{path}: a JSON list, not JSON lines; the card should say `read: {{format: json}}`")
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as wrong:
            end = " and is the last: the file is cut short" if number == len(lines) else ""
            told = wrong.msg if isinstance(wrong, json.JSONDecodeError) else str(wrong)
            start = line[:60].decode("utf-8", "replace")
            if before + number == 1 and line.strip() in (b"{", b"["):
                return ReadError(f"{path}: one JSON document, not JSON lines; the card should say `format: json`")
            return ReadError(f"{path}, line {before + number}: not a JSON object{end} ({told}): {start!r}")
        if not isinstance(value, dict):
            return ReadError(f"{path}, line {before + number}: {_kind(value)}, not an object")
    return ReadError(f"{path}: {error}")


def _not_json(path: Path, data: bytes, error: json.JSONDecodeError) -> ReadError:
    if error.msg == "Extra data":
        return ReadError(f"{path}, line {error.lineno}: more than one JSON value; JSON lines need `format: jsonl`")
    cut = error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated")
    told = "; the file is cut short, fetch it again" if cut else ""
    return ReadError(f"{path}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}{told}")
