"""How far downloads are, for somebody who watches a terminal; silent everywhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_watched = Lock()
_bars: list[Progress] = []


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Show the downloads of the block on stderr, where that is a terminal and no other block is shown already."""
    if not sys.stderr.isatty() or not _watched.acquire(blocking=False):
        yield
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            _bars.append(bars)
            yield
    finally:
        _bars.clear()
        _watched.release()


@contextlib.contextmanager
def file(name: str, had: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar for one file, which goes with it; gives the function that is told of each piece's bytes."""
    if not _bars:
        yield lambda _: None
        return
    bars = _bars[0]
    task = bars.add_task(name, total=total, completed=had)
    try:
        yield lambda count: bars.advance(task, count)
    finally:
        bars.remove_task(task)
