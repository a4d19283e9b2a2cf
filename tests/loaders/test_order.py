"""A shuffled order that takes no memory, and things made ahead of time."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.ahead import ahead
from loaders.order import shuffled


@given(count=st.integers(1, 3000), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 10**6))
@settings(deadline=None)
def test_every_place_occurs_once(count: int, seed: int, epoch: int) -> None:
    assert sorted(shuffled(np.arange(count), count, seed, epoch).tolist()) == list(range(count))


@given(count=st.integers(1, 10**12), seed=st.integers(0, 99))
@settings(deadline=None)
def test_a_part_of_the_order_is_found_without_the_rest(count: int, seed: int) -> None:
    places = np.unique(np.linspace(0, count - 1, 50).astype(np.int64))
    found = shuffled(places, count, seed, 0)
    assert len(set(found.tolist())) == len(places)
    assert found.min() >= 0
    assert found.max() < count
    assert [int(shuffled(places[i : i + 1], count, seed, 0)[0]) for i in range(len(places))] == found.tolist()


def test_places_are_spread_evenly() -> None:
    found = shuffled(np.arange(100_000), 100_000, 1, 0)
    first = np.bincount(found[:10_000] // 10_000, minlength=10)
    assert first.min() > 850
    assert first.max() < 1150
    assert np.abs(np.corrcoef(np.arange(100_000), found)[0, 1]) < 0.01
    assert np.count_nonzero(np.diff(found) == 1) < 10


def test_a_huge_order_takes_no_memory() -> None:
    tracemalloc.start()
    shuffled(np.arange(8), 10**15, 0, 0)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_things_come_in_order_whatever_is_made_ahead() -> None:
    assert list(ahead(range(100), 3)) == list(range(100))
    assert list(ahead([], 2)) == []


def test_what_is_raised_while_making_is_raised_where_it_would_have_come() -> None:
    def things() -> Iterator[int]:
        yield 1
        raise ValueError("no second one")

    made = ahead(things(), 2)
    assert next(made) == 1
    with pytest.raises(ValueError, match="no second one"):
        next(made)


def test_nothing_is_made_for_who_has_gone() -> None:
    made: list[int] = []

    def things() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    handed = ahead(things(), 2)
    next(handed)
    handed.close()
    assert len(made) < 10
    assert not [thread for thread in threading.enumerate() if thread.name == "batches"]
