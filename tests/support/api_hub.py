"""Hugging Face as the local server plays it: /api/datasets and /api/models."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.support.api_reply import Asked, Reply, say

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

Body = dict[str, Any]
ALWAYS = ("_id", "id")
EXPAND = {
    "datasets": set(
        "author cardData citation createdAt description disabled downloads downloadsAllTime gated lastModified likes "
        "mainSize paperswithcode_id private resourceGroup sha siblings tags trendingScore usedStorage".split()
    ),
    "models": set(
        "author baseModels cardData childrenModelCount config createdAt disabled downloads downloadsAllTime "
        "evalResults gated gguf inference inferenceProviderMapping lastModified library_name likes mask_token "
        "model-index pipeline_tag private resourceGroup safetensors sha siblings spaces tags transformersInfo "
        "trendingScore usedStorage widgetData".split()
    ),
}
USUAL = {*"_id id author private gated disabled lastModified createdAt sha tags description downloads likes".split()}
USUAL |= {"trendingScore", "modelId", "pipeline_tag", "library_name", "key"}
PAGE = 1_000


def answer(server: ApiServer, asked: Asked) -> Reply:
    """What the Hub says."""
    metered = _meter(server)
    if metered.status == 429:
        return metered
    limits = dict(metered.headers)
    if asked.token and asked.token not in server.tokens:
        told = "Invalid credentials in Authorization header"
        return say({"error": told}, 401, X_Error_Message=told, **_under(limits))
    _, _, kind, *rest = asked.path.split("/")
    if kind not in EXPAND:
        return say({"error": "Sorry, we can't find the page you are looking for."}, 404, **_under(limits))
    items = server.world.datasets if kind == "datasets" else server.world.models
    if unknown := {*asked.all("expand", "expand[]")} - EXPAND[kind]:
        return say({"error": f'Invalid option: expected one of the known properties, got "{min(unknown)}"'}, 400)
    reply = _one(server, asked, kind, items, "/".join(rest)) if rest else _list(server, asked, kind, items)
    return Reply(reply.status, {**limits, **reply.headers}, reply.body)


def _under(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


def _meter(server: ApiServer) -> Reply:
    limits = server.limits
    limits.used["hub"] += 1
    left = max(0, limits.hub - limits.used["hub"])
    headers = {
        "RateLimit": f'"api";r={left};t={limits.window}',
        "RateLimit-Policy": f'"fixed window";"api";q={limits.hub};w={limits.window}',
    }
    if limits.used["hub"] <= limits.hub:
        return Reply(200, headers)
    limits.used["hub"] = 0  # whoever comes back after the window finds it new
    return say(
        {"error": "We had to rate limit your IP. To continue using our service, log in."}, 429, **_under(headers)
    )


def _shown(item: Body, asked: Asked, usual: set[str]) -> Body:
    """The properties that were asked for."""
    named = {*asked.all("expand", "expand[]")}
    if named:
        return {name: value for name, value in item.items() if name in named or name in ALWAYS}
    blobs = asked.first("blobs") in ("true", "True", "1")
    shown = {name: value for name, value in item.items() if name in usual}
    if "siblings" in shown and not blobs:
        shown["siblings"] = [{"rfilename": one["rfilename"]} for one in item["siblings"]]
    return shown


def _one(server: ApiServer, asked: Asked, kind: str, items: list[Body], name: str) -> Reply:
    name = name.partition("/revision/")[0]
    found = next((item for item in items if item["id"] == name), None)
    if found:
        return say(_shown(found, asked, {*found}))
    moved = server.world.renamed.get(name) or next((i["id"] for i in items if i["id"].lower() == name.lower()), None)
    if moved:
        query = f"?{asked.target.partition('?')[2]}" if "?" in asked.target else ""
        return Reply(307, {"Location": f"/api/{kind}/{moved}{query}"})
    if asked.token:
        return say({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
    return say({"error": "Invalid username or password."}, 401, X_Error_Message="Invalid username or password.")


def _list(server: ApiServer, asked: Asked, kind: str, items: list[Body]) -> Reply:
    for wanted in asked.all("filter"):
        items = [item for item in items if wanted in item["tags"]]
    for words in asked.all("search"):
        items = [item for item in items if words.lower() in item["id"].lower()]
    if author := asked.first("author"):
        items = [item for item in items if item["id"].startswith(f"{author}/")]
    key = asked.first("sort", "trendingScore")
    items = sorted(items, key=lambda item: _rank(item.get(key)), reverse=True)
    limit = min(int(asked.first("limit", str(PAGE))), PAGE)
    start = int(base64.urlsafe_b64decode(asked.first("cursor")).decode()) if asked.first("cursor") else 0
    full = asked.first("full") in ("true", "True", "1")
    usual = USUAL | ({"cardData", "siblings", "citation", "paperswithcode_id"} if full else set())
    page = [_shown(item, asked, usual) for item in items[start : start + limit]]
    if start + limit >= len(items):
        return say(page)
    cursor = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
    pairs = [(name, value) for name, values in asked.query.items() if name != "cursor" for value in values]
    address = f"{server.address}/api/{kind}?{urlencode([*pairs, ('cursor', cursor)])}"
    return say(page, Link=f'<{address}>; rel="next"')


def _rank(value: Any) -> tuple[float, str]:
    """Numbers by size, times by their text; what has none comes last."""
    return (value, "") if isinstance(value, int | float) else (0, str(value or ""))
