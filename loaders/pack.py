"""Pack rows into bins of a fixed size: a plan over rows; no row is cut and none is copied."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loaders.ragged import begins, spread
from registry.errors import UsageError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows by pack: pack k holds ``rows[bounds[k]:bounds[k + 1]]``; `rows` int64 of n, `bounds` int64 of packs + 1."""

    rows: Ints
    bounds: Ints

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, index: int) -> Ints:
        return self.rows[self.bounds[index] : self.bounds[index + 1]]

    def of(self, packs: Ints) -> tuple[Ints, Ints]:
        """The rows of some packs, one pack after another, and how many each has."""
        first = self.bounds[packs]
        counts = self.bounds[packs + 1] - first
        return self.rows[spread(first, counts)], counts


def one_each(count: int) -> Plan:
    """A plan with one row in each pack."""
    return Plan(np.arange(count), np.arange(count + 1))


def best_fit(lengths: npt.NDArray[np.integer], size: int) -> Plan:
    """Best-fit-decreasing: the longest row first, each into the fullest pack that still has room for it.

    All rows of one length are placed together: the fullest packs that have room take as many of them as they hold,
    which is what placing one after another comes to. So time goes by the number of different lengths and free spaces.

    Args:
        lengths: tokens of each row, any integer type.
        size: room of a pack, any positive number.

    Returns:
        A plan in which every row occurs once and no pack holds more than `size` tokens. The same lengths give the same
        plan.

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
    different, counts = np.unique(lengths, return_counts=True)
    pack = np.empty(len(lengths), np.int64)  # of each row in `order`
    spaces: list[int] = []  # the different amounts of free space, ascending
    with_space: dict[int, Ints] = {}  # free space -> packs that have it
    made = placed = 0

    def free(space: int, packs: Ints) -> None:
        if not len(packs):
            return
        if space in with_space:
            with_space[space] = np.concatenate([with_space[space], packs])
        else:
            insort(spaces, space)
            with_space[space] = packs

    for length, count in zip(different[::-1].tolist(), counts[::-1].tolist(), strict=True):
        while count:
            found = bisect_left(spaces, length)
            space = size if found == len(spaces) else spaces[found]
            each = count if length == 0 else space // length
            wanted = -(-count // each)
            if found == len(spaces):
                packs = np.arange(made, made + wanted)
                made += wanted
            else:
                packs = with_space[space]
                del spaces[found], with_space[space]
                free(space, packs[wanted:])
                packs = packs[:wanted]
            took = np.full(len(packs), each)
            took[-1] = min(each, count - each * (len(packs) - 1))
            taken = int(took.sum())
            pack[placed : placed + taken] = np.repeat(packs, took)
            placed, count = placed + taken, count - taken
            free(space - each * length, packs[:-1])
            free(space - int(took[-1]) * length, packs[-1:])
    by_pack = np.argsort(pack, kind="stable")
    return Plan(order[by_pack], begins(np.bincount(pack, minlength=made)))
