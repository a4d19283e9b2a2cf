"""Tokens: the rows of a tokenized split, as references into one array of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.pack import Plan, best_fit, one_each
from loaders.ragged import begins, spread

if TYPE_CHECKING:
    import datasets

    from loaders.batches import Batches, Loader
    from loaders.records import Records

IGNORED = -100
"""The label of a token on which no loss is taken, as PyTorch and transformers have it."""
LEARNED = np.uint32(1 << 31)
"""Set in the size of a reference on whose tokens loss is taken."""

Ints = npt.NDArray[np.int64]


class Arrays(NamedTuple):
    """What a token store holds, as arrays that may be mapped from its files.

    Attributes:
        ids: unsigned, the tokens of all texts, each text once.
        starts: unsigned, of the references: the first token in `ids`.
        sizes: uint32, of the references: how many tokens; the highest bit is set where loss is taken on them.
        bounds: unsigned, n + 1: row i is made of the references ``bounds[i]:bounds[i + 1]``, one after another.
        lengths: uint32 of n: the tokens of each row.
        records: unsigned, of n: the record that each row was made of.
    """

    ids: npt.NDArray[Any]
    starts: npt.NDArray[Any]
    sizes: npt.NDArray[np.uint32]
    bounds: npt.NDArray[Any]
    lengths: npt.NDArray[np.uint32]
    records: npt.NDArray[Any]


class Rows(NamedTuple):
    """The tokens of some rows, one after another: ids as they are stored, and whether each is learned."""

    ids: npt.NDArray[Any]
    learned: npt.NDArray[np.bool_]


class Tokens:
    """Token ids and labels of the rows of a split.

    Attributes:
        arrays: the tokens and the rows.
        max_length: no row is longer.
        pad: id to pad with.
        packing: how rows share a pack in the layout `packed`: "best-fit", or "none" for one row each.
        manifest: tokenizer, template, options, counts; plain values, fit for JSON.
        folder: where the arrays are files; None where they are in memory alone.
        source: the records, for their pictures and signals.
    """

    def __init__(
        self,
        arrays: Arrays | None,
        max_length: int,
        pad: int,
        packing: str = "best-fit",
        manifest: dict[str, Any] | None = None,
        folder: Path | None = None,
        source: Records | None = None,
    ) -> None:
        self._arrays = arrays
        self.max_length = max_length
        self.pad = pad
        self.packing = packing
        self.manifest = manifest or {}
        self.folder = folder
        self.source = source

    @property
    def arrays(self) -> Arrays:
        """The tokens and the rows; mapped now where another process handed only the folder over."""
        if self._arrays is None:
            from loaders.tokenstore import mapped

            assert self.folder is not None  # noqa: S101 - one of both is always there
            self._arrays = mapped(self.folder)
        return self._arrays

    def __getstate__(self) -> dict[str, Any]:
        """Without what is mapped: another process maps it anew."""
        mapped = {"_arrays": None, "source": None} if self.folder is not None else {"source": None}
        return {name: value for name, value in self.__dict__.items() if name != "plan"} | mapped

    def __len__(self) -> int:
        return len(self.arrays.lengths)

    def __getitem__(self, index: int) -> dict[str, npt.NDArray[np.int32]]:
        """One row: `input_ids` and `labels`, read-only int32; negative numbers count from the end.

        Raises:
            IndexError: there is no such row.
        """
        made = self.rows(np.array([range(len(self))[index]]))
        ids = made.ids.astype(np.int32)
        labels = np.where(made.learned, ids, np.int32(IGNORED))
        ids.setflags(write=False)
        labels.setflags(write=False)
        return {"input_ids": ids, "labels": labels}

    def __iter__(self) -> Iterator[dict[str, npt.NDArray[np.int32]]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        learned = int(self.arrays.sizes[self.arrays.sizes >= LEARNED].sum(dtype=np.uint64) & np.uint64(LEARNED - 1))
        total = int(self.lengths.sum())
        return (
            f"Tokens({len(self):,} rows, {total:,} tokens, {learned:,} learned, {len(self.arrays.ids):,} stored, "
            f"max_length {self.max_length})"
        )

    def rows(self, chosen: npt.NDArray[Any]) -> Rows:
        """The tokens of some rows, one after another."""
        _, starts, sizes, bounds, _, _ = self.arrays
        first = bounds[chosen].astype(np.int64)
        which = spread(first, bounds[chosen + 1].astype(np.int64) - first)
        flagged = sizes[which]
        sized = (flagged & (LEARNED - 1)).astype(np.int64)
        return Rows(
            self.arrays.ids[spread(starts[which].astype(np.int64), sized)], np.repeat(flagged >= LEARNED, sized)
        )

    @property
    def ids(self) -> npt.NDArray[np.int32]:
        """int32, the tokens of all rows, one row after another, written out: a text as often as rows have it."""
        return self.rows(np.arange(len(self))).ids.astype(np.int32)

    @property
    def labels(self) -> npt.NDArray[np.int32]:
        """int32 of the length of `ids`: the token itself where it is learned, else -100. Not shifted."""
        made = self.rows(np.arange(len(self)))
        return np.where(made.learned, made.ids.astype(np.int32), np.int32(IGNORED))

    @property
    def offsets(self) -> npt.NDArray[np.uint64]:
        """uint64 of n + 1: row i is ``ids[offsets[i]:offsets[i + 1]]``."""
        return begins(self.lengths).astype(np.uint64)

    @property
    def lengths(self) -> Ints:
        """Tokens of each row, int64."""
        return self.arrays.lengths.astype(np.int64)

    @property
    def records(self) -> Ints:
        """The record that each row was made of, int64."""
        return self.arrays.records.astype(np.int64)

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

    def dataloader(self, batch_size: int, **options: Any) -> Loader:
        """The same batches behind PyTorch's own interface; options as for `batches`, and `num_workers`.

        Raises:
            MedRegistryError: PyTorch is missing.
            UsageError: an option that does not fit.
        """
        from loaders.batches import Batches, dataloader

        workers = {name: options.pop(name) for name in ("num_workers", "multiprocessing_context") if name in options}
        return dataloader(Batches(self, batch_size, **options), **workers)

    def to_hf(self) -> datasets.Dataset:
        """The rows as a `datasets.Dataset` with the columns input_ids and labels, written out.

        Raises:
            MedRegistryError: the package `datasets` is missing.
        """
        from loaders.hf import dataset_of

        return dataset_of(self)


def of_rows(
    ids: npt.NDArray[np.int32],
    labels: npt.NDArray[np.int32],
    offsets: npt.NDArray[Any],
    max_length: int,
    pad: int,
    packing: str = "best-fit",
) -> Tokens:
    """Tokens that were made elsewhere: rows one after another in flat arrays, as `Tokens.ids`, `labels`, `offsets`."""
    edges = np.asarray(offsets, np.int64)
    learned = labels != IGNORED
    starts = np.union1d(np.flatnonzero(np.diff(learned, prepend=~learned[:1])), edges[:-1][np.diff(edges) > 0])
    sizes = np.diff(np.append(starts, len(ids))).astype(np.uint32)
    sizes[learned[starts]] |= LEARNED
    bounds = np.searchsorted(starts, edges)
    lengths = np.diff(edges).astype(np.uint32)
    arrays = Arrays(ids, starts, sizes, bounds, lengths, np.arange(len(lengths)))
    return Tokens(arrays, max_length, pad, packing)
