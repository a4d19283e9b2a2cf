"""GitHub's search for code as the local server plays it: words in their order, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.api_bodies import hexes
from tests.support.api_github_repo import links
from tests.support.api_github_words import DOCS, UNREACHABLE, Question, invalid, question, refuse
from tests.support.api_reply import Asked, Reply, blob_id, say
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

RESULTS = 1_000
LARGEST = 384 * 1_024
"""Bytes from which a file is not searched."""
SUFFIXES = {
    "python": (".py",),
    "jupyter notebook": (".ipynb",),
    "markdown": (".md",),
    "r": (".r",),
    "yaml": (".yml", ".yaml"),
}
NAMES = {*"language repo user org path filename extension in size fork is".split()}
AROUND = 80
"""Characters told before and after what was found."""


def answer(server: ApiServer, asked: Asked) -> Reply:
    """A page of the files that a question finds; nobody is told who does not say who asks."""
    if not asked.token:
        told = {"message": "Must be authenticated to access the code search API", "resource": "Search"}
        errors = [{**told, "field": "q", "code": "invalid"}]
        return refuse(401, "Requires authentication", f"{DOCS}/search/search#search-code", errors=errors)
    wanted = question(asked.first("q"), NAMES)
    if refusal := wanted.refusal:
        return refusal
    if not any(words(one) for either in wanted.terms for one in either):
        return refuse(422, "ERROR_TYPE_QUERY_PARSING_FATAL unable to parse query!", f"{DOCS}/search/search#search-code")
    size, page = min(asked.number("per_page", 30) or 30, 100), asked.number("page", 1) or 1
    if size * (page - 1) >= RESULTS:
        return refuse(422, "Only the first 1000 search results are available")
    known = server.shelf("repositories")
    for repo in wanted.all("repo"):
        if not known.find("name", lambda body: (body["full_name"].lower(),), repo.lower()):
            return invalid(UNREACHABLE)
    found = _found(server, wanted)
    told_of = [
        one for one in found[size * (page - 1) : size * page] if one[0]["full_name"] not in server.world.unserved
    ]
    matches = "text-match" in asked.headers.get("accept", "")
    items = [_item(body, path, text, wanted, matches) for body, path, text in told_of]
    whole = {"total_count": len(found), "incomplete_results": False, "items": items}
    return say(whole, 200, **links(server, asked, page, -(-min(len(found), RESULTS) // size)))


def words(text: str) -> list[str]:
    """Words in lower case; an underscore is part of one, all other punctuation separates."""
    return re.findall(r"\w+", text.lower())


def _found(server: ApiServer, wanted: Question) -> list[tuple[Body, str, str]]:
    """(repository, path, text) of the files that hold all that is asked for."""
    shelf = server.world_code()
    first = [word for either in wanted.terms if len(either) == 1 for word in words(either[0])]
    holding = [
        {(b["repository"], b["path"]) for b in shelf.find("word", lambda b: {*words(b["text"])}, w)} for w in first
    ]
    among = set.intersection(*holding) if holding else {(b["repository"], b["path"]) for b in shelf.all}
    found = []
    for name, path in sorted(among):
        known = server.shelf("repositories").find("name", lambda body: (body["full_name"].lower(),), name.lower())
        text = server.world.code[name][path]
        if known and not known[0]["fork"] and len(text.encode()) < LARGEST and _holds(known[0], path, text, wanted):
            found.append((known[0], path, text))
    return found


def _holds(body: Body, path: str, text: str, wanted: Question) -> bool:
    said = " " + " ".join(words(text)) + " "

    def has(one: str) -> bool:
        return not words(one) or f" {' '.join(words(one))} " in said

    if not all(any(map(has, either)) for either in wanted.terms) or any(map(has, wanted.without)):
        return False
    name = body["full_name"].lower()
    tests: dict[str, Callable[[str], bool]] = {
        "language": lambda v: path.lower().endswith(SUFFIXES.get(v, (f".{v}",))),
        "repo": lambda v: name == v,
        "user": lambda v: name.startswith(f"{v}/"),
        "org": lambda v: name.startswith(f"{v}/"),
        "path": lambda v: v in path.lower(),
        "filename": lambda v: path.lower().rpartition("/")[2] == v,
        "extension": lambda v: path.lower().endswith(f".{v}"),
    }
    return all(tests[q](value.lower()) == holds for q, value, holds in wanted.qualifiers if q in tests)


def _item(body: Body, path: str, text: str, wanted: Question, matches: bool) -> Body:
    commit = hexes(f"head {body['id']} {body['pushed_at']}", 40)
    there = f"https://api.github.com/repositories/{body['id']}"
    owner = {name: body["owner"][name] for name in ("login", "id", "type")}
    owner |= {"url": f"https://api.github.com/users/{owner['login']}"}
    short = {name: body[name] for name in ("id", "node_id", "name", "full_name", "private")}
    short |= {"owner": owner} | {name: body[name] for name in ("html_url", "description", "fork", "url")}
    item: Body = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": blob_id(text),
        "url": f"{there}/contents/{quote(path)}?ref={commit}",
        "git_url": f"{there}/git/blobs/{blob_id(text)}",
        "html_url": f"https://github.com/{body['full_name']}/blob/{commit}/{quote(path)}",
        "repository": short,
        "score": 1.0,
    }
    return item | ({"text_matches": [_match(item["url"], text, wanted)]} if matches else {})


def _match(url: str, text: str, wanted: Question) -> Body:
    """The place where the question is answered, and where its words stand in it."""
    asked = {word for either in wanted.terms for one in either for word in words(one)}
    phrase = max((words(one) for either in wanted.terms for one in either), key=len)
    pattern = r"\W+".join(map(re.escape, phrase))
    at = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    begin, end = (at.start(), at.end()) if at else (0, 0)
    fragment = text[max(0, begin - AROUND) : end + AROUND]
    spots = [m for m in re.finditer(r"\w+", fragment) if m[0].lower() in asked]
    found = [{"text": m[0], "indices": [m.start(), m.end()]} for m in spots]
    return {
        "object_url": url,
        "object_type": "FileContent",
        "property": "content",
        "fragment": fragment,
        "matches": found,
    }
