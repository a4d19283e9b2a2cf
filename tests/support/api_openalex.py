"""OpenAlex as the local server plays it: /works with filters, cursors, prices and refusals."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.support.api_reply import Asked, Reply, say

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

Body = dict[str, Any]
PARAMETERS = {
    *"filter search sort select page per-page per_page cursor sample seed group_by include_xpac mailto api_key".split()
}
COST = 0.0001
NOT_FOUND = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What OpenAlex says to a list of works."""
    if asked.token and asked.token not in server.tokens:
        return say({"error": "Invalid or missing API key", "message": "API key not found"}, 401)
    if asked.path != "/works":
        return Reply(404, {"Content-Type": "text/html; charset=utf-8"}, NOT_FOUND)
    if "limit" in asked.query:
        told = {"error": "Invalid request rejected at the API edge", "error_source": "openalex-api-proxy"}
        return say(told | {"message": "limit is not a parameter; per-page is meant"}, 400)
    if len(asked.target) > 8_190:
        return say({"error": "Request URL too long", "message": "over the 8190-byte limit"}, 400)
    limits = server.limits
    if limits.used["openalex"] >= limits.openalex:
        told = {"error": "Rate limit exceeded", "message": "Insufficient budget. Resets at midnight UTC."}
        spent = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "48806", "Retry_After": "48806"}
        return say(told | {"retryAfter": 48_806}, 429, **spent)
    limits.used["openalex"] += 1
    reply = _list(server, asked)
    left = limits.openalex - limits.used["openalex"]
    headers = {
        "X-RateLimit-Limit-USD": f"{limits.openalex * COST:g}",
        "X-RateLimit-Remaining-USD": f"{left * COST:g}",
        "X-RateLimit-Cost-USD": f"{COST}",
        "X-RateLimit-Limit": str(limits.openalex),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Credits-Used": "1",
        "X-RateLimit-Reset": "48806",
    }
    return Reply(reply.status, headers, reply.body)


def _list(server: ApiServer, asked: Asked) -> Reply:
    if unknown := {*asked.query} - PARAMETERS:
        return _wrong(f"{min(unknown)} is not a valid parameter")
    works = [work for work in server.world.works if not work["is_xpac"]]
    for part in re.findall(r'((?:[^,"]|"[^"]*")+)', asked.first("filter")):
        name, colon, value = part.partition(":")
        if not colon:
            told = {"error": "Invalid request rejected at the API edge", "error_source": "openalex-api-proxy"}
            return say(told | {"message": "a filter value holds a bare comma"}, 400)
        test = FILTERS.get(name.replace("-", "_"))
        if test is None:
            return _wrong(f"{name} is not a valid field. Valid fields are: ...")
        values = re.findall(r'"[^"]*"|[^|]+', value)
        if len(values) > 100:
            return _wrong("Maximum number of values exceeded for one filter")
        works = [work for work in works if any(test(work, one.strip('"')) for one in values)]
    size = int(asked.first("per-page", asked.first("per_page", "25")))
    if not 1 <= size <= 200:
        return _wrong("per-page parameter must be between 1 and 200")
    cursor = asked.first("cursor")
    start = 0 if cursor in ("", "*") else int(base64.b64decode(cursor).decode())
    page = works[start : start + size]
    full = len(page) == size
    found = base64.b64encode(str(start + size).encode()).decode() if cursor and full else None
    select = asked.first("select").split(",") if asked.first("select") else None
    if select and (unknown := {*select} - {*(works[0] if works else select)}):
        return _wrong(f"{min(unknown)} is not a valid select field.")
    shown = [{name: work.get(name) for name in select} if select else work for work in page]
    meta: Body = {"count": len(works), "db_response_time_ms": 31, "page": None if cursor else 1, "per_page": size}
    meta |= {"next_cursor": found} if cursor else {}
    meta |= {"groups_count": None, "cost_usd": COST}
    return say({"meta": meta, "results": shown, "group_by": []})


def _wrong(message: str) -> Reply:
    return say({"error": "Invalid query parameters error.", "message": message}, 400)


def _ends(address: str | None, key: str) -> bool:
    return (address or "").lower().rpartition(".org/")[2] == key.lower().rpartition(".org/")[2]


FILTERS: dict[str, Callable[[Body, str], bool]] = {
    "doi": lambda work, value: _ends(work["doi"], value),
    "openalex_id": lambda work, value: _ends(work["id"], value),
    "cites": lambda work, value: any(_ends(other, value) for other in work["referenced_works"]),
    "locations.landing_page_url": lambda work, value: any(
        place["landing_page_url"] == value for place in work["locations"]
    ),
    "from_publication_date": lambda work, value: work["publication_date"] >= value,
}
