"""Make a row fit: the context is cut first and the answer never."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.stretches import ASSISTANT, Role

TRUNCATES = ("context", "context-head", "context-middle", "drop")
"""What goes of a row that is too long: the end of its context, its beginning, its middle; or the row."""

CUTS = ("context", "turns", "question")
"""What may be cut of a row, in this order and only while it is too long."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Fitted(NamedTuple):
    """Which tokens of a row stay (bool for each), and the names of what was cut."""

    kept: Bools
    cut: tuple[str, ...]


def fit(role: npt.NDArray[np.int8], turn: Ints, inside: Bools, speaker: Ints, limit: int, how: str) -> Fitted | None:
    """Choose the tokens of a row of more than `limit` tokens that stay.

    First tokens of the context go, from the end, beginning or middle. Where that is not enough, the oldest turns of a
    dialogue go, system turns excepted, and at last the beginning of the question. No character is cut in two.

    Args:
        role, turn, inside: of each token, as in `loaders.assemble.Block`.
        speaker: of each turn.
        limit: tokens that may stay.
        how: one of `TRUNCATES`.

    Returns:
        What stays; None where the answer alone, or the answer with nothing asked, is all that would fit.
    """
    if how == "drop":
        return None
    kept = np.ones(len(role), bool)
    cut: list[str] = []
    context = np.flatnonzero(role == Role.CONTEXT)
    if len(context):
        cut.append("context")
        kept[_leave_out(context, len(role) - limit, inside, how.removeprefix("context").lstrip("-") or "tail")] = False
    if kept.sum() > limit and _drop_turns(kept, turn, speaker, limit):
        cut.append("turns")
    if (over := int(kept.sum()) - limit) > 0:
        question = np.flatnonzero(kept & (role == Role.USER))
        gone = _leave_out(question, over, inside, "head")
        if len(gone) == len(question):
            return None
        cut.append("question")
        kept[gone] = False
    return Fitted(kept, tuple(cut))


def windows(inside: Bools, limit: int) -> list[slice]:
    """Cut a running text of more than `limit` tokens into pieces of at most as many, at whole characters."""
    pieces, start = [], 0
    while start < len(inside):
        end = min(start + limit, len(inside))
        whole = end
        while whole < len(inside) and whole > start and inside[whole]:
            whole -= 1
        end = whole if whole > start else end  # a character longer than a window must be cut
        pieces.append(slice(start, end))
        start = end
    return pieces


def _leave_out(places: Ints, count: int, inside: Bools, where: str) -> Ints:
    """At least `count` of `places` (all, if there are no more), from their tail, head or middle."""
    if count >= len(places):
        return places
    rest = len(places) - count
    begin = {"tail": rest, "head": 0, "middle": (rest + 1) // 2}[where]
    end = begin + count
    while 0 < begin < len(places) and inside[places[begin]]:
        begin -= 1
    while end < len(places) and inside[places[end]]:
        end += 1
    return places[begin:end]


def _drop_turns(kept: Bools, turn: Ints, speaker: Ints, limit: int) -> bool:
    """Drop the oldest turns in place until the row fits; the last answer and what it answers stay."""
    turns = np.unique(turn[turn >= 0])
    answers = turns[speaker[turns] == ASSISTANT]
    if len(answers) < 2:
        return False
    before = turns[turns < answers[-1]]
    questions = before[speaker[before] != ASSISTANT]
    last = questions[-1] if len(questions) else answers[-1]
    dropped = False
    for number in turns[(turns < last) & (speaker[turns] > 0)]:
        # What remains begins with a question wherever there is one.
        if kept.sum() <= limit and speaker[number] != ASSISTANT:
            break
        kept[turn == number] = False
        dropped = True
    return dropped
