"""Make rows fit: the context is cut first and the answer never."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.ragged import begins, spread, taken
from loaders.stretches import ASSISTANT, Role

LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8, and so the most tokens that can share one."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class References(NamedTuple):
    """The tokens of rows as stretches of the token file, in the order of the rows.

    Attributes:
        row: which row.
        start, size: the first token in the file, and how many.
        role: `loaders.stretches.Role`.
        turn: counted over all rows; -1 for what stands before and after a row.
        learned: whether loss is taken on them.
    """

    row: Ints
    start: Ints
    size: Ints
    role: Ints
    turn: Ints
    learned: Bools


class Fitted(NamedTuple):
    """Rows that fit: their tokens (`row` counts them), the record that each is made of, and how many were cut, divided
    and dropped, and for what.
    """

    references: References
    records: Ints
    counts: Counter[str]


class File(NamedTuple):
    """The token file, as much of it as cutting looks at: ids, and of each id whether it goes on with a character."""

    ids: npt.NDArray[np.int32]
    continues: Bools

    def inside(self, places: Ints) -> Bools:
        """Whether these tokens go on with the character that the token before began."""
        flags: Bools = self.continues[self.ids[places]]
        return flags


def fit(given: References, rows: int, file: File, speaker: Ints, limit: int, how: str, *, running: bool) -> Fitted:
    """Make each row one of at most `limit` tokens, or several, or none.

    First tokens of the context go, from the end, beginning or middle. Where that is not enough, the oldest turns of a
    dialogue go, system turns excepted, and at last the beginning of the question; a row that still does not fit is
    dropped. Running text becomes several rows. No character is cut in two, but one that is longer than a row.

    Args:
        given: the tokens of `rows` rows.
        rows: how many there are.
        file: what the references point into.
        speaker: of each turn, place in SPEAKERS.
        limit: tokens of a row.
        how: one of `loaders.options.TRUNCATES`.
        running: the rows are running text.
    """
    sizes = np.bincount(given.row, given.size, minlength=rows).astype(np.int64)
    counts = Counter({"no text": int((sizes == 0).sum())})
    long = sizes > limit
    if not long.any():
        return _numbered(given, sizes > 0, counts)
    if how == "drop":
        counts["too long"] = int(long.sum())
        return _numbered(given, (sizes > 0) & ~long, counts)
    if running:
        counts["divided"] = int(long.sum())
        return _divided(given, long, sizes, file, limit, counts)
    cut, shorter = _without_context(given, sizes - limit, file, how.removeprefix("context").lstrip("-") or "tail")
    counts["context"] = int(cut.sum())
    still = np.bincount(shorter.row, shorter.size, minlength=rows) > limit
    dropped = np.zeros(rows, bool)
    others: list[References] = []
    first = begins(np.bincount(shorter.row, minlength=rows))
    for row in np.flatnonzero(still).tolist():
        own = taken(shorter, slice(first[row], first[row + 1]))
        kept, what = _without_turns_and_question(own, file, speaker, limit)
        dropped[row] = kept is None
        if kept is not None:
            others.append(kept)
            counts.update(what)
    counts["context"] -= int((cut & dropped).sum())
    counts["too long"], counts["cut"] = int(dropped.sum()), int((long & ~dropped).sum())
    whole = taken(shorter, ~still[shorter.row])
    joined = References(*(np.concatenate(columns) for columns in zip(whole, *others, strict=True)))
    order = np.argsort(joined.row, kind="stable")
    return _numbered(taken(joined, order), (sizes > 0) & ~dropped, counts)


def _numbered(given: References, kept: Bools, counts: Counter[str]) -> Fitted:
    """The rows that are kept, counted anew."""
    number = np.cumsum(kept) - 1
    references = taken(given, kept[given.row])
    return Fitted(references._replace(row=number[references.row]), np.flatnonzero(kept), counts)


class _Line(NamedTuple):
    """Some references laid end to end, so that a token has a place in a row: `bounds` is where each begins."""

    start: Ints
    bounds: Ints

    def token(self, places: Ints) -> Ints:
        """The place in the file of tokens at these places of the line."""
        which = np.searchsorted(self.bounds, places, "right") - 1
        found: Ints = self.start[which] + places - self.bounds[which]
        return found


def _whole(line: _Line, file: File, at: Ints, low: Ints, high: Ints, step: int) -> Ints:
    """Places between `low` and `high`, both excepted, moved by `step` until a character begins there."""
    at = at.copy()
    for _ in range(LONGEST_CHARACTER):
        moving = (at > low) & (at < high)
        moving[moving] = file.inside(line.token(at[moving]))
        if not moving.any():
            break
        at[moving] += step
    return at


def _without_context(given: References, over: Ints, file: File, where: str) -> tuple[Bools, References]:
    """Leave out `over` tokens of the context of each row, or all of it; say which rows have any to lose."""
    context = (given.role == Role.CONTEXT) & (over[given.row] > 0)
    own = taken(given, context)
    line = _Line(own.start, begins(own.size))
    total = np.bincount(own.row, own.size, minlength=len(over)).astype(np.int64)
    base = begins(total)[:-1]
    count = np.clip(over, 0, total)
    rest = total - count
    begin = base + {"tail": rest, "head": np.zeros_like(rest), "middle": (rest + 1) // 2}[where]
    begin, end = (_whole(line, file, at, base, base + total, step) for at, step in ((begin, -1), (begin + count, 1)))
    first, last = line.bounds[:-1], line.bounds[1:]
    left, right = given.size.copy(), np.zeros(len(given.size), np.int64)
    left[context] = np.clip(begin[own.row] - first, 0, own.size)
    right[context] = np.clip(last - end[own.row], 0, own.size)
    some = total * (over > 0) > 0
    if where != "middle":  # one end stays of each
        sizes = left if where == "tail" else np.where(context, right, given.size)
        starts = given.start if where == "tail" else given.start + given.size - sizes
        return some, taken(given._replace(start=starts, size=sizes), sizes > 0)
    twice = taken(given, np.repeat(np.arange(len(given.row)), 2))
    sizes = np.stack([left, right], axis=1).reshape(-1)
    starts = np.stack([given.start, given.start + given.size - right], axis=1).reshape(-1)
    return some, taken(twice._replace(start=starts, size=sizes), sizes > 0)


def _divided(given: References, long: Bools, sizes: Ints, file: File, limit: int, counts: Counter[str]) -> Fitted:
    """Cut rows that are too long into several, at whole characters; the others stay."""
    line, base = _Line(given.start, begins(given.size)), begins(sizes)
    row = np.flatnonzero(sizes > 0)
    begin = base[row]
    pieces: list[tuple[Ints, Ints, Ints]] = []
    while len(row):
        stop = base[row + 1]
        end = np.minimum(begin + limit, stop)
        whole = _whole(line, file, end, begin, stop, -1)
        end = np.where(whole > begin, whole, end)
        pieces.append((row, begin, end))
        more = end < stop
        row, begin = row[more], end[more]
    rows, begins_at, ends_at = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    order = np.argsort(begins_at, kind="stable")
    rows, begins_at, ends_at = rows[order], begins_at[order], ends_at[order]
    first = np.searchsorted(line.bounds, begins_at, "right") - 1
    count = np.searchsorted(line.bounds, ends_at, "left") - first
    number, which = np.repeat(np.arange(len(rows)), count), spread(first, count)
    low, high = np.maximum(line.bounds[which], begins_at[number]), np.minimum(line.bounds[which + 1], ends_at[number])
    made = taken(given, which)
    made = made._replace(row=number, start=made.start + low - line.bounds[which], size=high - low)
    return Fitted(taken(made, made.size > 0), rows, counts)


def _without_turns_and_question(
    own: References, file: File, speaker: Ints, limit: int
) -> tuple[References | None, list[str]]:
    """One row without its oldest turns and the beginning of its question; None where the answer alone would be left."""
    tokens = spread(own.start, own.size)
    role, turn = np.repeat(own.role, own.size), np.repeat(own.turn, own.size)
    kept = np.ones(len(tokens), bool)
    cut = ["turns"] if _drop_turns(kept, turn, speaker, limit) else []
    if (over := int(kept.sum()) - limit) > 0:
        question = np.flatnonzero(kept & (role == Role.USER))
        while over < len(question) and file.inside(tokens[question[over : over + 1]])[0]:
            over += 1
        if over >= len(question):
            return None, []
        kept[question[:over]] = False
        cut.append("question")
    which = np.repeat(np.arange(len(own.row)), own.size)
    begun = np.flatnonzero(kept & (np.diff(kept, prepend=False) | (np.diff(which, prepend=-1) != 0)))
    made = taken(own, which[begun])
    sizes = np.diff(np.append(np.cumsum(kept)[begun] - 1, kept.sum()))
    return made._replace(start=tokens[begun], size=sizes), cut


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
