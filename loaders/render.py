"""Records to segments: what a model is asked and what it should say, as runs of text with one role each.

The text is the record's own; nothing is added but option letters. What stands around it (role headers, control tokens)
is the template's matter and is put there when tokens are made.

| schema | user | context (cut first) | assistant |
| --- | --- | --- | --- |
| multiple_choice | question; options as "A. …" | context | right letters with their texts, one a line |
| question_answer | question | context | answers, one a line |
| dialogue | turns of everyone else | | turns of doctors and assistants |
| dialogue with a summary | | the dialogue, "role: …" a line | summary |
| instruction | instruction | input | output |
| text_to_text | | source | target |
| classification | | text | labels, joined by ", " |
| text | | | text |
| spans | | text | "type: text" of each mention, one a line; nothing where there is none |
| text_pair | first; second | | label, else score |
| image_pair | instruction | | |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from registry.errors import UnknownOption, UsageError

TEMPLATES = ("chat", "plain")
ASSISTANTS = ("assistant", "doctor", "dr", "physician", "clinician", "nurse", "therapist", "bot", "model", "医生")
"""Who speaks as the assistant does; everyone else in a dialogue is the user."""
SYSTEM = "system"
UNASKED = ("text", "dialogue")
"""Schemas in which all the text may be the assistant's."""
LETTERS = 26


class Segment(NamedTuple):
    """A run of text with one role: system, user, context or assistant."""

    role: str
    text: str


@dataclass(frozen=True, repr=False)
class Segments:
    """Rendered records; `frame` has one column, `segments`, a list of (role, text) structs for each record."""

    frame: pl.DataFrame
    schema: str
    template: str

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, index: int) -> list[Segment]:
        return [Segment(part["role"], part["text"]) for part in self.frame.row(index)[0]]

    def __iter__(self) -> Iterator[list[Segment]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        head = f"Segments({len(self):,} × {self.schema}, template {self.template!r})"
        if not len(self):
            return head
        shown = [f"  {role:>9} │ {text[:100]!r}{' …' if len(text) > 100 else ''}" for role, text in self[0][:12]]
        return "\n".join([head, *shown])


def render(frame: pl.DataFrame, schema: str, template: str = "chat") -> Segments:
    """Render records of a canonical schema.

    Args:
        frame: the records, in the columns of `loaders.schemas`.
        schema: name of the schema.
        template: "chat" or "plain"; see `loaders.templates`.

    Returns:
        A list of segments for each row. Missing text gives no segment; so a row whose answer is not published ends with
        the question.

    Raises:
        UnknownOption: no such template, or no such schema.
        UsageError: the records hold no text.
    """
    if template not in TEMPLATES:
        raise UnknownOption("template", template, TEMPLATES)
    if schema not in RENDERERS:
        if schema in UNRENDERED:
            raise UsageError(UNRENDERED[schema])
        raise UnknownOption("schema", schema, tuple(RENDERERS))
    rendered = frame.select(RENDERERS[schema]().list.drop_nulls().alias("segments"))
    spoken = pl.element().struct.field("role")
    texts = pl.col("segments").list.eval(spoken if schema in UNASKED else spoken.filter(spoken != "assistant"))
    if frame.height and not rendered.select((texts.list.len() > 0).any()).item():
        raise UsageError(f"none of these {frame.height:,} records of the schema {schema} holds text to make tokens of")
    return Segments(rendered, schema, template)


def _segment(role: str, text: pl.Expr) -> pl.Expr:
    """One segment, null where there is no text."""
    return pl.when(text.is_not_null()).then(pl.struct(pl.lit(role).alias("role"), text.alias("text")))


def _said(column: str) -> pl.Expr:
    """The text of a column; blank counts as missing."""
    return pl.when(pl.col(column).str.strip_chars() != "").then(pl.col(column))


def _lines(texts: pl.Expr, separator: str = "\n") -> pl.Expr:
    """A list as text, null where it is empty."""
    kept = texts.list.drop_nulls()
    return pl.when(kept.list.len() > 0).then(kept.list.join(separator))


def _segments(*parts: pl.Expr) -> pl.Expr:
    return pl.concat_list(*parts)


def _letters(index: pl.Expr) -> pl.Expr:
    """0 → A, 25 → Z, 26 → AA; null stays null."""
    alphabet = [chr(ord("A") + place) for place in range(LETTERS)]
    names = pl.lit(pl.Series([*alphabet, *(first + second for first in alphabet for second in alphabet)]))
    return names.gather(index)


def _multiple_choice() -> pl.Expr:
    element = pl.element()
    letter = _letters(pl.int_range(pl.len()))
    options = pl.col("options").list.eval(letter + ". " + element.fill_null(""))
    bare = pl.col("answers").list.eval(_letters(element))
    chosen = options.list.gather(pl.col("answers"), null_on_oob=True)
    # Letters alone where the options are pictures or were not published.
    answers = pl.when(pl.col("answers").list.max() < pl.col("options").list.len()).then(chosen).otherwise(bare)
    return _segments(
        _segment("user", _said("question")),
        _segment("context", _said("context")),
        _segment("user", _lines(options)),
        _segment("assistant", _lines(answers)),
    )


def _question_answer() -> pl.Expr:
    return _segments(
        _segment("user", _said("question")),
        _segment("context", _said("context")),
        _segment("assistant", _lines(pl.col("answers"))),
    )


def _speaker(role: pl.Expr) -> pl.Expr:
    name = role.str.to_lowercase().str.strip_chars()
    return (
        pl.when(name.is_in(ASSISTANTS))
        .then(pl.lit("assistant"))
        .when(name == SYSTEM)
        .then(pl.lit("system"))
        .otherwise(pl.lit("user"))
    )


def _dialogue() -> pl.Expr:
    role, text = pl.element().struct.field("role"), pl.element().struct.field("text")
    turn = pl.struct(_speaker(role).alias("role"), text.alias("text"))
    turns = pl.col("turns").list.eval(pl.when(text.is_not_null()).then(turn))
    spoken = pl.col("turns").list.eval(pl.when(role.is_null()).then(text).otherwise(role + ": " + text))
    summarised = _segments(_segment("context", _lines(spoken)), _segment("assistant", _said("summary")))
    return pl.when(_said("summary").is_not_null()).then(summarised).otherwise(turns)


def _instruction() -> pl.Expr:
    return _segments(
        _segment("user", _said("instruction")),
        _segment("context", _said("input")),
        _segment("assistant", pl.col("output")),
    )


def _text_to_text() -> pl.Expr:
    return _segments(_segment("context", _said("source")), _segment("assistant", pl.col("target")))


def _classification() -> pl.Expr:
    return _segments(_segment("context", _said("text")), _segment("assistant", _lines(pl.col("labels"), ", ")))


def _text() -> pl.Expr:
    return _segments(_segment("assistant", _said("text")))


def _spans() -> pl.Expr:
    kind, text = pl.element().struct.field("type"), pl.element().struct.field("text")
    mentions = pl.col("spans").list.eval(pl.when(kind.is_null()).then(text).otherwise(kind + ": " + text))
    listed = pl.when(_said("text").is_not_null()).then(mentions.list.drop_nulls().list.join("\n"))
    return _segments(_segment("context", _said("text")), _segment("assistant", listed))


def _text_pair() -> pl.Expr:
    verdict = pl.coalesce(pl.col("label"), pl.col("score").cast(pl.String))
    return _segments(
        _segment("user", _said("first")), _segment("user", _said("second")), _segment("assistant", verdict)
    )


def _image_pair() -> pl.Expr:
    return _segments(_segment("user", _said("instruction")))


RENDERERS: dict[str, Callable[[], pl.Expr]] = {
    "multiple_choice": _multiple_choice,
    "question_answer": _question_answer,
    "dialogue": _dialogue,
    "instruction": _instruction,
    "text_to_text": _text_to_text,
    "classification": _classification,
    "text": _text,
    "spans": _spans,
    "text_pair": _text_pair,
    "image_pair": _image_pair,
}
"""The rendering of each schema, as one expression over its columns."""

UNRENDERED = {
    "segmentation": "records of the schema segmentation hold images and masks and no text to make tokens of",
    "table": "records of the schema table hold columns as they are, and what they mean is not known; say it in a card: "
    "`registry new SLUG` writes a draft",
}
"""Schemas of which no text comes, and why."""
