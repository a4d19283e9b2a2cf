"""Pack rows into bins of a fixed size: a plan over rows; no row is cut and none is copied."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry.errors import UsageError


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows by pack: pack k holds ``rows[bounds[k]:bounds[k + 1]]``; `rows` int64 of n, `bounds` int64 of packs + 1."""

    rows: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, index: int) -> npt.NDArray[np.int64]:
        return self.rows[self.bounds[index] : self.bounds[index + 1]]


def one_each(count: int) -> Plan:
    """A plan with one row in each pack."""
    return Plan(np.arange(count), np.arange(count + 1))


def best_fit(lengths: npt.NDArray[np.integer], size: int) -> Plan:
    """Best-fit-decreasing: the longest row first, each into the fullest pack that still has room for it.

    Args:
        lengths: tokens of each row, any integer type.
        size: room of a pack, any positive number.

    Returns:
        A plan in which every row occurs once and no pack holds more than `size` tokens. The same lengths give the same
        plan. Takes O(n log size).

    Raises:
        UsageError: a row is longer than a pack.
    """
    lengths = np.asarray(lengths, np.int64)
    if len(lengths) and lengths.max() > size:
        row = int(lengths.argmax())
        raise UsageError(
            f"row {row} has {lengths[row]} tokens and does not fit a pack of {size}; tokens are never cut here"
        )
    order = np.argsort(-lengths, kind="stable")
    packs = np.empty(len(lengths), np.int64)
    spaces: list[int] = []  # the different amounts of free space, ascending
    with_space: dict[int, list[int]] = {}  # free space -> packs that have it
    count = 0
    for place, length in enumerate(lengths[order].tolist()):
        found = bisect_left(spaces, length)
        if found == len(spaces):
            space, pack, count = size, count, count + 1
        else:
            space = spaces[found]
            pack = with_space[space].pop()
            if not with_space[space]:
                del spaces[found], with_space[space]
        packs[place] = pack
        left = space - length
        if left in with_space:
            with_space[left].append(pack)
        else:
            insort(spaces, left)
            with_space[left] = [pack]
    by_pack = np.argsort(packs, kind="stable")
    bounds = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(packs, minlength=count), out=bounds[1:])
    return Plan(order[by_pack], bounds)
