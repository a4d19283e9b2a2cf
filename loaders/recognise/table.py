"""The sample of one split as a table whose columns can be asked what they are called and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from loaders.mapping import evaluate
from loaders.read import FILE, ROW
from loaders.recognise.words import meanings
from registry.errors import ReadError
from registry.loadspec import Pipeline

ENOUGH = 0.995
"""Of the values that are there, this many must fit before a form is taken for theirs."""


@dataclass(frozen=True)
class Table:
    """Source columns of some rows, and the names of classes that the source gives."""

    frame: pl.DataFrame
    classes: Mapping[str, list[str]] = field(default_factory=dict)
    tasks: frozenset[str] = frozenset()
    """What the source says it is for, in the Hub's words: ``text-classification``."""
    paths: tuple[str, ...] = ()
    """All files of the source."""

    @cached_property
    def columns(self) -> list[str]:
        """Names of columns in which anything stands."""
        return [
            name
            for name in self.frame.columns
            if name not in (FILE, ROW) and self.frame[name].null_count() < self.frame.height
        ]

    def meant(self, meaning: str) -> list[str]:
        """The columns whose name has this meaning."""
        return [name for name in self.columns if meaning in meanings(name)]

    def value(self, pipeline: Any) -> pl.Series | None:
        """What a pipeline gives on these rows; None where it does not fit them."""
        try:
            return evaluate(Pipeline.parse(pipeline), self.frame)
        except (ReadError, ValueError, pl.exceptions.PolarsError):
            return None

    def dtype(self, name: str) -> Any:
        """The type of a column."""
        return self.frame.schema[name]

    def is_text(self, name: str) -> bool:
        """Whether a column holds text: no numbers, dates or flags written as text."""
        if self.dtype(name) != pl.String:
            return False
        values = self.frame[name].drop_nulls()
        wordy = values.str.contains(r"\p{L}{2}|[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}\p{Thai}]")
        return len(values) > 0 and bool((wordy.mean() or 0) >= 0.5)  # type: ignore[operator]

    def is_texts(self, name: str) -> bool:
        """Whether a column holds lists of text."""
        return bool(self.dtype(name) == pl.List(pl.String))

    def numbers(self, name: str) -> pl.Series | None:
        """A column as whole numbers; None where it holds anything else."""
        values = self.frame[name]
        if values.dtype == pl.Boolean or values.dtype.is_nested():
            return None
        texts = values.cast(pl.String, strict=False).str.strip_chars().str.strip_suffix(".0")
        texts = texts.set(texts == "", None)
        found = texts.cast(pl.Int64, strict=False)
        return found if found.null_count() == texts.null_count() and texts.null_count() < len(texts) else None

    def share(self, values: pl.Series) -> float:
        """How many of all rows have a value: no null, no blank text, no empty list."""
        return filled(values)

    def lengths(self, name: str) -> float:
        """Characters of a text column's values on average."""
        return float(self.frame[name].cast(pl.String).str.len_chars().mean() or 0)  # type: ignore[arg-type]

    def distinct(self, name: str) -> int:
        """How many different values a column has."""
        return self.frame[name].drop_nulls().n_unique()


def filled(values: pl.Series) -> float:
    """The share of rows with a value: no null, no blank text, no empty list."""
    if not len(values):
        return 0.0
    there = values.is_not_null()
    if values.dtype == pl.String:
        there &= (values.str.strip_chars() != "").fill_null(False)
    elif isinstance(values.dtype, pl.List):
        there &= (values.list.len() > 0).fill_null(False)
    return float(there.mean() or 0)  # type: ignore[arg-type]
