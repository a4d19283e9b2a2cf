"""A mapping tried on the sample by really building records from it; what does not come out is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from loaders.build import build
from loaders.plan import plan
from loaders.read import Located
from loaders.recognise.sampling import Sample
from loaders.recognise.table import filled
from registry.errors import MedRegistryError
from registry.loadspec import Load

MOST, MANY = 0.98, 0.9
NEEDED: dict[str, dict[str, float]] = {
    "multiple_choice": {"question": MOST, "options": MOST, "answers": MANY},
    "question_answer": {"question": MOST, "answers": MANY},
    "dialogue": {"turns": MOST},
    "instruction": {"instruction": MOST, "output": MANY},
    "text_to_text": {"source": MOST, "target": MANY},
    "classification": {"labels": 0.5},
    "text_pair": {"first": MOST, "second": MOST},
    "segmentation": {"image": MOST, "mask": MOST},
    "text": {"text": MOST},
    "table": {},
}
"""Schema -> column -> the share of rows that must have a value there."""

FILLERS = ["n/a", "na", "none", "nan", "-", ""]
"""What stands in place of options that a question does not have."""

ANY_OF = {"classification": ("text", "images"), "text_pair": ("label", "score")}
ANSWERS = {"multiple_choice": "answers", "question_answer": "answers", "classification": "labels"}


def problems(
    schema: str,
    fields: Mapping[str, Any],
    group: Any,
    samples: Sequence[Sample],
    split: str,
    *,
    unanswered: bool = False,
) -> list[str]:
    """What keeps these fields from making good records of the samples; empty where nothing does.

    Args:
        schema: the canonical schema.
        fields: pipelines as a card writes them.
        group: pipeline of the group, or None.
        samples: heads of files of one split.
        split: its name.
        unanswered: whether the split's answers may be withheld.
    """
    try:
        frame, notes = built(schema, fields, group, samples, split)
    except (MedRegistryError, ValueError, pl.exceptions.PolarsError) as error:
        return [str(error).replace(f"{samples[0].path.parent}/", "")[:400]]
    told = [note for note in notes if "taken out" in note]
    answer = ANSWERS.get(schema)
    needed = NEEDED[schema]
    for column, share in needed.items():
        there = filled(frame[column])
        if column == answer and unanswered and there == 0:
            continue
        if there < share:
            told.append(f"only {there:.0%} of the rows have a value in {column}")
    if (either := ANY_OF.get(schema)) and max(filled(frame[column]) for column in either) < MANY:
        told.append(f"few rows have a value in {' or '.join(either)}")
    if schema == "multiple_choice":
        said = frame["options"].list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(FILLERS)))
        doubles = said.list.n_unique() < said.list.len()
        if float(doubles.mean() or 0) > 0.05:  # type: ignore[arg-type]
            told.append("many rows have the same option twice")
    return told


def built(
    schema: str, fields: Mapping[str, Any], group: Any, samples: Sequence[Sample], split: str
) -> tuple[pl.DataFrame, list[str]]:
    """The records of the samples.

    Raises:
        MedRegistryError: they do not fit.
    """
    block: dict[str, Any] = {
        "schema": schema,
        "read": samples[0].read,
        "fields": dict(fields),
        "splits": {split: {"files": [sample.name for sample in samples]}},
    }
    if group is not None:
        block["group"] = group
    one = plan(Load.model_validate(block))[1][split]
    return build(one, [Located(sample.path, sample.name) for sample in samples])
