"""OpenAlex as the local server plays it: the edge, which knows keys and prices, before the search behind it."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.support import api_openalex_works
from tests.support.api_openalex_query import segments
from tests.support.api_reply import Asked, Reply, say, with_headers

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

CREDIT = 0.0001
"""US dollars."""
COSTS = {"singleton": 0, "list": 1, "search": 10, "content": 100, "semantic": 10, "text": 100}
FREE = re.compile(
    r"/works/(W\d+|(doi|pmid|pmcid|mag|openalex|orcid|ror|wikidata|issn|issn_l|scopus):.+)", re.IGNORECASE
)
SEARCHES = (
    "title.search title_and_abstract.search abstract.search fulltext.search default.search display_name.search "
    "keyword.search raw_affiliation_strings.search raw_author_name.search"
).split()
PAID = re.compile(r"(from|to)_(updated|created)_date")
LONGEST_ADDRESS, LONGEST_SEARCH = 8_190, 1_500
JSON = {"Content-Type": "application/json"}


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What OpenAlex says."""
    return with_headers(_answer(server, asked), JSON)


def _answer(server: ApiServer, asked: Asked) -> Reply:
    key = _key(asked)
    if key and key not in server.tokens:
        return say(
            {"error": "Invalid or missing API key", "message": "API key not found"}, 401, Cache_Control="no-store"
        )
    if asked.path == "/rate-limit":
        return _standing(server, key)
    if refusal := _at_the_edge(asked):
        return refusal
    limits, price = server.limits, price_of(asked)
    left = limits.openalex - limits.used["openalex"]
    if price > left:
        return _spent(server, price, left)
    limits.used["openalex"] += price
    reply = api_openalex_works.answer(server, asked, price * CREDIT)
    return with_headers(reply, _headers(server, price))


def _key(asked: Asked) -> str | None:
    named = [asked.headers.get("api_key"), asked.headers.get("api-key"), asked.first("api_key"), asked.first("api-key")]
    return asked.token or next(filter(None, named), None)


def price_of(asked: Asked) -> int:
    """Credits of a request, which are told by the text of its path and by what it searches."""
    if FREE.fullmatch(asked.path):
        return COSTS["singleton"]
    if "search.semantic" in asked.query:
        return COSTS["semantic"]
    named = {name.replace("-", "_") for name, _ in segments(asked.first("filter"))}
    searched = any(name == "search" or name.startswith("search.") for name in asked.query)
    return COSTS["search" if searched or named & {*SEARCHES} else "list"]


def _reject(why: str, error: str, message: str) -> Reply:
    told = {"error": error, "error_source": "openalex-api-proxy", "message": message}
    return say(told, 400, x_openalex_edge_reject=why)


def _at_the_edge(asked: Asked) -> Reply | None:
    """What is refused before it costs anything."""
    invalid = "Invalid request rejected at the API edge"
    if len(asked.target) + len("GET  HTTP/1.1") > LONGEST_ADDRESS:
        return say({"error": "Request URL too long", "message": "over the 8190-byte limit"}, 400)
    if "limit" in asked.query:
        return _reject("f1:limit_param", invalid, "limit is not a parameter; per-page is meant")
    parts = segments(asked.first("filter"))
    if any(value is None for _, value in parts):
        return _reject("f1:raw_comma_filter", invalid, "a filter value holds a bare comma")
    searched = [value for name, values in asked.query.items() if name.startswith("search") for value in values]
    if any(len(value) > LONGEST_SEARCH for value in searched):
        return _reject("search_volume", "Search query too long", "search value over 1,500 characters")
    sorted_by = asked.first("sort").replace("-", "_")
    paid = [f"{name}:{value}" for name, value in parts if PAID.fullmatch(name.replace("-", "_"))]
    if paid or re.search(r"(updated|created)_date", sorted_by):
        told = f'The "{paid[0]}" filter' if paid else f'Sorting by "{sorted_by}"'
        whole = {"error": "Plan upgrade required", "message": f"{told} requires a paid plan."}
        return say(whole, 429, Cache_Control="no-store")
    return None


def until_midnight(server: ApiServer) -> int:
    """Seconds until the day's money is there again."""
    if server.limits.until_midnight is not None:
        return server.limits.until_midnight
    now = dt.datetime.now(dt.UTC)
    return 86_400 - (now.hour * 3_600 + now.minute * 60 + now.second)


def _usd(credits_: float) -> str:
    return f"{round(credits_ * CREDIT, 6):g}"


def _headers(server: ApiServer, price: int) -> dict[str, str]:
    limits = server.limits
    left = limits.openalex - limits.used["openalex"]
    return {
        "X-RateLimit-Limit-USD": _usd(limits.openalex),
        "X-RateLimit-Remaining-USD": _usd(left),
        "X-RateLimit-Prepaid-Remaining-USD": "0",
        "X-RateLimit-Cost-USD": _usd(price),
        "X-RateLimit-Limit": str(limits.openalex),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Onetime-Remaining": "0",
        "X-RateLimit-Credits-Used": str(price),
        "X-RateLimit-Reset": str(until_midnight(server)),
    }


def _spent(server: ApiServer, price: int, left: int) -> Reply:
    return spent(price, left, server.limits.openalex, until_midnight(server))


def spent(price: int, left: int, limit: int, wait: int) -> Reply:
    """What is said where the money of the day does not suffice; all but `wait`, which is in seconds, in credits."""
    cost, remaining = round(price * CREDIT, 6), round(left * CREDIT, 6)
    told: dict[str, Any] = {
        "error": "Rate limit exceeded",
        "message": f"Insufficient budget. This request costs ${cost:g} but you only have ${remaining:g} remaining. "
        "Resets at midnight UTC.",
        "retryAfter": wait,
        "costUsd": cost,
        "dailyRemainingUsd": remaining,
        "prepaidRemainingUsd": 0,
        "creditsRequired": price,
        "creditsRemaining": left,
        "onetimeCreditsRemaining": 0,
    }
    headers = {
        "X-RateLimit-Limit-USD": _usd(limit),
        "X-RateLimit-Remaining-USD": _usd(left),
        "X-RateLimit-Prepaid-Remaining-USD": "0",
        "X-RateLimit-Cost-Required-USD": _usd(price),
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Onetime-Remaining": "0",
        "X-RateLimit-Credits-Required": str(price),
        "X-RateLimit-Reset": str(wait),
        "Retry-After": str(wait),
    }
    return Reply(429, JSON | headers, json.dumps(told).encode())


def _standing(server: ApiServer, key: str | None) -> Reply:
    """What is left of the day's money: for those who say who they are."""
    if not key:
        nobody = {"error": "Authentication required", "message": "You must provide a valid API key ..."}
        return say(nobody, 401, Cache_Control="no-store")
    limits, wait = server.limits, until_midnight(server)
    used, left = limits.used["openalex"], limits.openalex - limits.used["openalex"]
    resets = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wait)
    told: dict[str, Any] = {
        "daily_budget_usd": float(_usd(limits.openalex)),
        "daily_used_usd": float(_usd(used)),
        "daily_remaining_usd": float(_usd(left)),
        "prepaid_balance_usd": 0,
        "prepaid_remaining_usd": 0,
        "prepaid_expires_at": None,
        "resets_at": resets.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "resets_in_seconds": wait,
        "endpoint_costs_usd": {name: round(cost * CREDIT, 6) for name, cost in COSTS.items()},
        "credits_limit": limits.openalex,
        "credits_used": used,
        "credits_remaining": left,
        "onetime_credits_balance": 0,
        "onetime_credits_remaining": 0,
        "onetime_credits_expires_at": None,
        "credit_costs": COSTS,
    }
    whole = {"api_key": f"{unquote(key)[:3]}...{unquote(key)[-3:]}", "is_grandfathered": False, "rate_limit": told}
    return say(whole, 200, Cache_Control="no-store")
