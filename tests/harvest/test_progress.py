"""How far a harvest is: live on a terminal, in lines elsewhere."""

from __future__ import annotations

import logging
import os
import pty
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harvesters.page import Progress
from harvesters.progress import COUNTS, watched
from harvesters.run import RunResult
from registry.ingest import Outcome

HALF_WAY = Progress("github", 1_200, Outcome(created=3, unchanged=41), "places 120 of 344", "search 29 of 30 left")
ENDED = RunResult(
    "github",
    "partial",
    1_300,
    created=4,
    unchanged=52,
    failed=1,
    message="api: \x1b[2Jspent\nfor today",
    seconds=61.4,
    left="api 0",
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], str]:
    """What a terminal of 130 columns is sent while a function that is given it runs."""

    def during(work: Callable[..., None]) -> str:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "130")
        ours, theirs = pty.openpty()
        with os.fdopen(theirs, "w") as stream:
            work(stream)
        told = b""
        try:
            while part := os.read(ours, 65_536):
                told += part
        except OSError:
            pass  # the other side is closed: all was read
        os.close(ours)
        return told.decode()

    return during


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_terminal_shows_a_line_a_service(terminal: Callable[..., str]) -> None:
    def work(stream: object) -> None:
        with watched(["huggingface", "github"], stream) as watcher:  # type: ignore[arg-type]
            watcher.told(HALF_WAY)
        # On the way out all is drawn once more.

    lines = plain(terminal(work)).splitlines()
    last = next(index for index in range(len(lines) - 1, -1, -1) if "service" in lines[index])
    head, waiting, running = (line.split() for line in lines[last : last + 3])
    assert head == ["service", "requests", *COUNTS, "time", "now", "left"]
    assert waiting[:2] == ["·", "huggingface"]
    assert waiting[-1] == "waits"
    assert running[1:9] == ["github", "1,200", "3", "0", "41", "0", "0", "0"]
    assert " ".join(running[10:]) == "places 120 of 344 search 29 of 30 left"


def test_a_service_that_ended_shows_what_came_of_it(terminal: Callable[..., str]) -> None:
    def work(stream: object) -> None:
        with watched(["github"], stream) as watcher:  # type: ignore[arg-type]
            watcher.told(HALF_WAY)
            watcher.ended(ENDED)

    last = [line for line in plain(terminal(work)).splitlines() if "github" in line][-1].split()
    assert last == ["!", "github", "1,300", "4", "0", "52", "0", "0", "1", "1:01", "partial", "api", "0"]


def test_what_comes_from_outside_cannot_steer_the_terminal(terminal: Callable[..., str]) -> None:
    def work(stream: object) -> None:
        with watched(["github"], stream) as watcher:  # type: ignore[arg-type]
            watcher.told(HALF_WAY._replace(doing="owner/\x1b]0;taken\x07name", left="\x9b31m"))

    told = terminal(work)
    assert "\x1b]0;" not in told
    assert "\x9b" not in told
    assert "owner/]0;takenname" in plain(told)


def test_warnings_appear_above_the_table(terminal: Callable[..., str]) -> None:
    def work(stream: object) -> None:
        with watched(["github"], stream) as watcher:  # type: ignore[arg-type]
            watcher.told(HALF_WAY)
            logging.getLogger("harvesters.http").warning("github: the limit is spent; waiting 40 seconds")

    lines = plain(terminal(work)).splitlines()
    said = next(index for index, line in enumerate(lines) if "waiting 40 seconds" in line)
    assert any("places 120 of 344" in line for line in lines[said:])


def test_after_the_harvest_the_log_goes_where_it_went_before(terminal: Callable[..., str]) -> None:
    before = logging.getLogger().handlers

    def work(stream: object) -> None:
        with watched(["github"], stream):  # type: ignore[arg-type]
            assert logging.getLogger().handlers is not before

    terminal(work)
    assert logging.getLogger().handlers is before


def test_the_log_has_a_line_at_the_beginning_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Path(os.devnull).open("w") as stream, watched(["huggingface", "github"], stream, every=0.01) as watcher:
        watcher.told(HALF_WAY)
        deadline = time.monotonic() + 30
        while len(caplog.messages) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)  # the harvest is busy: the lines come by themselves
        watcher.ended(ENDED)
    assert caplog.messages[0] == "github: begins"
    assert set(caplog.messages[1:-1]) == {
        "github: places 120 of 344; 1,200 requests, 3 created, 41 unchanged; search 29 of 30 left"
    }
    assert caplog.messages[-1] == (
        "github: partial; 1,300 requests, 4 created, 52 unchanged, 1 failed; 61 s; api 0; api: [2Jspent for today"
    )
    assert caplog.records[-1].levelname == "WARNING"
