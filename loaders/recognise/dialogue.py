"""Conversations: lists of turns."""

from __future__ import annotations

from typing import Any

import polars as pl

from loaders.recognise.guess import Proposal
from loaders.recognise.table import Table
from loaders.recognise.words import folded, speaker_of

ROLES = ("role", "from", "speaker", "author", "sender", "participant")
SAID = ("content", "value", "text", "utterance", "message", "sentence", "body")
USUAL = {"system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}


def propose(table: Table) -> Proposal | None:
    """Turns as objects with a speaker and a text, in a list or as JSON."""
    found = [(name, form) for name in table.meant("turns") if (form := _form(table, name)) is not None]
    if not found:
        return None
    name, (head, role, said, values) = found[0]
    spoken = {value: speaker_of(value) for value in values}
    known = {value: speaker for value, speaker in spoken.items() if speaker}
    pipeline = [*head, {"turns": {"role": role, "text": said, "roles": {**USUAL, **known}}}]
    proposal = Proposal("dialogue", {"turns": pipeline}, 1.0, (f"turns in {name}: {role} says {said}",))
    proposal = proposal.having({}, name)
    if unknown := [value for value, speaker in spoken.items() if not speaker]:
        proposal = proposal.doubted(0.5, f"who {', '.join(unknown[:5])} is among the speakers of {name}")
    if not {"user", "assistant"} <= set(known.values()):
        proposal = proposal.doubted(0.6, f"{name} does not have both one who asks and one who answers")
    summaries = [one for one in table.meant("target") if "summar" in folded(one) and table.is_text(one)]
    if len(summaries) == 1:
        proposal = proposal.having({"summary": summaries[0]}, summaries[0])
    if len(found) > 1:
        proposal = proposal.doubted(0.6, f"{' and '.join(one for one, _ in found)} each hold conversations")
    return proposal


def _form(table: Table, name: str) -> tuple[list[Any], str, str, list[str]] | None:
    """The pipeline to a list of turns, the fields of speaker and text, and all speakers of the sample."""
    dtype: Any = table.dtype(name)
    head: list[Any] = [name]
    if dtype == pl.String:
        values = table.frame[name].drop_nulls().str.strip_chars()
        if not values.str.starts_with("[").all():
            return None
        try:
            dtype = values.str.json_decode(infer_schema_length=None).dtype
        except pl.exceptions.PolarsError:
            return None
        if not (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)):
            return None
        head.append({"json": [{entry.name: "text" for entry in dtype.inner.fields if not entry.dtype.is_nested()}]})
    if not (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)):
        return None
    fields = {folded(entry.name): entry.name for entry in dtype.inner.fields if entry.dtype == pl.String}
    roles = [fields[word] for word in ROLES if word in fields]
    said = [fields[word] for word in SAID if word in fields]
    if len(roles) != 1 or len(said) != 1:
        return None
    lists = table.value(head)
    if lists is None:
        return None
    speakers = lists.explode().struct.field(roles[0]).drop_nulls().unique().sort().to_list()
    return head, roles[0], said[0], speakers
