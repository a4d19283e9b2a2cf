"""The one HTTP client of the loaders: follows no redirect blindly, believes no announced length, waits for no one."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import random
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

from registry.errors import ReadError

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT = 20.0
IDLE = 60.0
"""Seconds without a byte, or with hardly any (`SLOWEST`), after which a server counts as gone."""
SLOWEST = 64
"""Bytes per second, over `IDLE` seconds."""
LONGEST = 24 * 3600.0
"""Seconds that one answer may take."""
RETRIES = 4
BACKOFF = 0.5
PATIENCE = 60.0
"""Longest wait that a server may ask for before the next try."""
REDIRECTS = 10
CHUNK = 1 << 20
LARGEST_ANSWER = 256 << 20
"""Bytes of an answer that is read whole: lists of files."""
HARMLESS, RATIO = 64 << 20, 1000
"""Bytes that a compressed answer may become whatever it was, and how many times its size beyond that."""
MOVED = (301, 308)
AGAIN = (408, 425, 429, 500, 502, 503, 504)

T = TypeVar("T")


class Unavailable(Exception):
    """A place that does not give the file; the message says why. Never reaches the user bare."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        self.status = status
        super().__init__(message)

    @property
    def gone(self) -> bool:
        """Whether the place says that it has no such thing (any more)."""
        return self.status in (404, 410)


class Interrupted(Exception):
    """An answer that failed for now: asking again may help, after `wait` seconds where the server said so."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        self.wait = wait
        super().__init__(message)


class Answer(NamedTuple):
    """An answer whose body is still to come."""

    url: str
    """Where it came from in the end."""
    moved: str | None
    """The address that the asked one has moved to for good, where it has."""
    status: int
    headers: Mapping[str, str]
    chunks: Callable[[], Iterator[bytes]]
    """The body as it arrives, unpacked where the server packed it; raises `Interrupted` where it stops."""


@contextlib.contextmanager
def ask(
    url: str, headers: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None
) -> Iterator[Answer]:
    """Open `url` and follow its redirects, within limits.

    Args:
        url: an http(s) address.
        headers: sent along every hop.
        secret: headers sent to the scheme, host and port of `url` alone.

    Raises:
        Unavailable: not reached, or a redirect that is not followed.
        Interrupted: asking again may help.
    """
    import httpx

    timeout = httpx.Timeout(IDLE, connect=CONNECT)
    sent = {"Accept-Encoding": "identity", "User-Agent": "medregistry", **(headers or {})}
    begun, moved, permanent = url, None, True
    public = inner_address(url) is None
    told = "could not be reached"
    try:
        with httpx.Client(verify=_trusted(), timeout=timeout, follow_redirects=False) as client:
            for hop in range(REDIRECTS + 1):
                own = dict(secret or {}) if _place(url) == _place(begun) else {}
                with client.stream("GET", url, headers={**sent, **own}) as reply:
                    if hop and public:
                        _refuse_inner_peer(begun, reply)
                    if not (reply.is_redirect and "location" in reply.headers):
                        told = "stopped in the middle"
                        yield Answer(url, moved, reply.status_code, reply.headers, lambda r=reply: _body(r))  # type: ignore[misc]
                        return
                    permanent = permanent and reply.status_code in MOVED
                    url = followed(begun, urljoin(url, reply.headers["location"]), public)
                    moved = url if permanent else moved
            raise Unavailable(f"{shown(begun)} redirects more than {REDIRECTS} times")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Unavailable(f"{shown(begun)} could not be reached ({type(error).__name__})") from None
    except httpx.TransportError as error:
        raise Interrupted(f"{shown(begun)} {told} ({type(error).__name__})") from None


def patiently(work: Callable[[], T], progress: Callable[[], int] = lambda: 0) -> T:
    """Do `work` again where it is interrupted, after a wait; tries count anew where `progress` has grown.

    Raises:
        Unavailable: it did not come to an end; says how the last try failed.
    """
    tries, got, began = 0, progress(), time.monotonic()
    while True:
        try:
            return work()
        except Interrupted as error:
            if progress() > got:
                tries, got = 0, progress()
            if error.wait > PATIENCE:
                raise Unavailable(f"{error}, and asks to wait {error.wait:,.0f} s; try again later") from None
            if tries == RETRIES or time.monotonic() - began > LONGEST:
                raise Unavailable(f"{error}, {tries + 1} times") from None
            time.sleep(max(error.wait, BACKOFF * 2**tries * random.uniform(0.5, 1)))  # noqa: S311
            tries += 1


def get(
    url: str, headers: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None
) -> tuple[Answer, bytes]:
    """A whole answer, for lists and the like; arguments as `ask`.

    Raises:
        Unavailable: not reached, refused, or larger than any list.
    """

    def once() -> tuple[Answer, bytes]:
        with ask(url, headers, secret) as answer:
            refuse_status(answer, url)
            body = bytearray()
            for chunk in answer.chunks():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise Unavailable(f"{shown(url)} gave more than {LARGEST_ANSWER:,} bytes where a list was expected")
            return answer, bytes(body)

    return patiently(once)


def get_json(url: str, headers: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None) -> Any:
    """The JSON at an address; raises as `get`, and where it is none."""
    _, body = get(url, headers, secret)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unavailable(f"{shown(url)} gave no JSON where a list was expected") from None


def refuse_status(answer: Answer, url: str) -> None:
    """Raise where the status is none of success: `Interrupted` where it may pass, `Unavailable` where it stays."""
    if answer.status in AGAIN:
        raise Interrupted(f"{shown(url)} answered {answer.status}", _wait(answer.headers.get("retry-after", "")))
    if answer.status >= 300:
        raise Unavailable(f"{shown(url)} answered {answer.status}", status=answer.status)


def refuse_unreachable(endpoint: str) -> None:
    """Say at once that a server does not answer, where another client would try for half a minute and tell of it.

    Raises:
        Unavailable: nobody listens there.
    """
    parts = urlsplit(endpoint)
    if getproxies().get(parts.scheme) or not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)), 10).close()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unavailable(f"{shown(endpoint)} could not be reached ({why})") from None


TOLD = {"id", "export", "download", "raw", "dl", "format", "ref", "version", "prefix", "path", "page", "recursive"}
"""Parts of a query that hold no secret; others are not told."""


def shown(url: str) -> str:
    """An address as it may be told: without a user, a password or a signature."""
    parts = urlsplit(url)
    query = "&".join(one for one in parts.query.split("&") if one.partition("=")[0].lower() in TOLD)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()


def followed(begun: str, target: str, public: bool) -> str:
    """The address that a redirect may lead to.

    Raises:
        Unavailable: another protocol, or from a public address to one inside a network.
    """
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unavailable(f"{shown(begun)} redirects to {parts.scheme}:, which is not followed")
    if public and (inner := inner_address(target)):
        raise Unavailable(f"{shown(begun)} redirects to {parts.hostname} ({inner}), inside a network: not followed")
    return target


def inner_address(url: str) -> str | None:
    """The address that a host stands for, where that is none of the public internet; None for public and unknown."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        return None
    return next((str(item[4][0]) for item in found if is_inner(str(item[4][0]))), None)


def is_inner(address: str) -> bool:
    """Whether an IP address is private, of this machine, of the link, or otherwise not for everyone."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour
        if hidden is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if hidden is not None:
            return not hidden.is_global
    return not ip.is_global or ip.is_multicast


def _refuse_inner_peer(begun: str, reply: httpx.Response) -> None:
    """A name may stand for another address by the time of the connection than when it was looked up."""
    stream = reply.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None and not getproxies() else None
    if peer and is_inner(str(peer[0])):
        raise Unavailable(f"{shown(begun)} redirects to {peer[0]}, inside a network: not followed")


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _wait(told: str) -> float:
    """Seconds that a Retry-After asks for."""
    if told.strip().isdigit():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _body(reply: httpx.Response) -> Iterator[bytes]:
    """The body as it arrives, with an eye on the clock."""
    packing = reply.headers.get("content-encoding", "identity").lower()
    pieces = _timed(reply)
    if packing in ("", "identity"):
        return pieces
    if packing in ("gzip", "x-gzip", "deflate"):
        return _unpacked(reply, pieces)
    raise Unavailable(f"{shown(str(reply.url))} packs its answer as {packing!r}, which was not asked for")


def _timed(reply: httpx.Response) -> Iterator[bytes]:
    began = mark = time.monotonic()
    since = 0
    for piece in reply.iter_raw():
        yield piece
        now = time.monotonic()
        since += len(piece)
        if now - mark > IDLE:
            if since < SLOWEST * (now - mark):
                raise Interrupted(f"{shown(str(reply.url))} sends less than {SLOWEST} bytes a second")
            mark, since = now, 0
        if now - began > LONGEST:
            raise Unavailable(f"{shown(str(reply.url))} has no end after {LONGEST / 3600:,.0f} hours")


def _unpacked(reply: httpx.Response, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Never more than a chunk at a time, however far a small piece unfolds."""
    packed = whole = 0
    stream = zlib.decompressobj(47)
    try:
        for piece in pieces:
            packed += len(piece)
            while piece:
                out = stream.decompress(piece, CHUNK)
                piece = stream.unconsumed_tail
                whole += len(out)
                if whole > HARMLESS and whole > packed * RATIO:
                    raise ReadError(f"{shown(str(reply.url))} unpacks without end: refused as a decompression bomb")
                yield out
        yield stream.flush()
    except zlib.error:
        raise Interrupted(f"{shown(str(reply.url))} gave a damaged answer") from None
    if not stream.eof:
        raise Interrupted(f"{shown(str(reply.url))} was cut short")
