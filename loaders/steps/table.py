"""The steps of a pipeline: each takes a column of values and gives a column of the same height.

A value that a step does not understand is refused with file, row, column and value, never passed on changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from loaders.place import Place

Step = Callable[[pl.Series, Any, Place], pl.Series]
STEPS: dict[str, Step] = {}
"""Word -> function of the values, the word's argument and the values' place."""


def step(function: Step) -> Step:
    """Enter a function into the table of steps under its name."""
    STEPS[function.__name__.strip("_")] = function
    return function


def run(values: pl.Series, steps: tuple[tuple[str, Any], ...], place: Place) -> pl.Series:
    """Apply parsed steps one after another."""
    for word, argument in steps:
        values = STEPS[word](values, argument, place)
    return values


def text_of(values: pl.Series, word: str, place: Place) -> pl.Series:
    """`values` as text, for steps that work on nothing else; a column without any value counts as text."""
    if values.dtype == pl.Null:
        return values.cast(pl.String)
    if values.dtype != pl.String:
        place.refuse_type(word, "text", values)
    return values


def list_of(values: pl.Series, word: str, place: Place) -> pl.Series:
    """`values` as lists; a column without any value counts as lists of text."""
    if values.dtype == pl.Null:
        return values.cast(pl.List(pl.String))
    if not isinstance(values.dtype, pl.List):
        place.refuse_type(word, "lists", values)
    return values


def struct_of(values: pl.Series, word: str, place: Place) -> pl.Series:
    """`values` as structs; anything else is refused."""
    if not isinstance(values.dtype, pl.Struct):
        place.refuse_type(word, "structs (objects with named fields)", values)
    return values


def group_of(pattern: str) -> int:
    """The first group where the expression has one, else the whole match."""
    return min(re.compile(pattern).groups, 1)


def written(values: pl.Series) -> pl.Series:
    """Scalars in the way a card writes them: true, 3, 2.5, text."""
    return values if values.dtype == pl.String else values.cast(pl.String)


def spelled(value: Any) -> str:
    """A value of a card in the way `written` writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
