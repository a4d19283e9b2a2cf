"""What happens to the table of a split before its columns are mapped: one function for each word of the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from loaders.mapping import evaluate, require
from loaders.read import FILE, ROW
from registry.errors import ReadError
from registry.loadspec import Join, RowStep

SHOWN = 5
Others = Callable[[Join], pl.DataFrame | None]
"""Reads the other files that a `join` names; None where they are not to be had and the join can do without."""


def rows(count: int) -> str:
    """A number of rows in words: 1 row, 2,000 rows."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"


LOCAL = {
    "keep",
    "drop_empty_rows",
    "explode",
    "unnest",
    "rename",
    "also_called",
    "unpivot",
    "entries",
    "join",
    "compute",
}
"""Steps that look at no row but the one they work on, so that the rows of a split may pass bit by bit."""


class Context:
    """What row steps need and leave behind: how to read joined files, and what the manifest should tell."""

    def __init__(self, others: Others | None = None) -> None:
        self._others = others
        self._joined: dict[int, pl.DataFrame | None] = {}
        self._counted: dict[str, tuple[int, list[str]]] = {}
        self.unanswered = 0

    def note(self, count: int, what: str, ids: Sequence[str] = ()) -> None:
        """Keep note of rows and some of their ids; what is told of several parts is told once, of all."""
        if count:
            before, shown = self._counted.get(what, (0, []))
            self._counted[what] = (before + count, [*shown, *ids][:SHOWN])

    def tell(self, what: str) -> None:
        """Keep note of something that is no number of rows."""
        self._counted[what] = (0, [])

    @property
    def notes(self) -> list[str]:
        """What the manifest should tell, in the order in which it was first noted."""
        return [
            f"{rows(count)} {what}{': ' + ', '.join(shown) if shown else ''}" if count else what
            for what, (count, shown) in self._counted.items()
        ]

    def joined(self, join: Join) -> pl.DataFrame | None:
        """The rows of the files that a `join` names, read once; None where they are not to be had."""
        if id(join) not in self._joined:
            if self._others is None:
                raise ReadError("a `join` needs the files of its source")
            found = self._others(join)
            if found is None:
                self.tell(f"without the columns of {join.files[0].path}, which is not here")
            self._joined[id(join)] = None if found is None else apply(found, join.rows, self).drop(FILE, ROW)
        return self._joined[id(join)]


RowFunction = Callable[[pl.DataFrame, Any, Context], pl.DataFrame]
ROWS: dict[str, RowFunction] = {}


def row_step(function: RowFunction) -> RowFunction:
    """Enter a function into the table under its name."""
    ROWS[function.__name__.strip("_")] = function
    return function


def apply(frame: pl.DataFrame, steps: Sequence[RowStep], context: Context) -> pl.DataFrame:
    """Apply parsed row steps in order.

    Raises:
        ReadError: a column that is not there, or a join whose key is not unique.
    """
    for word, argument in steps:
        frame = ROWS[word](frame, argument, context)
    return frame


def _texts(frame: pl.DataFrame, column: str) -> pl.Series:
    require(frame, [column])
    values = frame[column]
    if values.dtype.is_nested():
        raise ReadError(f"column {column!r}: rows are chosen by single values, and this is {values.dtype}")
    return values.cast(pl.String)


def _data(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name not in (FILE, ROW)]


@row_step
def keep(frame: pl.DataFrame, argument: Any, context: Context) -> pl.DataFrame:
    """The rows whose column meets every condition; a missing value meets none but `not_in`."""
    from loaders.steps.table import spelled

    texts = _texts(frame, argument.column)
    stays = pl.Series([True]).new_from_index(0, frame.height)
    if argument.in_ is not None:
        stays &= texts.is_in([spelled(value) for value in argument.in_]).fill_null(False)
    if argument.not_in is not None:
        stays &= ~texts.is_in([spelled(value) for value in argument.not_in]).fill_null(False)
    if argument.not_null:
        stays &= texts.is_not_null()
    if argument.matches is not None:
        stays &= texts.str.contains(argument.matches).fill_null(False)
    return frame.filter(stays)


@row_step
def drop_empty_rows(frame: pl.DataFrame, argument: None, context: Context) -> pl.DataFrame:
    """The rows in which some column holds more than white space."""
    filled = pl.any_horizontal(
        pl.col(name).str.strip_chars().fill_null("") != "" if dtype == pl.String else pl.col(name).is_not_null()
        for name, dtype in frame.schema.items()
        if name not in (FILE, ROW)
    )
    kept = frame.filter(filled)
    context.note(frame.height - kept.height, "without any value left out")
    return kept


@row_step
def explode(frame: pl.DataFrame, argument: str | list[str], context: Context) -> pl.DataFrame:
    """One row for each element; columns that are exploded together must have lists of one length."""
    names = [argument] if isinstance(argument, str) else argument
    require(frame, names)
    for name in names:
        if not isinstance(frame.schema[name], pl.List | pl.Array):
            raise ReadError(f"column {name!r}: `explode` works on lists, and this is {frame.schema[name]}")
    filled = frame.filter((pl.col(names[0]).list.len() > 0).fill_null(False))
    context.note(frame.height - filled.height, f"whose list {names[0]!r} is empty gave no record")
    try:
        return filled.explode(names)
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"columns {', '.join(map(repr, names))} hold lists of different lengths: {error}") from None


@row_step
def unnest(frame: pl.DataFrame, column: str, context: Context) -> pl.DataFrame:
    """The fields of a struct as columns, at the end of the table."""
    require(frame, [column])
    if not isinstance(frame.schema[column], pl.Struct):
        raise ReadError(f"column {column!r}: `unnest` works on structs, and this is {frame.schema[column]}")
    rest = frame.drop(column)
    fields = frame[column].struct.unnest()
    taken = {name: f"{column}_{name}" for name in fields.columns if name in rest.columns}
    if clash := [name for name in taken.values() if name in rest.columns or name in fields.columns]:
        raise ReadError(f"column {column!r}: its fields cannot be unnested, {clash[0]!r} is there already")
    return pl.concat([rest, fields.rename(taken)], how="horizontal")


@row_step
def rename(frame: pl.DataFrame, names: dict[str, str], context: Context) -> pl.DataFrame:
    """Other names for columns; a name that is taken is refused."""
    require(frame, list(names))
    if clash := [new for old, new in names.items() if new in frame.columns and new not in names and new != old]:
        raise ReadError(f"a column cannot be renamed to {clash[0]!r}: there is one of that name")
    return frame.rename(names)


@row_step
def also_called(frame: pl.DataFrame, names: dict[str, list[str]], context: Context) -> pl.DataFrame:
    """Columns under the name that the card uses, where a file calls them by another; those that are nowhere stay away.

    A column that is there under the card's name is left as it is, whatever else there is.
    """
    there = {name: [other for other in others if other in frame.columns] for name, others in names.items()}
    return frame.rename({found[0]: name for name, found in there.items() if found and name not in frame.columns})


@row_step
def unpivot(frame: pl.DataFrame, argument: Any, context: Context) -> pl.DataFrame:
    """A row for each of several columns, in the order of the rows, then of the columns."""
    require(frame, argument.columns)
    order = "__order__"
    index = [name for name in frame.columns if name not in argument.columns]
    long = frame.with_row_index(order).unpivot(
        on=argument.columns, index=[order, *index], variable_name=argument.name, value_name=argument.value
    )
    return long.sort(order, maintain_order=True).drop(order)


@row_step
def entries(frame: pl.DataFrame, argument: Any, context: Context) -> pl.DataFrame:
    """A row for each field of a struct that has a value."""
    require(frame, [argument.column])
    values = frame[argument.column]
    if not isinstance(values.dtype, pl.Struct):
        raise ReadError(f"column {argument.column!r}: `entries` works on structs, and this is {values.dtype}")
    rest = frame.drop(argument.column).with_row_index("__order__")
    parts = [
        rest.with_columns(pl.lit(field.name).alias(argument.key), field.alias(argument.column)).filter(
            pl.col(argument.column).is_not_null()
        )
        for field in values.struct.unnest()
    ]
    return pl.concat(parts, how="diagonal_relaxed").sort("__order__", maintain_order=True).drop("__order__")


@row_step
def join(frame: pl.DataFrame, argument: Join, context: Context) -> pl.DataFrame:
    """Columns of other files by key; keys are compared as text."""
    other = context.joined(argument)
    if other is None:
        return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in argument.optional or [])
    keys = {argument.key: argument.key} if isinstance(argument.key, str) else argument.key
    require(frame, list(keys))
    require(other, list(keys.values()))
    left = frame.with_columns(pl.col(name).cast(pl.String).alias(f"__key{n}__") for n, name in enumerate(keys))
    right = other.select(
        *(pl.col(name).cast(pl.String).alias(f"__key{n}__") for n, name in enumerate(keys.values())),
        *(pl.col(name).alias(argument.prefix + name) for name in other.columns if name not in keys.values()),
    )
    on = [f"__key{n}__" for n in range(len(keys))]
    if argument.how in ("semi", "anti"):
        right = right.select(on)
    if clash := (set(left.columns) & set(right.columns)) - set(on):
        raise ReadError(f"joined files bring a column {clash.pop()!r} that is there already; give the join a `prefix`")
    if argument.how in ("left", "inner") and right.select(on).is_duplicated().any():
        first = right.filter(right.select(on).is_duplicated()).row(0)[: len(on)]
        raise ReadError(f"{argument.files[0].path}: the key {', '.join(map(str, first))} stands in several rows")
    how: Any = argument.how
    return left.join(right, on=on, how=how, maintain_order="left").drop(on)


@row_step
def group(frame: pl.DataFrame, argument: Any, context: Context) -> pl.DataFrame:
    """One row for the rows that agree, in the order in which they first occur; other columns become lists."""
    require(frame, argument.by)
    origin = [pl.col(name).first() for name in (FILE, ROW) if name in frame.columns]
    rest = [name for name in _data(frame) if name not in argument.by]
    return frame.group_by(argument.by, maintain_order=True).agg(*rest, *origin)


@row_step
def number_within(frame: pl.DataFrame, argument: Any, context: Context) -> pl.DataFrame:
    """A column that counts the rows that agree, from 0."""
    require(frame, argument.by)
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over(argument.by).alias(argument.as_))


@row_step
def compute(frame: pl.DataFrame, argument: dict[str, Any], context: Context) -> pl.DataFrame:
    """New columns, or new values of old ones, by pipelines; later ones see the earlier."""
    for name, pipeline in argument.items():
        frame = frame.with_columns(evaluate(pipeline, frame).alias(name))
    return frame


@row_step
def unique(frame: pl.DataFrame, columns: list[str], context: Context) -> pl.DataFrame:
    """The first row of those that agree in some columns."""
    require(frame, columns)
    kept = frame.unique(columns, keep="first", maintain_order=True)
    context.note(frame.height - kept.height, f"that repeat an earlier one in {', '.join(columns)} left out")
    return kept
