"""GitHub's search for repositories as the local server plays it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.api_github_repo import links, shown
from tests.support.api_github_words import UNREACHABLE, Question, between, invalid, question, refuse
from tests.support.api_reply import Asked, Reply, say
from tests.support.api_shelf import Shelf
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

RESULTS = 1_000
RANGES = {
    "stars": "stargazers_count",
    "size": "size",
    "forks": "forks_count",
    "created": "created_at",
    "pushed": "pushed_at",
}
NAMES = {*RANGES, *"topic license language user org repo archived fork is in".split()}
SORTS = {
    "stars": "stargazers_count",
    "forks": "forks_count",
    "updated": "updated_at",
    "help-wanted-issues": "open_issues_count",
}
PLACES = ("name", "description", "topics", "readme")


def answer(server: ApiServer, asked: Asked) -> Reply:
    """A page of the repositories that a question finds."""
    wanted = question(asked.first("q"), NAMES)
    if not asked.first("q").strip():
        errors = [{"resource": "Search", "field": "q", "code": "missing"}]
        return refuse(422, "Validation Failed", errors=errors)
    if refusal := wanted.refusal:
        return refusal
    size, page = min(asked.number("per_page", 30) or 30, 100), asked.number("page", 1) or 1
    if size * (page - 1) >= RESULTS:
        return refuse(422, "Only the first 1000 search results are available")
    shelf = server.world_texts()
    if not _reachable(shelf, wanted):
        return invalid(UNREACHABLE)
    asked_for = (asked.first("q"), asked.first("sort"), asked.first("order"))
    found = shelf.kept(asked_for, lambda: _sorted(_found(server, shelf, wanted), *asked_for[1:]))
    items = [shown(body) | {"score": 1.0} for body in found[size * (page - 1) : min(size * page, RESULTS)]]
    last = -(-min(len(found), RESULTS) // size)
    return say(
        {"total_count": len(found), "incomplete_results": False, "items": items},
        200,
        **links(server, asked, page, last),
    )


def _sorted(found: list[Body], sort: str, order: str) -> list[Body]:
    """By what was asked for; else those that changed last come first."""
    key = SORTS.get(sort, "updated_at")
    return sorted(found, key=lambda body: (isinstance(body[key], str), body[key] or 0), reverse=order != "asc")


def _owner(body: Body) -> tuple[str]:
    return (body["full_name"].partition("/")[0].lower(),)


def _name(body: Body) -> tuple[str]:
    return (body["full_name"].lower(),)


def _reachable(shelf: Shelf, wanted: Question) -> bool:
    """Whether all owners and repositories that the question names are there."""
    owners = [value.lower() for name in ("user", "org") for value in wanted.all(name)]
    names = [value.lower() for value in wanted.all("repo")]
    known = [shelf.find("owner", _owner, owner) for owner in owners] + [shelf.find("name", _name, n) for n in names]
    return all(known)


def _found(server: ApiServer, shelf: Shelf, wanted: Question) -> list[Body]:
    """The repositories that the question finds. Words and topics are looked up before anything is searched."""
    places = ",".join(wanted.all("in")).split(",") if wanted.all("in") else ["name", "description", "topics"]

    def text(body: Body) -> str:
        return words(" ".join(texts(server, body)[place] for place in places if place in PLACES))

    narrowed = [shelf.find("topic", lambda body: body["topics"], topic) for topic in wanted.all("topic")]
    owners = [value.lower() for name in ("user", "org") for value in wanted.all(name)]
    narrowed += [shelf.find("owner", _owner, *owners)] if owners else []
    names = [value.lower() for value in wanted.all("repo")]
    narrowed += [shelf.find("name", _name, *names)] if names else []
    everything = f"text {','.join(places)}"
    for either in wanted.terms:
        if len(either) == 1:
            for word in words(either[0]).split():
                narrowed.append(shelf.find(everything, lambda body: {*text(body).split()}, word))
    items = min(narrowed, key=len) if narrowed else shelf.all
    return [body for body in items if _holds(body, wanted) and _says(text(body), wanted)]


def _says(text: str, wanted: Question) -> bool:
    """All words and phrases, and none of those that must not be there."""

    def has(one: str) -> bool:
        return not words(one).strip() or words(one) in text

    return all(any(map(has, either)) for either in wanted.terms) and not any(map(has, wanted.without))


def _holds(body: Body, wanted: Question) -> bool:
    """All qualifiers; forks are left out where nothing is said of them."""
    forks = wanted.all("fork")
    if body["fork"] and not any(value in ("true", "only") for value in forks):
        return False
    several = [name for name in ("user", "org", "repo") if wanted.all(name)]
    if several and not any(_holds_one(body, name, value) for name in several for value in wanted.all(name)):
        return False
    return all(
        _holds_one(body, name, value) == holds
        for name, value, holds in wanted.qualifiers
        if name != "in" and not (holds and name in several)
    )


def _holds_one(body: Body, name: str, value: str) -> bool:
    value = value.lower()
    if name in RANGES:
        test = between(value.upper() if "t" in value else value)
        return test is not None and body[RANGES[name]] is not None and test(body[RANGES[name]])
    licence = body["license"] or {}
    tests: dict[str, bool] = {
        "topic": value in body["topics"],
        "license": value == str(licence.get("key", "")).lower(),
        "language": value == str(body["language"] or "").lower(),
        "user": (value,) == _owner(body),
        "org": (value,) == _owner(body),
        "repo": (value,) == _name(body),
        "archived": (value == "true") == body["archived"],
        "fork": body["fork"] or value != "only",
        "is": {"public": not body["private"], "private": body["private"], "archived": body["archived"]}.get(
            value, True
        ),
    }
    return tests[name]


def texts(server: ApiServer, body: Body) -> dict[str, str]:
    """What each place of a repository says."""
    return {
        "name": body["full_name"],
        "description": body["description"] or "",
        "topics": " ".join(body["topics"]),
        "readme": server.world.readmes.get(body["full_name"], ""),
    }


def words(text: str) -> str:
    """Lower-case words between blanks: punctuation separates."""
    return " " + " ".join(re.findall(r"[^\W_]+", text.lower())) + " "
