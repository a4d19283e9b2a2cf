"""Steps that make labels, and the places of right options."""

from __future__ import annotations

from typing import Any

import polars as pl

from loaders.place import Place
from loaders.steps.table import list_of, step, text_of, written


@step
def map_(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Values in the card's own words; a value that it does not name is refused unless it says otherwise."""
    if values.dtype.is_nested():
        place.refuse_type("map", "single values; use `each` for the elements of a list", values)
    texts = written(values)
    keys = list(argument.values)
    at = texts.replace_strict(keys, list(range(len(keys))), default=None, return_dtype=pl.Int64)
    unknown = at.is_null() & texts.is_not_null()
    targets = list(argument.values.values())
    if any(isinstance(target, list) for target in targets):
        targets = [[target] if isinstance(target, str | int | float) else target for target in targets]
    results = pl.Series(targets, strict=False)
    if argument.lenient:
        return texts.zip_with(unknown | texts.is_null(), results.cast(pl.String).gather(at))
    if argument.default is None:
        place.refuse_where(unknown, values, f"is not among the values that the card names: {', '.join(keys[:20])}")
        return results.gather(at)
    results = results.append(pl.Series([argument.default]).cast(results.dtype))
    return results.gather(at.zip_with(~unknown, pl.Series([len(keys)]).new_from_index(0, len(at))))


LETTERS = {chr(ord("A") + number): number for number in range(26)}


@step
def letters(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """Letters as places: A is 0; separators and white space between them do not count."""
    if isinstance(values.dtype, pl.List):
        each = values.cast(pl.List(pl.String))
        long = each.list.eval(pl.element().str.contains("^[A-Z]$").not_()).list.any()
        place.refuse_where(long, values, "holds something other than single letters A to Z")
        texts = each.list.join("")
    else:
        texts = text_of(values, "letters", place).str.strip_chars().str.replace_all(r"[,;/、，；\s]+", "")
        place.refuse_where(texts.str.contains("^[A-Z]+$").not_(), values, "is not made of letters A to Z")
    twice = texts.str.extract_all("[A-Z]").list.n_unique() != texts.str.len_chars()
    place.refuse_where(twice, values, "names a letter twice")
    return texts.str.extract_all("[A-Z]").list.eval(
        pl.element().replace_strict(LETTERS, return_dtype=pl.Int64, default=None)
    )


@step
def index(values: pl.Series, first: int, place: Place) -> pl.Series:
    """A number as the one place in a list, counted from 0."""
    if values.dtype.is_nested():
        place.refuse_type("index", "numbers; use `each` with `cast` for lists", values)
    texts = written(values)
    numbers = texts.cast(pl.Int64, strict=False) - first
    bad = (numbers.is_null() & texts.is_not_null()) | (numbers < 0)
    place.refuse_where(bad, values, f"is not a number counted from {first}")
    return numbers.to_frame("v").select(pl.concat_list("v").list.drop_nulls())["v"]


@step
def index_in(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Texts as places in the list of options of the same row."""
    from loaders.mapping import evaluate

    choices = list_of(evaluate(argument.options, place.frame), "index_in", place)
    if place.at is not None:
        choices = choices.gather(place.at)
    wanted = values if isinstance(values.dtype, pl.List) else values.to_frame("v").select(pl.concat_list("v"))["v"]
    wanted = wanted.cast(pl.List(pl.String)).list.drop_nulls()
    row = pl.int_range(len(wanted), eager=True).alias("row")
    asked = pl.DataFrame([row, wanted.alias("text")]).explode("text", empty_as_null=False, keep_nulls=False)
    offered = pl.DataFrame([row, choices.cast(pl.List(pl.String)).alias("text")])
    offered = offered.explode("text", empty_as_null=False, keep_nulls=False)
    offered = offered.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("row").alias("at"))
    offered = offered.unique(["row", "text"], keep="first", maintain_order=True)
    found = asked.join(offered, on=["row", "text"], how="left", maintain_order="left")
    if argument.lenient:
        found = found.with_columns(pl.col("at").fill_null(-1))
    lost = row.is_in(found.filter(pl.col("at").is_null())["row"].implode())
    place.refuse_where(lost, values, "is not among the options of its row")
    grouped = found.group_by("row", maintain_order=True).agg("at")
    joined = row.to_frame().join(grouped, on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.Int64))
    return joined.select(pl.when(pl.lit(values.is_not_null())).then(pl.col("at").fill_null(empty)).alias("at"))["at"]
