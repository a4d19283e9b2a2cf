"""HTTP between the local server and who asks: reading requests, saying answers well or badly."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.api_reply import Asked, Reply

SLOW = 1.0
"""Seconds that a slow body takes."""


class Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may go away in the middle of an answer; anything else is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def handler(answer: Callable[[Asked], tuple[Reply | str, bool]]) -> type[BaseHTTPRequestHandler]:
    """What reads requests and says what `answer` gives: a reply, and whether slowly; or how to misbehave."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16  # headers and body in one packet: in two, each answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = self.rfile.read(int(headers.get("content-length") or 0))
            query = parse_qs(parts.query, keep_blank_values=True)
            reply, slow = answer(Asked(self.path, parts.path, query, headers, self.command, sent))
            try:
                self._misbehave(reply) if isinstance(reply, str) else self._say(reply, len(reply.body), slow)
            except OSError:
                self.close_connection = True  # who asked has had enough

        do_HEAD = do_POST = do_GET  # noqa: N815

        def _say(self, reply: Reply, length: int, slow: bool = False) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 304:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            body = b"" if self.command == "HEAD" else reply.body
            piece = len(body) // 10 + 1 if slow else len(body) or 1
            for start in range(0, len(body), piece):
                self.wfile.write(body[start : start + piece])
                if slow:
                    self.wfile.flush()
                    time.sleep(SLOW / 10)

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
