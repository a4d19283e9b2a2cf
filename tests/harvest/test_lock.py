"""One harvest of a catalogue at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvesters.lock import alone
from registry.errors import HarvestError

ROOT = Path(__file__).parents[2]
URL = "sqlite:///made-up.db"


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock of `URL` in `tmp_path`."""
    code = (
        "import pathlib, sys, time\n"
        "from harvesters.lock import alone\n"
        "with alone(pathlib.Path(sys.argv[1]), sys.argv[2]):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), URL]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"
    yield started
    started.kill()
    started.communicate()


def test_a_second_one_is_told_which_process_holds_it_and_since_when(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    with (
        pytest.raises(HarvestError, match=rf"is running: process {holder.pid} on .+ since 20\d\d-.+lock .*\.lock$"),
        alone(tmp_path, URL),
    ):
        pass


def test_another_catalogue_is_not_held(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with alone(tmp_path, "sqlite:///other.db"):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert list(tmp_path.glob("*.json")), "its note is still there"
    with alone(tmp_path, URL):
        (note,) = tmp_path.glob("*.json")
        assert f'"pid": {os.getpid()},' in note.read_text()
    assert not note.exists()


def test_it_is_free_after_an_error_within(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), alone(tmp_path, URL):
        raise ZeroDivisionError
    with alone(tmp_path, URL):
        pass


@pytest.mark.parametrize("note", ["", "[1]", '{"pid": "x"}', '{"pid": 1, "host": 2, "since": 3}', "\x00" * 5_000])
def test_a_note_that_cannot_be_read_is_left_out(holder: subprocess.Popen[str], tmp_path: Path, note: str) -> None:
    (path,) = tmp_path.glob("*.json")
    path.write_text(note)
    with pytest.raises(HarvestError, match=r"is running; lock "), alone(tmp_path, URL):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(HarvestError, match="the lock of the harvest cannot be made"),
        alone(tmp_path / "file/cache", URL),
    ):
        pass
