"""SchizzoSQUAD: one CSV of posts that was cut twice, its long lines at some 1,024 bytes and its lines into 30 parts.

Both cuts fall within words, quoted cells and even characters, so that no part can be read by itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import polars as pl

from loaders.read import Located, read_files
from loaders.readers.content import refuse_other_content
from registry.errors import ReadError
from registry.loadspec import Read

HEADER = b"_id,text\r\n"
CUT = re.compile(rb"\r\n(?!\d{9},|\Z)")
"""An end of a line with no id of nine digits behind it, which begins every post."""


def read(files: Sequence[Located], read: Read) -> pl.DataFrame:
    """The posts of all parts in order, as the columns `_id` and `text`; files of another format are read as ever.

    Raises:
        ReadError: the first part lacks the header, or what the parts make is not UTF-8.
    """
    if read.format != "text":
        return read_files(files, read)
    for file in files:
        refuse_other_content(file.path)
    whole = b"".join(file.path.read_bytes() for file in files)
    if not whole.startswith(HEADER):
        raise ReadError(f"{files[0].path}: does not begin with {HEADER.decode().strip()!r}; Part1.txt comes first")
    posts = CUT.sub(b"", whole.removeprefix(HEADER))
    try:
        posts.decode()
    except UnicodeDecodeError as error:
        line = posts.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"{files[0].path}: post {line} of the parts put together is not UTF-8; a part is missing"
        ) from None
    return pl.read_csv(io.BytesIO(posts), has_header=False, new_columns=["_id", "text"], infer_schema=False)
