"""GitHub as the local server plays it: one repository, and the search for repositories."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support.api_reply import Asked, Reply, say

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

Body = dict[str, Any]
RESULTS = 1_000
DOCS = "https://docs.github.com/rest"


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What GitHub says."""
    if not asked.headers.get("user-agent"):
        return Reply(403, {"Content-Type": "text/plain"}, b"Request forbidden by administrative rules.")
    search = asked.path.startswith("/search/")
    limits = _meter(server, "github_search" if search else "github")
    if limits.status != 200:
        return limits
    if asked.token and asked.token not in server.tokens:
        told = {"message": "Bad credentials", "documentation_url": DOCS, "status": "401"}
        return Reply(401, limits.headers, json.dumps(told).encode())
    reply = _search(server, asked) if search else _one(server, asked)
    kept = dict(limits.headers)
    if reply.status == 304:
        server.limits.used["github"] -= 1
        kept["X-RateLimit-Remaining"] = str(int(kept["X-RateLimit-Remaining"]) + 1)
    return Reply(reply.status, {**kept, **reply.headers}, reply.body)


def _meter(server: ApiServer, bucket: str) -> Reply:
    limits = server.limits
    allowed = limits.github_search if bucket == "github_search" else limits.github
    spent = limits.used[bucket] >= allowed
    limits.used[bucket] += not spent
    headers = {
        "X-RateLimit-Limit": str(allowed),
        "X-RateLimit-Remaining": str(allowed - limits.used[bucket]),
        "X-RateLimit-Used": str(limits.used[bucket]),
        "X-RateLimit-Reset": str(int(time.time()) + (60 if bucket == "github_search" else 3600)),
        "X-RateLimit-Resource": "search" if bucket == "github_search" else "core",
        "x-github-api-version-selected": "2022-11-28",
    }
    if not spent:
        return Reply(200, headers)
    told = {"message": "API rate limit exceeded for 192.0.2.7.", "documentation_url": f"{DOCS}/rate-limits"}
    return Reply(403, headers, json.dumps(told).encode())


def _one(server: ApiServer, asked: Asked) -> Reply:
    repositories = server.world.repositories
    _, kind, *rest = asked.path.split("/")
    name = "/".join(rest)
    found = next(
        (
            body
            for body in repositories
            if (kind == "repos" and body["full_name"].lower() == name.lower())
            or (kind == "repositories" and str(body["id"]) == name)
        ),
        None,
    )
    if found:
        data = json.dumps(found).encode()
        tag = _etag(data)
        if asked.headers.get("if-none-match") == tag:
            return Reply(304, {"ETag": tag})
        return Reply(200, {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}, data)
    if kind == "repos" and (moved := server.world.renamed.get(name)):
        number = next(body["id"] for body in repositories if body["full_name"] == moved)
        address = f"{server.address}/repositories/{number}"
        return say({"message": "Moved Permanently", "url": address, "documentation_url": DOCS}, 301, Location=address)
    return say({"message": "Not Found", "documentation_url": DOCS, "status": "404"}, 404)


def _etag(data: bytes) -> str:
    from tests.support.api_server import etag

    return etag(data)


def _search(server: ApiServer, asked: Asked) -> Reply:
    if asked.path != "/search/repositories":
        return say({"message": "Not Found", "documentation_url": DOCS, "status": "404"}, 404)
    size, page = min(int(asked.first("per_page", "30")), 100), int(asked.first("page", "1"))
    if size * (page - 1) >= RESULTS:
        return say({"message": "Only the first 1000 search results are available", "status": "422"}, 422)
    found = [body for body in server.world.repositories if _matches(server, body, asked.first("q"))]
    found.sort(key=lambda body: str(body["updated_at"]), reverse=True)
    items = [body | {"score": 1.0} for body in found[size * (page - 1) : size * page]]
    headers = {}
    if size * page < min(len(found), RESULTS):
        pairs = [(name, values[0]) for name, values in asked.query.items() if name != "page"]
        address = f"{server.address}{asked.path}?{urlencode([*pairs, ('page', str(page + 1))])}"
        headers["Link"] = f'<{address}>; rel="next", <{address}>; rel="last"'
    return say({"total_count": len(found), "incomplete_results": False, "items": items}, 200, **headers)


def _matches(server: ApiServer, body: Body, query: str) -> bool:
    """All words, quoted phrases and topics of a query, where ``in:`` says; forks are left out."""
    places = (re.findall(r"\bin:([\w,]+)", query) or ["name,description,topics"])[0].split(",")
    texts = {
        "name": body["full_name"],
        "description": body["description"] or "",
        "topics": " ".join(body["topics"]),
        "readme": server.world.readmes.get(body["full_name"], ""),
    }
    text = _words(" ".join(texts[place] for place in places))
    bare = re.sub(r"\b(in|topic|fork|stars|pushed|created):\S+", "", query)
    phrases = re.findall(r'"([^"]+)"', bare) + re.sub(r'"[^"]*"', "", bare).split()
    topics = re.findall(r"\btopic:([\w-]+)", query)
    return not body["fork"] and all(_words(p) in text for p in phrases) and all(t in body["topics"] for t in topics)


def _words(text: str) -> str:
    """Lower-case words between blanks: punctuation separates."""
    return " " + " ".join(re.findall(r"[^\W_]+", text.lower())) + " "
