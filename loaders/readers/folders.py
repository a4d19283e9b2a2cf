"""Pictures in folders: each file is a row, and what is known of it stands in its path. No picture is opened."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from loaders.readers.options import options_of
from registry.errors import ReadError
from registry.loadspec import Read


def read_image(path: Path, read: Read) -> pl.DataFrame:
    """One row for a picture file: `name` and the name of its folder, which is often its label.

    Cards take the picture itself as ``[{file: path}, images]``.

    Raises:
        ReadError: the file is empty.
    """
    options_of(path, read, {})
    if path.stat().st_size == 0:
        raise ReadError(f"{path}: the file is empty (0 bytes); fetch it again")
    return pl.DataFrame({"name": [path.name], "folder": [path.parent.name]})
