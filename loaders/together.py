"""Types of chunks and files of one split, brought together: none loses a value because another has none there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import polars as pl

Schema = Mapping[str, Any]


def common(schemas: Iterable[Schema], *, mixed: bool = False) -> dict[str, Any]:
    """The columns of all `schemas`, each of a type that holds what every one of them writes.

    A column or field that is a list in some is a list in all; numbers are widened; what cannot be becomes text. With
    `mixed`, as within one JSON file: lists and objects that are something else elsewhere become text too.

    Raises:
        polars.exceptions.SchemaError: objects in one file are something else in another, and not `mixed`.
    """
    merge = _mixed if mixed else _common
    whole: Any = reduce(merge, (pl.Struct(dict(schema)) for schema in schemas))
    return {field.name: field.dtype for field in whole.fields}


def by_name(schema: Schema) -> dict[str, Any]:
    """The same columns, they and the fields in them sorted by name."""
    return {name: _sorted(schema[name]) for name in sorted(schema)}


def _sorted(dtype: Any) -> Any:
    if isinstance(dtype, pl.List):
        return pl.List(_sorted(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pl.Struct(by_name({field.name: field.dtype for field in dtype.fields}))
    return dtype


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One frame of all rows, of the types that `common` gives.

    Raises:
        polars.exceptions.PolarsError: types of one column that do not fit even so.
    """
    if all(frame.schema == frames[0].schema for frame in frames):
        return pl.concat(frames, rechunk=False)
    schema = common(frame.schema for frame in frames)
    return pl.concat([widened(frame, schema) for frame in frames], rechunk=False)


def widened(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """`frame` with exactly the columns of `schema`, whose types hold its own; columns that it lacks are missing.

    Raises:
        polars.exceptions.PolarsError: a column whose values cannot become the type.
    """
    if frame.schema == dict(schema):
        return frame
    return frame.select(
        (_widen(pl.col(name), frame.schema[name], dtype) if name in frame.schema else pl.lit(None, dtype)).alias(name)
        for name, dtype in schema.items()
    )


def _common(one: Any, other: Any) -> Any:
    if one == other:
        return one
    if isinstance(one, pl.Null) or isinstance(other, pl.Null):
        return other if isinstance(one, pl.Null) else one
    if isinstance(one, pl.List) or isinstance(other, pl.List):
        inner = [dtype.inner if isinstance(dtype, pl.List) else dtype for dtype in (one, other)]
        return pl.List(_common(*inner))
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        first = {field.name: field.dtype for field in one.fields}
        second = {field.name: field.dtype for field in other.fields}
        shared = {name: _common(dtype, second[name]) for name, dtype in first.items() if name in second}
        return pl.Struct({**first, **second, **shared})
    if isinstance(one, pl.Struct) or isinstance(other, pl.Struct):
        raise pl.exceptions.SchemaError(
            f"objects in one file are {one if isinstance(other, pl.Struct) else other} in another"
        )
    empty = [pl.DataFrame(schema={"value": dtype}) for dtype in (one, other)]
    try:
        return pl.concat(empty, how="vertical_relaxed").schema["value"]
    except pl.exceptions.PolarsError:
        return pl.String()


def _mixed(one: Any, other: Any) -> Any:
    if one == other or isinstance(other, pl.Null):
        return one
    if isinstance(one, pl.Null):
        return other
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        return pl.List(_mixed(one.inner, other.inner))
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        second = {field.name: field.dtype for field in other.fields}
        first = {field.name: _mixed(field.dtype, second.get(field.name, pl.Null())) for field in one.fields}
        return pl.Struct({**first, **{name: dtype for name, dtype in second.items() if name not in first}})
    if one.is_numeric() and other.is_numeric():
        return _common(one, other)
    return pl.String()


def _widen(value: pl.Expr, have: Any, want: Any) -> pl.Expr:
    if have == want:
        return value
    if isinstance(have, pl.Null) or not want.is_nested():
        return value.cast(want)
    if isinstance(want, pl.List):
        if isinstance(have, pl.List):
            return value.list.eval(_widen(pl.element(), have.inner, want.inner))
        one = _widen(value, have, want.inner)
        return pl.when(value.is_not_null()).then(pl.concat_list(one))
    kept = {field.name: field.dtype for field in have.fields}
    fields = [
        _widen(value.struct.field(field.name), kept[field.name], field.dtype).alias(field.name)
        if field.name in kept
        else pl.lit(None, field.dtype).alias(field.name)
        for field in want.fields
    ]
    return pl.when(value.is_not_null()).then(pl.struct(fields))
