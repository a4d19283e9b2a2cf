"""What the catalogue knows, for harvesters that ask while they read."""

from __future__ import annotations

from sqlalchemy import Engine

from registry import harvest_log, harvest_targets
from registry.db import reading
from registry.harvest_log import Cursor
from registry.harvest_targets import KnownPaper, KnownPlace


class Catalogue:
    """`harvesters.page.Memory` from the database; marks and failures as they were when the run began."""

    def __init__(self, engine: Engine, source: str) -> None:
        self._engine = engine
        with reading(engine) as connection:
            self._cursors = harvest_log.read_cursors(connection, source)
            self._waiting = harvest_log.waiting(connection, source)

    def places(self, provider: str) -> list[KnownPlace]:
        """Where known datasets live."""
        with reading(self._engine) as connection:
            return harvest_targets.known_places(connection, provider)

    def papers(self) -> list[KnownPaper]:
        """What introduces them."""
        with reading(self._engine) as connection:
            return harvest_targets.known_papers(connection)

    def cursor(self, query: str) -> Cursor:
        """How far a query of this source was read."""
        return self._cursors.get(query, Cursor(query))

    def waits(self, item: str) -> bool:
        """Whether an item failed and is not to be tried yet."""
        return item in self._waiting
