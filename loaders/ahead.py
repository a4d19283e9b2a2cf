"""Make the next things in a thread while the last one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")
WAIT = 0.1
"""Seconds after which a thread that waits looks whether anybody still wants what it makes."""


def ahead(things: Iterable[T], count: int) -> Iterator[T]:
    """The same things in the same order, up to `count` of them made before they are asked for.

    What making one raises is raised where it would have been handed out. The thread ends when the iterator is closed.
    """
    made: Queue[Any] = Queue(count)
    stopped = Event()

    def put(entry: tuple[Any, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                return made.put(entry, timeout=WAIT)
            except Full:
                continue
        return None

    def work() -> None:
        try:
            for thing in things:
                put((thing, None, False))
                if stopped.is_set():
                    return
            put((None, None, True))
        except BaseException as error:  # noqa: BLE001 - it is raised again by who asked
            put((None, error, True))

    thread = Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while True:
            try:
                thing, error, over = made.get(timeout=WAIT)
            except Empty:
                continue
            if error is not None:
                raise error
            if over:
                return
            yield thing
    finally:
        stopped.set()
        thread.join()
