"""Files of made-up rows in the shape that a source publishes, written from the YAML of `tests/fixtures`."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.support.workbook import write_workbook

Made = Mapping[str, Any]


def write(folder: Path, files: Mapping[str, Made]) -> None:
    """Write every file at its path below `folder`."""
    for path, made in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content(made))


def content(made: Made) -> bytes:
    """The bytes of a file: one word of `FORMS` with what it holds, and the options of that word beside it."""
    (word,) = [word for word in made if word in FORMS]
    return FORMS[word](made[word], {name: value for name, value in made.items() if name != word})


def columns(made: Made) -> set[str] | None:
    """The names of a table's columns; None where the file is no table."""
    for word in ("csv", "jsonl", "parquet", "json"):
        rows = made.get(word)
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            return {name for row in rows for name in row}
    return None


def _csv(rows: list[dict[str, Any]], options: Made) -> bytes:
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(
        text,
        names,
        restval="",
        delimiter=options.get("separator", ","),
        lineterminator=options.get("newline", "\n"),
        quoting=csv.QUOTE_ALL if options.get("quote_all") else csv.QUOTE_MINIMAL,
    )
    if options.get("header", True):
        writer.writeheader()
    writer.writerows(rows)
    return _encoded(text.getvalue(), options)


def _encoded(text: str, options: Made) -> bytes:
    return text.encode(options.get("encoding", "utf-8"))


def _jsonl(rows: list[Any], options: Made) -> bytes:
    return _encoded("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), options)


def _json(value: Any, options: Made) -> bytes:
    return _encoded(json.dumps(value, ensure_ascii=False, indent=options.get("indent")), options)


def _parquet(rows: list[dict[str, Any]], options: Made) -> bytes:
    """Options: `bytes`, names of columns whose values are base64 (also the field `bytes` of structs and of lists)."""
    file = io.BytesIO()
    names = set(options.get("bytes", ()))
    plain = [{name: _binary(value) if name in names else value for name, value in row.items()} for row in rows]
    pl.DataFrame(plain, infer_schema_length=None).write_parquet(file)
    return file.getvalue()


def _binary(value: Any) -> Any:
    if isinstance(value, str):
        return base64.b64decode(value)
    if isinstance(value, dict):
        return value | {"bytes": _binary(value["bytes"])}
    return [_binary(item) for item in value] if isinstance(value, list) else value


def _npz(arrays: dict[str, Any], options: Made) -> bytes:
    file = io.BytesIO()
    made: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    np.savez_compressed(file, **made)
    return file.getvalue()


def _image(size: list[int], options: Made) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (size[0], size[1]), options.get("colour", "red")).save(file, options.get("form", "PNG"))
    return file.getvalue()


def _zip(files: Mapping[str, Made], options: Made) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, made in files.items():
            archive.writestr(path, content(made))
    return file.getvalue()


def _tar(files: Mapping[str, Made], options: Made) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz" if options.get("packed", True) else "w") as archive:
        for path, made in files.items():
            data = content(made)
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


FORMS: dict[str, Callable[[Any, Made], bytes]] = {
    "csv": _csv,  # rows; separator, newline, quote_all, header, encoding
    "jsonl": _jsonl,  # rows; encoding
    "json": _json,  # anything; indent, encoding
    "parquet": _parquet,  # rows; bytes
    "xlsx": lambda sheets, options: write_workbook(io.BytesIO(), sheets).getvalue(),  # {sheet: [[cells of a row]]}
    "text": lambda text, options: _encoded(text, options),
    "base64": lambda text, options: base64.b64decode(text),
    "npz": _npz,  # {name: numbers, nested as the array is}
    "image": _image,  # [width, height]; colour, form (as PIL names it)
    "zip": _zip,  # {path: file}
    "tar": _tar,  # {path: file}; packed (with gzip, unless it is false)
    "gz": lambda made, options: gzip.compress(content(made), mtime=0),  # the one file in it
}
