"""GitHub: the repositories of known datasets, those whose README names one, and a bounded search for new ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from harvesters.http import Client, Service, Stop
from harvesters.page import Memory, Page, Wish
from harvesters.places import look_again, names_known
from harvesters.reading import Malformed, mapping, moment, needed, number, text, texts
from harvesters.walk import items_of, walk
from registry.harvest_targets import KnownPlace
from registry.observation import Observation, Touch
from registry.settings import Settings

NAME = "github"
SITE = "https://github.com"
SEARCHES = (
    "topic:medical-dataset",
    "topic:medical-datasets",
    "topic:clinical-dataset",
    "medical dataset in:name,description",
    "clinical notes dataset in:name,description",
    "medical question answering dataset in:name,description",
)
SEARCH_PAGES = 2
"""Pages of 100 read of each search in one run."""
READMES = 20
"""Known datasets whose names are looked for in READMEs in one run, those looked for longest ago first."""

_HUB_LINK = re.compile(r"huggingface\.co/datasets/([\w.-]+/[\w.-]+)")
_ARXIV_LINK = re.compile(r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})")
_DOI_LINK = re.compile(r"doi\.org/(10\.\d{4,9}/[^\s)\]>\"']+)")


def service(now: Settings) -> Service:
    """The GitHub that the settings name."""
    return Service(
        NAME,
        now.github_api_url,
        now.github_token,
        accept="application/vnd.github+json",
        headers={"X-GitHub-Api-Version": "2022-11-28"},
        limit=lambda path: "search" if "/search/" in path else "core",
    )


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page."""
    places = look_again(
        memory,
        wish,
        NAME,
        lambda place: client.get(_address(place), place.etag),
        lambda answer, place: [repository(answer.data, wish.now, asked=place.locator, etag=answer.headers.get("etag"))],
    )
    stopped = None
    for part in (places, _users(client, memory, wish), _search(client, memory, wish)):
        try:
            yield from part
        except Stop as stop:
            # Searches are counted apart: without a token the places alone spend the other limit every night.
            if not stop.spent:
                raise
            stopped = stopped or stop
    if stopped:
        raise stopped


def _address(place: KnownPlace) -> str:
    """By number where it is known, which survives renames."""
    by_name = f"/repos/{quote(place.locator, safe='/')}"
    return f"/repositories/{place.native_id}" if place.native_id.isdigit() else by_name


def _is_among(known: set[str], found: Any) -> bool:
    return needed(found, "id") in known or needed(found, "full_name").lower() in known


def _found(data: Any) -> Sequence[Any]:
    """The items of a search. Raises `Malformed`, also where the service ran out of time, so that it is asked again."""
    if mapping(data).get("incomplete_results") is True:
        raise Malformed("the search ran out of time on the side of GitHub (incomplete_results)")
    return items_of(mapping(data).get("items"))


def _query(words: str) -> str:
    query = {"q": words, "sort": "updated", "order": "desc", "per_page": "100"}
    return f"/search/repositories?{urlencode(query)}"


def _users(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """Repositories whose README names the place of a known dataset."""
    places = {
        f"readme:{provider}:{place.locator}": (provider, place)
        for provider in ("huggingface", NAME)
        for place in memory.places(provider)
        if "/" in place.locator
    }
    known, never = names_known(memory, NAME), dt.datetime.min.replace(tzinfo=dt.UTC)
    turns = sorted(places, key=lambda query: memory.cursor(query).read_at or never)
    for query in [query for query in turns if not memory.waits(query)][:READMES]:
        provider, place = places[query]

        def read(item: Any, provider: str = provider, name: str = place.locator) -> list[Observation]:
            if _is_among(known, item):
                return []
            evidence = f"GitHub finds {name} in its README"
            return [code(item, wish.now, [Touch("mentions", provider, name, evidence, 0.5)])]

        yield from walk(
            client,
            memory,
            wish,
            query,
            _query(f'"{place.locator}" in:readme'),
            stamp="updated_at",
            read=read,
            pages=1,
            items=_found,
        )


def _search(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    known = names_known(memory, NAME)
    for words in SEARCHES:
        query = f"repositories:{words}"

        def read(item: Any, words: str = words) -> list[Observation]:
            reason = f"found by {words!r} on GitHub"
            return [] if _is_among(known, item) else [repository(item, wish.now, complete=False, reason=reason)]

        if not memory.waits(query):
            yield from walk(
                client,
                memory,
                wish,
                query,
                _query(words),
                stamp="updated_at",
                read=read,
                pages=SEARCH_PAGES,
                items=_found,
            )


def _licence(item: Any) -> str | None:
    found = mapping(mapping(item).get("license"))
    return text(found.get("spdx_id")) or text(found.get("key"))


def repository(
    item: Any,
    now: dt.datetime,
    *,
    asked: str | None = None,
    etag: str | None = None,
    complete: bool = True,
    reason: str | None = None,
) -> Observation:
    """A repository as the place of a dataset. Raises `Malformed`.

    GitHub's answer names no commit: the time of the last push stands for the revision.
    """
    name = needed(item, "full_name")
    about = " ".join(filter(None, (text(item.get("description")), text(item.get("homepage")))))
    links = [Touch("mentions", "huggingface", n, f"links {n} on Hugging Face", 0.5) for n in _HUB_LINK.findall(about)]
    return Observation(
        provider=NAME,
        kind="dataset",
        native_id=needed(item, "id"),
        locator=name,
        seen_at=now,
        asked=asked,
        url=f"{SITE}/{name}",
        title=name,
        revision=text(item.get("pushed_at")),
        licence_raw=_licence(item),
        access="open",
        etag=etag,
        complete=complete,
        reason=reason,
        fields={
            "description": text(item.get("description")),
            "site": text(item.get("homepage")),
            "tags": texts(item.get("topics"))[:50],
            "programming_language": text(item.get("language")),
            "archived": item.get("archived") is True or None,
            "fork": item.get("fork") is True or None,
            "stars": number(item.get("stargazers_count")),
            "forks": number(item.get("forks_count")),
            "created_at": text(item.get("created_at")),
        },
        ids=tuple(("arxiv", found) for found in _ARXIV_LINK.findall(about))
        + tuple(("doi", found) for found in _DOI_LINK.findall(about)),
        touches=tuple(links),
    )


def code(item: Any, now: dt.datetime, touches: Sequence[Touch]) -> Observation:
    """A repository as code that uses a dataset. Raises `Malformed`."""
    name = needed(item, "full_name")
    created = moment(item.get("created_at"))
    return Observation(
        provider=NAME,
        kind="code",
        native_id=needed(item, "id"),
        locator=name,
        seen_at=now,
        url=f"{SITE}/{name}",
        title=name,
        complete=False,
        fields={"summary": text(item.get("description")), "year": created.year if created else None},
        ids=((NAME, name),),
        touches=tuple(touches),
    )
