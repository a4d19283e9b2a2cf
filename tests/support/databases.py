"""Fresh databases for tests, as copies of ones that were made once: empty, migrated, or filled from the cards."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from tests.support import postgres
from tests.support.required import absent

Kind = Literal["sqlite", "postgresql"]
Content = Literal["empty", "migrated", "filled"]


class Databases:
    """Makes databases; the PostgreSQL server starts when the first test asks for one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._server: postgres.Server | None = None
        self._problem = ""
        self._templates: dict[tuple[Kind, Content], str] = {}
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Stop the server."""
        self._stack.close()

    def fresh(self, kind: Kind, content: Content) -> Iterator[str]:
        """Yield the address of a database of the caller's own; it is gone afterwards."""
        from registry.db import engine

        name = self._copy(kind, self._template(kind, content))
        address = self._address(kind, name)
        yield address
        engine(address).dispose()
        if kind == "postgresql":
            self._postgres().drop(name)

    def _template(self, kind: Kind, content: Content) -> str | None:
        if content == "empty":
            return None
        if (kind, content) not in self._templates:
            from registry import db
            from registry.cards_io import PACKAGE, fingerprint
            from registry.importer import import_cards

            name = self._copy(kind, None)
            address = self._address(kind, name)
            target = db.engine(address)
            db.upgrade(target)
            if content == "filled":
                # The packaged cards alone: the template is every test's, whatever private cards the first one has.
                import_cards(target, [PACKAGE], fingerprint([PACKAGE]))
            target.dispose()
            self._templates[kind, content] = name
        return self._templates[kind, content]

    def _copy(self, kind: Kind, template: str | None) -> str:
        if kind == "postgresql":
            return self._postgres().new_database(template or "template0")
        path = self._folder / f"{os.getpid()}-{next(self._numbers)}.db"
        if template:
            shutil.copyfile(template, path)
        return str(path)

    def _address(self, kind: Kind, name: str) -> str:
        return f"sqlite:///{name}" if kind == "sqlite" else self._postgres().address(name)

    def _postgres(self) -> postgres.Server:
        if self._server is None and not self._problem:
            try:
                self._server = self._stack.enter_context(postgres.running())
            except postgres.Unavailable as error:
                self._problem = str(error)
        if self._server is None:
            absent("POSTGRES", self._problem)
        return self._server
