"""Steps that make images and signals: paths that stay paths, and bytes that came inside the source's files."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from loaders.place import Place
from loaders.schemas import MEDIA
from loaders.steps.table import step, text_of


@step
def base64(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """Bytes that were written as base64."""
    texts = text_of(values, "base64", place).str.replace(r"^\s*data:[^,]{0,100};base64,", "").str.replace_all(r"\s", "")
    made = texts.str.decode("base64", strict=False)
    place.refuse_where(made.is_null() & texts.is_not_null(), values, "is not base64")
    return made


@step
def images(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Paths as images, which stay on disk."""
    one = values.cast(pl.String) if values.dtype == pl.Null else values
    lists = one if isinstance(one.dtype, pl.List) else one.to_frame("v").select(pl.concat_list("v"))["v"]
    if (inside := _with_bytes(lists)) is not None:
        return inside
    if lists.dtype != pl.List(pl.String):
        place.refuse_type("images", "paths, bytes or lists of them", values)
    folder = argument.folder.rstrip("/") + "/" if argument.folder else ""
    path = pl.lit(folder) + pl.element() + pl.lit(argument.suffix)
    made = lists.list.drop_nulls().list.eval(
        pl.struct(path.alias("path"), pl.lit(None, dtype=pl.Binary).alias("bytes"))
    )
    return made.cast(MEDIA)


def _with_bytes(lists: pl.Series) -> pl.Series | None:
    """Pictures that came with their table: bytes, or structs {bytes, path} as the Hugging Face Hub writes them."""
    inner = lists.dtype.inner  # type: ignore[attr-defined]
    if inner == pl.Binary:
        made = pl.struct(pl.lit(None, dtype=pl.String).alias("path"), pl.element().alias("bytes"))
    elif isinstance(inner, pl.Struct) and {field.name for field in inner.fields} == {"path", "bytes"}:
        made = pl.struct(pl.element().struct.field("path"), pl.element().struct.field("bytes"))
    else:
        return None
    return lists.list.drop_nulls().list.eval(made).cast(MEDIA)


@step
def signals(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Paths as signals, which stay on disk; or numbers as signals: each the bytes of a float32 array (samples,).

    Such an array is written as NumPy writes one to a file (format 1.0 of
    https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
    """
    row, one = _each_array(values)
    if one is None:
        return images(values, argument, place)
    made = pl.DataFrame({"row": row, "bytes": pl.Series(_arrays(one), dtype=pl.Binary)}).select(
        "row", pl.struct(pl.lit(None, pl.String).alias("path"), "bytes").alias("v")
    )
    grouped = made.group_by("row", maintain_order=True).agg("v")
    whole = pl.DataFrame({"row": pl.int_range(len(values), eager=True)})
    return whole.join(grouped, on="row", how="left", maintain_order="left")["v"].cast(MEDIA)


def _each_array(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """The row of each list of numbers, and these lists as float32; None where there are no numbers."""
    rows = pl.int_range(len(values), eager=True)
    inner = values.dtype.inner if isinstance(values.dtype, pl.List) else pl.Null()
    if isinstance(inner, pl.List):
        filled = values.list.drop_nulls()
        rows = rows.repeat_by(filled.list.len().fill_null(0)).explode(empty_as_null=False, keep_nulls=False)
        values = filled.explode(empty_as_null=False, keep_nulls=False)
        inner = inner.inner
    else:
        rows, values = rows.filter(values.is_not_null()), values.drop_nulls()
    if not inner.is_numeric():
        return rows, None
    return rows, values.cast(pl.List(pl.Float32)).list.eval(pl.element().fill_null(float("nan")))


def _arrays(lists: pl.Series) -> list[bytes]:
    flat = lists.explode(empty_as_null=False, keep_nulls=False).to_numpy().astype("<f4").tobytes()
    ends = np.cumsum(lists.list.len().to_numpy(), dtype=np.int64).tolist()
    starts = [0, *ends[:-1]]
    return [_header(end - start) + flat[4 * start : 4 * end] for start, end in zip(starts, ends, strict=True)]


@lru_cache(maxsize=4096)
def _header(samples: int) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (samples,)})
    return file.getvalue()
