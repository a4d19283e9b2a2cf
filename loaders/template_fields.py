"""The fields of templates: expressions over the columns of a schema, null where a record has no such text."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from loaders.template_files import COMMON, Options

CUT_FIRST = {
    "multiple_choice": ("context",),
    "question_answer": ("context",),
    "dialogue": ("dialogue",),
    "instruction": ("input",),
    "text_to_text": ("source",),
    "classification": ("text",),
    "spans": ("text",),
}
"""Fields that are context where the user says them: of a row that is too long they are cut first."""
ALPHABET = tuple(chr(ord("A") + place) for place in range(26))


def fields(schema: str, options: Options) -> dict[str, pl.Expr]:
    """The fields of a schema but those of the turns of a dialogue, each an expression of type String."""
    common = {name: said(name) for name in COMMON}
    return common | BY_SCHEMA[schema](options) if schema in BY_SCHEMA else common


def said(column: str) -> pl.Expr:
    """The text of a column; blank counts as missing."""
    return pl.when(pl.col(column).str.contains(r"\S")).then(pl.col(column))


def lines(texts: pl.Expr, separator: str = "\n") -> pl.Expr:
    """A list as text, null where it is empty."""
    kept = texts.list.drop_nulls()
    return pl.when(kept.list.len() > 0).then(kept.list.join(separator))


def letters(index: pl.Expr) -> pl.Expr:
    """0 → A, 25 → Z, 26 → AA; null stays null."""
    names = pl.lit(pl.Series([*ALPHABET, *(first + second for first in ALPHABET for second in ALPHABET)]))
    return names.gather(index)


def _several(texts: pl.Expr, options: Options) -> pl.Expr:
    if options.several == "first":
        return texts.list.drop_nulls().list.first()
    return lines(texts, ", " if options.several == "comma" else "\n")


def _explained(answer: pl.Expr, options: Options) -> pl.Expr:
    """The answer with its explanation, where there is one."""
    why = said("explanation")
    if options.rationale == "none":
        return answer
    both = pl.concat_str([why, answer] if options.rationale == "before" else [answer, why], separator="\n\n")
    return pl.when(why.is_not_null()).then(both).otherwise(answer)


def _multiple_choice(options: Options) -> dict[str, pl.Expr]:
    element, answers = pl.element(), pl.col("answers")
    listed = pl.col("options").list.eval(letters(pl.int_range(pl.len())) + ". " + element.fill_null(""))
    bare = answers.list.eval(letters(element))
    texts = pl.col("options").list.gather(answers, null_on_oob=True)
    chosen = {"letter": bare, "text": texts, "letter-and-text": listed.list.gather(answers, null_on_oob=True)}
    # Letters alone where the options are pictures or were not published.
    published = answers.list.max() < pl.col("options").list.len()
    answer = pl.when(published).then(_several(chosen[options.answer], options)).otherwise(_several(bare, options))
    return {
        "question": said("question"),
        "context": said("context"),
        "options": lines(listed),
        "letters": _several(bare, options),
        "texts": pl.when(published).then(_several(texts, options)),
        "answer": _explained(answer, options),
        "explanation": said("explanation"),
    }


def _question_answer(options: Options) -> dict[str, pl.Expr]:
    return {
        "question": said("question"),
        "context": said("context"),
        "answer": _explained(_several(pl.col("answers"), options), options),
        "explanation": said("explanation"),
    }


def _dialogue(_: Options) -> dict[str, pl.Expr]:
    role, text = pl.element().struct.field("role"), pl.element().struct.field("text")
    spoken = pl.col("turns").list.eval(pl.when(role.is_null()).then(text).otherwise(role + ": " + text))
    return {"dialogue": lines(spoken), "summary": said("summary")}


def _instruction(_: Options) -> dict[str, pl.Expr]:
    return {"instruction": said("instruction"), "input": said("input"), "output": pl.col("output")}


def _text_to_text(_: Options) -> dict[str, pl.Expr]:
    return {"source": said("source"), "target": pl.col("target")}


def _classification(_: Options) -> dict[str, pl.Expr]:
    return {"text": said("text"), "labels": lines(pl.col("labels"), ", ")}


def _text(_: Options) -> dict[str, pl.Expr]:
    return {"text": said("text")}


def _spans(_: Options) -> dict[str, pl.Expr]:
    kind, text = pl.element().struct.field("type"), pl.element().struct.field("text")
    mentions = pl.col("spans").list.eval(pl.when(kind.is_null()).then(text).otherwise(kind + ": " + text))
    listed = pl.when(said("text").is_not_null()).then(mentions.list.drop_nulls().list.join("\n"))
    return {"text": said("text"), "spans": listed}


def _text_pair(_: Options) -> dict[str, pl.Expr]:
    verdict = pl.coalesce(pl.col("label"), pl.col("score").cast(pl.String))
    return {"first": said("first"), "second": said("second"), "label": verdict}


def _image_pair(_: Options) -> dict[str, pl.Expr]:
    return {"instruction": said("instruction")}


BY_SCHEMA: dict[str, Callable[[Options], dict[str, pl.Expr]]] = {
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
