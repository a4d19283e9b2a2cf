"""Steps that read values out of texts, and shape lists of structs: JSON, Python lists, dialogue turns."""

from __future__ import annotations

import json
from string import Formatter
from typing import Any

import polars as pl

from loaders.place import Place
from loaders.schemas import TURNS
from loaders.steps.lists import MARK
from loaders.steps.table import list_of, step, text_of

LONGEST_LITERAL = 1 << 20
DEEPEST_WRAP = 4
SHAPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}


def dtype_of(shape: Any) -> pl.DataType:
    """The type that a card's shape means: text, integer, number, boolean, [shape], {name: shape}.

    Raises:
        ValueError: another word, or a list of other than one shape.
    """
    if isinstance(shape, str) and shape in SHAPES:
        return SHAPES[shape]
    if isinstance(shape, list) and len(shape) == 1:
        return pl.List(dtype_of(shape[0]))
    if isinstance(shape, dict) and shape:
        return pl.Struct({name: dtype_of(inner) for name, inner in shape.items()})
    raise ValueError(f"json: {shape!r} is no shape; a shape is {', '.join(SHAPES)}, [shape] or {{name: shape}}")


@step
def json_(values: pl.Series, shape: Any, place: Place) -> pl.Series:
    """A value read from JSON in a text."""
    texts = text_of(values, "json", place)
    try:
        return texts.str.json_decode(dtype_of(shape))
    except pl.exceptions.PolarsError as error:
        for position, text in enumerate(texts):
            try:
                json.loads(text or "null")
            except ValueError as wrong:
                place.refuse(position, text, f"is not JSON: {wrong}")
        place.refuse(0, texts[0], f"does not have the shape {shape}: {error}")


@step
def unwrap_json(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """The JSON inside a text that was written as JSON more than once; other texts stay as they are."""
    texts = text_of(values, "unwrap_json", place)
    for _ in range(DEEPEST_WRAP):
        wrapped = texts.str.contains(r'^\s*"').fill_null(False)
        if not wrapped.any():
            return texts
        inner = texts.set(~wrapped, None).str.json_decode(pl.String())
        texts = texts.zip_with(~wrapped, inner)
    place.refuse_where(texts.str.contains(r'^\s*"'), values, f"is JSON within JSON more than {DEEPEST_WRAP} times")
    return texts


@step
def literal_list(values: pl.Series, argument: None, place: Place) -> pl.Series:
    """A list of texts read from the way Python writes it; never evaluated."""
    texts = text_of(values, "literal_list", place)
    different = texts.unique(maintain_order=True).drop_nulls()
    lists = pl.Series([_literal(text) for text in different], dtype=pl.List(pl.String))
    at = texts.replace_strict(different, pl.int_range(len(different), eager=True), default=None, return_dtype=pl.Int64)
    result = lists.gather(at)
    place.refuse_where(
        result.is_null() & texts.is_not_null(), texts, "is not a list of texts or numbers as Python writes it"
    )
    return result


def _literal(text: str) -> list[str] | None:
    import ast

    if len(text) > LONGEST_LITERAL:
        return None
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(item, str | int | float) for item in value):
        return None
    return [str(item) for item in value]


@step
def format_each(values: pl.Series, text: str, place: Place) -> pl.Series:
    """Every struct of a list as text."""
    lists = list_of(values, "format_each", place)
    names = fields_of(lists, "format_each", place)
    pieces: list[pl.Expr] = [pl.lit("")]
    for literal, name, _, _ in Formatter().parse(text):
        pieces.append(pl.lit(literal))
        if name:
            if name not in names:
                place.refuse(0, name, f"is not a field of the elements, which have {', '.join(names)}")
            pieces.append(pl.element().struct.field(name).cast(pl.String))
    return lists.list.eval(pl.concat_str(pieces))


@step
def turns(values: pl.Series, argument: Any, place: Place) -> pl.Series:
    """Structs as turns of a dialogue, with the card's names of roles."""
    lists = list_of(values, "turns", place)
    names = fields_of(lists, "turns", place)
    for name in (argument.role, argument.text):
        if name not in names:
            place.refuse(0, name, f"is not a field of the turns, which have {', '.join(names)}")
    role = pl.element().struct.field(argument.role).cast(pl.String)
    if argument.roles:
        known = list(argument.roles)
        wrong = lists.list.eval((~role.is_in(known)).fill_null(True)).list.any()
        place.refuse_where(wrong, lists, f"has a role that the card does not name; it names {', '.join(known)}")
        role = role.replace_strict(argument.roles, default=None, return_dtype=pl.String)
    text = pl.element().struct.field(argument.text).cast(pl.String)
    return lists.list.eval(pl.struct(role.alias("role"), text.alias("text"))).cast(TURNS)


@step
def turns_at(values: pl.Series, marks: dict[str, str], place: Place) -> pl.Series:
    """Text in which a mark begins each turn as dialogue turns, their text without white space at both ends."""
    texts = text_of(values, "turns_at", place)
    pattern = "|".join(pl.escape_regex(mark) for mark in sorted(marks, key=len, reverse=True))
    # What stands before the first mark would be lost.
    loose = ~texts.str.contains(rf"^\s*(?:{pattern}|$)")
    place.refuse_where(loose, texts, f"does not begin with one of the marks {', '.join(marks)}")
    roles = texts.str.extract_all(pattern).alias("role")
    said = texts.str.replace_all(pattern, MARK).str.split(MARK).list.slice(1).alias("text")
    place.refuse_where(roles.list.len() != said.list.len(), texts, "holds the character U+0000")
    rows = pl.DataFrame([pl.int_range(len(texts), eager=True).alias("row"), roles, said])
    turns = rows.explode("role", "text", empty_as_null=False, keep_nulls=False).select(
        "row",
        pl.struct(pl.col("role").replace_strict(marks, return_dtype=pl.String), pl.col("text").str.strip_chars()),
    )
    grouped = turns.group_by("row", maintain_order=True).agg("role")
    joined = rows.select("row").join(grouped, on="row", how="left", maintain_order="left")["role"].cast(TURNS)
    empty = pl.lit([], dtype=TURNS)
    return joined.to_frame("v").select(pl.when(pl.lit(texts.is_not_null())).then(pl.col("v").fill_null(empty)))["v"]


def fields_of(lists: pl.Series, word: str, place: Place) -> list[str]:
    """Names of the fields of the structs that `lists` hold."""
    inner = lists.dtype.inner  # type: ignore[attr-defined]
    if not isinstance(inner, pl.Struct):
        place.refuse_type(word, "lists of structs", lists)
    return [entry.name for entry in inner.fields]
