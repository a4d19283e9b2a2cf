"""A web server on this machine whose every answer a test decides: ranges, cuts, faults, floods."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.handler = handler
        parts = urlsplit(handler.path)
        self.path = unquote(parts.path)
        self.query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.headers = handler.headers

    def say(
        self, body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        """Answer; `length` is what is announced where that is not the truth."""
        given = {"Content-Type": "application/octet-stream", **(headers or {})}
        self.handler.send_response(status)
        for name, value in given.items():
            self.handler.send_header(name, value)
        if "Transfer-Encoding" not in given:
            self.handler.send_header("Content-Length", str(len(body) if length is None else length))
        self.handler.end_headers()
        self.handler.wfile.write(body)


Route = Callable[[Exchange], None]


class WebServer:
    """Serves `routes` (path -> what answers it) while its `with` block lasts; `asked` holds the exchanges."""

    def __init__(self, routes: Mapping[str, Route] | None = None) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.asked: list[Exchange] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                exchange = Exchange(self)
                server.asked.append(exchange)
                route = server.routes.get(exchange.path) or page(b"404: Not Found", 404, "text/plain")
                with contextlib.suppress(ConnectionError):
                    route(exchange)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [exchange.path for exchange in self.asked]

    def __enter__(self) -> WebServer:
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


def page(body: bytes, status: int = 200, kind: str = "application/octet-stream", **headers: str) -> Route:
    """The same answer to everyone; `_` in the name of a header stands for `-`."""
    given = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.say(body, status, given)


def told(value: object, status: int = 200) -> Route:
    """JSON."""
    return page(json.dumps(value).encode(), status, "application/json")


def in_turn(*routes: Route) -> Route:
    """One answer after another; the last one stays."""
    left = list(routes)
    return lambda exchange: (left.pop(0) if len(left) > 1 else left[0])(exchange)


def redirect(target: str, status: int = 302) -> Route:
    """To another address."""
    return lambda exchange: exchange.say(b"", status, {"Location": target})


def served(content: bytes, *, etag: str = '"v1"', ranges: bool = True, cut: int | None = None) -> Route:
    """A file as good servers give it, with parts of it for those who ask; cut after so many bytes of an answer."""

    def answer(exchange: Exchange) -> None:
        asked = exchange.headers.get("Range", "")
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if not ranges or exchange.headers.get("If-Range", etag) != etag:
            begin = 0
        if begin >= len(content):
            exchange.say(b"", 416, {"Content-Range": f"bytes */{len(content)}"})
            return
        body, headers = content[begin:], {"ETag": etag}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        exchange.say(body[:cut], 206 if begin else 200, headers, len(body))
        exchange.handler.close_connection = True

    return answer


def endless(exchange: Exchange) -> None:
    """Chunks for ever."""
    exchange.handler.protocol_version = "HTTP/1.1"
    exchange.say(b"", 200, {"Transfer-Encoding": "chunked", "Connection": "close"})
    exchange.handler.close_connection = True
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        exchange.handler.wfile.write(chunk)


def dripping(exchange: Exchange) -> None:
    """A byte now and then, of many that were announced."""
    exchange.say(b"", 200, length=1_000_000)
    exchange.handler.close_connection = True
    for _ in range(200):
        exchange.handler.wfile.write(b"x")
        time.sleep(0.05)


def flooding(exchange: Exchange) -> None:
    """Headers without end."""
    exchange.handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-More: 1234567890\r\n" * 20_000 + b"\r\n")
    exchange.handler.close_connection = True
