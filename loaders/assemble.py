"""Pieces to tokens: encode each once, put the control tokens around, and say of its tokens whose they are."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from loaders.inert import Encoded, Encoder
from loaders.ragged import begins, spread, taken
from loaders.stretches import Ends, Pieces, Role
from loaders.templates import SPEAKERS, Ids, Layout

AT_ONCE = 16 << 20
"""Bytes of text that are encoded in one go."""
NO_TURN = -1

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Runs(NamedTuple):
    """Tokens in a row that are alike: the first, in all tokens; how many; their `Role`; their turn, counted from the
    first of the piece, -1 for what stands before and after a row; whether loss is taken on them.
    """

    start: Ints
    size: Ints
    role: Ints
    turn: Ints
    learned: Bools


class Assembled(NamedTuple):
    """The tokens of the different pieces, one after another (int32), and the runs of each: `bounds` int64 of n + 1."""

    ids: npt.NDArray[np.int32]
    bounds: Ints
    runs: Runs


def assemble(given: Pieces, layout: Layout, encoder: Encoder, *, everything: bool) -> Assembled:
    """Tokens of the different pieces, with the control tokens of `layout` by id.

    A token is learned when any byte of it is: an answer's first token may hold the space before it.

    Args:
        given: what to encode.
        layout: the control tokens.
        encoder: encodes text.
        everything: loss is taken on every token of a learned turn, not only on the answer and what ends it.
    """
    parts = (given.before, given.texts, given.after)
    sizes: Ints = np.sum([series.str.len_bytes().to_numpy() for series in parts], axis=0, dtype=np.int64)
    edges = [0, *(np.flatnonzero(np.diff(np.cumsum(sizes) // AT_ONCE)) + 1).tolist(), len(sizes)]
    made = [_batch(given, sizes, slice(*edge), encoder) for edge in pairwise(edges)]
    counts = np.concatenate([counts for _, counts, _ in made])
    around = _around(given.ends, layout, everything)

    lengths = around.opening + counts + around.closing
    begun = begins(lengths)
    ids = np.empty(begun[-1], np.int32)
    text_at = begun[:-1] + around.opening
    ids[spread(text_at, counts)] = np.concatenate([ids for ids, _, _ in made])
    around.put(ids, begun)

    inner = _join([runs for _, _, runs in made], [int(counts.sum()) for _, counts, _ in made])
    piece = np.searchsorted(np.cumsum(counts), inner.start, "right")
    inner = inner._replace(start=inner.start + (text_at - (np.cumsum(counts) - counts))[piece])
    runs = _join([around.runs(begun), inner], [0, 0])
    runs = taken(runs, np.argsort(runs.start, kind="stable"))
    return Assembled(ids, np.searchsorted(runs.start, begun), runs)


def _join(parts: list[Runs], lengths: list[int]) -> Runs:
    """Runs of several arrays of tokens of these lengths as runs of all of them."""
    shifted = [
        part._replace(start=part.start + before)
        for part, before in zip(parts, begins(np.array(lengths))[:-1].tolist(), strict=True)
    ]
    return Runs(*(np.concatenate(columns) for columns in zip(*shifted, strict=True)))


def _batch(given: Pieces, sizes: Ints, rows: slice, encoder: Encoder) -> tuple[Ids, Ints, Runs]:
    """Ids of some pieces, how many each has, and their runs."""
    texts = pl.select(pl.concat_str(given.before[rows], given.texts[rows], given.after[rows])).to_series()
    made = encoder.encode(texts, given.place[rows])
    return made.ids, made.counts, _runs(made, given, sizes, rows)


def _runs(made: Encoded, given: Pieces, sizes: Ints, rows: slice) -> Runs:
    """Runs of the tokens of some pieces: they change where a zone begins, which may be inside a token."""
    bounds = given.bounds[rows.start : rows.stop + 1]
    zones = taken(given.zones, slice(bounds[0], bounds[-1]))
    base = begins(sizes[rows])
    starts = zones.start + np.repeat(base[:-1], np.diff(bounds))
    first = begins(made.counts)
    # Sorted, in case a normaliser has changed the order of marks.
    reached, covered = (np.maximum.accumulate(array) for array in (made.starts, made.ends))
    begins_here = np.zeros(len(made.ids) + 1, bool)
    for cut in (first[:-1], np.searchsorted(reached, starts, "left"), np.searchsorted(covered, starts, "right")):
        begins_here[cut] = True
    begun = np.flatnonzero(begins_here[:-1])
    piece = np.searchsorted(first, begun, "right") - 1
    limit = base[piece + 1] - 1
    begin = np.clip(made.starts[begun], base[piece], limit)
    end = np.clip(made.ends[begun] - 1, begin, limit)
    head, tail = np.searchsorted(starts, begin, "right") - 1, np.searchsorted(starts, end, "right") - 1
    role = np.where(head == tail, zones.role[head], Role.FRAME)
    return Runs(
        begun,
        np.diff(np.append(begun, len(made.ids))),
        np.where(_any(zones.role == Role.ASSISTANT, head, tail), Role.ASSISTANT, role),
        zones.turn[tail],
        _any(zones.learned, head, tail),
    )


def _any(flag: Bools, head: Ints, tail: Ints) -> Bools:
    """Whether any zone from `head` to `tail` is flagged."""
    counted = np.append(0, np.cumsum(flag))
    result: Bools = counted[tail + 1] > counted[head]
    return result


class _Put(NamedTuple):
    """Control tokens beside some of the pieces.

    Attributes:
        pieces: which.
        at: how many tokens after the beginning of what opens the piece, or of what closes it, they stand.
        ids: the tokens.
        closing: they stand after the text.
        turn: of each, counted from the first of the piece.
        learned: of each.
    """

    pieces: Ints
    at: int
    ids: Ids
    closing: bool
    turn: Ints
    learned: Bools


class _Around(NamedTuple):
    """All that is put around texts; `opening` and `closing` are the number of tokens before and after each."""

    opening: Ints
    closing: Ints
    puts: list[_Put]

    def put(self, ids: npt.NDArray[np.int32], begun: Ints) -> None:
        """Write the control tokens into the tokens of all pieces, which begin at `begun`."""
        for one in self.puts:
            for step, number in enumerate(one.ids.tolist()):
                ids[self._at(one, begun) + step] = number

    def runs(self, begun: Ints) -> Runs:
        """The runs of the control tokens."""
        parts = [
            Runs(
                self._at(one, begun),
                np.full(len(one.pieces), len(one.ids)),
                np.full(len(one.pieces), int(Role.FRAME)),
                one.turn,
                one.learned,
            )
            for one in self.puts
        ]
        none = np.empty(0, np.int64)
        return _join([Runs(none, none, none, none, np.empty(0, bool)), *parts], [0] * (len(parts) + 1))

    def _at(self, one: _Put, begun: Ints) -> Ints:
        at: Ints = (begun[one.pieces + 1] - self.closing[one.pieces] if one.closing else begun[one.pieces]) + one.at
        return at


def _around(ends: Ends, layout: Layout, everything: bool) -> _Around:
    opening, closing = np.zeros(len(ends.opens), np.int64), np.zeros(len(ends.opens), np.int64)
    puts: list[_Put] = []

    def put(pieces: Ints, sizes: Ints, ids: Ids, turn: Ints, learned: Bools, *, after: bool) -> None:
        if len(ids) and len(pieces):
            puts.append(_Put(pieces, int(sizes[pieces[0]]), ids, after, turn[pieces], learned[pieces]))
            sizes[pieces] += len(ids)

    none, every = np.full(len(opening), NO_TURN), np.full(len(opening), everything)
    zero = np.zeros(len(opening), np.int64)
    for code in np.unique(ends.opens[ends.opens > 0]).tolist():
        pieces, (new_row, speaker) = np.flatnonzero(ends.opens == code), divmod(code - 1, len(SPEAKERS))
        if new_row:
            put(pieces, opening, layout.start, none, every, after=False)
        put(pieces, opening, layout.opening[SPEAKERS[speaker]], zero, every & ends.opened, after=False)
    for code in np.unique(ends.closes[ends.closes > 0]).tolist():
        pieces, (row_ends, speaker) = np.flatnonzero(ends.closes == code), divmod(code - 1, len(SPEAKERS))
        closes = layout.closing[SPEAKERS[speaker]]
        put(pieces, closing, closes[:1], ends.last, ends.closed, after=True)
        put(pieces, closing, closes[1:], ends.last, every & ends.closed, after=True)
        if row_ends:
            put(pieces, closing, layout.end, none, every, after=True)
    return _Around(opening, closing, puts)
