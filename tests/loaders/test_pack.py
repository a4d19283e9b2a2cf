"""Packs: every row once, none too full, none cut, as few as best-fit-decreasing gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.pack import Plan, best_fit, one_each
from registry.errors import UsageError


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], int]:
    size = draw(st.one_of(st.integers(1, 70), st.sampled_from([127, 128, 129, 1000, 2047, 2048, 4097])))
    return draw(st.lists(st.integers(0, size), max_size=80)), size


def fill(lengths: list[int], plan: Plan) -> list[int]:
    return [int(np.take(lengths, plan[pack]).sum()) for pack in range(len(plan))]


def slow_best_fit_decreasing(lengths: list[int], size: int) -> int:
    """Packs that the textbook's algorithm needs."""
    free: list[int] = []
    for length in sorted(lengths, reverse=True):
        roomy = [pack for pack, space in enumerate(free) if space >= length]
        if roomy:
            free[min(roomy, key=free.__getitem__)] -= length
        else:
            free.append(size - length)
    return len(free)


def first_fit(lengths: list[int], size: int) -> int:
    """Packs that rows need in the order they come, each in the first pack with room."""
    free: list[int] = []
    for length in sorted(lengths, reverse=True):
        pack = next((pack for pack, space in enumerate(free) if space >= length), None)
        if pack is None:
            free.append(size - length)
        else:
            free[pack] -= length
    return len(free)


@given(problems())
def test_every_row_is_in_exactly_one_pack(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    plan = best_fit(np.array(lengths, int), size)
    assert sorted(plan.rows.tolist()) == list(range(len(lengths)))
    assert plan.bounds[0] == 0
    assert plan.bounds[-1] == len(lengths)
    assert (np.diff(plan.bounds) > 0).all()


@given(problems())
def test_no_pack_holds_more_than_it_can(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    assert max(fill(lengths, best_fit(np.array(lengths, int), size)), default=0) <= size


@given(problems())
def test_there_are_as_many_packs_as_the_textbook_needs(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    assert len(best_fit(np.array(lengths, int), size)) == slow_best_fit_decreasing(lengths, size)


@given(problems())
def test_no_two_packs_could_have_been_one(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    emptiest = sorted(fill(lengths, best_fit(np.array(lengths, int), size)))[:2]
    assert len(emptiest) < 2 or sum(emptiest) > size


@given(problems())
def test_packs_are_within_the_known_bound_of_the_best_there_can_be(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    packs = len(best_fit(np.array(lengths, int), size))
    assert packs <= 11 / 9 * first_fit(lengths, size) + 6 / 9
    assert packs >= -(-sum(lengths) // size)


@given(problems())
def test_the_same_lengths_give_the_same_plan(problem: tuple[list[int], int]) -> None:
    lengths, size = problem
    first, second = (best_fit(np.array(lengths, kind), size) for kind in (np.int64, np.uint32))
    assert first.rows.tolist() == second.rows.tolist()
    assert first.bounds.tolist() == second.bounds.tolist()


def test_many_rows_fill_their_packs() -> None:
    lengths = np.clip(np.random.default_rng(1).lognormal(5.3, 0.9, 100_000).astype(int), 1, 2048)
    plan = best_fit(lengths, 2048)
    assert lengths.sum() / (len(plan) * 2048) > 0.999


def test_a_row_longer_than_a_pack_is_refused() -> None:
    with pytest.raises(UsageError, match="row 1 has 9 tokens and does not fit a pack of 8"):
        best_fit(np.array([3, 9]), 8)


def test_one_row_each_keeps_the_order() -> None:
    plan = one_each(3)
    assert [plan[pack].tolist() for pack in range(len(plan))] == [[0], [1], [2]]
