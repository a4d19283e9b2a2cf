"""One function per format: a file in, its columns out in one or several frames. Modules are imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import polars as pl

from registry.errors import ReadError
from registry.loadspec import Read

Reader = Callable[[Path, Read], pl.DataFrame | Iterator[pl.DataFrame]]
"""Gives the whole file, or its rows bit by bit in frames of one schema."""

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
    "npz": "arrays:read_npz",
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
    ".npz": "npz",
    ".jpg": "image",
    ".jpeg": "image",
    ".png": "image",
    ".tif": "image",
    ".tiff": "image",
}


RUN_CODE = {".pkl", ".pickle", ".dill", ".joblib", ".pt", ".pth", ".ckpt", ".rds", ".rda", ".rdata"}
"""Endings of pickles and their like."""


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
    if suffix in RUN_CODE:
        raise ReadError(f"{path}: files that end in {suffix} can run code when they are opened, so they never are")
    if suffix not in SUFFIXES:
        raise ReadError(f"{path}: the ending does not tell its format; say it in the card as `read: {{format: …}}`")
    return SUFFIXES[suffix]
