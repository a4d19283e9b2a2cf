"""Stretches to tokens: encode them, put the control tokens between, and say of each token whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loaders.inert import Encoder
from loaders.stretches import ASSISTANT, Role, Stretches
from loaders.templates import SPEAKERS, Ids, Layout

LABELS = ("answer", "last-answer", "all-but-system", "all")
"""On what loss is taken: every answer of the assistant, the last one, everything but the system's, everything."""

NO_TURN = -1


@dataclass(frozen=True)
class Block:
    """The tokens of some rows, one after another; arrays of one entry for each token unless said otherwise.

    Attributes:
        ids: int32.
        learned: bool, loss is taken on it.
        role: int8, `Role`.
        turn: int64, counted over the block; -1 for what stands before and after a row.
        inside: bool, it continues the character that the token before it began.
        sizes: int64 of the rows, tokens of each.
        speaker: int64 of the turns, place in SPEAKERS.
    """

    ids: npt.NDArray[np.int32]
    learned: npt.NDArray[np.bool_]
    role: npt.NDArray[np.int8]
    turn: npt.NDArray[np.int64]
    inside: npt.NDArray[np.bool_]
    sizes: npt.NDArray[np.int64]
    speaker: npt.NDArray[np.int64]


def assemble(given: Stretches, rows: int, layout: Layout, encoder: Encoder, labels: str) -> Block:
    """Tokens of the stretches of `rows` rows, with the control tokens of `layout` by id.

    A token is learned when any of its characters is: an answer's first token may hold the space before it.
    """
    count = len(given.texts)
    new_row = np.diff(given.row, prepend=-1) != 0
    opens = np.array([len(layout.opening[name]) for name in SPEAKERS])
    closes = np.array([len(layout.closing[name]) for name in SPEAKERS])
    starter, ender = given.speaker[given.first], given.speaker[given.last]
    # What follows a control token of the template; the tokenizer's own beginning token does not count as one.
    made = encoder.encode(given.texts, following=~new_row | (opens[starter] > 0))
    unclosed = np.append(new_row[1:], np.ones(min(count, 1), bool)) & (closes[ender] == 0)

    before = len(layout.start) * new_row + opens[starter]
    sizes = before + made.counts + closes[ender] + len(layout.end) * unclosed
    at = np.cumsum(sizes) - sizes
    total = int(sizes.sum())
    ids, turn = np.empty(total, np.int32), np.full(total, NO_TURN)
    role, learned, inside = np.zeros(total, np.int8), np.zeros(total, bool), np.zeros(total, bool)

    taken = _taken(given, labels)
    everything = labels in ("all", "all-but-system")

    def put(
        where: npt.NDArray[np.intp], places: npt.NDArray[np.int64], what: Ids, turns: npt.NDArray[np.int64]
    ) -> None:
        for step, number in enumerate(what.tolist()):
            ids[places[where] + step] = number
            turn[places[where] + step] = turns[where]

    own = np.full(count, NO_TURN)
    put(np.flatnonzero(new_row), at, layout.start, own)
    put(np.flatnonzero(unclosed), at + sizes - len(layout.end), layout.end, own)
    for place, name in enumerate(SPEAKERS):
        put(np.flatnonzero(starter == place), at + before - opens[place], layout.opening[name], given.first)
        put(np.flatnonzero(ender == place), at + before + made.counts, layout.closing[name], given.last)
    if everything:
        learned[:] = np.where(turn == NO_TURN, True, taken[turn])
    else:
        ends = (at + before + made.counts)[(closes[ender] > 0) & taken[given.last]]
        learned[ends] = True

    stretch = np.repeat(np.arange(count), made.counts)
    inner = np.arange(len(made.ids)) + np.repeat(at + before - (np.cumsum(made.counts) - made.counts), made.counts)
    head, tail = _parts(given, stretch, made.starts, made.ends)
    ids[inner], turn[inner] = made.ids, given.part_turn[tail]
    role[inner] = np.where(
        _any(given.part_role == Role.ASSISTANT, head, tail),
        Role.ASSISTANT,
        np.where(head == tail, given.part_role[head], Role.FRAME),
    )
    spoken = everything | (given.part_role == Role.ASSISTANT)
    learned[inner] = _any(taken[given.part_turn] & spoken, head, tail)
    inside[inner[1:]] = (made.starts[1:] < made.ends[:-1]) & (stretch[1:] == stretch[:-1])
    by_row = np.bincount(given.row, weights=sizes, minlength=rows).astype(np.int64)
    return Block(ids, learned, role, turn, inside, by_row, given.speaker)


def _taken(given: Stretches, labels: str) -> npt.NDArray[np.bool_]:
    """Of each turn, whether loss is taken on it."""
    if labels == "all":
        return np.ones(len(given.speaker), bool)
    if labels == "all-but-system":
        return np.not_equal(given.speaker, SPEAKERS.index("system"))
    answers = np.equal(given.speaker, ASSISTANT)
    if labels == "last-answer":
        places = np.flatnonzero(answers)
        answers[places[:-1][np.diff(given.turn_row[places]) == 0]] = False
    return answers


def _parts(
    given: Stretches, stretch: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first and the last part that each token has characters of; one without characters belongs where it stands."""
    base, limit = given.base[stretch], given.base[stretch + 1] - 1
    begin = np.minimum(base + starts, limit)
    end = np.clip(base + ends - 1, begin, limit)
    parts = given.part_start
    return np.searchsorted(parts, begin, "right") - 1, np.searchsorted(parts, end, "right") - 1


def _any(
    flag: npt.NDArray[np.bool_], head: npt.NDArray[np.int64], tail: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether any part from `head` to `tail` is flagged."""
    counted = np.append(0, np.cumsum(flag))
    result: npt.NDArray[np.bool_] = counted[tail + 1] > counted[head]
    return result
