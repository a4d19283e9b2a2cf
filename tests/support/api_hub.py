"""Hugging Face as the local server plays it: who may ask, how much is left, and which part answers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tests.support import api_hub_files, api_hub_lists
from tests.support.api_hub_lists import EXPAND, shown
from tests.support.api_reply import Asked, Reply, say, with_headers
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

PARTS = {"revision", "tree", "refs", "commits", "paths-info", "auth-check", "resolve"}
NO_PAGE = "Sorry, we can't find the page you are looking for."


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What the Hub says."""
    metered = _meter(server, "resolvers" if "/resolve" in asked.path else "api")
    if metered.status == 429:
        return metered
    return with_headers(_answer(server, asked), metered.headers)


def _answer(server: ApiServer, asked: Asked) -> Reply:
    if asked.token and asked.token not in server.tokens:
        told = "Invalid credentials in Authorization header"
        return say({"error": told}, 401, X_Error_Message=told)
    api, kind, *rest = asked.path.strip("/").split("/")
    if api != "api":
        return _resolve(server, asked)
    if kind == "papers":
        return api_hub_lists.paper(server, asked, rest)
    if kind == "arxiv" and len(rest) == 2 and rest[1] == "repos":
        return api_hub_lists.repositories_of_paper(server, rest[0])
    if kind == "resolve-cache" and len(rest) >= 5:
        return api_hub_files.cached(server, asked, rest)
    if kind not in EXPAND:
        return say({"error": NO_PAGE}, 404)
    if rest and rest[0] and split_name(rest)[1] not in ("", "revision"):
        return _one(server, asked, kind, rest)
    if unknown := {*asked.all("expand", "expand[]")} - EXPAND[kind]:
        told = f'Invalid option: expected one of the known properties, got "{min(unknown)}"'
        return say({"error": told}, 400, X_Error_Message="Invalid expand")
    return _one(server, asked, kind, rest) if rest and rest[0] else api_hub_lists.listing(server, asked, kind)


def _meter(server: ApiServer, bucket: str) -> Reply:
    """The headers that every answer bears; an answer of its own where nothing is left."""
    limits, name = server.limits, "hub" if bucket == "api" else "hub_resolvers"
    allowed = limits.hub if bucket == "api" else limits.hub_resolvers
    limits.used[name] += 1
    ends = math.ceil(limits.left_of_window(name, limits.window))
    headers = {
        "RateLimit": f'"{bucket}";r={max(0, allowed - limits.used[name])};t={ends}',
        "RateLimit-Policy": f'"fixed window";"{bucket}";q={allowed};w={limits.window}',
    }
    if limits.used[name] <= allowed:
        return Reply(200, headers)
    limits.begin_window(name)  # whoever comes back after the window finds it new
    told = (
        "We had to rate limit your IP. To continue using our service, create a HF account or login to your existing "
        "account, and make sure you pass a HF_TOKEN if you're using the API."
    )
    return with_headers(say({"error": told}, 429, X_Error_Message="We had to rate limit your IP"), headers)


def split_name(rest: list[str]) -> tuple[str, str, list[str]]:
    """(name, part, what follows) of the path below a kind; old names have no owner."""
    for length in (2, 1):
        if len(rest) > length and rest[length] in PARTS:
            return "/".join(rest[:length]), rest[length], rest[length + 1 :]
    return "/".join(rest), "", []


def _named(server: ApiServer, kind: str, name: str) -> Body | None:
    found = server.shelf(kind).find("name", lambda body: (body["id"],), name)
    return found[0] if found else None


def moved_to(server: ApiServer, kind: str, name: str) -> str | None:
    """The name that an old or otherwise written one means now."""
    renamed = server.world.renamed
    now = name
    for _ in range(9):
        if now not in renamed or (now != name and _named(server, kind, now)):
            break
        now = renamed[now]
    if now == name:
        other = [new for old, new in renamed.items() if old.lower() == name.lower()]
        alike = server.shelf(kind).find("lower", lambda body: (body["id"].lower(),), name.lower())
        now = alike[0]["id"] if alike else next(iter(other), name)
    return now if now != name and _named(server, kind, now) else None


def _find(server: ApiServer, asked: Asked, kind: str, name: str, address: str) -> Body | Reply:
    """The repository of this name, or what is said instead; `address` leads to a name, with {} in its place."""
    found = _named(server, kind, name)
    if found and not (found.get("private") and asked.token not in server.granted):
        return found
    moved = None if found else moved_to(server, kind, name)
    if moved:
        return Reply(307, {"Location": address.format(moved) + asked.rest})
    if asked.token:
        return say(
            {"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found"
        )
    return say({"error": "Invalid username or password."}, 401, X_Error_Message="Invalid username or password.")


def _one(server: ApiServer, asked: Asked, kind: str, rest: list[str]) -> Reply:
    name, part, more = split_name(rest)
    address = "/".join([f"/api/{kind}/{{}}", *([part] if part else []), *(_escape(more))])
    body = _find(server, asked, kind, unquote(name), address)
    if isinstance(body, Reply):
        return body
    if part in ("", "revision"):
        wrong = api_hub_files.wrong_revision(body, unquote("/".join(more)) if part else "main")
        return wrong or say(shown(_whole(server, kind, body, asked), asked, {*body} - {"key"}))
    return api_hub_files.part(server, asked, kind, body, part, [unquote(one) for one in more])


def _whole(server: ApiServer, kind: str, body: Body, asked: Asked) -> Body:
    """The body; with the true size and name of its README where those of files are asked for."""
    if kind != "datasets" or not asked.yes("blobs") or "siblings" not in body:
        return body
    return {**body, "siblings": api_hub_files.files_of(server, body)}


def _escape(parts: Iterable[str]) -> list[str]:
    return [quote(unquote(part), safe="") for part in parts]


def _resolve(server: ApiServer, asked: Asked) -> Reply:
    """``/datasets/{id}/resolve/{rev}/{path}``, and the same of spaces and, without a word before it, of models."""
    parts = asked.path.strip("/").split("/")
    kind = parts.pop(0) if parts[0] in ("datasets", "spaces") else "models"
    name, part, more = split_name(parts)
    if part != "resolve" or len(more) < 2:
        return say({"error": NO_PAGE}, 404)
    before = "" if kind == "models" else f"/{kind}"
    body = _find(server, asked, kind, unquote(name), "/".join([f"{before}/{{}}/resolve", *_escape(more)]))
    if isinstance(body, Reply):
        return body
    return api_hub_files.resolved(server, asked, kind, body, unquote(more[0]), unquote("/".join(more[1:])))
