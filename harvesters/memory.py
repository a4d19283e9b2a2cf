"""What the catalogue knows, for harvesters that ask while they read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from sqlalchemy import Engine

from harvesters.page import Wish
from registry import harvest_log, harvest_targets
from registry.db import reading
from registry.harvest_log import Cursor
from registry.harvest_targets import KnownPaper, KnownPlace


class Catalogue:
    """`harvesters.page.Memory` from the database; what waits for its next try is as it was at the last `refresh`."""

    def __init__(self, engine: Engine, source: str, at: dt.datetime) -> None:
        self._engine, self._source, self._at = engine, source, at
        self.refresh()

    def places(self, provider: str, wish: Wish) -> Iterator[KnownPlace]:
        """Places whose turn it is; all of them in a full run."""
        if not wish.full:
            with reading(self._engine) as connection:
                due = harvest_targets.due_places(connection, provider, wish.now)
            yield from due
            return
        after = 0
        while some := self._next(provider, after, homes_only=False):
            yield from some
            after = some[-1].id

    def named_places(self, provider: str, after: int) -> list[KnownPlace]:
        """The next places of known datasets by id."""
        return self._next(provider, after, homes_only=True)

    def _next(self, provider: str, after: int, *, homes_only: bool) -> list[KnownPlace]:
        with reading(self._engine) as connection:
            return harvest_targets.next_places(connection, provider, after, homes_only=homes_only)

    def papers(self, after: int) -> list[KnownPaper]:
        """The next papers that introduce known datasets, by id."""
        with reading(self._engine) as connection:
            return harvest_targets.next_papers(connection, after)

    def cursor(self, query: str) -> Cursor:
        """How far a query of this source was read."""
        return self.cursors([query]).get(query, Cursor(query))

    def cursors(self, queries: Iterable[str]) -> dict[str, Cursor]:
        """How far some queries of this source were read; those never read are left out."""
        with reading(self._engine) as connection:
            return harvest_log.read_cursors(connection, self._source, queries)

    def waits(self, item: str) -> bool:
        """Whether an item failed and is not to be tried yet."""
        return item in self._waiting

    def refresh(self) -> None:
        """Take note of what failed since."""
        with reading(self._engine) as connection:
            self._waiting = harvest_log.waiting(connection, self._source, self._at)
