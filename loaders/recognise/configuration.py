"""One configuration: its splits sampled, a mapping proposed, and tried on every split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from loaders.read import FILE, ROW, Located, read_files
from loaders.recognise.checking import ANSWERS, problems
from loaders.recognise.columns import propose
from loaders.recognise.common import group_of
from loaders.recognise.guess import BELIEVED, Proposal
from loaders.recognise.layout import Entry
from loaders.recognise.sampling import Sample, sampled
from loaders.recognise.table import Table
from registry.errors import MedRegistryError
from registry.loadspec import Read


@dataclass
class Found:
    """What was recognised of one configuration."""

    schema: str = "table"
    fields: dict[str, Any] = field(default_factory=dict)
    group: Any = None
    read: dict[str, Any] = field(default_factory=dict)
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Split -> what differs there: `read`, `fields`."""
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    confidence: float = 0.0
    why: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    seen: dict[str, list[str]] = field(default_factory=dict)
    """Columns of each file that was looked into."""

    def plain(self) -> None:
        """Give the rows as they are."""
        self.schema, self.fields, self.group = "table", {}, None
        for split in self.splits.values():
            split.pop("fields", None)


Fetch = Callable[[str], Path]


def recognised_config(
    splits: Mapping[str, Sequence[Entry]],
    fetch: Fetch,
    folder: Path,
    classes: Mapping[str, list[str]],
    tasks: frozenset[str],
    paths: Sequence[str],
) -> Found:
    """Recognise one configuration from the head of the first file of each of its splits.

    Args:
        splits: files by split.
        fetch: gives a file of the source on this machine.
        folder: for the samples.
        classes: names of classes by column, as the source tells them.
        tasks: what the source says it is for.
        paths: all files of the source, among which pictures are looked for.
    """
    found = Found()
    samples: dict[str, Sample] = {}
    tables: dict[str, Table] = {}
    for number, (split, entries) in enumerate(splits.items()):
        try:
            sample = sampled(fetch(entries[0].path), entries[0], folder / str(number))
            frame = read_files([Located(sample.path, sample.name)], Read.model_validate(sample.read))
        except (MedRegistryError, pl.exceptions.PolarsError) as error:
            # Samples lie in a folder that is gone when somebody reads this.
            found.unclear.append(f"{split}: {str(error).replace(f'{folder / str(number)}/', '')}")
            continue
        samples[split] = sample
        tables[split] = Table(frame, {**classes, **sample.classes}, tasks, tuple(paths))
        found.entries[split] = list(entries)
        found.seen[sample.name] = [name for name in frame.columns if name not in (FILE, ROW)]
    if not samples:
        return found
    found.read = next(iter(samples.values())).read
    for split, sample in samples.items():
        differs = {key: value for key, value in sample.read.items() if found.read.get(key) != value}
        differs |= {key: Read().model_dump()[key] for key in found.read if key not in sample.read}
        found.splits[split] = {"read": differs} if differs else {}
    first = next(iter(samples))
    found.columns = [name for name in tables[first].frame.columns if name not in (FILE, ROW)]
    proposal = _proposed(tables[first])
    if proposal is None:
        found.unclear.append("no known schema fits its columns")
        return found
    _taken(found, proposal, tables, samples)
    if found.confidence < BELIEVED:
        found.plain()
    return found


def _proposed(table: Table) -> Proposal | None:
    """A proposal; None too for a table whose types nobody thought of: its rows can still be given as they are."""
    try:
        return propose(table)
    except (pl.exceptions.PolarsError, ValueError, TypeError, LookupError, ArithmeticError):
        return None


def _taken(found: Found, proposal: Proposal, tables: Mapping[str, Table], samples: Mapping[str, Sample]) -> None:
    """Take over a proposal where it holds on every split; else say why not."""
    first = next(iter(samples))
    found.schema, found.fields = proposal.schema, dict(proposal.fields)
    found.group = group_of(tables[first], proposal)
    found.confidence, found.why = proposal.confidence, list(proposal.why)
    found.unclear += proposal.unclear
    if proposal.confidence < BELIEVED:
        return
    for split, sample in samples.items():
        told = problems(found.schema, found.fields, found.group, [sample], split, unanswered=split != first)
        if told and split != first:
            differs = _fields_of(found, tables[split], sample, split)
            if differs is not None:
                found.splits[split]["fields"] = differs
                continue
        if told:
            found.confidence = min(found.confidence, 0.5)
            found.unclear += [f"{split}: {problem}" for problem in told]


def _fields_of(found: Found, table: Table, sample: Sample, split: str) -> dict[str, Any] | None:
    """What a split needs that its first sister does not: other columns, or no answers; None where it does not fit."""
    own = _proposed(table)
    if own is not None and own.schema == found.schema and own.confidence >= BELIEVED:
        fields = {**_without(found, own.fields), **own.fields}
        if not problems(found.schema, fields, found.group, [sample], split):
            return {name: value for name, value in fields.items() if found.fields.get(name) != value}
    answer = ANSWERS.get(found.schema)
    if answer and _withheld(found, table, answer):
        fields = {**found.fields, answer: {"constant": []}}
        if not problems(found.schema, fields, found.group, [sample], split, unanswered=True):
            return {answer: {"constant": []}}
    return None


def _without(found: Found, own: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the block has and this split has not: missing there."""
    lists = ("images", "signals", "answers", "labels", "options")
    missing = [name for name in found.fields if name not in own and name != "id"]
    made: dict[str, Any] = {name: {"constant": None} for name in missing if name not in lists}
    made.update({name: [{"constant": None}, {"images": {}}] for name in missing if name == "images"})
    return made


def _withheld(found: Found, table: Table, answer: str) -> bool:
    """Whether the answers of a split are not published: no such column, nothing in it, or one and the same sign."""
    pipeline = found.fields[answer]
    column = pipeline[0] if isinstance(pipeline, list) else pipeline
    if not isinstance(column, str) or column not in table.frame.columns:
        return isinstance(column, str)
    values = table.frame[column].drop_nulls()
    return not len(values) or (not values.dtype.is_nested() and values.n_unique() == 1 and table.frame.height > 3)
