"""Records to segments: what a model is asked and what it should say, as runs of text with one role each.

By itself the text is the record's own; nothing is added but option letters. A template with forms of its own puts
literal text around it, in segments whose role ends in "-frame". Role headers and control tokens are put there when
tokens are made.

| schema | user | context (cut first) | assistant |
| --- | --- | --- | --- |
| multiple_choice | question; options as "A. …" | context | answer: right letters with their texts, one a line |
| question_answer | question | context | answer: answers, one a line |
| dialogue | turns of everyone else | | turns of doctors and assistants |
| dialogue with a summary | | the dialogue, "role: …" a line | summary |
| instruction | instruction | input | output |
| text_to_text | | source | target |
| classification | | text | labels, joined by ", " |
| text | | | text |
| spans | | text | "type: text" of each mention, one a line; nothing where there is none |
| text_pair | first; second | | label, else score |
| image_pair | instruction | | |

The options of a template say how the answers of the first two are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import polars as pl

from loaders.template_fields import CUT_FIRST, fields
from loaders.template_fields import said as text_of
from loaders.template_files import COMMON, OF_A_TURN, Form, Part, Template, open_template
from registry.errors import UnknownOption, UsageError

ASSISTANTS = ("assistant", "doctor", "dr", "physician", "clinician", "nurse", "therapist", "bot", "model", "医生")
"""Who speaks as the assistant does; everyone else in a dialogue is the user."""
SYSTEM = "system"
UNASKED = ("text", "dialogue")
"""Schemas in which all the text may be the assistant's."""
SEGMENTS = pl.List(pl.Struct({"role": pl.String, "text": pl.String}))
FRAME = "-frame"
"""What the role of a template's literal text ends in: system-frame, user-frame, assistant-frame."""


class Segment(NamedTuple):
    """A run of text with one role: system, user, context, assistant, or one that ends in `FRAME`."""

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
        shown = [f"  {role:>15} │ {text[:100]!r}{' …' if len(text) > 100 else ''}" for role, text in self[0][:12]]
        return "\n".join([head, *shown])


def render(frame: pl.DataFrame, schema: str, template: Any = "chat") -> Segments:
    """Render records of a canonical schema.

    Args:
        frame: the records, in the columns of `loaders.schemas`.
        schema: name of the schema.
        template: name of a packaged template, path of a file, or a `registry.Template`.

    Returns:
        A list of segments for each row. Missing text gives no segment; so a row whose answer is not published ends with
        the question.

    Raises:
        UnknownOption: no such template, or no such schema.
        UsageError: the records hold no text, or the template has no form for their schema.
    """
    form = open_template(template)
    rows = said(frame, schema, form).group_by("row", maintain_order=True).agg(pl.struct("role", "text"))
    every = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    joined = every.join(rows, on="row", how="left", maintain_order="left")["role"]
    listed = joined.fill_null(pl.Series([[]], dtype=SEGMENTS)) if joined.null_count() else joined
    return Segments(listed.alias("segments").to_frame(), schema, form.name)


def said(frame: pl.DataFrame, schema: str, template: Template) -> pl.DataFrame:
    """The segments of records, one after another: row (u32, of `frame`), role and text; raises as `render`.

    Texts are not copied: a case summary that many records repeat is still there once.
    """
    if schema not in PARTS:
        if schema in UNRENDERED:
            raise UsageError(UNRENDERED[schema])
        raise UnknownOption("schema", schema, tuple(PARTS))
    if template.forms and schema not in template.forms:
        raise UsageError(
            f"the template {template.name!r} has no form for records of the schema {schema}; it has one for "
            f"{', '.join(template.forms)}; 'chat' and 'plain' render every schema"
        )
    if schema == "dialogue":
        made = _dialogue(frame, template)
    else:
        found = fields(schema, template.options)
        parts = (
            _formed(schema, template, found)
            if template.forms
            else [(role, found[name]) for role, name in PARTS[schema]]
        )
        made = stacked(frame.with_row_index("row"), [(pl.lit(role), text) for role, text in parts])
    own = ~made["role"].str.ends_with(FRAME)
    asked = own if schema in UNASKED or _pictured(frame) else own & (made["role"] != "assistant")
    if frame.height and not asked.any():
        raise UsageError(f"none of these {frame.height:,} records of the schema {schema} holds text to make tokens of")
    return made


def _pictured(frame: pl.DataFrame) -> bool:
    """Whether pictures or signals are what is asked about."""
    columns = [name for name in ("images", "signals") if name in frame.columns]
    return any(bool((frame[name].list.len() > 0).any()) for name in columns)


def stacked(frame: pl.DataFrame, parts: Sequence[tuple[pl.Expr, pl.Expr]]) -> pl.DataFrame:
    """The parts (role, text) of each row of a frame with a column `row`, one after another; not where text is null."""
    places = frame.with_row_index("at")
    each = [
        places.select("row", "at", pl.lit(number).alias("part"), role.alias("role"), text.alias("text"))
        for number, (role, text) in enumerate(parts)
    ]
    there = pl.concat([one.filter(pl.col("text").is_not_null()) for one in each])
    return there.sort("at", "part").select("row", "role", "text")


def _segment(role: str, text: pl.Expr) -> pl.Expr:
    """One segment, null where there is no text."""
    return pl.when(text.is_not_null()).then(pl.struct(pl.lit(role).alias("role"), text.alias("text")))


def _dialogue(frame: pl.DataFrame, template: Template) -> pl.DataFrame:
    """The segments of dialogues, which have any number of turns."""
    found = fields("dialogue", template.options)
    if not template.forms:
        summary = pl.concat_list(*(_segment(role, found[name]) for role, name in PARTS["dialogue"]))
        made = pl.when(found["summary"].is_not_null()).then(summary).otherwise(_turns())
    elif template.forms["dialogue"].of_turns():
        return _each_turn(frame, template.forms["dialogue"])
    else:
        made = pl.concat_list(*(_segment(role, text) for role, text in _formed("dialogue", template, found)))
    listed = frame.with_row_index("row").select("row", made.alias("segments"))
    return listed.explode("segments").drop_nulls("segments").unnest("segments")


def _speaker(role: pl.Expr) -> pl.Expr:
    name = role.str.to_lowercase().str.strip_chars()
    return (
        pl.when(name.is_in(ASSISTANTS))
        .then(pl.lit("assistant"))
        .when(name == SYSTEM)
        .then(pl.lit("system"))
        .otherwise(pl.lit("user"))
    )


def _turns() -> pl.Expr:
    role, text = pl.element().struct.field("role"), pl.element().struct.field("text")
    turn = pl.struct(_speaker(role).alias("role"), text.alias("text"))
    return pl.col("turns").list.eval(pl.when(text.is_not_null()).then(turn))


def _formed(schema: str, template: Template, found: dict[str, pl.Expr]) -> list[tuple[str, pl.Expr]]:
    """The segments of a schema by its form: role, and text, null where it is left out."""
    return [
        segment
        for speaker, parts in template.forms[schema].said().items()
        for segment in _said(speaker, parts, found, CUT_FIRST.get(schema, ()))
    ]


def _said(
    speaker: str, parts: Sequence[Part], found: dict[str, pl.Expr], cut_first: Sequence[str]
) -> list[tuple[str, pl.Expr]]:
    """The segments of one turn; null where they are left out."""
    needed = [found[part.field] for part in parts if part.field and not part.optional]
    wanted = [found[part.field] for part in parts if part.field and not part.asked]
    there = pl.lit(True)
    if speaker == "assistant" and needed:  # an answer is whole or is none
        there = pl.all_horizontal([field.is_not_null() for field in needed])
    elif wanted:
        there = pl.any_horizontal([field.is_not_null() for field in wanted])
    made: list[tuple[str, pl.Expr]] = []
    for optional, group in groupby(parts, key=lambda part: part.optional):
        inside = list(group)
        asked = [found[part.field].is_not_null() for part in inside if part.field] if optional else []
        for part in inside:
            if part.asked:
                continue
            text = found[part.field] if part.field else pl.lit(part.text)
            role = speaker if part.field else speaker + FRAME
            if speaker == "user" and part.field in cut_first:
                role = "context"
            made.append((role, pl.when(pl.all_horizontal([there, *asked])).then(text)))
    return made


def _each_turn(frame: pl.DataFrame, form: Form) -> pl.DataFrame:
    """The segments of dialogues, the form of its speaker written for each turn that has text."""
    turns = frame.with_row_index("row").select("row", *COMMON, "turns").explode("turns").drop_nulls("turns")
    turns = turns.unnest("turns").filter(text_of("text").is_not_null())
    found = {name: text_of(name) for name in (*COMMON, *OF_A_TURN)}
    first = pl.col("row").ne_missing(pl.col("row").shift(1))
    made: list[tuple[pl.Expr, pl.Expr]] = []
    for speaker, parts in form.said().items():
        once = speaker == SYSTEM and not any(part.field in OF_A_TURN for part in parts)
        here = first if once else _speaker(pl.col("role")) == speaker
        made += [(pl.lit(role), pl.when(here).then(text)) for role, text in _said(speaker, parts, found, ())]
    return stacked(turns, made)


PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "multiple_choice": (
        ("user", "question"),
        ("context", "context"),
        ("user", "options"),
        ("assistant", "answer"),
    ),
    "question_answer": (("user", "question"), ("context", "context"), ("assistant", "answer")),
    "dialogue": (("context", "dialogue"), ("assistant", "summary")),
    "instruction": (("user", "instruction"), ("context", "input"), ("assistant", "output")),
    "text_to_text": (("context", "source"), ("assistant", "target")),
    "classification": (("context", "text"), ("assistant", "labels")),
    "text": (("assistant", "text"),),
    "spans": (("context", "text"), ("assistant", "spans")),
    "text_pair": (("user", "first"), ("user", "second"), ("assistant", "label")),
    "image_pair": (("user", "instruction"),),
}
"""The role and field of each segment, by schema; a dialogue without a summary is its turns."""

UNRENDERED = {
    "segmentation": "records of the schema segmentation hold images and masks and no text to make tokens of",
    "table": "records of the schema table hold columns as they are, and what they mean is not known; say it in a card: "
    "`registry new SLUG` writes a draft",
}
"""Schemas of which no text comes, and why."""
