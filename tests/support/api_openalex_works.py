"""Works of OpenAlex as the local server plays them: one, or a list by filters, searches, pages and cursors."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.support.api_bodies_other import UNSAID
from tests.support.api_openalex_query import KEYS, SAME, SEARCHED, TESTS, Wrong, filters, key_of, says, tail, words
from tests.support.api_reply import Asked, Reply, say
from tests.support.api_world import Body

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

PARAMETERS = {
    *"filter search search.title search.title_and_abstract search.exact search.semantic q sort select page per-page "
    "per_page cursor sample seed group_by group-by format include_xpac data_version data-version mailto api_key "
    "api-key".split()
}
ROOTS = {
    *"id doi title display_name publication_year publication_date ids language primary_location type indexed_in "
    "open_access authorships institutions countries_distinct_count institutions_distinct_count "
    "corresponding_author_ids corresponding_institution_ids apc_list apc_paid fwci has_fulltext cited_by_count "
    "citation_normalized_percentile cited_by_percentile_year biblio is_retracted is_paratext is_xpac primary_topic "
    "topics keywords concepts mesh locations_count locations best_oa_location sustainable_development_goals awards "
    "funders has_content content_urls referenced_works_count referenced_works related_works abstract_inverted_index "
    "counts_by_year updated_date created_date relevance_score".split()
}
SORTS = {*"cited_by_count publication_date publication_year display_name title id relevance_score".split()}
GROUPS = {*"type language publication_year is_retracted is_xpac is_paratext open_access.is_oa has_fulltext".split()}
FIRST, SAMPLED, AUTHORS, GROUPED = 10_000, 10_000, 100, 200
NOT_FOUND = (
    b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not "
    b"found on the server. If you entered the URL manually please check your spelling and try again.</p>\n"
)


def answer(server: ApiServer, asked: Asked, cost: float) -> Reply:
    """What is said to a question for works that costs so many US dollars."""
    try:
        found = _list(server, asked, cost) if asked.path.rstrip("/") == "/works" else _one(server, asked)
    except Wrong as error:
        kind = "Pagination error." if "agination" in str(error) else "Invalid query parameters error."
        return say({"error": kind, "message": str(error)}, 400)
    return found or Reply(404, {"Content-Type": "text/html; charset=utf-8"}, NOT_FOUND)


def _one(server: ApiServer, asked: Asked) -> Reply | None:
    key = unquote(asked.path.removeprefix("/works/"))
    if re.fullmatch(r"w\d+", key):
        return Reply(302, {"Location": f"/works/{key.upper()}{asked.rest}"})
    kind, colon, value = key.partition(":")
    if re.fullmatch(r"(https?://openalex\.org/)?W\d+", key):
        table, wanted = "openalex", tail(key)
    elif kind.lower() == "openalex" and colon:
        table, wanted = "openalex", tail(value)
    elif kind.lower() == "pmid" and colon:
        table, wanted = "ids.pmid", key_of("ids.pmid", value)
    elif (kind.lower() == "doi" and colon) or re.match(r"https?://(dx\.)?doi\.org/", key):
        table, wanted = "doi", tail(value if kind.lower() == "doi" else key)
    else:
        return None
    found = server.shelf("works").find(table, KEYS[table], wanted)
    if not found:
        return None
    return say(_shown(found[0], _select(asked), searched=False, cut=False))


def _select(asked: Asked) -> list[str]:
    select = asked.first("select").split(",") if asked.first("select") else []
    if unknown := [name for name in select if name not in ROOTS]:
        raise Wrong(
            f"{unknown[0]} is not a valid select field. Valid fields for select are: {', '.join(sorted(ROOTS))}."
        )
    return select


def _list(server: ApiServer, asked: Asked, cost: float) -> Reply:
    if unknown := {*asked.query} - PARAMETERS:
        raise Wrong(f"{min(unknown)} is not a valid parameter. Valid parameters are: {', '.join(sorted(PARAMETERS))}.")
    select = _select(asked)
    size = asked.number("per-page", 25) if "per-page" in asked.query else asked.number("per_page", 25)
    page, cursor = asked.number("page", 1), asked.first("cursor")
    if size is None or not 1 <= size <= 200:
        raise Wrong("per-page parameter must be between 1 and 200")
    if page is None or page < 1:
        raise Wrong("Pagination error: page must be a number of 1 or more.")
    if cursor and "page" in asked.query:
        raise Wrong("Pagination error: cursor and page cannot be used together.")
    if not cursor and page * size > FIRST:
        raise Wrong(
            "Maximum results size of 10,000 records is exceeded. "
            "Cursor pagination is required for records beyond 10,000."
        )
    question = tuple(sorted((k, *v) for k, v in asked.query.items() if k not in NOT_ASKED))
    works = server.shelf("works").kept(question, lambda: _found(server, asked))
    meta: Body = {"count": len(works), "db_response_time_ms": 31, "page": None if cursor else page, "per_page": size}
    if grouped := asked.first("group_by") or asked.first("group-by"):
        if select:
            raise Wrong("select does not work with group_by.")
        groups = _grouped(works, grouped.partition(":")[0].replace("-", "_"))[: min(size, GROUPED)]
        return say({"meta": meta | {"groups_count": len(groups), "cost_usd": cost}, "results": [], "group_by": groups})
    start = _after(cursor, question) if cursor else size * (page - 1)
    results = [_shown(work, select, searched=_searched(asked)) for work in works[start : start + size]]
    if cursor:
        meta["next_cursor"] = _cursor(start + size, question) if len(results) == size else None
    return say({"meta": meta | {"groups_count": None, "cost_usd": cost}, "results": results, "group_by": []})


NOT_ASKED = {*"page per-page per_page cursor select mailto api_key api-key format group_by group-by".split()}
"""Parameters that do not change which works are found, and in which order."""


def _mark(question: Any) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()[:8]


def _cursor(start: int, question: Any) -> str:
    return base64.b64encode(json.dumps([start, _mark(question)]).encode()).decode()


def _after(cursor: str, question: Any) -> int:
    """Where a cursor leads: nowhere once another question is asked with it."""
    if cursor == "*":
        return 0
    try:
        start, mark = json.loads(base64.b64decode(cursor.replace(" ", "+")))
    except (ValueError, TypeError, binascii.Error):
        raise Wrong("Pagination error: cursor is invalid.") from None
    if mark != _mark(question):
        raise Wrong("Pagination error: cursor is of another question.")
    return int(start)


def _shown(work: Body, select: list[str], *, searched: bool, cut: bool = True) -> Body:
    """A work as it is told: in lists its authors are cut off after a hundred."""
    found = {**UNSAID, **work} if not select or {*select} & {*UNSAID} else work
    if searched:
        found = {**found, "relevance_score": 101.2}
    if cut and len(work.get("authorships") or ()) > AUTHORS:
        found = {**found, "authorships": work["authorships"][:AUTHORS], "is_authors_truncated": True}
    return {name: found.get(name) for name in select} if select else found


def _searched(asked: Asked) -> bool:
    return any(n.startswith("search") for n in asked.query) or ".search:" in asked.first("filter")


def _found(server: ApiServer, asked: Asked) -> list[Body]:
    """All works that the question finds, in its order. Raises `Wrong`."""
    shelf = server.shelf("works")
    asked_for = filters(asked.first("filter"))
    narrowed = []
    for one in asked_for:
        table = SAME.get(one.name, one.name)
        if one.name == "cited_by":
            citing = shelf.find("openalex", KEYS["openalex"], *map(tail, one.values))
            cited = dict.fromkeys(key for work in citing for key in KEYS["cites"](work))
            narrowed.append(shelf.find("openalex", KEYS["openalex"], *cited))
        elif table in KEYS and not one.negated:
            narrowed.append(shelf.find(table, KEYS[table], *(key_of(one.name, value) for value in one.values)))
    works = min(narrowed, key=len) if narrowed else shelf.all
    for others in narrowed:
        among = {id(work) for work in others}
        works = works if others is works else [work for work in works if id(work) in among]
    if not asked.yes("include_xpac"):
        works = [work for work in works if not work.get("is_xpac")]
    for one in asked_for:
        if one.name in SEARCHED:
            read = SEARCHED[one.name]
            works = [w for w in works if any(says(words(read(w)), v) for v in one.values) != one.negated]
        elif one.name != "cited_by" and (one.negated or SAME.get(one.name, one.name) not in KEYS):
            test = TESTS[one.name]
            works = [work for work in works if any(test(work, value) for value in one.values) != one.negated]
    fields = {"search": "default.search", "search.title": "title.search", "search.exact": "default.search"}
    fields |= {"search.title_and_abstract": "title_and_abstract.search", "search.semantic": "default.search"}
    for parameter, field in fields.items():
        for wanted in asked.all(parameter):
            works = [work for work in works if says(words(SEARCHED[field](work)), wanted)]
    return _sampled(asked, works) if "sample" in asked.query else _sorted(asked, works)


def _sampled(asked: Asked, works: list[Body]) -> list[Body]:
    count = asked.number("sample", 0)
    if not count or count > SAMPLED:
        raise Wrong("Sample size must be between 1 and 10,000.")
    if asked.first("sort"):
        raise Wrong("Sort cannot be used with sample.")
    return random.Random(asked.first("seed", "0")).sample(works, min(count, len(works)))


def _sorted(asked: Asked, works: list[Body]) -> list[Body]:
    """As asked for; else those cited most first."""
    found = sorted(works, key=lambda work: work["id"])
    for part in reversed((asked.first("sort") or "cited_by_count:desc").split(",")):
        name, _, way = part.strip().partition(":")
        name = name.replace("-", "_")
        if name not in SORTS:
            raise Wrong(f"{name} is not a valid sort field.")
        if name == "relevance_score" and not _searched(asked):
            raise Wrong("Must include a search query in order to sort by relevance_score.")
        found.sort(key=_by(name), reverse=way == "desc")
    return found


def _by(name: str) -> Callable[[Body], tuple[Any, ...]]:
    return lambda work: (True, work[name]) if work.get(name) is not None else (False,)


def _grouped(works: list[Body], name: str) -> list[Body]:
    if name not in GROUPS | {"primary_location.source.id"}:
        raise Wrong(f"{name} is not a valid field to group by.")
    counts: Counter[Any] = Counter()
    for work in works:
        value: Any = work
        for part in name.split("."):
            value = (value or {}).get(part)
        counts[value] += 1
    return [
        {"key": str(key), "key_display_name": str(key), "count": n}
        for key, n in counts.most_common()
        if key is not None
    ]
