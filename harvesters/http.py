"""The one polite client: every request of a harvest goes through `Client.get`."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import SecretStr

from harvesters.limits import MAX_WAIT, RETRIES, Decision, decide, span
from harvesters.meter import Meter
from registry.errors import HarvestError
from registry.observation import clean

log = logging.getLogger(__name__)

MAX_BODY = 64 * 2**20
"""Bytes of the largest answer that is read."""
MAX_TEXT = 2**20
"""Bytes that are read of a page of text; what follows is left."""
MAX_SECONDS = 180.0
"""Longest time for one answer, however slowly it drips."""
NOTABLE = 20.0
"""A wait of so many seconds is told to whoever sits before it."""
MAX_HOPS = 5
MAX_BROKEN = 3
"""Requests in a row that were tried again to no avail: the service is not well."""


class Stop(HarvestError):
    """The run of this service ends here; `spent` where a limit was reached and the next run goes on."""

    def __init__(self, message: str, *, spent: bool) -> None:
        self.spent = spent
        super().__init__(message)


class ItemFailed(HarvestError):
    """This one request cannot be answered; others may be."""


class TooLarge(ItemFailed):
    """The answer is larger than what is read."""


@dataclass(frozen=True)
class Service:
    """A service to talk to; `limit` tells which of its limits a path counts against."""

    name: str
    base: str
    token: SecretStr | None = None
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: Callable[[str], str] = lambda path: ""


@dataclass(frozen=True)
class Answer:
    """`what` is ``take``, ``same``, ``absent`` or ``gated``; `data` is what was taken: parsed JSON, or a text."""

    what: str
    url: str
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    final: bool = False

    @property
    def next(self) -> str | None:
        """The address of the next page, as the Link header gives it."""
        for address, said in re.findall(r"<([^<>]{1,4000})>([^<>]{0,1000})", self.headers.get("link", "")):
            if re.search(r'\brel="?next\b', said):
                return str(address)
        return None


class Client:
    """Asks one service, serially: counts requests, waits as the service says, gives up within bounds.

    Args:
        service: whom to ask.
        mailto: mail address for the polite pools.
        max_requests: stop cleanly before a request beyond these.
        budget: stop cleanly once so many US dollars were spent, where the service bills.
        max_body: bytes of the largest answer that is read.
        max_seconds: the longest time for one answer.
        sleep: how to wait.
    """

    def __init__(
        self,
        service: Service,
        *,
        mailto: str | None = None,
        max_requests: int | None = None,
        budget: float | None = None,
        max_body: int = MAX_BODY,
        max_seconds: float = MAX_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = service
        self.max_requests = max_requests
        self.budget = budget
        self.max_body = max_body
        self.max_seconds = max_seconds
        self.requests = 0
        self.meter = Meter(service.name)
        self._sleep = sleep
        self._broken = 0
        self._allowed = max_requests
        self._over: dict[str, Stop] = {}
        where = urlsplit(service.base)
        if where.scheme not in ("http", "https") or not where.netloc:
            raise Stop(
                f"{service.name}: {clean(service.base, 100)!r} is no address; write it with https://", spent=False
            )
        headers = {"User-Agent": _agent(mailto), "Accept": service.accept, **service.headers}
        if service.token:
            headers["Authorization"] = f"Bearer {_sound(service)}"
        timeout = httpx.Timeout(min(30.0, max_seconds), connect=min(10.0, max_seconds))
        self._http = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def allow(self, parts: int) -> None:
        """Let what follows make a share of the requests that are left, as the first of so many parts."""
        if self.max_requests is not None:
            self._allowed = self.requests + -(-(self.max_requests - self.requests) // parts)

    def get(self, path: str, etag: str | None = None, *, as_text: bool = False) -> Answer:
        """The answer to a GET, parsed from JSON.

        Args:
            path: path and query below the service's base, or a full address on its host as a Link header gives it.
            etag: of the answer known before; where nothing changed the answer is ``same``.
            as_text: take the body as text, its first `MAX_TEXT` bytes.

        Raises:
            ItemFailed: no usable answer to this request.
            Stop: the service cannot be used now, or enough was asked.
        """
        url = self._address(path)
        for hop in range(MAX_HOPS + 1):
            answer, moved_to = self._ask(url, etag, as_text)
            if moved_to is None:
                return answer
            url = self._address(_joined(url, moved_to))
            if hop == MAX_HOPS:
                break
        raise ItemFailed(f"{self._shown(url)} is redirected more than {MAX_HOPS} times")

    def _address(self, path: str) -> str:
        """A full address on the service's own host: nothing else is asked, so that no token goes astray."""
        if path.startswith("/"):
            return self.service.base.rstrip("/") + path
        try:
            there, here = urlsplit(path), urlsplit(self.service.base)
        except ValueError:
            raise ItemFailed(f"{self.service.name} names {clean(path, 100)!r}, which is no address") from None
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise ItemFailed(
                f"{self.service.name} leads away from {here.netloc} to {clean(there.netloc, 100)}, "
                "which is not followed; behind a mirror, the mirror must rewrite such addresses"
            )
        return path

    def _ask(self, url: str, etag: str | None, as_text: bool) -> tuple[Answer, str | None]:
        """One answer that says something, or where it moved to; waits and tries again as often as is decent."""
        for attempt in range(RETRIES + 1):
            decision, answer, moved_to = self._once(url, etag, attempt, as_text)
            if decision.what == "wait":
                self._rest(url, decision.seconds, decision.reason)
                continue
            if decision.what == "stop":
                stop = Stop(f"{self.service.name}: {decision.reason}", spent=decision.seconds > 0)
                self._over[self._limit(url)] = stop
                raise stop
            if decision.what != "refused":
                self._broken = 0
                return answer, moved_to
            break
        told = f"{self._shown(url)}: {decision.reason}"
        self._broken = self._broken + 1 if attempt == RETRIES else 0
        if self._broken >= MAX_BROKEN:
            raise Stop(f"{told}; nothing usable {self._broken} times in a row", spent=False)
        raise ItemFailed(told)

    def _once(self, url: str, etag: str | None, attempt: int, as_text: bool) -> tuple[Decision, Answer, str | None]:
        self._before(url)
        nothing = Answer("absent", url)
        last = attempt >= RETRIES
        try:
            status, headers, body = self._exchange(url, etag, as_text)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            why = f"{self.service.base} cannot be reached: {clean(str(error), 200)}"
            return Decision("stop", 0.0, why) if last else Decision("wait", 2.0**attempt, why), nothing, None
        except httpx.InvalidURL as error:
            return Decision("refused", reason=f"no address: {clean(str(error), 200)}"), nothing, None
        except httpx.HTTPError as error:
            why = f"the answer broke off: {clean(str(error), 200) or type(error).__name__}"
            return Decision("refused" if last else "wait", 2.0**attempt, why), nothing, None
        now = time.time()
        self.meter.note(self._limit(url), headers, now)
        decision = decide(self.service.name, status, headers, body[:4096].decode("utf-8", "replace"), attempt, now)
        data = None
        if decision.what == "take" and as_text:
            data = body.decode("utf-8", "replace")
        elif decision.what == "take":
            try:
                data = json.loads(body)
            except (ValueError, RecursionError):
                why = f"the answer is not JSON: {clean(body[:60].decode('utf-8', 'replace'))!r}"
                return Decision("refused" if last else "wait", 2.0**attempt, why), nothing, None
        answer = Answer(decision.what, url, data, headers, decision.reason, decision.final)
        return decision, answer, headers.get("location", "") if decision.what == "moved" else None

    def _exchange(self, url: str, etag: str | None, as_text: bool) -> tuple[int, dict[str, str], bytes]:
        deadline = time.monotonic() + self.max_seconds
        headers = {"If-None-Match": etag} if etag and re.fullmatch(r"[\x21-\x7e]{1,200}", etag) else {}
        with self._http.stream("GET", url, headers=headers) as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if as_text and size > MAX_TEXT:
                    parts.append(part[: MAX_TEXT - size])
                    break
                if size > self.max_body:
                    raise TooLarge(f"{self._shown(url)}: the answer is larger than {self.max_body // 2**20} MiB")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"no end after {span(self.max_seconds)}")
                parts.append(part)
            return response.status_code, {k.lower(): v for k, v in response.headers.items()}, b"".join(parts)

    def _before(self, url: str) -> None:
        if over := self._over.get(self._limit(url)):
            raise over
        if self._allowed is not None and self.requests >= self._allowed:
            raise Stop(f"{self.service.name}: the {self.max_requests} requests allowed are used", spent=True)
        if self.budget is not None and self.meter.spent >= self.budget:
            raise Stop(f"{self.service.name}: the budget of ${self.budget:g} is spent", spent=True)
        seconds = self.meter.wait(self._limit(url), time.time())
        if seconds > MAX_WAIT:
            raise Stop(f"{self.service.name}: the limit of requests is spent for {span(seconds)}", spent=True)
        if seconds > 0:
            self._rest(url, seconds, "the limit of requests is spent")
        self.requests += 1

    def _limit(self, url: str) -> str:
        return self.service.limit(urlsplit(url).path)

    def _rest(self, url: str, seconds: float, why: str) -> None:
        level = logging.WARNING if seconds >= NOTABLE else logging.INFO
        log.log(level, "%s: %s; waiting %s", self.service.name, why, span(seconds))
        self._sleep(seconds)
        self.meter.rested(self._limit(url))

    def _shown(self, url: str) -> str:
        """The address as it is told: without a query that may be long."""
        return f"{self.service.name} {clean(urlsplit(url).path, 200)}"


def _joined(url: str, there: str) -> str:
    """Where a redirect leads, which may be told from where it is told."""
    try:
        return urljoin(url, there)
    except ValueError:
        raise ItemFailed(f"a redirect to {clean(there, 100)!r}, which is no address") from None


def _sound(service: Service) -> str:
    """The token, which can be sent; the library that sends it would tell a broken one in its error."""
    token = service.token.get_secret_value().strip() if service.token else ""
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Stop(f"{service.name}: the token is empty or holds characters that no token has", spent=False)
    return token


def _agent(mailto: str | None) -> str:
    try:
        number = version("medregistry")
    except PackageNotFoundError:
        number = "0"
    address = re.sub(r"[^\x21-\x7e]", "", mailto or "")[:200]
    return f"medregistry/{number}" + (f" (mailto:{address})" if address else "")
