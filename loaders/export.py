"""Records as files that other programs read: Parquet as they are, JSON lines, CSV."""

from __future__ import annotations

from pathlib import Path

import polars as pl

FORMATS = ("parquet", "jsonl", "csv")


def write(frame: pl.DataFrame, path: Path, form: str) -> None:
    """Write a frame of records.

    JSON has no bytes: those of pictures and signals that were inside the source's files are written as base64. CSV has
    no lists: they are written as JSON, one cell each; and text that a spreadsheet would run as a formula gets an
    apostrophe before it (https://owasp.org/www-community/attacks/CSV_Injection). Parquet and JSON lines hold the
    text as it is.

    Args:
        frame: records in a canonical schema.
        path: the file to write.
        form: "parquet", "jsonl" or "csv".

    Raises:
        OSError: the file cannot be written.
    """
    if form == "parquet":
        frame.write_parquet(path)
        return
    frame = frame.with_columns(_media(name) for name, kind in frame.schema.items() if _holds_bytes(kind))
    if form == "jsonl":
        frame.write_ndjson(path)
        return
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    nothing = [name for name, kind in frame.schema.items() if kind == pl.Null]
    frame.with_columns(
        *(_json(name) for name in nested), *(pl.lit(None, pl.String).alias(name) for name in nothing)
    ).with_columns(_no_formula(pl.selectors.string())).write_csv(path)


def _no_formula(text: pl.Expr) -> pl.Expr:
    runs = text.str.contains(r"^[=+\-@\t\r]") & ~text.str.contains(r"^[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?%?$")
    return pl.when(runs).then(text.str.replace("^", "'")).otherwise(text)


def _holds_bytes(kind: pl.DataType) -> bool:
    inner = kind.inner if isinstance(kind, pl.List) else None
    return isinstance(inner, pl.Struct) and any(field.dtype == pl.Binary for field in inner.fields)


def _media(name: str) -> pl.Expr:
    item = pl.element().struct
    return pl.col(name).list.eval(pl.struct(item.field("path"), item.field("bytes").bin.encode("base64")))


def _json(name: str) -> pl.Expr:
    """A nested value as the JSON it would be as the only field of an object, without the object around it."""
    whole = pl.struct(pl.col(name).alias("x")).struct.json_encode()
    return whole.str.slice(5).str.head(-1).alias(name)
