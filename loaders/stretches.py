"""Segments to pieces: what is encoded by itself, each once, and which part of it is whose.

A *stretch* is the text between two control tokens. It is cut into *pieces* where a cut is proven for the tokenizer
(`loaders.boundaries`), so that a text that many rows repeat is one piece, encoded once; elsewhere it stays whole. A
*zone* is the part of a piece that has one role.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from loaders.boundaries import REACH, Boundaries
from loaders.inert import Place
from loaders.ragged import begins, spread, taken
from loaders.templates import SPEAKERS, Layout


class Role(IntEnum):
    """What a token is part of; FRAME is the template's own: headers, gaps, literal text, control tokens."""

    FRAME = 0
    SYSTEM = 1
    USER = 2
    CONTEXT = 3
    ASSISTANT = 4


NAMES = ["system", "user", "context", "assistant", "system-frame", "user-frame", "assistant-frame"]
"""Roles of segments; context is given by the user, and what a template puts into an answer is part of it."""
ROLE_OF = np.array([Role.SYSTEM, Role.USER, Role.CONTEXT, Role.ASSISTANT, Role.FRAME, Role.FRAME, Role.ASSISTANT])
SPEAKER_OF = np.array([0, 1, 1, 2, 0, 1, 2])
"""Place in SPEAKERS by place in NAMES."""
FIRST_FRAME = NAMES.index("system-frame")
ASSISTANT = SPEAKERS.index("assistant")

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Zones(NamedTuple):
    """Zones of several pieces, one after another: where each begins, in bytes from the beginning of its piece; its
    `Role`; its turn, counted from the first of the piece; whether loss is taken on it.
    """

    start: Ints
    role: Ints
    turn: Ints
    learned: Bools


class Ends(NamedTuple):
    """What stands around the text of each piece.

    Attributes:
        opens: of n, 0 for nothing, else 1 + the speaker whose turn opens, and 3 more where the row begins.
        closes: of n, 0 for nothing, else 1 + the speaker whose turn closes, and 3 more where the row ends.
        opened, closed: of n, whether loss is taken on the turn that opens, and on the one that closes.
        last: of n, the last turn, counted from the first of the piece.
    """

    opens: Ints
    closes: Ints
    opened: Bools
    closed: Bools
    last: Ints


@dataclass(frozen=True)
class Pieces:
    """The pieces of some rows: where they occur, and the different ones.

    Attributes:
        row, kind, turn: int64 of m occurrences, in order: the row, which of the different pieces, and its first turn.
        before, texts, after: of the n different ones, three texts that are one when joined.
        place: of n, `Place` of the text.
        ends: of n.
        bounds: int64 of n + 1, the zones of each in `zones`.
        speaker, turn_row: int64 of the turns: place in SPEAKERS, and the row.
    """

    row: Ints
    kind: Ints
    turn: Ints
    before: pl.Series
    texts: pl.Series
    after: pl.Series
    place: Ints
    ends: Ends
    bounds: Ints
    zones: Zones
    speaker: Ints
    turn_row: Ints


def pieces(parts: pl.DataFrame, layout: Layout, boundaries: Boundaries, labels: str) -> Pieces:
    """Lay rows out as `layout` says, and cut them.

    Args:
        parts: the segments of all rows, one after another: row, role, text.
        layout: headers, gaps and where control tokens stand.
        boundaries: the proven cuts of the tokenizer.
        labels: one of `loaders.options.LABELS`.

    Returns:
        Pieces; `row` is that of `parts`.
    """
    name = parts["role"].cast(pl.Enum(NAMES)).to_physical().to_numpy().astype(np.int64)
    row, text = parts["row"].to_numpy().astype(np.int64), parts["text"]
    speaker = SPEAKER_OF[name]
    new_row = np.diff(row, prepend=-1) != 0
    new_turn = new_row | (np.diff(speaker, prepend=-1) != 0)
    turn = np.cumsum(new_turn) - 1
    speakers, turn_row = speaker[new_turn], row[new_turn]
    learned = _learned(speakers, turn_row, labels)
    opens = np.array([len(layout.opening[speaker]) > 0 for speaker in SPEAKERS])
    closes = np.array([len(layout.closing[speaker]) > 0 for speaker in SPEAKERS])
    new_stretch = new_row | (new_turn & (opens[speaker] | closes[np.roll(speaker, 1)]))

    headers = [layout.header[speaker] for speaker in SPEAKERS]
    leads = pl.Series([layout.gap, *headers, *(layout.gap + header for header in headers)], dtype=pl.String)
    lead = leads.gather(np.where(new_turn, 1 + speaker + len(SPEAKERS) * ~new_stretch, 0))
    found = _fragments(lead, text, name >= FIRST_FRAME, new_stretch, boundaries)

    # Zones of all pieces in order: before each part what leads to it, then the part. Each text of a record counts as a
    # byte longer here, so that an empty one has a place too.
    content = np.zeros(len(row), bool)
    content[found.number] = True
    sizes = np.empty(2 * len(row), np.int64)
    sizes[0::2], sizes[1::2] = _bytes(lead), _bytes(text) + content
    role = np.zeros_like(sizes)
    role[1::2] = ROLE_OF[name]
    piece_start = (begins(found.size + 1)[:-1])[found.begins]
    full = sizes > 0
    zone_start, zone_role, zone_turn = (np.cumsum(sizes) - sizes)[full], role[full], np.repeat(turn, 2)[full]
    texts_before = np.repeat(np.cumsum(content) - content, 2)[full]
    # A piece may begin inside a zone, which then goes on in it.
    inside = np.searchsorted(zone_start, piece_start, "right") - 1
    again = inside[zone_start[inside] != piece_start]
    added = piece_start[zone_start[inside] != piece_start]
    zone_start = np.insert(zone_start, again + 1, added)
    zone_role, zone_turn, texts_before = (
        np.insert(array, again + 1, array[again]) for array in (zone_role, zone_turn, texts_before)
    )
    bounds = np.append(np.searchsorted(zone_start, piece_start), len(zone_start))
    piece_of = np.repeat(np.arange(len(piece_start)), np.diff(bounds))
    zone_start, piece_start = zone_start - texts_before, piece_start - found.begins
    first_turn, last_turn = zone_turn[bounds[:-1]], zone_turn[bounds[1:] - 1]
    spoken = np.isin(labels, ("all", "all-but-system")) | (zone_role == Role.ASSISTANT)
    zones = Zones(
        zone_start - piece_start[piece_of], zone_role, zone_turn - first_turn[piece_of], learned[zone_turn] & spoken
    )

    opening, closing = found.opens, found.closes  # of pieces: a stretch begins, or ends, with it
    piece_row = turn_row[first_turn]
    begins_row = np.diff(piece_row, prepend=-1) != 0
    ends_row = np.append(begins_row[1:], np.ones(min(len(begins_row), 1), bool))
    last_speaker = speakers[last_turn]
    ends = Ends(
        np.where(opening, 1 + speakers[first_turn] + len(SPEAKERS) * begins_row, 0),
        np.where(closing, 1 + last_speaker + len(SPEAKERS) * (ends_row & ~closes[last_speaker]), 0),
        learned[first_turn],
        learned[last_turn],
        last_turn - first_turn,
    )
    # The tokenizer's own beginning token does not count as a control token that a text follows.
    follows = ~begins_row | opens[speakers[first_turn]]
    place = np.where(opening, np.where(follows, Place.FOLLOWING, Place.FIRST), Place.INNER)

    alike = _alike(zones, bounds, ends, place)
    kind, chosen = found.different(alike)
    return Pieces(
        piece_row,
        kind,
        first_turn,
        *found.texts(chosen),
        place[chosen],
        taken(ends, chosen),
        begins(np.diff(bounds)[chosen]),
        taken(zones, spread(bounds[chosen], np.diff(bounds)[chosen])),
        speakers,
        turn_row,
    )


def _learned(speaker: Ints, turn_row: Ints, labels: str) -> Bools:
    """Of each turn, whether loss is taken on it."""
    if labels == "all":
        return np.ones(len(speaker), bool)
    if labels == "all-but-system":
        return np.not_equal(speaker, SPEAKERS.index("system"))
    answers = np.equal(speaker, ASSISTANT)
    if labels == "last-answer":
        places = np.flatnonzero(answers)
        answers[places[:-1][np.diff(turn_row[places]) == 0]] = False
    return answers


class _Fragments(NamedTuple):
    """A text of a record with what the template puts before and after it, up to the cuts; several are a piece where no
    cut is proven between them.

    `number` is the part that each is made around; `size` in bytes; `begins` are the fragments that begin a piece;
    `opens` and `closes` tell of each piece whether a stretch begins and ends with it.
    """

    number: Ints
    before: pl.Series
    text: pl.Series
    after: pl.Series
    size: Ints
    begins: Ints
    opens: Bools
    closes: Bools

    def different(self, alike: npt.NDArray[np.uint64]) -> tuple[Ints, Ints]:
        """Which of the different pieces each is, and one piece of each kind; pieces of several fragments all differ.

        Args:
            alike: of each piece, a number that is the same where all but the text is.
        """
        single = np.diff(np.append(self.begins, len(self.size))) == 1
        own = np.where(single, 0, np.arange(1, len(single) + 1))
        texts = [series.gather(self.begins) for series in (self.before, self.text, self.after)]
        hashed = _mixed(alike, own, *(series.hash().to_numpy() for series in texts))
        kind, chosen = _numbered(pl.DataFrame({"hashed": hashed}))
        exact = pl.DataFrame([series.alias(str(place)) for place, series in enumerate(texts)])
        exact = exact.with_columns(alike=alike, own=own)
        if not exact.equals(exact[chosen][kind]):  # two different ones have one hash
            kind, chosen = _numbered(exact)
        return kind, chosen

    def texts(self, chosen: Ints) -> tuple[pl.Series, pl.Series, pl.Series]:
        """What is before, the text, and what is after, of some pieces."""
        first, counts = self.begins[chosen], np.diff(np.append(self.begins, len(self.size)))[chosen]
        before, text, after = (series.gather(first) for series in (self.before, self.text, self.after))
        several = np.flatnonzero(counts > 1)
        if len(several):
            inside = pl.DataFrame({"piece": np.repeat(several, counts[several])}).with_columns(
                pl.concat_str(*(s.gather(spread(first[several], counts[several])) for s in self[1:4])).alias("text")
            )
            whole = inside.group_by("piece", maintain_order=True).agg(pl.col("text").str.join(""))["text"]
            text = text.scatter(several, whole)
            before, after = (series.scatter(several, "") for series in (before, after))
        return before, text, after


def _fragments(
    lead: pl.Series, text: pl.Series, frame: Bools, new_stretch: Bools, boundaries: Boundaries
) -> _Fragments:
    stretch = np.cumsum(new_stretch) - 1
    content = ~frame
    content |= new_stretch & (np.bincount(stretch, content, minlength=1)[stretch] == 0)
    number = np.flatnonzero(content)
    between, trail = _around(lead, text, content, stretch)
    texts = text.gather(number)
    first = np.diff(stretch[number], prepend=-1) != 0
    ends = np.append(first[1:], np.ones(min(len(first), 1), bool))

    joints = pl.DataFrame(
        {"before": texts.str.tail(REACH).shift(1), "between": between, "after": texts.str.head(1)}
    ).with_columns(pl.Series("first", first))
    tried = joints.filter(~pl.col("first")).select("before", "between", "after").unique()
    cuts = [boundaries.cut(*row) for row in tried.iter_rows()]
    tried = tried.with_columns(pl.Series("cut", cuts, dtype=pl.Int64))
    cut = joints.join(tried, on=["before", "between", "after"], how="left", maintain_order="left")["cut"]
    cut = cut.set(pl.Series(first), 0).fill_null(-1)  # the first of a stretch has all that is before it

    split = cut >= 0
    at = cut.clip(0)
    before = between.to_frame("s").select(pl.col("s").str.slice(at)).to_series()
    head = between.to_frame("s").select(pl.col("s").str.slice(0, at)).to_series()
    after = head.shift(-1, fill_value="").set(pl.Series(ends), None).fill_null(trail)
    size = _bytes(before) + _bytes(texts) + _bytes(after)
    begun = np.flatnonzero(split.to_numpy())
    last = np.append(begun[1:], len(texts))[: len(begun)] - 1
    return _Fragments(number, before, texts, after, size, begun, first[begun], ends[last])


def _around(lead: pl.Series, text: pl.Series, content: Bools, stretch: Ints) -> tuple[pl.Series, pl.Series]:
    """Of each text of a record, what the template puts between the text before it and it, and what it puts after the
    last of a stretch.
    """
    number = np.flatnonzero(content)
    trail = pl.repeat("", len(number), dtype=pl.String, eager=True)
    if content.all():
        return lead, trail
    after = np.cumsum(content)
    owner: Ints = after - content
    trailing = ~content & ((owner == len(number)) | (stretch[number[np.minimum(owner, len(number) - 1)]] != stretch))
    said = pl.DataFrame(
        {"owner": np.where(trailing, owner - 1, owner), "trailing": trailing, "lead": lead, "text": text}
    ).with_columns(pl.when(pl.Series(content)).then("lead").otherwise(pl.concat_str("lead", "text")).alias("said"))
    joined = said.group_by("owner", "trailing", maintain_order=True).agg(pl.col("said").str.join(""))
    between, last = joined.filter(~pl.col("trailing")), joined.filter("trailing")
    return between["said"], trail.scatter(last["owner"], last["said"]) if last.height else trail


def _numbered(keys: pl.DataFrame) -> tuple[Ints, Ints]:
    """Which of the different rows each is, in the order of the first of each, and where the first is."""
    firsts = keys.group_by(keys.columns, maintain_order=True).agg(pl.len()).drop("len").with_row_index("kind")
    kind = keys.join(firsts, on=keys.columns, how="left", maintain_order="left", nulls_equal=True)["kind"]
    number = kind.to_numpy().astype(np.int64)
    return number, np.flatnonzero(np.diff(np.maximum.accumulate(number), prepend=-1) != 0)


def _alike(zones: Zones, bounds: Ints, ends: Ends, place: Ints) -> npt.NDArray[np.uint64]:
    """A number for each piece that is the same where zones, ends and place are."""
    if not len(place):
        return np.zeros(0, np.uint64)
    ordinal = spread(np.zeros(len(place), np.int64), np.diff(bounds))
    of_zones = np.add.reduceat(_mixed(ordinal, *zones), bounds[:-1])
    return of_zones + _mixed(np.diff(bounds), *ends, place)


def _mixed(*columns: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Rows of numbers as one number each, after the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = (mixed + column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
    return mixed


def _bytes(texts: pl.Series) -> Ints:
    sizes: Ints = texts.str.len_bytes().to_numpy().astype(np.int64)
    return sizes
