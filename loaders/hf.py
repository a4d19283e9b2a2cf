"""Tokens as a `datasets.Dataset`: for trainers that take nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from loaders.tokens import IGNORED
from registry.errors import MedRegistryError

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

    from loaders.tokens import Tokens

CHUNK = 1 << 20
"""Tokens that are written out at once, about."""


def dataset_of(tokens: Tokens) -> datasets.Dataset:
    """Rows with the columns input_ids and labels: lists of int32, -100 where no loss is taken, not shifted.

    All tokens are written out in memory, 8 bytes each: a text that rows share, as often as rows have it.

    Raises:
        MedRegistryError: the package `datasets` is missing.
    """
    try:
        import datasets
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise MedRegistryError('to_hf() needs the package datasets: pip install "medregistry[datasets]"') from error
    ints = pa.list_(pa.int32())
    schema = pa.schema({"input_ids": ints, "labels": ints})
    return datasets.Dataset(pa.Table.from_batches(_chunks(tokens, schema), schema))


def _chunks(tokens: Tokens, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    bounds = tokens.offsets.astype(np.int64)
    every = np.searchsorted(bounds, np.arange(0, bounds[-1], CHUNK))
    edges = np.unique(np.append(every, [0, len(tokens)])).tolist()
    for first, end in pairwise(edges):
        made = tokens.rows(np.arange(first, end))
        ids = made.ids.astype(np.int32)
        labels = np.where(made.learned, ids, np.int32(IGNORED))
        # Lists of a chunk count from its own first token, in 32 bits.
        begins = pa.array((bounds[first : end + 1] - bounds[first]).astype(np.int32))
        columns = [pa.ListArray.from_arrays(begins, pa.array(values)) for values in (ids, labels)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
