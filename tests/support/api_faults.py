"""Answers of each kind of trouble as the services give them: ``server.fail(path, FAULTS["hub_429"])``."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping

from tests.support.api_openalex import JSON, spent
from tests.support.api_reply import Asked, Reply, html, plain, say, service_of

Fault = Reply | str
"""An answer, or how the server misbehaves: ``truncate``, ``endless``, ``drip``, ``slow``."""

DOCS = "https://docs.github.com"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
MIDNIGHT = 48_806
"""Seconds that a spent day lasts here."""


def _github(status: int, remaining: int, resource: str, body: Mapping[str, str], reset: int, **more: str) -> Reply:
    limit = {"core": 5_000, "search": 30, "code_search": 10}[resource]
    headers = {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Request-Id": "MADE:0000:0000:0000",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Used": str(limit - remaining),
        "X-RateLimit-Reset": str(int(time.time()) + reset),
        "X-RateLimit-Resource": resource,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return Reply(status, headers, json.dumps(body).encode())


def _hub_429(wait: int) -> Reply:
    told = (
        "We had to rate limit your IP. To continue using our service, create a HF account or login to your existing "
        "account, and make sure you pass a HF_TOKEN if you're using the API."
    )
    limit = {"RateLimit": f'"api";r=0;t={wait}', "RateLimit_Policy": '"fixed window";"api";q=500;w=300'}
    return say({"error": told}, 429, X_Error_Message="We had to rate limit your IP", **limit)


def _per_second() -> Reply:
    """As a spent day but for the wait and the message: nothing is said to remain here too."""
    day = spent(1, 0, 10_000, 42_000)
    told = json.loads(day.body) | {"message": "Rate limit exceeded: 30 requests per second. Please slow down."}
    told["retryAfter"] = 0.03
    return Reply(429, {**day.headers, "Retry-After": "1"}, json.dumps(told).encode())


def _edge(status: int, error: str, message: str, headers: Mapping[str, str], **more: object) -> Reply:
    """What OpenAlex's edge says: it counts nothing, so that no header tells what is left."""
    return Reply(status, {**JSON, **headers}, json.dumps({"error": error, "message": message, **more}).encode())


def _openalex(wait: int) -> dict[str, Fault]:
    limited, kept = "Rate limit exceeded", {"Cache-Control": "no-store"}
    later = {"Retry-After": str(wait)}
    return {
        "openalex_day_spent": spent(1, 0, 1_000, MIDNIGHT),
        "openalex_too_little_left": spent(10, 4, 1_000, MIDNIGHT),
        "openalex_per_second": _per_second(),
        "openalex_broad_boolean": _edge(
            429, limited, "Your query uses 6 boolean operators ...", {"Retry-After": "1"},
            reason="broad_boolean_query", booleanOperators=6, retryAfter=1,
        ),
        "openalex_anonymous_search": _edge(
            429, limited, "Anonymous search is temporarily rate-limited ...", kept | later, retryAfter=wait
        ),
        "openalex_plan_upgrade": _edge(
            429, "Plan upgrade required", 'The "from_updated_date:2026-11-01" filter requires a paid plan.', kept
        ),
        "openalex_503": _edge(503, "Search temporarily unavailable", "Anonymous search is paused ...", kept | later),
        "openalex_504": _edge(
            504, "Gateway timeout", "Your query took too long and was stopped before completing.", {},
            reason="query_timeout",
        ),
        "openalex_bad_key": _edge(401, "Invalid or missing API key", "API key not found", kept),
        "openalex_404_html": html(404, "<h1>Not Found</h1>", Content_Type="text/html; charset=utf-8"),
        "openalex_content_401": _edge(401, "API key required", "Content downloads require an API key.", kept),
        "openalex_changefiles_403": _edge(
            403, "Plan upgrade required", "Changefile downloads require a paid plan.", kept
        ),
    }  # fmt: skip


def _github_faults(wait: int) -> dict[str, Fault]:
    primary = {
        "message": "API rate limit exceeded for user ID 1.",
        "documentation_url": f"{DOCS}/rest/using-the-rest-api/rate-limits-for-the-rest-api",
    }
    second = {"documentation_url": f"{DOCS}/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api"
              "#about-secondary-rate-limits", "message": SECONDARY}  # fmt: skip
    block = {"created_at": "2025-03-14T13:42:10Z", "html_url": "https://github.com/github/dmca"}
    return {
        "github_primary_403": _github(403, 0, "core", primary | {"status": "403"}, wait),
        "github_primary_429": _github(429, 0, "search", primary | {"status": "429"}, wait),
        "github_secondary_403": _github(403, 3_120, "core", second, 3_600),
        "github_secondary_403_retry_after": _github(403, 7, "code_search", second, 60, Retry_After=str(wait)),
        "github_secondary_429": _github(429, 3_120, "core", second, 3_600),
        "github_secondary_429_retry_after": _github(429, 3_120, "core", second, 3_600, Retry_After=str(wait)),
        "github_abuse_403": _github(403, 3_120, "core", second | {"message": "You have triggered an abuse detection "
            "mechanism. Please wait a few minutes before you try again."}, 3_600),
        "github_forbidden": say({"message": "Resource not accessible by integration", "status": "403"}, 403),
        "github_blocked_451": say({"message": "Repository access blocked", "block": {"reason": "dmca", **block}}, 451),
        "github_bad_credentials": say({"message": "Bad credentials", "status": "401"}, 401),
        "github_no_agent": plain(403, "\r\nRequest forbidden by administrative rules. Please make sure your "
            "request has a User-Agent header.\r\n"),
        "github_empty_409": say({"message": "Git Repository is empty.", "status": "409"}, 409),
        "incomplete_search": say({"total_count": 900, "incomplete_results": True, "items": []}),
    }  # fmt: skip


def faults(wait: int = 1) -> dict[str, Fault]:
    """All faults by name; those that name a time to come back say `wait` seconds, but for a day that is spent."""
    gated = (
        "Access to dataset made-lab/notes is restricted. You must have access to it and be authenticated to access it."
    )
    edge = {"Server": "CloudFront", "X_Cache": "Error from cloudfront"}
    return {
        "hub_429": _hub_429(wait),
        "hub_429_cloudfront": html(429, "Too Many Requests", **edge),
        "hub_502": html(502, "Bad Gateway", Server="CloudFront"),
        "hub_gated_401": say({"error": gated}, 401, X_Error_Code="GatedRepo", X_Error_Message=gated),
        "hub_missing_401": say({"error": "Invalid username or password."}, 401),
        "hub_bad_token": say({"error": "Invalid credentials in Authorization header"}, 401),
        **_github_faults(wait),
        **_openalex(wait),
        "html_500": html(500, "Internal Server Error"),
        "html_502": html(502, "<h1>502 Bad Gateway</h1>"),
        "html_503": html(503, "Service Unavailable"),
        "html_200": html(200, "Welcome to the hotel: please log in"),
        "malformed_json": Reply(200, {}, b'[{"_id": "1", '),
        "empty_body": Reply(200, {}, b""),
        "truncated": "truncate",
        "slow_body": "slow",
        "dripping_body": "drip",
        "endless_body": "endless",
    }


FAULTS: dict[str, Fault] = faults(wait=60)

PASSING = {
    "huggingface": ("hub_429", "html_502", "html_503", "malformed_json", "empty_body", "truncated", "slow_body"),
    "github": (
        "github_primary_403", "github_secondary_403_retry_after", "github_secondary_429_retry_after", "html_502",
        "malformed_json", "truncated", "slow_body",
    ),
    "openalex": ("openalex_per_second", "openalex_503", "html_502", "malformed_json", "truncated", "slow_body"),
}  # fmt: skip
"""Of each service those that are over when the request is made again a second later."""


def mishaps(rate: float, seed: int) -> Callable[[Asked], Reply | str | None]:
    """Faults that befall a share of all requests, and none of them twice in a row: a second try is answered."""
    drawn, last = random.Random(seed), set[str]()

    def happens(asked: Asked) -> Reply | str | None:
        if asked.target in last or drawn.random() >= rate:
            last.discard(asked.target)
            return None
        last.add(asked.target)
        return faults()[drawn.choice(PASSING[service_of(asked.path)])]

    return happens
