"""What one look for files remembers: lists that were read already, and what the sources turned out to be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event, RLock
from typing import Any, Literal, NamedTuple, TypeVar

T = TypeVar("T")


class SourceNote(NamedTuple):
    """Something about a source that the catalogue may want to know."""

    kind: Literal["moved", "gone", "changed"]
    source: str
    detail: str


@dataclass
class Visit:
    """What is remembered while files of one dataset are located."""

    notes: list[SourceNote]
    lists: dict[Hashable, Any] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    over: Event = field(default_factory=Event)


_now: ContextVar[Visit | None] = ContextVar("visit", default=None)


@contextlib.contextmanager
def visiting(notes: list[SourceNote]) -> Iterator[None]:
    """Remember lists, and append notes to `notes`, while the block lasts; in threads, copy the context.

    A visit inside another one remembers what that does.
    """
    outer = _now.get()
    token = _now.set(Visit(notes) if outer is None else Visit(notes, outer.lists, outer.lock, outer.over))
    try:
        yield
    finally:
        _now.reset(token)


def note(kind: Literal["moved", "gone", "changed"], source: str, detail: str) -> None:
    """Tell something about a source, once, to whoever listens."""
    here, told = _now.get(), SourceNote(kind, source, detail)
    if here is not None:
        with here.lock:
            if told not in here.notes:
                here.notes.append(told)


def end() -> None:
    """Let the transfers of this visit stop where they are."""
    if (here := _now.get()) is not None:
        here.over.set()


def is_over() -> bool:
    """Whether somebody no longer waits for this visit's files."""
    here = _now.get()
    return here is not None and here.over.is_set()


def remembered(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, asked for once in a visit; outside of one, each time."""
    here = _now.get()
    if here is None:
        return make()
    with here.lock:
        if key not in here.lists:
            here.lists[key] = make()
        found: T = here.lists[key]
        return found
