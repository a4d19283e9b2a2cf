"""Texts, pairs of texts and pictures with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from loaders.recognise.common import one_text, picture_columns
from loaders.recognise.guess import Proposal
from loaders.recognise.table import Table
from loaders.recognise.words import folded

STRONG = (
    "label",
    "labels",
    "label text",
    "label name",
    "class",
    "class name",
    "class label",
    "correct label",
    "gold label",
)
MOST_LABELS = 1_000
LONGEST_LABEL = 80


@dataclass(frozen=True)
class Label:
    """A column as names of labels; `pipeline` gives one text a row, or a list where `many`."""

    column: str
    pipeline: Any
    many: bool
    sure: bool
    why: str


def label_in(table: Table, name: str) -> Label | None:
    """The column as labels: classes whose names are known, or few different texts; None for anything else."""
    dtype = table.dtype(name)
    many = isinstance(dtype, pl.List)
    inner = dtype.inner if many else dtype
    if many and _repeats(table.frame[name]):
        return None
    if classes := table.classes.get(name):
        if not inner.is_integer():
            return None
        named: list[Any] = [{"null_if": [-1]}, {"map": {"values": {str(n): one for n, one in enumerate(classes)}}}]
        steps = [{"each": named}] if many else named
        return Label(name, [name, *steps], many, True, f"{name} is a class of {len(classes)} names")
    if inner != pl.String:
        return None
    values = (table.frame[name].explode() if many else table.frame[name]).drop_nulls()
    written = values.str.strip_chars()
    distinct = values.n_unique()
    wordy = float(written.str.contains(r"\p{L}").mean() or 0) >= 0.9  # type: ignore[arg-type]
    short = float(written.str.len_chars().max() or 0) <= LONGEST_LABEL  # type: ignore[arg-type]
    few = 1 < distinct <= MOST_LABELS and distinct * 3 <= len(values)
    if not (wordy and short and few) or written.str.contains(r"^[\[{]").any():
        return None
    return Label(name, name, many, True, f"{name} holds {distinct} different labels")


def _repeats(lists: pl.Series) -> bool:
    """Whether lists hold a value twice: tags of words, one for each, and no labels of the whole."""
    twice = (lists.list.n_unique() < lists.list.len()).mean()
    return float(twice or 0) > 0.01  # type: ignore[arg-type]


def classification(table: Table) -> Proposal | None:
    """A text or a picture, and its label."""
    named = table.meant("label")
    if not named or table.meant("question") or table.meant("turns"):
        return None
    pictures = picture_columns(table, named)
    texts = [name for name in table.meant("text") if name not in named and table.is_text(name)]
    if not texts and not pictures:
        return None
    proposal = Proposal("classification", {}, 0.95)
    labels = [label for name in named if (label := label_in(table, name)) is not None]
    strong = [label for label in labels if folded(label.column) in STRONG]
    if not labels:
        proposal = proposal.doubted(0.4, f"what the values of {', '.join(named)} mean is not told")
    else:
        label = (strong or labels)[0]
        pipeline = label.pipeline if label.many else [*_listed(label.pipeline), "list"]
        proposal = proposal.having({"labels": pipeline}, label.column).because(label.why)
        rest = [name for name in named if name != label.column and not _same(table, name, label.column)]
        if rest:
            proposal = proposal.doubted(0.6, f"{', '.join(rest)} may be the label as well as {label.column}")
        if not strong and "text-classification" not in table.tasks and "image-classification" not in table.tasks:
            proposal = proposal.doubted(0.7, f"{label.column} may be a label, or only a fact about the row")
    if texts:
        proposal = proposal.having({"text": _titled(table, texts[0])}, texts[0]).because(f"the text in {texts[0]}")
        if len(texts) > 1:
            proposal = proposal.doubted(0.6, f"{' and '.join(texts)} may each be the text")
    return proposal


def _listed(pipeline: Any) -> list[Any]:
    return pipeline if isinstance(pipeline, list) else [pipeline]


def _titled(table: Table, name: str) -> Any:
    """An abstract with the title before it, where there is one."""
    titles = [column for column in table.columns if folded(column) == "title" and table.is_text(column)]
    if folded(name) != "abstract" or len(titles) != 1 or any(mark in titles[0] + name for mark in "{}"):
        return name
    return {"coalesce": [{"template": f"{{{titles[0]}}}\n{{{name}}}"}, name, titles[0]]}


def _same(table: Table, name: str, other: str) -> bool:
    """Whether two columns say the same in other words: each value of one stands with one value of the other."""
    if table.dtype(name).is_nested() or table.dtype(other).is_nested():
        return False
    pairs = table.frame.select(name, other).drop_nulls().unique()
    return pairs.height == pairs[name].n_unique() == pairs[other].n_unique() and pairs.height > 0


def text_pair(table: Table) -> Proposal | None:
    """Two texts with a label or a score."""
    first, doubt = one_text(table, "first")
    second, other = one_text(table, "second", [first] if first else [])
    if first is None or second is None:
        return None
    proposal = Proposal("text_pair", {"first": first, "second": second}, 0.95, (f"a pair in {first} and {second}",))
    proposal = proposal.having({}, first, second)
    for told in (doubt, other):
        if told:
            proposal = proposal.doubted(0.5, told)
    named = [name for name in table.meant("pair label") if name not in proposal.uses]
    labels = [label for name in named if (label := label_in(table, name)) is not None and not label.many]
    scores = [name for name in table.meant("pair score") if name not in proposal.uses and _numeric(table, name)]
    if labels:
        proposal = proposal.having({"label": labels[0].pipeline}, labels[0].column).because(labels[0].why)
        if rest := [name for name in named if name != labels[0].column and not _same(table, name, labels[0].column)]:
            proposal = proposal.doubted(0.6, f"{', '.join(rest)} may be the label as well as {labels[0].column}")
    elif named:
        proposal = proposal.doubted(0.4, f"what the values of {', '.join(named)} mean is not told")
    if scores:
        proposal = proposal.having({"score": [scores[0], {"cast": "float"}]}, scores[0])
        if len(scores) > 1:
            proposal = proposal.doubted(0.6, f"{' and '.join(scores)} may each be the score")
    if not labels and not scores:
        proposal = proposal.doubted(0.5, f"neither a label nor a score of {first} and {second} was found")
    return proposal


def _numeric(table: Table, name: str) -> bool:
    values = table.frame[name]
    if values.dtype.is_nested() or values.dtype == pl.Boolean:
        return False
    return values.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).null_count() == values.null_count()


def segmentation(table: Table) -> Proposal | None:
    """A picture and its mask, both as pictures."""
    masks = picture_columns(table, meaning="mask")
    pictures = picture_columns(table, masks)
    if len(masks) != 1 or len(pictures) != 1:
        return None
    fields = {"image": [pictures[0], {"images": {}}], "mask": [masks[0], {"images": {}}]}
    proposal = Proposal("segmentation", fields, 0.95, (f"a picture in {pictures[0]}, its mask in {masks[0]}",))
    return proposal.having({}, pictures[0], masks[0])
