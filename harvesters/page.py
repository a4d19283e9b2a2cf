"""What a harvester hands over at a time, and what it may know of the catalogue while it asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harvesters.http import Stop
from registry.harvest_log import Cursor, Failure
from registry.harvest_targets import KnownPaper, KnownPlace
from registry.observation import Observation


@dataclass(frozen=True)
class Page:
    """Observations that are stored together, with what failed and how far the query is read once they are stored."""

    observations: Sequence[Observation] = ()
    failures: Sequence[Failure] = ()
    items: Sequence[str] = ()
    """What was asked for and answered: an earlier failure of these is over."""
    cursor: Cursor | None = None


class Memory(Protocol):
    """What the catalogue knows, read when it is asked."""

    def places(self, provider: str) -> list[KnownPlace]:
        """Where known datasets live."""

    def papers(self) -> list[KnownPaper]:
        """What introduces them."""

    def cursor(self, query: str) -> Cursor:
        """How far a query of this source was read."""

    def waits(self, item: str) -> bool:
        """Whether an item failed and is not to be tried yet."""


@dataclass(frozen=True)
class Wish:
    """What a run is asked for."""

    now: dt.datetime
    since: dt.datetime | None = None
    """Only what changed since, instead of since the last run."""
    full: bool = False
    """Everything again."""
    left_out: list[str] = field(default_factory=list)
    """What a harvester tells of what it did not ask for."""


def in_pages(pages: Iterable[Page], size: int) -> Iterator[Page]:
    """Small pages put together until they hold `size` observations; what was seen before a stop is handed over."""
    found: list[Page] = []
    try:
        for page in pages:
            found.append(page)
            if sum(len(one.observations) for one in found) >= size or page.cursor:
                yield _together(found)
                found = []
    except Stop:
        if found:
            yield _together(found)
        raise
    if found:
        yield _together(found)


def _together(pages: Sequence[Page]) -> Page:
    return Page(
        [one for page in pages for one in page.observations],
        [one for page in pages for one in page.failures],
        [one for page in pages for one in page.items],
        next((page.cursor for page in reversed(pages) if page.cursor), None),
    )
