"""Steps on structs: objects with named fields."""

from __future__ import annotations

import re

import polars as pl

from loaders.place import Place
from loaders.steps.table import list_of, step, struct_of, written
from loaders.together import common, widened


@step
def get(values: pl.Series, field: str, place: Place) -> pl.Series:
    """A field of a struct."""
    if values.dtype == pl.Null:
        return values
    fields = [entry.name for entry in struct_of(values, "get", place).dtype.fields]  # type: ignore[attr-defined]
    if field not in fields:
        place.refuse(0, ", ".join(fields[:20]), f"are the fields there, and {field!r} is not among them")
    return values.struct.field(field)


@step
def values(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The values of a struct as a list; fields that are letters count in the order of the alphabet."""
    names = [entry.name for entry in struct_of(values, "values", place).dtype.fields]  # type: ignore[attr-defined]
    if all(len(name) == 1 and name.isalpha() for name in names):
        names.sort()
    frame = values.struct.unnest().select(names)
    if len(set(frame.dtypes)) > 1:
        frame = alike(frame)
    last = pl.concat_list([pl.when(pl.col(name).is_not_null()).then(pos + 1) for pos, name in enumerate(names)])
    lists = frame.select(pl.concat_list(names).list.head(last.list.max().fill_null(0)).alias("v"))["v"]
    return lists.to_frame("v").select(pl.when(pl.lit(values.is_not_null())).then("v").alias("v"))["v"]


@step
def keyed_by(values: pl.Series, key: str, place: Place) -> pl.Series:
    """The fields that have a value as a list of structs, each with its name as the field `key`.

    A field that is no struct itself gives ``{key, value}``. Names that differ in a number at their end come in its
    order, others in that of the table.
    """
    frame = struct_of(values, "keyed_by", place).struct.unnest()
    filled = [name for name, dtype in frame.schema.items() if dtype != pl.Null]
    if not filled:
        empty = pl.lit([], dtype=pl.List(pl.Struct({key: pl.String()})))
        return values.to_frame("v").select(pl.when(pl.col("v").is_not_null()).then(empty).alias("v"))["v"]
    inner = {name: _fields_of(frame[name]) for name in _in_order(filled)}
    schema = common(part.schema for part in inner.values())
    if key in schema:
        place.refuse(0, key, "is a field of the structs already; the key needs another name")
    parts = []
    for name, fields in inner.items():
        whole = widened(fields, schema).select(pl.lit(name).alias(key), pl.all()).to_struct(name)
        parts.append(whole.to_frame().select(pl.when(pl.lit(frame[name].is_not_null())).then(name).alias(name)))
    lists = pl.concat(parts, how="horizontal").select(pl.concat_list(pl.all()).list.drop_nulls().alias("v"))
    return lists.select(pl.when(pl.lit(values.is_not_null())).then("v").alias("v"))["v"]


def _fields_of(column: pl.Series) -> pl.DataFrame:
    return column.struct.unnest() if isinstance(column.dtype, pl.Struct) else column.alias("value").to_frame()


def _in_order(names: list[str]) -> list[str]:
    ends = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    if not all(ends) or len({end[1] for end in ends if end}) != 1:
        return names
    return sorted(names, key=lambda name: int(re.sub(r"^.*?(\d+)$", r"\1", name)))


@step
def keys_by_value(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The names of the fields whose flag is true or whose count is above 0."""
    frame = struct_of(values, "keys_by_value", place).struct.unnest()
    flags = []
    for column in frame:
        texts = written(column).str.strip_chars().str.to_lowercase()
        no = texts.is_null() | texts.is_in(["", "0", "0.0", "false", "no"])
        yes = texts.is_in(["true", "yes"]) | (texts.cast(pl.Float64, strict=False) > 0).fill_null(False)
        place.refuse_where(~(yes | no), column, f"is neither a flag nor a count (field {column.name!r})")
        flags.append(pl.when(pl.lit(yes)).then(pl.lit(column.name)).alias(column.name))
    lists = frame.select(pl.concat_list(flags).list.drop_nulls().alias("v"))["v"]
    return lists.to_frame("v").select(pl.when(pl.lit(values.is_not_null())).then("v").alias("v"))["v"]


@step
def flagged(values: pl.Series, names: list[str], place: Place) -> pl.Series:
    """The names at the places of true flags or of counts above 0; each list has one value for each name."""
    lists = list_of(values, "flagged", place)
    place.refuse_where(lists.list.len() != len(names), values, f"does not have {len(names)} values, one for each name")
    return keys_by_value(lists.list.to_struct(fields=names), None, place)


def alike(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of `frame` in the one type that holds them all; text where there is no such type."""
    names = [pl.Series("v", [], dtype=dtype).to_frame() for dtype in frame.dtypes]
    try:
        return frame.cast(pl.concat(names, how="vertical_relaxed").schema["v"])
    except pl.exceptions.PolarsError:
        return frame.cast(pl.String)
