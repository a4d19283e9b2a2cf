"""A request and an answer of the local services."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Asked:
    """A request: `target` is path and query as sent; names of headers are in lower case."""

    target: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value of a parameter."""
        return self.query.get(name, [otherwise])[0]

    def all(self, *names: str) -> list[str]:
        """All values of these parameters."""
        return [value for name in names for value in self.query.get(name, [])]

    def yes(self, name: str) -> bool:
        """Whether a parameter says true, in one of the ways that clients write it."""
        return self.first(name).lower() in ("true", "1")

    def number(self, name: str, otherwise: int) -> int | None:
        """A parameter that is a whole number; None where it is something else."""
        given = self.first(name, str(otherwise))
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None

    @property
    def token(self) -> str | None:
        """What the Authorization header bears."""
        given = self.headers.get("authorization")
        return given.partition(" ")[2] if given else None

    @property
    def rest(self) -> str:
        """The query as sent, with its question mark; empty where there is none."""
        return self.target[self.target.index("?") :] if "?" in self.target else ""

    def again(self, base: str, path: str | None = None, **changed: object) -> str:
        """The address of the same question below `base` with other values, as Link headers name it."""
        pairs = [(name, value) for name, values in self.query.items() if name not in changed for value in values]
        return f"{base}{path or self.path}?{urlencode([*pairs, *changed.items()])}"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def say(data: Any, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON; underscores in the names of headers are hyphens."""
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(data).encode())


def html(status: int, text: str, **headers: str) -> Reply:
    """An answer as a web page, as edges and proxies give it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": "text/html", **named}, f"<html><body>{text}</body></html>".encode())


def plain(status: int, text: str, **headers: str) -> Reply:
    """An answer as plain text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8", **named}, text.encode())


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """The answer with these headers too; its own go first."""
    return Reply(reply.status, {**headers, **reply.headers}, reply.body)


def etag(data: bytes) -> str:
    """A weak validator of a body."""
    return f'W/"{hashlib.sha256(data).hexdigest()}"'


def blob_id(text: str) -> str:
    """The name that git gives to a file with this text."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


_HUB = re.compile(r"/(api|datasets|spaces)/|/[^/]+/[^/]+/resolve/")
_PARTS = {*"tree refs commits resolve paths-info license readme releases contents git search".split()}


def service_of(path: str) -> str:
    """Whose path it is."""
    if path == "/rate-limit" or path == "/works" or path.startswith("/works/"):
        return "openalex"
    return "huggingface" if _HUB.match(path) else "github"


def kind_of(asked: Asked) -> str:
    """Service and kind of a request, as ``huggingface datasets list`` or ``github repos license``."""
    service, parts = service_of(asked.path), asked.path.strip("/").split("/")
    parts = parts[1:] if parts[0] == "api" else parts
    last = next((part for part in parts[1:] if part in _PARTS), "one" if len(parts) > 1 else "list")
    return f"{service} {parts[0]} {parts[1] if parts[0] == 'search' and len(parts) > 1 else last}"
