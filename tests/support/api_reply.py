"""A request and an answer of the local services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request: `target` is path and query as sent; names of headers are in lower case."""

    target: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value of a parameter."""
        return self.query.get(name, [otherwise])[0]

    def all(self, *names: str) -> list[str]:
        """All values of these parameters."""
        return [value for name in names for value in self.query.get(name, [])]

    @property
    def token(self) -> str | None:
        """What the Authorization header bears."""
        given = self.headers.get("authorization")
        return given.partition(" ")[2] if given else None


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def say(data: Any, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON; underscores in the names of headers are hyphens."""
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(data).encode())


def html(status: int, text: str) -> Reply:
    """An answer as a web page, as edges and proxies give it."""
    return Reply(status, {"Content-Type": "text/html"}, f"<html><body>{text}</body></html>".encode())
