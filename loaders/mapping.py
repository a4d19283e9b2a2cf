"""Pipelines of the cards' closed vocabulary, run on whole columns with Polars. `loaders.steps` holds their steps."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter
from typing import Any

import polars as pl

from loaders.place import Place
from loaders.read import FILE, missing_columns
from loaders.repeats import coded
from registry.errors import ReadError
from registry.loadspec import Pipeline

Source = Callable[[pl.DataFrame, Any], pl.Series]
NUMBER = "__number__"
"""The column that counts the rows of a split where its table comes in parts."""
SOURCES: dict[str, Source] = {}
"""Word -> function of the table and the word's argument."""
BY_VALUE = {
    "strip",
    "lower",
    "upper",
    "null_if",
    "fill_null",
    "cast",
    "replace",
    "regex",
    "prefix",
    "suffix",
    "digest",
    "map",
}
"""Steps from a single value to a single value, which are done once for each value of text that repeats."""
AS_IT_IS = {"column", "struct", "constant", "row_number", "file"}
"""Sources that write out no text that repeats."""


def source(function: Source) -> Source:
    """Enter a function into the table of sources under its name."""
    SOURCES[function.__name__.strip("_")] = function
    return function


def evaluate(pipeline: Pipeline, frame: pl.DataFrame) -> pl.Series:
    """Run `pipeline` on a table of source columns.

    Args:
        pipeline: as parsed from a card.
        frame: source columns, with `__file__` and `__row__` where messages shall name them.

    Returns:
        One value per row of `frame`.

    Raises:
        ReadError: a column that is not there, or a value that a step does not understand.
    """
    from loaders.steps import run

    word, argument = pipeline.source
    values = SOURCES[word](frame, argument)
    place = Place(frame, _label(pipeline))
    begin = _by_value(pipeline)
    if begin and (repeating := coded(values)):
        try:
            once = run(repeating.values, pipeline.steps[:begin], place.inside(repeating.first))
        except ReadError:  # told below, of all its rows
            begin = 0
        else:
            values = repeating.spread(once)
    else:
        begin = 0
    return run(values, pipeline.steps[begin:], place)


def _by_value(pipeline: Pipeline) -> int:
    """How many of the first steps work on single values."""
    words = [word for word, _ in pipeline.steps]
    return next((number for number, word in enumerate(words) if word not in BY_VALUE), len(words))


def is_sparing(pipeline: Pipeline) -> bool:
    """Whether a pipeline works on text that repeats without writing the repeats out."""
    rest = [word for word, _ in pipeline.steps[_by_value(pipeline) :]]
    return pipeline.source[0] in AS_IT_IS and rest in ([], ["list"])


def columns_of(pipeline: Pipeline) -> set[str]:
    """The source columns that a pipeline reads."""
    word, argument = pipeline.source
    names: set[str] = set()
    if word == "column":
        names.add(argument)
    elif word == "columns":
        names.update(argument)
    elif word == "struct":
        names.update(argument.values())
    elif word == "template":
        names.update(name for _, name, _, _ in Formatter().parse(argument) if name)
    elif word == "coalesce":
        for part in argument:
            names |= columns_of(part)
    for step, value in pipeline.steps:
        if step == "index_in":
            names |= columns_of(value.options)
    return names


def require(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse a table that lacks one of `names`, naming what it has instead."""
    if missing := [name for name in names if name not in frame.columns]:
        first = frame[FILE][0] if FILE in frame.columns and frame.height else "the table"
        raise ReadError(missing_columns(first, missing, frame.columns))


def _label(pipeline: Pipeline) -> str:
    names = sorted(columns_of(pipeline))
    return names[0] if len(names) == 1 else pipeline.source[0] if not names else ", ".join(names)


@source
def column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column as it is."""
    require(frame, [name])
    return frame[name]


@source
def constant(frame: pl.DataFrame, value: Any) -> pl.Series:
    """The same value on each row."""
    return pl.Series("constant", [value]).new_from_index(0, frame.height)


@source
def template(frame: pl.DataFrame, text: str) -> pl.Series:
    """Text with columns in it; missing where one of them is missing; ``{{`` and ``}}`` are braces."""
    parts = list(Formatter().parse(text))
    require(frame, [name for _, name, _, _ in parts if name])
    pieces = [constant(frame, "")]
    for literal, name, _, _ in parts:
        pieces.append(constant(frame, literal))
        if name:
            pieces.append(frame[name].cast(pl.String))
    named = [piece.alias(str(number)) for number, piece in enumerate(pieces)]
    return pl.DataFrame(named).select(pl.concat_str(pl.all()).alias("template"))["template"]


@source
def columns(frame: pl.DataFrame, names: list[str]) -> pl.Series:
    """Several columns as one list; missing values are left out."""
    require(frame, names)
    same = len({frame.schema[name] for name in names}) == 1
    parts = [pl.col(name) if same else pl.col(name).cast(pl.String) for name in names]
    lists = frame.select(pl.concat_list(parts).alias("columns"))["columns"]
    return lists.list.drop_nulls() if any(frame[name].null_count() for name in names) else lists


@source
def struct(frame: pl.DataFrame, fields: dict[str, str]) -> pl.Series:
    """Several columns as the fields of a struct."""
    require(frame, list(fields.values()))
    return frame.select(pl.struct([pl.col(name).alias(field) for field, name in fields.items()]).alias("struct"))[
        "struct"
    ]


@source
def coalesce(frame: pl.DataFrame, parts: list[Pipeline]) -> pl.Series:
    """The first of several pipelines that has a value."""
    found = [evaluate(part, frame).alias(str(number)) for number, part in enumerate(parts)]
    return pl.DataFrame(found).select(pl.coalesce(pl.all()).alias("coalesce"))["coalesce"]


@source
def row_number(frame: pl.DataFrame, prefix: str) -> pl.Series:
    """``prefix-0``, ``prefix-1``, … in the order of the split's rows."""
    number = pl.col(NUMBER) if NUMBER in frame.columns else pl.int_range(frame.height, dtype=pl.Int64)
    return frame.select((pl.lit(f"{prefix}-") + number.cast(pl.String)).alias("row_number"))["row_number"]


@source
def file(frame: pl.DataFrame, part: str) -> pl.Series:
    """A part of the path of the file that a row came from: path, name, stem or parent."""
    path = pl.col(FILE)
    name = path.str.extract(r"([^/]*)$", 1)
    parts = {
        "path": path,
        "name": name,
        "stem": name.str.replace(r"(.)\.[^.]*$", "${1}"),
        "parent": path.str.extract(r"([^/]*)/[^/]*$", 1),
    }
    return frame.select(parts[part].alias("file"))["file"]
