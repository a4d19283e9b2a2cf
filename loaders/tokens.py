"""Tokens: the rows of a tokenized split, one after another in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loaders.pack import Plan, best_fit, one_each

if TYPE_CHECKING:
    import torch

    from loaders.batches import Batches

IGNORED = -100
"""The label of a token on which no loss is taken, as PyTorch and transformers have it."""


@dataclass(frozen=True, repr=False, eq=False)
class Tokens:
    """Token ids and labels of the rows of a split.

    Attributes:
        ids: int32, the tokens of all rows, one row after another.
        labels: int32 of the same length: the token itself where it is learned, else -100. Not shifted.
        offsets: uint64 of n + 1: row i is ``ids[offsets[i]:offsets[i + 1]]``.
        records: int64 of n: the record that each row was made of.
        max_length: no row is longer.
        pad: id to pad with.
        packing: how rows share a pack in the layout `packed`: "best-fit", or "none" for one row each.
        manifest: tokenizer, template, options, counts; plain values, fit for JSON.
    """

    ids: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.uint64]
    records: npt.NDArray[np.int64]
    max_length: int
    pad: int
    packing: str = "best-fit"
    manifest: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (self.ids, self.labels, self.offsets, self.records):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> dict[str, npt.NDArray[np.int32]]:
        """One row: `input_ids` and `labels`, read-only int32 views; negative numbers count from the end.

        Raises:
            IndexError: there is no such row.
        """
        place = range(len(self))[index]
        row = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        return {"input_ids": self.ids[row], "labels": self.labels[row]}

    def __iter__(self) -> Iterator[dict[str, npt.NDArray[np.int32]]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        learned = int(np.count_nonzero(self.labels != IGNORED))
        return (
            f"Tokens({len(self):,} rows, {len(self.ids):,} tokens, {learned:,} learned, max_length {self.max_length})"
        )

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row, int64."""
        return self.lengths_of(slice(None))

    def lengths_of(self, rows: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Tokens of some rows, int64."""
        lengths: npt.NDArray[np.int64] = (self.offsets[1:][rows] - self.offsets[:-1][rows]).astype(np.int64)
        return lengths

    @cached_property
    def plan(self) -> Plan:
        """Which rows share a pack."""
        return best_fit(self.lengths, self.max_length) if self.packing == "best-fit" else one_each(len(self))

    def batches(self, batch_size: int, **options: Any) -> Batches:
        """An iterable of dicts of torch tensors; `loaders.batches.Batches` tells the options and what a batch holds.

        Raises:
            MedRegistryError: PyTorch is missing.
            UsageError: an option that does not fit.
        """
        from loaders.batches import Batches

        return Batches(self, batch_size, **options)

    def dataloader(self, batch_size: int, **options: Any) -> torch.utils.data.DataLoader[dict[str, Any]]:
        """The same batches behind PyTorch's own interface; options as for `batches`.

        Raises:
            MedRegistryError: PyTorch is missing.
            UsageError: an option that does not fit.
        """
        from loaders.batches import Batches, dataloader

        return dataloader(Batches(self, batch_size, **options))
