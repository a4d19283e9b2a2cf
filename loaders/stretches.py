"""Segments to stretches: the text between two control tokens, and which part of it is whose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from loaders.templates import GAP, SPEAKERS, Layout


class Role(IntEnum):
    """What a token is part of; FRAME is the template's own: headers, gaps, control tokens."""

    FRAME = 0
    SYSTEM = 1
    USER = 2
    CONTEXT = 3
    ASSISTANT = 4


ROLES = ["system", "user", "context", "assistant"]
SPEAKER_OF = np.array([-1, 0, 1, 1, 2])
"""Place in SPEAKERS by role; context is given by the user."""
ASSISTANT = SPEAKERS.index("assistant")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stretches:
    """The stretches of some rows, in order.

    Attributes:
        texts: n texts.
        row, first, last: int64 of n: the row of each stretch, and its first and last turn.
        part_start, part_role, part_turn: int64 of m: where each part begins, in characters of all texts joined; its
            `Role`; its turn. Parts are never empty.
        base: int64 of n + 1: where each text begins, in characters of all texts joined.
        speaker: int64 of t, place in SPEAKERS for each turn; `turn_row` int64 of t, its row.
    """

    texts: list[str]
    row: Ints
    first: Ints
    last: Ints
    part_start: Ints
    part_role: Ints
    part_turn: Ints
    base: Ints
    speaker: Ints
    turn_row: Ints


def stretches(segments: pl.DataFrame, layout: Layout) -> Stretches:
    """Lay rows out as `layout` says.

    Args:
        segments: one column, `segments`, a list of (role, text) structs for each row.
        layout: headers, gaps and where control tokens stand.

    Returns:
        Stretches; `row` counts the rows of `segments`. A row without segments has none.
    """
    parts = segments.with_row_index("row").explode("segments").drop_nulls("segments").unnest("segments")
    role = parts["role"].cast(pl.Enum(ROLES)).to_physical().to_numpy().astype(np.int64) + 1
    row = parts["row"].to_numpy().astype(np.int64)
    speaker = SPEAKER_OF[role]
    new_row = np.diff(row, prepend=-1) != 0
    new_turn = new_row | (np.diff(speaker, prepend=-1) != 0)
    apart = [bool(len(layout.opening[name])) for name in SPEAKERS]
    closed = [bool(len(layout.closing[name])) for name in SPEAKERS]
    cut = new_row | (new_turn & (np.array(apart)[speaker] | np.array(closed)[np.roll(speaker, 1)]))

    headers = [layout.header[name] for name in SPEAKERS]
    leads = [GAP, *headers, *(GAP + header for header in headers)]
    lead = np.where(new_turn, 1 + speaker + len(SPEAKERS) * ~cut, 0)
    number, turn = np.cumsum(cut) - 1, np.cumsum(new_turn) - 1
    written = pl.Series(leads, dtype=pl.String).gather(lead) + parts["text"]
    texts = pl.DataFrame({"number": number, "text": written}).group_by("number", maintain_order=True)

    sizes = np.empty(2 * len(lead), np.int64)
    sizes[0::2] = np.array([len(text) for text in leads])[lead]
    sizes[1::2] = parts["text"].str.len_chars().to_numpy()
    roles = np.zeros_like(sizes)
    roles[1::2] = role
    starts, full = np.cumsum(sizes) - sizes, sizes > 0
    begins = np.flatnonzero(cut)
    return Stretches(
        texts.agg(pl.col("text").str.join(""))["text"].to_list(),
        row[begins],
        turn[begins],
        np.append(turn[begins[1:] - 1], turn[-1:]),
        starts[full],
        roles[full],
        np.repeat(turn, 2)[full],
        np.append(starts[0::2][begins], sizes.sum()),
        speaker[new_turn],
        row[new_turn],
    )
