"""Asking the local server what a written-down interaction asked, and comparing the shapes of both answers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.api_reply import Reply
from tests.support.api_server import ApiServer

VARY = {"date", "server", "content-length", "vary", "last-modified", "x-cache"}
"""Headers that say nothing to whoever harvests."""
USUAL = {"Content-Type": "application/json; charset=utf-8"}
"""What the server says of a body where an answer says nothing of it."""
FREE = {"cardData", "abstract_inverted_index", "ids", "_links"}
"""Objects whose keys are not the service's."""


def interactions(path: Path) -> list[dict[str, Any]]:
    """The pairs ``{request, response}`` of a file."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def ask(server: ApiServer, url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the server answers to a request for this address, whatever its host: ``status``, ``headers``, ``body``."""
    here, asked = urlsplit(server.address), urlsplit(url)
    connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=10)
    try:
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return as_interaction(Reply(answer.status, dict(answer.getheaders()), answer.read()))
    finally:
        connection.close()


def as_interaction(reply: Reply) -> dict[str, Any]:
    """An answer as it is written down: its body is parsed where it is JSON, None where there is none."""
    text = reply.body.decode()
    kind = next((value for name, value in reply.headers.items() if name.lower() == "content-type"), "json")
    body = json.loads(text) if text and "json" in kind else text or None
    return {"status": reply.status, "headers": {**USUAL, **reply.headers}, "body": body}


def differences(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """What an answer lacks or has otherwise: its status, names of headers, keys and types of its body."""
    found = [] if wanted["status"] == got["status"] else [f"status {got['status']}, not {wanted['status']}"]
    names = {name.lower() for name in wanted["headers"]} - VARY
    found += [f"no header {name}" for name in sorted(names - {name.lower() for name in got["headers"]})]
    return [*found, *_shapes(wanted["body"], got["body"], "body")]


def _shapes(wanted: Any, got: Any, where: str) -> Iterator[str]:
    if wanted is None or got is None:
        return
    if isinstance(wanted, dict) and isinstance(got, dict):
        if where.rpartition(".")[2] in FREE:
            return
        for name in sorted({*wanted} | {*got}):
            if name not in got:
                yield f"{where}.{name} is missing"
            elif name in wanted:
                yield from _shapes(wanted[name], got[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is nowhere else"
    elif isinstance(wanted, list) and isinstance(got, list):
        if wanted and not got:
            yield f"{where} is empty"
        for one in got:
            # Items of several kinds stand in one list: a file and a directory, a licence as text or list.
            against = [list(_shapes(other, one, f"{where}[]")) for other in wanted]
            yield from min(against, key=len, default=[])
    elif _kind(wanted) != _kind(got):
        yield f"{where} is {type(got).__name__}, not {type(wanted).__name__}"


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
