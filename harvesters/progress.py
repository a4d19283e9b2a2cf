"""How far a harvest is, for whoever watches: a live table on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TextIO

from registry.observation import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.spinner import Spinner
    from rich.table import Table

    from harvesters.page import Progress
    from harvesters.run import RunResult

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two lines of a log."""
COUNTS = ("created", "updated", "unchanged", "gone", "ignored", "failed")
HEADS = ("requests", *COUNTS, "time")
SHORT = ("asked", "new", "upd", "same", "gone", "ign", "fail", "time")
WIDE = 110
"""Columns of a terminal that hold the long heads."""


class Watcher(NamedTuple):
    """What a harvest calls: `told` with how far a service is, `ended` with what came of it."""

    told: Callable[[Progress], None]
    ended: Callable[[RunResult], None]


@dataclass
class Lane:
    """A service on show; `began` is of a clock that never goes back, in seconds."""

    name: str
    began: float | None = None
    now: Progress | None = None
    result: RunResult | None = None

    def seconds(self) -> float:
        """How long it has run."""
        if self.result is not None:
            return self.result.seconds
        return 0.0 if self.began is None else time.monotonic() - self.began


@contextmanager
def watched(sources: Sequence[str], stream: TextIO | None = None, every: float = EVERY) -> Iterator[Watcher]:
    """Show a harvest while the block lasts.

    Args:
        sources: the services, in the order in which they are asked.
        stream: where to show it, standard error by default: live where that is a terminal, else as lines of the log.
        every: seconds between two lines of the log; that a service begins or ends is told beyond that.
    """
    stream = stream or sys.stderr
    lanes = {name: Lane(name) for name in sources}
    with _live(lanes, stream) if is_terminal(stream) else _logged(lanes, every) as said:

        def told(progress: Progress) -> None:
            lane = lanes[progress.source]
            first, lane.now = lane.now is None, progress
            if first:
                lane.began = time.monotonic()
                said(logging.INFO, f"{lane.name}: begins")

        def ended(result: RunResult) -> None:
            lanes[result.source].result = result
            level = logging.INFO if result.status == "done" else logging.WARNING
            said(level, f"{result.source}: {result.status}; {_result_line(result)}")

        yield Watcher(told, ended)


def is_terminal(stream: TextIO) -> bool:
    """Whether lines on it can be drawn anew."""
    from rich.console import Console

    return stream.isatty() and not Console(file=stream).is_dumb_terminal


def one_line(text: str) -> str:
    """Text from outside on one line, without letters that a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in clean(text))


Said = Callable[[int, str], None]


@contextmanager
def _logged(lanes: dict[str, Lane], every: float) -> Iterator[Said]:
    """A line about the service that is asked, every so many seconds, also while nothing is answered."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(every):
            for lane in lanes.values():
                if lane.now is not None and lane.result is None:
                    log.info("%s: %s", lane.name, _line(lane.now))

    clock = threading.Thread(target=tell, name="progress", daemon=True)
    clock.start()
    try:
        yield log.log
    finally:
        over.set()
        clock.join()


def _line(now: Progress) -> str:
    parts = [now.doing, counted(now.requests, now.outcome), now.left]
    return one_line("; ".join(part for part in parts if part))


def _result_line(result: RunResult) -> str:
    told = [counted(result.requests, result), f"{result.seconds:.0f} s", result.left, result.message or ""]
    return one_line("; ".join(part for part in told if part))


def counted(requests: int, counts: object) -> str:
    """``120 requests, 3 created, 41 unchanged``."""
    numbers = {name: getattr(counts, name) for name in COUNTS}
    return ", ".join([f"{requests:,} requests", *(f"{count:,} {name}" for name, count in numbers.items() if count)])


@contextmanager
def _live(lanes: dict[str, Lane], stream: TextIO) -> Iterator[Said]:
    """A table that is drawn anew some times a second; warnings of the log appear above it."""
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    console, spinner = Console(file=stream), Spinner("dots")
    # Where the summary follows on the same terminal it says all of this again; where that goes elsewhere, it stays.
    live = Live(
        get_renderable=lambda: _table(lanes, spinner, console.width),
        console=console,
        refresh_per_second=8,
        transient=sys.stdout.isatty(),
        redirect_stdout=False,
        redirect_stderr=False,
    )
    above = _Above(console)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [above]
    above.setFormatter(before[0].formatter if before else None)
    try:
        with live:
            try:
                yield lambda _level, _line: None
            except BaseException:
                live.transient = True
                raise
    finally:
        root.handlers = before


class _Above(logging.Handler):
    """Prints log lines above a live table."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        from rich.text import Text

        self._console.print(Text(one_line(self.format(record)), style="yellow"), soft_wrap=True)


def _table(lanes: dict[str, Lane], spinner: Spinner, width: int) -> Table:
    """A line a service: what it is, how far, what came of it so far, what it does, what it may still ask."""
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column("", width=1), Column("service", no_wrap=True)]
    columns += [
        Column(head, justify="right", no_wrap=True, min_width=4) for head in (HEADS if width >= WIDE else SHORT)
    ]
    columns += [
        Column(head, no_wrap=True, overflow="ellipsis", ratio=share) for head, share in (("now", 3), ("left", 2))
    ]
    table = Table(*columns, box=None, pad_edge=False, header_style="bold", expand=True, padding=(0, 1, 0, 0))
    for lane in lanes.values():
        so_far = lane.result or (lane.now.outcome if lane.now else None)
        asked = lane.result or lane.now
        numbers = [asked.requests if asked else 0, *(getattr(so_far, name) if so_far else 0 for name in COUNTS)]
        table.add_row(
            spinner if lane.now and not lane.result else Text(_sign(lane)),
            Text(lane.name, style="bold" if lane.now and not lane.result else ""),
            *(Text(f"{number:,}" if lane.began is not None else "–") for number in numbers),
            Text(_clock(lane.seconds())),
            Text(one_line(lane.result.status if lane.result else lane.now.doing if lane.now else "waits")),
            Text(one_line(asked.left if asked else "")),
        )
    return table


def _sign(lane: Lane) -> str:
    if lane.result is None:
        return "·"
    return {"done": "✓", "partial": "!", "failed": "✗"}.get(lane.result.status, "?")


def _clock(seconds: float) -> str:
    """``0:07``, ``12:40``, ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
