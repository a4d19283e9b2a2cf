"""Which files of one split are its pieces: shards that belong together are joined, everything else is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from loaders.recognise.words import split_of

MANY_PIECES = 8
"""Beyond this many numbered files a gap in their numbers is a file that is missing, rather than another meaning."""
SHOWN = 3
_SHARD = re.compile(
    r"(?i)(?:[-_.]?(?:part|shard|chunk)[-_.]?|[-_]|(?<=[^\W\d])\.(?=\d{3})|(?<![v.\d]))(\d{1,18})"
    r"(?:[-_]?of[-_]?(\d{1,18}))?$"
)
"""A dot is part of a version (`1.0`), unless a long number stands behind a word (`train.0001`)."""
_WORDS = re.compile(r"[^\W\d_]+")
_VERSION = ("v", "ver", "version", "rev", "revision", "release")


@dataclass(frozen=True)
class Shard:
    """The number of a piece, and of how many it is one."""

    number: int
    of: int | None = None


@dataclass(frozen=True)
class Piece:
    """A file as one of a split's: its path, its number, and whether it belongs to the others whatever its name."""

    path: str
    shard: Shard | None
    joined: bool = False


def shard_of(stem: str) -> tuple[str, str, Shard | None]:
    """A name without its ending, parted: what stands before the number of a shard, that end, and the number.

    The number of a version (``train_v2``, ``train1.1``) is none.
    """
    found = _SHARD.search(stem)
    if found is None or re.fullmatch(r"[A-Za-z]+\d", stem):
        return stem, "", None
    head = stem[: found.start()]
    words = _WORDS.findall(head)
    if words and (words[-1].lower() in _VERSION or (words[-1][-1] in "vV" and split_of(words[-1]) is None)):
        return stem, "", None
    return head, found[0], Shard(int(found[1]), int(found[2]) if found[2] else None)


def belonging(pieces: Sequence[Piece]) -> tuple[list[str], list[str]]:
    """Of the files that seem to be one split those that surely are, in order; and what is to be told.

    Files belong together where all are shards of as many, or bear numbers without a gap. Of several such sets the
    complete one that lies highest is taken: the others may hold the same rows once more.
    """
    pieces = sorted(pieces, key=lambda piece: piece.path)
    if all(piece.joined for piece in pieces):
        return [piece.path for piece in pieces], []
    sets: dict[tuple[object, ...], list[Piece]] = {}
    for piece in pieces:
        folder = PurePosixPath(piece.path).parent
        key = (folder, piece.shard.of) if piece.shard else (piece.path,)
        sets.setdefault(key, []).append(piece)
    parted = [part for together in sets.values() for part in _numbered(together)]
    best = min(parted, key=lambda part: (bool(absent(part)), part[0].path.count("/"), part[0].path))
    notes = absent(best)
    others = [piece.path for part in parted if part is not best for piece in part]
    if others:
        notes.append(
            f"{_few(others)} left out: no further piece of {best[0].path} by the name, and perhaps its rows again or"
            " another version"
        )
    return [piece.path for piece in best], notes


def absent(pieces: Sequence[Piece]) -> list[str]:
    """What is to be told of shards that are not there; nothing where none is known to be missing."""
    shards = [piece.shard for piece in pieces if piece.shard]
    numbers = {shard.number for shard in shards}
    if not shards or len(shards) < len(pieces):
        return []
    of = shards[0].of
    if of is None:
        gaps = max(numbers) - min(numbers) + 1 - len(numbers)
        return [f"{pieces[0].path}: {gaps} numbers between it and {pieces[-1].path} are absent"] if gaps else []
    if any(shard.of != of for shard in shards):
        return []
    first = 1 if of in numbers else 0
    missing = of - sum(first <= number < first + of for number in numbers)
    if missing <= 0:
        return []
    some = [number for number in range(first, first + min(of, len(numbers) + SHOWN)) if number not in numbers]
    told = ", ".join(str(number) for number in some[:SHOWN]) + (", …" if missing > SHOWN else "")
    return [f"{pieces[0].path}: {missing} of {of} shards are absent (number {told})"]


def _numbered(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces of one folder and kind, parted where their numbers do not make one set of them."""
    first: dict[int, Piece] = {}
    again: list[list[Piece]] = []
    for piece in pieces:
        if piece.shard is None:
            return [[one] for one in pieces]
        if piece.shard.number in first:
            again.append([piece])
        else:
            first[piece.shard.number] = piece
    once = list(first.values())
    sure = pieces[0].shard is not None and pieces[0].shard.of is not None
    gap = max(first) - min(first) + 1 > len(first)
    if gap and not sure and len(once) <= MANY_PIECES:
        return [*([piece] for piece in once), *again]
    return [once, *again]


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more + (" is" if len(paths) == 1 else " are")
