"""One function per format: a file in, one frame of its columns out. Modules are imported when first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import polars as pl

from registry.errors import ReadError
from registry.loadspec import Read

Reader = Callable[[Path, Read], pl.DataFrame]

MODULES = {
    "csv": "tables:read_csv",
    "tsv": "tables:read_tsv",
    "parquet": "tables:read_parquet",
    "json": "json:read_json",
    "jsonl": "json:read_jsonl",
    "xlsx": "excel:read_xlsx",
    "xml": "xml:read_xml",
    "text": "text:read_text",
    "iob": "iob:read_iob",
    "image": "folders:read_image",
}
"""Format -> where its reader is."""

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xml": "xml",
    ".txt": "text",
    ".jpg": "image",
    ".jpeg": "image",
    ".png": "image",
    ".tif": "image",
    ".tiff": "image",
}


def reader(name: str) -> Reader:
    """The reader of a format.

    Raises:
        ReadError: no reader for it.
    """
    if name not in MODULES:
        raise ReadError(f"files of format {name!r} cannot be read as rows; formats with a reader: {', '.join(MODULES)}")
    module, function = MODULES[name].split(":")
    return getattr(import_module(f"loaders.readers.{module}"), function)  # type: ignore[no-any-return]


def format_of(path: str, read: Read) -> str:
    """The format that the card names, else the one that the file's ending tells.

    Raises:
        ReadError: neither says it.
    """
    if read.format:
        return read.format
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ReadError(f"{path}: the ending does not tell its format; say it in the card as `read: {{format: …}}`")
    return SUFFIXES[suffix]
