"""The three services on this machine, over HTTP: `python -m tests.support.api_server --port 8999`.

True to what is known of their answers in 2026: paging by absolute Link headers and cursors, ETags, rate-limit headers,
renames, missing things, 400s for what is misspelt; and faults where a test asks for them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support import api_github, api_hub, api_openalex
from tests.support.api_reply import Asked, Reply
from tests.support.api_world import World, small_world, world_of_cards

SERVICES = (("/api/", api_hub.answer), ("/works", api_openalex.answer), ("/", api_github.answer))


@dataclass
class Fault:
    """What happens instead of an answer, to the next `times` requests whose path and query `pattern` matches.

    `reply` is an answer of its own, or ``truncate`` (the connection ends within the body), ``endless`` (a body that
    never ends), ``drip`` (a byte at a time).
    """

    pattern: str
    reply: Reply | str
    times: int = 1


@dataclass
class Limits:
    """Requests that a service allows, and seconds until it allows them again."""

    hub: int = 500
    github: int = 5_000
    github_search: int = 6_000
    openalex: int = 10_000
    window: int = 300
    used: Counter[str] = field(default_factory=Counter)


class ApiServer:
    """Serves a `World` while its `with` block lasts; `asked` has every request."""

    def __init__(self, world: World | None = None, port: int = 0) -> None:
        self.world = world or World()
        self.faults: list[Fault] = []
        self.limits = Limits()
        self.tokens: set[str] = set()
        """Tokens that are accepted; any other is refused as the services refuse it."""
        self.asked: list[Asked] = []
        self.rewritten: tuple[str, ...] = (
            "https://huggingface.co",
            "https://api.github.com",
            "https://api.openalex.org",
        )
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ApiServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._server.serve_forever()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the product here."""
        names = ("HF_ENDPOINT", "GITHUB_API_URL", "OPENALEX_API_URL")
        return dict.fromkeys(names, self.address)

    def fail(self, pattern: str, reply: Reply | str, times: int = 1) -> None:
        """Let the next `times` requests that `pattern` matches come to `reply`."""
        self.faults.append(Fault(pattern, reply, times))

    def replay(self, pattern: str, recorded: Mapping[str, Any], times: int = 1) -> None:
        """Answer with a recorded interaction ``{status, headers, body}``; its links lead here."""
        body = recorded["body"]
        data = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
        headers = {name: self._here(value) for name, value in recorded.get("headers", {}).items()}
        dropped = ("content-length", "content-encoding", "transfer-encoding", "connection")
        kept = {name: value for name, value in headers.items() if name.lower() not in dropped}
        self.fail(pattern, Reply(recorded["status"], kept, data), times)

    def _here(self, text: str) -> str:
        for base in self.rewritten:
            text = text.replace(base, self.address)
        return text

    def answer(self, asked: Asked) -> Reply | str:
        """What is said to a request."""
        with self._lock:
            self.asked.append(asked)
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, asked.target):
                    fault.times -= 1
                    return fault.reply
            service = next(answer for prefix, answer in SERVICES if asked.path.startswith(prefix))
            return service(self, asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may go away in the middle of an answer; anything else is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler(server: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16  # headers and body in one packet: in two, each answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.path, parts.path, parse_qs(parts.query, keep_blank_values=True), headers)
            reply = server.answer(asked)
            try:
                self._misbehave(reply) if isinstance(reply, str) else self._say(reply, len(reply.body))
            except OSError:
                self.close_connection = True  # who asked has had enough

        def _say(self, reply: Reply, length: int) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 304:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(reply.body)

        def _misbehave(self, how: str) -> None:
            self.close_connection = True
            self._say(Reply(200, {}, b'[{"_id": "'), 10_000 if how == "truncate" else 2**40)
            while how == "endless":
                self.wfile.write(b"0" * 2**20)
            while how == "drip":
                self.wfile.write(b"0")
                self.wfile.flush()
                time.sleep(0.05)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


def etag(data: bytes) -> str:
    """A weak validator of a body."""
    return f'W/"{hashlib.sha256(data).hexdigest()}"'


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.api_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8999)
    parser.add_argument("--cards", action="store_true", help="hold all places and papers of the catalogue")
    parser.add_argument("--limit", type=int, default=100_000, help="requests that each service allows in its window")
    chosen = parser.parse_args()
    server = ApiServer(world_of_cards() if chosen.cards else small_world(), chosen.port)
    server.limits = Limits(chosen.limit, chosen.limit, chosen.limit, chosen.limit)
    shown = " ".join(f"{name}={value}" for name, value in server.environment.items())
    print(f"{shown} registry harvest", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"{len(server.asked)} requests")


if __name__ == "__main__":
    main()
