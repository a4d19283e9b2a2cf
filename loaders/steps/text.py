"""Steps on single values: text, numbers, flags."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from loaders.place import Place
from loaders.steps.table import group_of, spelled, step, text_of, written


@step
def strip(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """Text without white space at both ends."""
    return text_of(values, "strip", place).str.strip_chars()


@step
def lower(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """Text in lower case."""
    return text_of(values, "lower", place).str.to_lowercase()


@step
def upper(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """Text in upper case."""
    return text_of(values, "upper", place).str.to_uppercase()


@step
def null_if(values: pl.Series, missing: list[Any], place: Place) -> pl.Series:
    """Some values read as missing; numbers and flags are compared as a card writes them."""
    if values.dtype.is_nested():
        place.refuse_type("null_if", "single values", values)
    hit = written(values).is_in([spelled(value) for value in missing])
    return values.to_frame("v").select(pl.when(~pl.lit(hit)).then("v").alias("v"))["v"]


@step
def fill_null(values: pl.Series, value: Any, place: Place) -> pl.Series:
    """A value in place of what is missing."""
    given = pl.Series([value])
    filled = values.cast(given.dtype) if values.dtype == pl.Null else values
    if isinstance(filled.dtype, pl.List) != isinstance(given.dtype, pl.List):
        place.refuse_type("fill_null", f"the type of {value!r}", values)
    return filled.to_frame("v").select(pl.col("v").fill_null(pl.lit(given.cast(filled.dtype)).first()))["v"]


@step
def cast(values: pl.Series, kind: str, place: Place) -> pl.Series:
    """Another type; what cannot be read as that type is refused."""
    if values.dtype.is_nested():
        place.refuse_type("cast", "single values", values)
    if kind == "string":
        return written(values)
    if kind == "boolean":
        texts = written(values).str.strip_chars().str.to_lowercase()
        result = texts.replace_strict({"true": True, "false": False, "1": True, "0": False}, default=None)
        result = result.cast(pl.Boolean)
    elif kind == "integer":
        number = _number(values)
        place.refuse_where(number.is_not_null() & (number != number.floor()), values, "is not a whole number")
        # Whole numbers beyond 2**53 keep their digits: only what integers cannot read goes by way of floats.
        exact = (values.str.strip_chars() if values.dtype == pl.String else values).cast(pl.Int64, strict=False)
        result = exact.zip_with(exact.is_not_null(), number.cast(pl.Int64, strict=False))
    else:
        result = _number(values)
    place.refuse_where(result.is_null() & values.is_not_null(), values, f"cannot be read as {kind}")
    return result


def _number(values: pl.Series) -> pl.Series:
    texts = values.str.strip_chars() if values.dtype == pl.String else values
    return texts.cast(pl.Float64, strict=False)


@step
def replace(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Every match of an expression replaced."""
    return text_of(values, "replace", place).str.replace_all(argument.pattern, argument.by)


@step
def regex(values: pl.Series, pattern: str, place: Place) -> pl.Series:
    """The first group of the first match, else missing."""
    return text_of(values, "regex", place).str.extract(pattern, group_of(pattern))


@step
def prefix(values: pl.Series, text: str, place: Place) -> pl.Series:
    """Text with something before it."""
    return text + text_of(values, "prefix", place)


@step
def suffix(values: pl.Series, text: str, place: Place) -> pl.Series:
    """Text with something after it."""
    return text_of(values, "suffix", place) + text


@step
def digest(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """16 hex digits of SHA-256 that stand for a text or for bytes, the same wherever they occur."""
    if values.dtype == pl.Binary:
        hexes = [None if data is None else hashlib.sha256(data).hexdigest()[:16] for data in values]
        return pl.Series(values.name, hexes, dtype=pl.String)
    texts = text_of(values, "digest", place)
    different = texts.unique().drop_nulls()
    short = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in different]
    return texts.replace_strict(different, pl.Series(short, dtype=pl.String), default=None, return_dtype=pl.String)
