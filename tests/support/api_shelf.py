"""Looking bodies up by name, tag or reference without searching all of them.

Tests change the world at will: lists are replaced and added to, bodies are changed in place. A shelf therefore makes
sure before each answer that its lists still are what it has read, and reads them anew where they are not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from tests.support.api_tracked import changes, is_tracked, tracked

Body = dict[str, Any]
Keys = Callable[[Body], Iterable[Hashable]]
MEMORIES = 256
"""Answers to lists that a shelf remembers."""


class Shelves:
    """The shelves of one server."""

    def __init__(self) -> None:
        self._shelves: dict[str, Shelf] = {}
        self._code: dict[str, Any] = {}
        self._files: list[Body] = []

    def of(self, name: str) -> Shelf:
        """The shelf of this name."""
        return self._shelves.setdefault(name, Shelf())

    def files(self, code: Mapping[str, Mapping[str, str]]) -> Shelf:
        """A shelf of single files: ``repository``, ``path`` and ``text`` of each."""
        if not _same(self._code, code):
            self._code = _copy(code)
            pairs = [(name, path, text) for name, files in code.items() for path, text in files.items()]
            self._files = [tracked({"repository": name, "path": path, "text": text}) for name, path, text in pairs]
        return self.of("files").look(self._files)


class Shelf:
    """The bodies of one kind, with tables made when they are first asked for."""

    def __init__(self) -> None:
        self._bodies: Sequence[Body] = ()
        self._read: list[Body] = []
        self._changes = -1
        self._loose: list[tuple[int, str]] = []
        self._texts: list[dict[str, Any]] = []
        self._tables: dict[str, dict[Hashable, list[int]]] = {}
        self._kept: dict[Hashable, Any] = {}

    def look(self, bodies: list[Body], *texts: Mapping[str, Any]) -> Shelf:
        """This shelf, holding exactly `bodies`; `texts` are mappings that its tables or memories depend on too."""
        unchanged = (
            self._changes == changes()
            and self._bodies is bodies
            and self._read == bodies  # of the same objects none is compared
            and all(_fingerprint(bodies[place]) == mark for place, mark in self._loose)
            and len(self._texts) == len(texts)
            and all(map(_same, self._texts, texts))
        )
        if not unchanged:
            self._bodies, self._read, self._changes = bodies, list(bodies), changes()
            self._loose = [(place, _fingerprint(b)) for place, b in enumerate(bodies) if not is_tracked(b)]
            self._texts = [_copy(text) for text in texts]
            self._tables, self._kept = {}, {}
        return self

    @property
    def all(self) -> list[Body]:
        """All bodies, in their order."""
        return self._read

    def find(self, table: str, keys: Keys, *wanted: Hashable) -> list[Body]:
        """The bodies that have one of the keys, in their order, each once.

        Args:
            table: the name of `keys`.
            keys: what a body is found by.
            wanted: keys.
        """
        if table not in self._tables:
            made = self._tables[table] = {}
            for place, body in enumerate(self._read):
                for key in keys(body):
                    made.setdefault(key, []).append(place)
        known = self._tables[table]
        if len(wanted) == 1:
            places: Iterable[int] = dict.fromkeys(known.get(wanted[0], ()))
        else:
            places = sorted({place for key in wanted for place in known.get(key, ())})
        return [self._read[place] for place in places]

    def kept(self, question: Hashable, compute: Callable[[], Any]) -> Any:
        """What `compute` gives, remembered until something changes."""
        if question not in self._kept:
            if len(self._kept) >= MEMORIES:
                self._kept.clear()
            self._kept[question] = compute()
        return self._kept[question]


def _fingerprint(body: Any) -> str:
    return json.dumps(body, default=str)


def _copy(text: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in text.items()}


def _same(known: Mapping[str, Any], text: Mapping[str, Any]) -> bool:
    return len(known) == len(text) and all(known.get(key, _same) == value for key, value in text.items())
