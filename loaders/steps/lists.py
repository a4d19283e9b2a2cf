"""Steps that make lists of texts, or work on lists."""

from __future__ import annotations

from typing import Any

import polars as pl

from loaders.place import Place
from loaders.steps.table import group_of, list_of, run, step, text_of

MARK = "\x00"
"""Stands where a text is to be cut; refused in data."""


@step
def split(values: pl.Series, separator: str, place: Place) -> pl.Series:
    """Text cut at a literal separator."""
    return text_of(values, "split", place).str.split(separator)


@step
def split_regex(values: pl.Series, pattern: str, place: Place) -> pl.Series:
    """Text cut at every match of an expression."""
    texts = text_of(values, "split_regex", place)
    place.refuse_where(texts.str.contains(MARK, literal=True), texts, "holds the character U+0000")
    return texts.str.replace_all(pattern, MARK).str.split(MARK)


@step
def split_before(values: pl.Series, pattern: str, place: Place) -> pl.Series:
    """Text cut where matches begin; what stands before the first one is an element of its own."""
    texts = text_of(values, "split_before", place)
    place.refuse_where(texts.str.contains(MARK, literal=True), texts, "holds the character U+0000")
    marked = texts.str.replace_all(pattern, MARK + "${0}")
    return marked.str.strip_prefix(MARK).str.split(MARK)


@step
def find_all(values: pl.Series, pattern: str, place: Place) -> pl.Series:
    """The first group of every match."""
    found = text_of(values, "find_all", place).str.extract_all(pattern)
    return found.list.eval(pl.element().str.extract(pattern, group_of(pattern)))


@step
def join(values: pl.Series, separator: str, place: Place) -> pl.Series:
    """The elements as one text, missing ones left out."""
    lists = list_of(values, "join", place)
    return lists.cast(pl.List(pl.String)).list.join(separator, ignore_nulls=True)


@step
def item(values: pl.Series, position: int, place: Place) -> pl.Series:
    """One element, from 0 or from -1 backwards; missing where the list is shorter."""
    return list_of(values, "item", place).list.get(position, null_on_oob=True)


@step
def list_(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """A list of the one value; an empty list where it is missing."""
    one = values.cast(pl.String) if values.dtype == pl.Null else values
    return one.to_frame("v").select(pl.concat_list("v").list.drop_nulls())["v"]


@step
def drop_empty(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The list without elements that are missing or blank."""
    lists = list_of(values, "drop_empty", place).list.drop_nulls()
    if lists.dtype == pl.List(pl.String):
        return lists.list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))
    return lists


@step
def unique(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The list without repeats, in order."""
    return list_of(values, "unique", place).list.unique(maintain_order=True)


@step
def sort(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The list in the order of its values, missing ones last: an order that says nothing about any of them."""
    return list_of(values, "sort", place).list.sort(nulls_last=True)


@step
def mean(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The mean of a list of numbers, missing ones left out; missing where there is none."""
    lists = list_of(values, "mean", place)
    inner = lists.dtype.inner  # type: ignore[attr-defined]
    if not inner.is_numeric() and inner != pl.Null:
        place.refuse_type("mean", "lists of numbers; `each` with `cast` makes numbers of text", values)
    return lists.cast(pl.List(pl.Float64)).list.drop_nulls().list.mean()


@step
def each(values: pl.Series, inner: tuple[tuple[str, Any], ...], place: Place) -> pl.Series:
    """Steps run on every element."""
    lists = list_of(values, "each", place)
    flat = lists.explode(empty_as_null=False, keep_nulls=False)
    rows = pl.int_range(len(lists), eager=True).repeat_by(lists.list.len().fill_null(0)).explode(empty_as_null=False)
    done = run(flat, inner, place.inside(rows))
    grouped = pl.DataFrame({"row": rows, "v": done}).group_by("row", maintain_order=True).agg("v")
    empty = pl.lit([], dtype=pl.List(done.dtype))
    joined = pl.DataFrame({"row": pl.int_range(len(lists), eager=True)}).join(
        grouped, on="row", how="left", maintain_order="left"
    )
    return joined.select(pl.when(pl.lit(lists.is_not_null())).then(pl.col("v").fill_null(empty)).alias("v"))["v"]
