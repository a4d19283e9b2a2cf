"""What a harvester hands over at a time, and what it may know of the catalogue while it asks."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from harvesters.http import Client, Stop
from registry.harvest_log import Cursor, Failure
from registry.harvest_targets import CYCLE, RESTED, KnownPaper, KnownPlace
from registry.ingest import Outcome
from registry.observation import Observation

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Page:
    """Observations that are stored together, with what failed and how far queries are read once they are stored."""

    observations: Sequence[Observation] = ()
    failures: Sequence[Failure] = ()
    items: Sequence[str] = ()
    """What was asked for and answered: an earlier failure of these is over."""
    cursors: Sequence[Cursor] = ()


class Progress(NamedTuple):
    """How far the run of a source is."""

    source: str
    requests: int
    outcome: Outcome
    doing: str
    """What is asked for now."""
    left: str
    """What is left of the limits of the service."""


class Memory(Protocol):
    """What the catalogue knows, read when it is asked."""

    def places(self, provider: str, wish: Wish) -> Iterator[KnownPlace]:
        """Places whose turn it is."""

    def named_places(self, provider: str, after: int) -> list[KnownPlace]:
        """The next places of known datasets by id, to look for their names elsewhere."""

    def papers(self, after: int) -> list[KnownPaper]:
        """The next papers that introduce known datasets, by id."""

    def cursor(self, query: str) -> Cursor:
        """How far a query of this source was read."""

    def cursors(self, queries: Iterable[str]) -> dict[str, Cursor]:
        """How far some queries of this source were read; those never read are left out."""

    def waits(self, item: str) -> bool:
        """Whether an item failed and is not to be tried yet."""

    def refresh(self) -> None:
        """Take note of what failed since."""


@dataclass
class Wish:
    """What a run is asked for, and what it tells about itself."""

    now: dt.datetime
    since: dt.datetime | None = None
    """Only what changed since, instead of since the last run."""
    full: bool = False
    """Everything again."""
    least: int = 0
    """Requests that the run would make if there were nothing new."""
    doing: str = ""
    """What is asked for now."""

    def plans(self, requests: int, doing: str) -> None:
        """So many requests are made even where nothing is new."""
        self.least += requests
        self.doing = doing

    def turn(self, query: str, read_at: dt.datetime | None) -> bool:
        """Whether it is the turn of a query that need not be asked every night.

        Each has its night of the week by its name, so that every night has its share; what was missed is caught up.
        """
        if self.tonight(read_at) and (self.full or read_at is None or read_at < self.now - CYCLE):
            return True
        mine = (zlib.crc32(query.encode()) + self.now.date().toordinal()) % CYCLE.days == 0
        return mine and self.tonight(read_at)

    def tonight(self, read_at: dt.datetime | None) -> bool:
        """Whether a query was not asked lately."""
        return self.full or read_at is None or read_at < self.now - RESTED


def whose_turn(memory: Memory, wish: Wish, queries: Iterable[str], *, nightly: bool = False) -> list[str]:
    """Those of `queries` to ask now, the longest unasked first, so that a run that is cut short serves all in time.

    To ask are those whose reading was cut off, those whose night it is (every night where `nightly`), and none that
    failed and waits for its next try.
    """
    names = list(queries)
    known = memory.cursors(names)
    before = {query: known.get(query, Cursor(query)) for query in names}
    due = [
        query
        for query, one in before.items()
        if one.cursor is not None or (wish.tonight(one.read_at) if nightly else wish.turn(query, one.read_at))
    ]
    due.sort(key=lambda query: before[query].read_at or NEVER)
    return [query for query in due if not memory.waits(query)]


PASSES = 3
"""What one part of a harvest finds may be work for another: so often the parts are gone through."""


def in_parts(
    client: Client, memory: Memory, wish: Wish, parts: Sequence[Callable[[], Iterator[Page]]]
) -> Iterator[Page]:
    """The pages of several parts of a harvest, again until none of them has anything left to ask.

    So the catalogue ends the same wherever a run was interrupted. Where requests are limited, each part has its share
    of them at first; where one limit of a service is spent, parts that count against another go on.

    Raises:
        Stop: a part ended before its time; the first reason.
    """
    for number in range(PASSES):
        begun, stopped = client.requests, None
        for index, part in enumerate(parts):
            client.allow(len(parts) - index if number == 0 else 1)
            try:
                yield from part()
            except Stop as stop:
                if not stop.spent:
                    raise
                stopped = stopped or stop
        if client.requests == begun:
            break
        wish.full, wish.since = False, None
        memory.refresh()
    if stopped:
        raise stopped


def in_pages(pages: Iterable[Page], size: int) -> Iterator[Page]:
    """Small pages put together until they hold `size` observations; what was seen before a stop is handed over."""
    found: list[Page] = []
    try:
        for page in pages:
            found.append(page)
            if sum(len(one.observations) for one in found) >= size or page.cursors:
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
        [one for page in pages for one in page.cursors],
    )
