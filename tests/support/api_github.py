"""GitHub as the local server plays it: who may ask, how much is left, conditional requests, and which part answers."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

from tests.support import api_github_code, api_github_repo, api_github_search
from tests.support.api_github_words import DOCS, refuse
from tests.support.api_reply import Asked, Reply, etag, plain, say, with_headers

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

VERSIONS = ("2022-11-28", "2026-03-10")
WINDOWS = {"github": 3_600, "github_search": 60, "github_code_search": 60}
RESOURCES = {"github": "core", "github_search": "search", "github_code_search": "code_search"}
NO_AGENT = (
    "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header "
    "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). "
    "Check https://developer.github.com for other possible causes.\r\n"
)
ALWAYS = {
    "X-GitHub-Media-Type": "github.v3; format=json",
    "X-GitHub-Request-Id": "MADE:0000:0000:0000",
}


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What GitHub says."""
    if not asked.headers.get("user-agent"):
        return plain(403, NO_AGENT)
    version = asked.headers.get("x-github-api-version", VERSIONS[0])
    if version not in VERSIONS:
        return with_headers(refuse(400, f"'{version}' is not a supported API version."), ALWAYS)
    if asked.path == "/rate_limit":
        return with_headers(_rate_limit(server, version), ALWAYS | _headers(server, "github"))
    code = asked.path == "/search/code"
    bucket = "github_search" if asked.path.startswith("/search/") else "github"
    if code:
        bucket = "github_code_search" if asked.token else "github"
    limits = server.limits
    spent = limits.used[bucket] >= _allowed(server, bucket) and limits.left_of_window(bucket, WINDOWS[bucket]) > 0
    limits.used[bucket] += not spent
    kept = ALWAYS | _headers(server, bucket)
    if spent:
        return with_headers(_limited(asked), kept)
    if asked.token and asked.token not in server.tokens:
        return with_headers(refuse(401, "Bad credentials"), kept)
    reply = _conditional(asked, _part(server, asked, version))
    if reply.status == 304 and asked.token:
        limits.used[bucket] -= 1
        kept = ALWAYS | _headers(server, bucket)
    if reply.status != 301:
        kept |= {"x-github-api-version-selected": version}
    return with_headers(reply, kept)


def _part(server: ApiServer, asked: Asked, version: str) -> Reply:
    if asked.path == "/search/repositories":
        return api_github_search.answer(server, asked)
    if asked.path == "/search/code":
        return api_github_code.answer(server, asked)
    if asked.path.startswith(("/repos/", "/repositories/")):
        return api_github_repo.answer(server, asked, version)
    return refuse(404, "Not Found")


def _conditional(asked: Asked, reply: Reply) -> Reply:
    """The answer with its validator; nothing but that where it is what is known already."""
    if reply.status != 200:
        return reply
    tag = etag(reply.body + asked.headers.get("accept", "").encode() + (asked.token or "").encode())
    fresh = {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60", "Vary": "Accept, Authorization, Cookie"}
    known = [one.strip() for one in asked.headers.get("if-none-match", "").split(",")]
    return Reply(304, {"ETag": tag}) if tag in known else with_headers(reply, fresh)


def _allowed(server: ApiServer, bucket: str) -> int:
    limits = server.limits
    return {
        "github": limits.github,
        "github_search": limits.github_search,
        "github_code_search": limits.github_code_search,
    }[bucket]


def _figures(server: ApiServer, bucket: str) -> dict[str, int]:
    limits, allowed = server.limits, _allowed(server, bucket)
    ends = math.ceil(time.time() + limits.left_of_window(bucket, WINDOWS[bucket]))
    return {
        "limit": allowed,
        "used": limits.used[bucket],
        "remaining": max(0, allowed - limits.used[bucket]),
        "reset": ends,
    }


def _headers(server: ApiServer, bucket: str) -> dict[str, str]:
    told = {f"X-RateLimit-{name.title()}": str(value) for name, value in _figures(server, bucket).items()}
    return told | {"X-RateLimit-Resource": RESOURCES[bucket]}


def _limited(asked: Asked) -> Reply:
    if asked.token:
        told = (
            "API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the "
            "request ID MADE:0000 and timestamp 2026-11-22 12:00:00 UTC."
        )
        return refuse(403, told, f"{DOCS}/using-the-rest-api/rate-limits-for-the-rest-api")
    told = (
        "API rate limit exceeded for 192.0.2.7. (But here's the good news: Authenticated requests get a higher rate "
        "limit. Check out the documentation for more details.)"
    )
    where = f"{DOCS}/overview/resources-in-the-rest-api#rate-limiting"
    return Reply(403, {}, json.dumps({"message": told, "documentation_url": where}).encode())


def _rate_limit(server: ApiServer, version: str) -> Reply:
    """What is left of each limit; asking costs nothing."""
    found = {RESOURCES[bucket]: _figures(server, bucket) for bucket in RESOURCES}
    others = {"graphql": 5_000, "integration_manifest": 5_000, "source_import": 100, "code_scanning_upload": 5_000}
    others |= {"code_scanning_autofix": 10, "actions_runner_registration": 10_000, "scim": 15_000}
    others |= {"dependency_snapshots": 100, "dependency_sbom": 100}
    reset = found["core"]["reset"]
    found |= {name: {"limit": n, "used": 0, "remaining": n, "reset": reset} for name, n in others.items()}
    whole = {"resources": found} | ({"rate": found["core"]} if version == VERSIONS[0] else {})
    return say(whole, x_github_api_version_selected=version)
