"""Lists of the Hub as the local server plays them: datasets, models and spaces, and the pages of papers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.support.api_reply import Asked, Reply, say
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

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
    "spaces": set(
        "author cardData createdAt datasets disabled lastModified likes models private region resourceGroup runtime "
        "sdk sha siblings subdomain tags trendingScore usedStorage".split()
    ),
}
USUAL = {
    "datasets": {
        *"_id id author private gated disabled lastModified createdAt sha tags description downloads likes".split(),
        "trendingScore",
        "key",
    },
    "models": {
        *"_id id modelId author private gated disabled lastModified createdAt sha tags downloads likes".split(),
        *"trendingScore pipeline_tag library_name".split(),
    },
    "spaces": {*"_id id likes trendingScore private sdk tags createdAt lastModified".split()},
}
FULL = {
    "datasets": {"cardData", "siblings", "citation", "paperswithcode_id"},
    "models": {"cardData", "siblings", "config"},
    "spaces": {"author", "sha", "cardData", "siblings", "datasets", "models", "disabled"},
}
PAGE = 1_000


def shown(item: Body, asked: Asked, usual: set[str]) -> Body:
    """The properties that were asked for; those that are not set are left out of an expanded answer."""
    named = {*asked.all("expand", "expand[]")}
    if named:
        found = {k: v for k, v in item.items() if k in ALWAYS or (k in named and v is not None)}
    else:
        found = {name: value for name, value in item.items() if name in usual}
    if "siblings" in found and not asked.yes("blobs"):
        found["siblings"] = [{"rfilename": one["rfilename"]} for one in item["siblings"]]
    return found


def listing(server: ApiServer, asked: Asked, kind: str) -> Reply:
    """A page of a list, with the address of the next one."""
    size = asked.number("limit", PAGE)
    start = _start(asked.first("cursor"))
    if size is None or start is None or size == 0:
        return say({"error": "Invalid query parameters"}, 400, X_Error_Message="Invalid query parameters")
    size = min(size, PAGE)
    wanted = {k: tuple(v) for k, v in asked.query.items() if k not in ("limit", "cursor", "expand", "expand[]", "full")}
    shelf = server.shelf(kind)
    items = shelf.kept(tuple(sorted(wanted.items())), lambda: _found(server, asked, kind))
    usual = USUAL[kind] | (FULL[kind] if asked.yes("full") else set())
    page = [shown(item, asked, usual) for item in items[start : start + size]]
    if kind == "datasets" and not asked.all("expand", "expand[]"):
        page = [{**item, "key": ""} for item in page]
    if start + size >= len(items):
        return say(page)
    cursor = base64.urlsafe_b64encode(b'{"after":%d}' % (start + size)).decode()
    return say(page, Link=f'<{asked.again(server.address, cursor=cursor)}>; rel="next"')


def _start(cursor: str) -> int | None:
    try:
        return int(base64.urlsafe_b64decode(cursor)[len('{"after":') : -1]) if cursor else 0
    except (ValueError, binascii.Error):
        return None


def _tagged(body: Body) -> list[str]:
    return list(dict.fromkeys(body["tags"]))


def _owner(body: Body) -> tuple[str]:
    return (body["id"].partition("/")[0],)


def _using(kind: str) -> Callable[[Body], list[str]]:
    return lambda body: list(dict.fromkeys(body.get(kind) or ()))


def _found(server: ApiServer, asked: Asked, kind: str) -> list[Body]:
    """What a list holds, sorted. What is looked up in a table narrows it down before anything is searched."""
    shelf = server.shelf(kind)
    narrowed = [shelf.find("tag", _tagged, tag) for tag in asked.all("filter")]
    narrowed += [shelf.find("owner", _owner, author) for author in asked.all("author")[:1]]
    for used in ("datasets", "models") if kind == "spaces" else ():
        narrowed += [shelf.find(used, _using(used), name) for name in asked.all(used)]
    items = min(narrowed, key=len) if narrowed else shelf.all
    for others in narrowed:
        if others is not items:
            among = {id(body) for body in others}
            items = [body for body in items if id(body) in among]
    for words in asked.all("search"):
        items = [item for item in items if words.lower() in item["id"].lower()]
    if gated := asked.first("gated"):
        items = [item for item in items if bool(item.get("gated")) == (gated.lower() in ("true", "1"))]
    items = [item for item in items if not item.get("private") or asked.token in server.granted]
    key = asked.first("sort", "trendingScore")
    return sorted(items, key=lambda item: _rank(item.get(key)), reverse=asked.first("direction") != "1")


def _rank(value: Any) -> tuple[float, str]:
    """Numbers by size, times by their text; what has none comes last."""
    return (value, "") if isinstance(value, int | float) else (0, str(value or ""))


def paper(server: ApiServer, asked: Asked, rest: list[str]) -> Reply:
    """The page of a paper, or those that a search finds."""
    if rest == ["search"]:
        words = asked.first("q").lower().split()
        pages = [p for p in server.world.papers if all(w in f"{p['title']} {p['summary']}".lower() for w in words)]
        return say([_in_a_list(page) for page in pages[: asked.number("limit", 120) or 120]])
    found = server.shelf("papers").find("id", lambda body: (body["id"],), "/".join(rest))
    return say(found[0]) if found else say({"error": "Paper not found"}, 404)


def _in_a_list(page: Body) -> Body:
    inner = {k: v for k, v in page.items() if not k.startswith(("linked", "numTotal"))}
    return {"paper": inner, "publishedAt": page["publishedAt"], "title": page["title"], "summary": page["summary"]}


def repositories_of_paper(server: ApiServer, number: str) -> Reply:
    """All that names a paper, by kind."""
    found = {
        kind: [
            shown(body, Asked("", "", {}, {}), USUAL[kind])
            for body in server.shelf(kind).find("tag", _tagged, f"arxiv:{number}")
        ]
        for kind in EXPAND
    }
    return say(found)
