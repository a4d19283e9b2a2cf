"""emrQA: a document in which one field is a text here and a list there, within a single row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from loaders.read import FILE, ROW, Located
from loaders.readers.content import read_bytes
from registry.errors import ReadError
from registry.loadspec import Read

ANSWER = pl.Struct(
    {
        "text": pl.List(pl.String()),
        "evidence": pl.List(pl.String()),
        "evidence_start": pl.String(),
        "answer_start": pl.String(),
        "answer_entity_type": pl.String(),
    }
)
QUESTION = pl.Struct({"question": pl.List(pl.String()), "forms": pl.String(), "answers": pl.List(ANSWER)})
NOTE = {"title": pl.String(), "note_id": pl.String(), "context": pl.String(), "qas": pl.List(QUESTION)}


def read(files: Sequence[Located], read: Read) -> pl.DataFrame:
    """One row for each clinical note, with its questions in `qas`; what has no one type is its JSON as text.

    Raises:
        ReadError: not a document of emrQA's form.
    """
    rows: list[dict[str, Any]] = []
    for file in files:
        try:
            document = json.loads(read_bytes(file.path, read.encoding))
            notes = [(part["title"], note) for part in document["data"] for note in part["paragraphs"]]
            rows += [{**_note(title, note), FILE: file.name, ROW: row} for row, (title, note) in enumerate(notes)]
        except json.JSONDecodeError as error:
            raise ReadError(f"{file.path}, line {error.lineno}: not JSON: {error.msg}") from None
        except (KeyError, TypeError, AttributeError) as error:
            raise ReadError(
                f"{file.path}: not emrQA's data.json, which holds data[].paragraphs[].qas[]: {error!r}. Is it the file?"
            ) from None
    return pl.DataFrame(rows, schema={**NOTE, FILE: pl.String(), ROW: pl.Int64()})


def _note(title: str, note: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "note_id": str(note["note_id"]),
        "context": str(note["context"]),
        "qas": [
            {
                "question": _texts(asked["question"]),
                "forms": _written(asked.get("id")),
                "answers": [_answer(answer) for answer in asked["answers"]],
            }
            for asked in note["qas"]
        ],
    }


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": _texts(answer.get("text")),
        "evidence": _texts(answer.get("evidence")),
        "evidence_start": _written(answer.get("evidence_start")),
        "answer_start": _written(answer.get("answer_start")),
        "answer_entity_type": answer.get("answer_entity_type"),
    }


def _texts(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]


def _written(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
