"""The elements of a long JSON list as JSON lines, block by block: a list of any length is read in flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from registry.errors import ReadError

LONGEST_ELEMENT = 1 << 30
SHORT = 64
"""Bytes below which an element may be nothing but white space; longer runs of it nobody writes."""
BACKSLASH = 0x5C
TEXT, COMMA, OPENS, CLOSES, BREAK = 1, 2, 3, 4, 5
KIND = np.zeros(256, dtype=np.uint8)
for _kind, _marks in ((TEXT, b'"'), (COMMA, b","), (OPENS, b"[{"), (CLOSES, b"]}"), (BREAK, b"\r\n")):
    KIND[list(_marks)] = _kind

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


def is_list(head: bytes) -> bool:
    """Whether a document that begins like this is a list of objects."""
    start = head.lstrip()
    return start.startswith(b"[") and start[1:].lstrip().startswith(b"{")


def element_blocks(path: Path, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The elements of a JSON list, each on a line of its own.

    Args:
        path: for messages.
        blocks: the document in UTF-8; its first character that is no white space is ``[``.

    Yields:
        Some whole elements, one a line, each line ended.

    Raises:
        ReadError: the list does not end, something follows it, or an element is longer than anyone writes.
    """
    held = b""
    begun = ended = False
    for block in blocks:
        data = held + block
        if not begun:
            data = data.lstrip()
            if not data:
                continue
            begun, data = True, data[1:]
        if ended:
            _refuse_rest(path, data)
            continue
        try:
            text, used, ended = _whole_elements(data)
        except ValueError as error:
            raise ReadError(f"{path}: not a JSON list: {error}") from None
        held = data[used:]
        if text.strip():
            yield text
        if ended:
            _refuse_rest(path, held)
            held = b""
        elif len(held) > LONGEST_ELEMENT:
            raise ReadError(
                f"{path}: one element of its list is longer than {LONGEST_ELEMENT:,} bytes; not read further"
            )
    if not ended:
        raise ReadError(f"{path}: the list does not end; the file is cut short, fetch it again")


def _refuse_rest(path: Path, rest: bytes) -> None:
    if rest.strip():
        raise ReadError(f"{path}: something follows the list: {rest.strip()[:60].decode('utf-8', 'replace')!r}")


def _whole_elements(data: bytes) -> tuple[bytes, int, bool]:
    """Of a text that begins between elements: its whole elements as lines, bytes used, and whether the list ends."""
    array = np.frombuffer(data, dtype=np.uint8)
    kinds = KIND[array]
    places = np.flatnonzero(kinds)
    kinds = kinds[places]
    ends = _ends_of_texts(array, places[kinds == TEXT])
    outside = np.searchsorted(ends, places, side="right") % 2 == 0
    places, kinds = places[outside & (kinds != TEXT)], kinds[outside & (kinds != TEXT)]
    depth = np.cumsum((kinds == OPENS).astype(np.int64) - (kinds == CLOSES))
    closed = np.flatnonzero(depth < 0)
    end = int(places[closed[0]]) if len(closed) else None
    commas = places[(kinds == COMMA) & (depth == 0)]
    if end is not None:
        commas = commas[commas < end]
    elif not len(commas):
        return b"", 0, False
    used = end if end is not None else int(commas[-1]) + 1
    if _lacks_an_element(data, commas, end):
        raise ValueError("two commas follow each other, or one the last element")
    out = array[:used].copy()
    # Line ends between the tokens of an element would end its line.
    breaks = places[kinds == BREAK]
    out[breaks[breaks < used]] = 32
    out[commas] = 10
    return out.tobytes() + (b"\n" if end is not None else b""), used + (end is not None), end is not None


def _lacks_an_element(data: bytes, commas: Places, end: int | None) -> bool:
    """Whether nothing stands before, between or behind commas; a list without any comma may be empty."""
    if not len(commas):
        return False
    begins = np.concatenate([[0], commas + 1])
    ends = np.concatenate([commas, [len(data) if end is None else end]])
    if end is None:
        begins, ends = begins[:-1], ends[:-1]
    short = np.flatnonzero(ends - begins < SHORT)
    return any(not data[begins[place] : ends[place]].strip() for place in short)


def _ends_of_texts(array: Bytes, quotes: Places) -> Places:
    """The quotes that begin and end texts, in turn: those before which stands no odd run of backslashes."""
    slashes = np.flatnonzero(array == BACKSLASH)
    if not len(slashes) or not len(quotes):
        return quotes
    after = (quotes > 0) & (array[quotes - 1] == BACKSLASH)
    escaped = np.zeros(len(quotes), dtype=bool)
    escaped[after] = _odd_run_before(slashes, quotes[after])
    return quotes[~escaped]


def _odd_run_before(slashes: Places, after: Places) -> npt.NDArray[np.bool_]:
    """Whether the run of backslashes that ends right before each place is of odd length."""
    starts = np.concatenate([[True], np.diff(slashes) != 1])
    first = np.maximum.accumulate(np.where(starts, slashes, -1))
    last = np.searchsorted(slashes, after - 1)
    odd: npt.NDArray[np.bool_] = (after - first[last]) % 2 == 1
    return odd
