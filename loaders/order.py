"""A seeded order of n things that takes no memory: each place is computed when it is asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROUNDS = 6
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def shuffled(places: Ints, count: int, seed: int, epoch: int) -> Ints:
    """What stands at some places of a permutation of ``range(count)``, int64.

    A Feistel network over the next even power of two permutes (Luby and Rackoff, 1988); what falls outside is permuted
    again until it does not (cycle walking: Black and Rogaway, 2002).

    Args:
        places: int64, each in ``range(count)``.
        count: how many things there are.
        seed, epoch: each pair has an order of its own, the same on every machine.
    """
    half = np.uint64(max(1, (max(count - 1, 1).bit_length() + 1) // 2))
    keys = [_mixed(np.array([seed, epoch, turn])) for turn in range(ROUNDS)]
    found = places.astype(np.uint64)
    outside = np.ones(len(found), bool)
    while outside.any():
        found[outside] = _permuted(found[outside], half, keys)
        outside = found >= np.uint64(count)
    return found.astype(np.int64)


def _permuted(numbers: Words, half: np.uint64, keys: list[np.uint64]) -> Words:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = numbers >> half, numbers & mask
    for key in keys:
        left, right = right, left ^ (_finalized(right + key) & mask)
    return (left << half) | right


def _mixed(words: npt.NDArray[np.int64]) -> np.uint64:
    mixed = np.zeros(1, np.uint64)
    for word in words.astype(np.uint64):
        mixed = _finalized(mixed + word)
    return np.uint64(mixed[0])


def _finalized(words: Words) -> Words:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, 2014) after its increment."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
