"""Bringing the files of a split together where one writes a value and another a list of such values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import polars as pl


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One frame of all rows; a column or field that is a list in some frames is a list in all.

    Args:
        frames: tables whose columns may differ in number, order and type.

    Raises:
        polars.exceptions.PolarsError: types of one column that do not fit even so.
    """
    schemas = [frame.schema for frame in frames]
    if all(schema == schemas[0] for schema in schemas):
        return pl.concat(frames, rechunk=False)
    shape: Any = reduce(_common, [pl.Struct(schema) for schema in schemas])
    wanted = {field.name: field.dtype for field in shape.fields}
    alike = [
        frame.select(_widen(pl.col(name), dtype, wanted[name]).alias(name) for name, dtype in schema.items())
        for frame, schema in zip(frames, schemas, strict=True)
    ]
    return pl.concat(alike, how="diagonal_relaxed", rechunk=False)


def _common(one: Any, other: Any) -> Any:
    """A type that says of each value and field whether it is a list anywhere; other differences are left alone."""
    if isinstance(one, pl.Null) or isinstance(other, pl.Null):
        return other if isinstance(one, pl.Null) else one
    if isinstance(one, pl.List) or isinstance(other, pl.List):
        inner = [dtype.inner if isinstance(dtype, pl.List) else dtype for dtype in (one, other)]
        return pl.List(_common(*inner))
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        first = {field.name: field.dtype for field in one.fields}
        second = {field.name: field.dtype for field in other.fields}
        shared = {name: _common(first[name], second[name]) for name in first.keys() & second.keys()}
        return pl.Struct({**first, **second, **shared})
    if isinstance(one, pl.Struct) or isinstance(other, pl.Struct):
        raise pl.exceptions.SchemaError(
            f"objects in one file are {one if isinstance(other, pl.Struct) else other} in another"
        )
    return one


def _widen(value: pl.Expr, have: Any, want: Any) -> pl.Expr:
    if have == want or isinstance(have, pl.Null):
        return value
    if isinstance(want, pl.List):
        if isinstance(have, pl.List):
            return value.list.eval(_widen(pl.element(), have.inner, want.inner))
        one = _widen(value, have, want.inner)
        return pl.when(value.is_not_null()).then(pl.concat_list(one))
    if isinstance(want, pl.Struct) and isinstance(have, pl.Struct):
        wanted = {field.name: field.dtype for field in want.fields}
        fields = [
            _widen(value.struct.field(field.name), field.dtype, wanted[field.name]).alias(field.name)
            for field in have.fields
        ]
        return pl.when(value.is_not_null()).then(pl.struct(fields))
    return value
