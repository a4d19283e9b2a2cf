"""Broken files: rows or one clear error, never a crash, a hang or a flood. `benchmarks.fuzz` goes on for longer."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.loadspec import Read
from tests.support.mutated import CASES, Case, attempt, mutated


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_files_are_sound_before_they_are_broken(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.data)
    frame = attempt(path, Read.model_validate(case.read))
    assert isinstance(frame, pl.DataFrame), frame
    assert frame.height


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_gives_rows_or_one_clear_error(case: Case, tmp_path: Path) -> None:
    chance = random.Random(case.name)
    path = tmp_path / case.name
    for _ in range(150):
        path.write_bytes(mutated(case.data, chance))
        attempt(path, Read.model_validate(case.read))


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), case=st.sampled_from(CASES))
def test_so_do_bytes_that_are_no_file_at_all(tmp_path: Path, data: bytes, case: Case) -> None:
    path = tmp_path / case.name
    path.write_bytes(data)
    attempt(path, Read.model_validate(case.read))
