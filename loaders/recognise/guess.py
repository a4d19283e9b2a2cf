"""What the recogniser has to say: a mapping, how sure it is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.loadspec import Load

SHOWN = 8
MOST_COLUMNS = 60
BELIEVED = 0.8
"""A mapping that is at least this sure is used; below it the rows are given as they are (schema `table`).

1.0 means that names say it and values prove it; 0.9 that names or values alone leave no second reading; what can be
read in two ways, or was not borne out by the sample, is below."""


@dataclass(frozen=True)
class Proposal:
    """Fields of one schema for one table, before it is checked; `fields` are pipelines as a card writes them."""

    schema: str
    fields: dict[str, Any]
    confidence: float = 1.0
    why: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    """Source columns that have a meaning in it."""

    def because(self, *reasons: str) -> Proposal:
        """The same with more reasons."""
        return replace(self, why=(*self.why, *reasons))

    def doubted(self, confidence: float, reason: str) -> Proposal:
        """The same, at most this sure, with what is unclear."""
        return replace(self, confidence=min(self.confidence, confidence), unclear=(*self.unclear, reason))

    def having(self, fields: dict[str, Any], *columns: str) -> Proposal:
        """The same with more fields, which use `columns`."""
        return replace(self, fields={**self.fields, **fields}, uses=self.uses | set(columns))


def plain(load: Load) -> Load:
    """The same files as plain tables, no column given a meaning."""
    told = load.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for part in (told, *told.get("configs", {}).values()):
        part.update(schema="table", fields={}, group=None)
        for one in (part, *part.get("splits", {}).values()):
            one.pop("fields", None)
            if one.get("read"):
                one["read"].pop("expect", None)
    return Load.model_validate(told)


@dataclass(frozen=True)
class Guess:
    """What was recognised of a source.

    Attributes:
        load: the block that reads its files; None where no file could be read as rows.
        schema: that of `load`: a canonical one, or `table` where the columns' meaning is not sure.
        confidence: 0 to 1, of the best mapping found; below `BELIEVED` it was not taken.
        why: what the mapping rests on.
        unclear: what could be read in two ways, or not at all.
        columns: source columns by configuration.
        confidences: that of each configuration.
        seen: columns of each file that was looked into.
        revision: another version of the source that should be looked into instead.
    """

    load: Load | None
    schema: str | None
    confidence: float
    why: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    confidences: dict[str, float] = field(default_factory=dict)
    revision: str | None = None
    seen: dict[str, list[str]] = field(default_factory=dict)

    @property
    def believed(self) -> bool:
        """Whether the mapping gives columns their meaning, rather than rows as they are."""
        return self.load is not None and self.schema != "table"

    def told(self, slug: str) -> str:
        """One message for the user: what was taken, or what is there, what was unclear and what to do."""
        if self.load is None:
            return f"{slug}: no file that could be read as rows; {_few(self.unclear) or 'nothing was found'}"
        if self.believed:
            return (
                f"{slug}: no card says how its files become records; recognised as {self.schema} "
                f"(confidence {self.confidence:.2f}): {_few(self.why)}"
                + (f". Unclear: {_few(self.unclear)}" if self.unclear else "")
            )
        there = "; ".join(
            (f"{name}: " if len(self.columns) > 1 else "") + ", ".join(columns)
            for name, columns in self.columns.items()
        )
        return (
            f"{slug}: its columns have no sure meaning, so the rows are given as they are, in `extra`. "
            f"Columns: {there}. Unclear: {_few(self.unclear) or 'no known schema fits'}. "
            f"`registry new {slug}` writes a draft of a card, in which you can say it"
        )


def _few(texts: Sequence[str]) -> str:
    """The first texts in one line, and how many more there are."""
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more
