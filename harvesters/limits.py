"""What to do about an answer of a service: a decision from its status, headers and body, without any effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

RETRIES = 3
"""How often a request is tried again."""
MAX_WAIT = 330.0
"""Longest wait in seconds, somewhat above Hugging Face's window; who asks for more has had enough today."""

What = Literal["take", "same", "moved", "absent", "gated", "wait", "refused", "stop"]


class Decision(NamedTuple):
    """What to do: ``take`` the body, it is the ``same`` as before, follow where it ``moved``, there is nothing
    (``absent``; `final` when it was taken down for good), it is there but ``gated``, ``wait`` some seconds and try
    again, give the item up (``refused``), or ``stop`` the run."""

    what: What
    seconds: float = 0.0
    reason: str = ""
    final: bool = False


def decide(service: str, status: int, headers: Mapping[str, str], body: str, attempt: int, at: float) -> Decision:
    """Classify an answer.

    Args:
        service: huggingface, github or openalex.
        status: of HTTP.
        headers: names in lower case.
        body: the start of the body, as text.
        attempt: how often the request was tried before.
        at: seconds since the epoch.
    """
    if status == 304:
        return Decision("same")
    if 200 <= status < 300:
        return Decision("take")
    if status in (301, 302, 303, 307, 308):
        return Decision("moved")
    if status == 401 or (status == 403 and headers.get("x-error-code") == "GatedRepo"):
        return _unauthorised(service, headers, body)
    if status in (404, 409, 410, 451):
        told = {404: "not found", 409: "empty", 410: "gone", 451: "taken down for legal reasons"}[status]
        return Decision("absent", reason=f"{told} ({status})", final=status in (410, 451))
    if status == 429 or status == 403:
        return _limited(status, headers, body, attempt, at)
    if status >= 500 and "query_timeout" not in body:
        seconds = _retry_after(headers, at)
        return _wait(2.0**attempt if seconds is None else seconds, attempt, f"the service fails ({status})", "refused")
    return Decision("refused", reason=f"answered {status}: {summary(body)}")


def _unauthorised(service: str, headers: Mapping[str, str], body: str) -> Decision:
    if headers.get("x-error-code") == "GatedRepo":
        return Decision("gated", reason="access must be asked for")
    if service == "huggingface" and "credentials in authorization" not in body.lower():
        # Without a token the Hub says the same of what is missing and of what is private.
        return Decision("absent", reason="missing or private (401)")
    return Decision("stop", reason=f"the token is refused (401: {summary(body)}); correct it or unset it")


def _limited(status: int, headers: Mapping[str, str], body: str, attempt: int, at: float) -> Decision:
    """429, or 403 where it means a limit; a limit is told by a header, else by the words of the body."""
    if "Plan upgrade required" in body:
        return Decision("refused", reason=f"needs a paid plan: {summary(body)}")
    seconds = _retry_after(headers, at)
    if seconds is None:
        seconds = reset_in(headers, at)
    if seconds is None and re.search("secondary rate limit|abuse detection|rate limit exceeded", body, re.IGNORECASE):
        seconds = 60.0 * 2**attempt
    if seconds is None and status == 429:
        seconds = 5.0 * 2**attempt
    if seconds is None:
        return Decision("refused", reason=f"refused (403): {summary(body)}")
    return _wait(seconds, attempt, "the limit of requests is spent", "stop")


def _wait(seconds: float, attempt: int, reason: str, else_: Literal["refused", "stop"]) -> Decision:
    if seconds > MAX_WAIT:
        return Decision("stop", seconds, f"{reason}; it asks to come back in {span(seconds)}")
    if attempt >= RETRIES:
        return Decision(else_, seconds, f"{reason}, {attempt + 1} times in a row")
    return Decision("wait", seconds, reason)


def _retry_after(headers: Mapping[str, str], at: float) -> float | None:
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - at) if text else None
    except (ValueError, OverflowError):
        return None


def reset_in(headers: Mapping[str, str], at: float) -> float | None:
    """Seconds until a spent limit begins anew; None where the headers do not say that one is spent."""
    if match := re.search(r"\br=([0-9]{1,9});\s*t=([0-9]{1,9})\b", headers.get("ratelimit", "")):
        return int(match[2]) + 1.0 if match[1] == "0" else None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") != "0" or not re.fullmatch("[0-9]{1,12}", reset):
        return None
    # GitHub names the second since 1970, OpenAlex the seconds that remain.
    return max(0.0, int(reset) - at) + 1.0 if len(reset) > 8 else float(reset)


def span(seconds: float) -> str:
    """``40 seconds``, ``12 minutes``, ``3.5 hours``."""
    for size, word in ((3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.0f} seconds"


def summary(body: str) -> str:
    """The first words of a body, on one line, without markup."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]{0,200}>", " ", body)).strip()
    if match := re.search(r'"(?:message|error)":\s*"([^"]{1,200})', text):
        text = match[1]
    return text[:160] or "no further word"
