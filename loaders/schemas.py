"""The canonical schemas: which columns a dataset's records have, and their types."""

from __future__ import annotations

import polars as pl

from registry.vocabulary import SCHEMA

TEXT = pl.String()
TEXTS = pl.List(pl.String())
FILE = pl.Struct({"path": pl.String(), "bytes": pl.Binary()})
MEDIA = pl.List(FILE)
TURNS = pl.List(pl.Struct({"role": pl.String(), "text": pl.String()}))
SPANS = pl.List(
    pl.Struct(
        {
            "id": pl.String(),
            "type": pl.String(),
            "start": pl.List(pl.Int64()),
            "end": pl.List(pl.Int64()),
            "text": pl.String(),
            "concepts": TEXTS,
        }
    )
)
"""`start` and `end` are lists: a discontinuous span has several pieces."""
RELATIONS = pl.List(pl.Struct({"type": pl.String(), "head": pl.String(), "tail": pl.String()}))
EVENTS = pl.List(
    pl.Struct(
        {
            "id": pl.String(),
            "type": pl.String(),
            "trigger": pl.String(),
            "arguments": pl.List(pl.Struct({"role": pl.String(), "target": pl.String()})),
        }
    )
)

COMMON: dict[str, pl.DataType] = {"id": TEXT, "split": TEXT, "group": TEXT, "language": TEXT}

COLUMNS: dict[str, dict[str, pl.DataType]] = {
    "multiple_choice": {
        "question": TEXT,
        "context": TEXT,
        "options": TEXTS,
        "answers": pl.List(pl.Int64()),
        "explanation": TEXT,
        "images": MEDIA,
    },
    "question_answer": {
        "question": TEXT,
        "context": TEXT,
        "answers": TEXTS,
        "explanation": TEXT,
        "images": MEDIA,
        "signals": MEDIA,
    },
    "dialogue": {"turns": TURNS, "summary": TEXT, "images": MEDIA},
    "instruction": {"instruction": TEXT, "input": TEXT, "output": TEXT, "images": MEDIA},
    "text_to_text": {"source": TEXT, "target": TEXT, "images": MEDIA},
    "classification": {"text": TEXT, "images": MEDIA, "signals": MEDIA, "labels": TEXTS},
    "text": {"text": TEXT},
    "spans": {"text": TEXT, "spans": SPANS, "relations": RELATIONS, "events": EVENTS},
    "text_pair": {"first": TEXT, "second": TEXT, "label": TEXT, "score": pl.Float64()},
    "image_pair": {"before": FILE, "after": FILE, "instruction": TEXT},
    "segmentation": {"image": FILE, "mask": FILE, "classes": TEXTS},
    "table": {},
}
"""Columns of each schema beyond the common ones (id, split, group, language) and `extra`.

`table` is for files whose columns nobody has given a meaning yet: all of them are in `extra`.
"""

SCHEMAS: dict[str, dict[str, pl.DataType]] = {name: {**COMMON, **COLUMNS[name]} for name in SCHEMA}
"""All columns of each schema in order, but for `extra`, whose type is the dataset's own."""

ANSWERED_BY = {
    "multiple_choice": "answers",
    "question_answer": "answers",
    "dialogue": "turns",
    "instruction": "output",
    "text_to_text": "target",
    "classification": "labels",
}
"""The column that holds what a model should say."""


def conform(frame: pl.DataFrame, schema: str) -> pl.DataFrame:
    """Give `frame` the columns of `schema`, in order and with their types.

    Args:
        frame: some of the schema's columns, and `extra` where the source has more.
        schema: name of a canonical schema.

    Returns:
        A frame of the same height: absent text is null, absent lists are empty, `extra` comes last (null type where
        nothing is in it).

    Raises:
        ValueError: a column that the schema does not have.
        polars.exceptions.PolarsError: a column whose values cannot become the schema's type.
    """
    columns = SCHEMAS[schema]
    if unknown := set(frame.columns) - set(columns) - {"extra"}:
        raise ValueError(f"the schema {schema} has no column {', '.join(sorted(unknown))}; it has {', '.join(columns)}")
    expressions = [_column(frame, name, dtype) for name, dtype in columns.items()]
    extra = pl.col("extra") if "extra" in frame.columns else pl.lit(None, dtype=pl.Null).alias("extra")
    return frame.select(*expressions, extra)


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    given = frame.schema.get(name)
    value = pl.lit(None, dtype=dtype) if given is None else pl.col(name)
    if isinstance(given, pl.List) and not isinstance(dtype, pl.List):
        value = value.list.first()
    if given is not None and given != dtype:
        value = value.cast(dtype)
    if isinstance(dtype, pl.List):
        value = value.fill_null(pl.lit([], dtype=dtype))
    return value.alias(name)
