"""Rows of different lengths, one after another in a flat array."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def begins(sizes: Ints) -> Ints:
    """Where rows of these sizes begin, and where the last ends: n + 1 places."""
    bounds = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=bounds[1:])
    return bounds


def spread(starts: Ints, sizes: Ints) -> Ints:
    """``starts[0], starts[0] + 1, …`` for each row, as many as its size, one row after another."""
    bounds = begins(sizes)
    return np.arange(bounds[-1]) + np.repeat(np.asarray(starts, np.int64) - bounds[:-1], sizes)


Columns = TypeVar("Columns", bound=tuple[Any, ...])


def taken(columns: Columns, chosen: npt.NDArray[Any] | slice) -> Columns:
    """Some rows of a named tuple of arrays."""
    return type(columns)(*(column[chosen] for column in columns))
