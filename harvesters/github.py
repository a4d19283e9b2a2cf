"""GitHub: searches for repositories of medical datasets, those of known ones, and the code that uses known ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from harvesters.github_items import NAME, Details, code, code_hit, readme_text, repository
from harvesters.http import Answer, Client, Service
from harvesters.page import Memory, Page, Wish, in_parts, whose_turn
from harvesters.places import look_again
from harvesters.reading import Malformed, mapping, needed, text
from harvesters.slices import sliced
from harvesters.walk import items_of, unpacked, walk
from registry.harvest_log import Cursor
from registry.harvest_targets import KnownPlace
from registry.observation import Observation, Touch
from registry.settings import Settings

SEARCHES = (
    *(
        f"topic:{topic}"
        for topic in (
            "medical-dataset", "medical-datasets", "clinical-dataset", "biomedical-dataset", "healthcare-dataset",
            "health-dataset", "medical-imaging-dataset", "medical-data", "clinical-data", "bionlp", "medical-nlp",
            "clinical-nlp",
        )
    ),
    *(
        f"{words} in:name,description"
        for words in (
            "medical dataset", "clinical dataset", "biomedical dataset", "biomedical corpus", "medical benchmark",
            "medical question answering dataset", "radiology dataset", "pathology dataset", "ECG dataset",
            "electronic health records dataset", "medical image segmentation dataset", "clinical notes dataset",
            "医学 数据集", "医疗 数据集", "의료 데이터셋", "datos médicos dataset", "medizinisch datensatz",
        )
    ),
)  # fmt: skip
SEARCH_REQUESTS = 30
"""Requests of one search in one run; the next run goes on from there."""
USERS = 120
"""Searches for users of known datasets in one run; the next run goes on with others."""
USERS_AT = "users"
"""The query under which it is kept which place was the last."""
CODE_PAGES = 10


def service(now: Settings) -> Service:
    """The GitHub that the settings name; fragments are asked for, so that hits of the code search can be checked."""
    return Service(
        NAME,
        now.github_api_url,
        now.github_token,
        accept="application/vnd.github.text-match+json",
        headers={"X-GitHub-Api-Version": "2022-11-28"},
        limit=_bucket,
    )


def _bucket(path: str) -> str:
    return "code_search" if "/search/code" in path else "search" if "/search/" in path else "core"


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page. Searches are counted apart from what is asked of repositories."""

    def places() -> Iterator[Page]:
        yield from look_again(
            memory,
            wish,
            NAME,
            lambda place: client.get(_address(place), place.etag),
            lambda answer, place: [_read(client, answer, place, wish)],
        )

    parts = (lambda: _search(client, memory, wish), places, lambda: _users(client, memory, wish))
    yield from in_parts(client, memory, wish, parts)


def _search(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    searches = {f"repositories:{words}": words for words in SEARCHES}
    for query in whose_turn(memory, wish, searches, nightly=True):
        words = searches[query]

        def read(item: Any, words: str = words) -> list[Observation]:
            found = repository(item, wish.now, complete=False, reason=f"found by {words!r} on GitHub")
            # A fork is a copy for work on the code, and GitHub shows it only where it is asked for.
            return [] if mapping(item).get("fork") is True else [found]

        yield from sliced(client, memory, wish, query, words, read=read, requests=SEARCH_REQUESTS)


def _address(place: KnownPlace) -> str:
    """By number where it is known, which survives renames."""
    by_name = f"/repos/{quote(place.locator, safe='/')}"
    return f"/repositories/{place.native_id}" if place.native_id.isdigit() else by_name


def _read(client: Client, answer: Answer, place: KnownPlace, wish: Wish) -> Observation:
    """What a repository shows. Raises `Malformed`.

    Its README, tree and releases are three requests more: they are made where a token allows 5,000 an hour, and
    where somebody has pushed since.
    """
    changed = place.read_at is None or place.revision != text(mapping(answer.data).get("pushed_at"))
    details = _details(client, answer.data) if client.service.token and (changed or wish.full) else None
    return repository(
        answer.data,
        wish.now,
        asked=place.locator,
        etag=answer.headers.get("etag"),
        complete=details is not None,
        details=details,
    )


def _details(client: Client, item: Any) -> Details:
    base = f"/repositories/{needed(item, 'id')}"
    branch = quote(text(mapping(item).get("default_branch")) or "HEAD", safe="")
    readme, tree, releases = (
        client.get(f"{base}/{path}") for path in ("readme", f"git/trees/{branch}?recursive=1", "releases?per_page=10")
    )
    return Details(
        readme_text(readme.data) if readme.what == "take" else None,
        tree.data if tree.what == "take" else None,
        releases.data if releases.what == "take" else None,
    )


def _users(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """Repositories whose README or code names the place of a known dataset, each place in its turn.

    A run begins where the last one ended: else those that come first would have all the searches of every night.
    """
    start, after = unpacked(memory.cursor(USERS_AT).cursor, 2)
    first = start if start in ("huggingface", NAME) else "huggingface"
    other = NAME if first == "huggingface" else "huggingface"
    left = USERS
    for provider, begin in ((first, after if isinstance(after, int) else 0), (other, 0), (first, 0)):
        while left > 0 and (some := memory.named_places(provider, begin)):
            names = [place.locator for place in some if "/" in place.locator]
            wanted = {f"readme:{provider}:{name}": name for name in names}
            if client.service.token and provider == "huggingface":
                wanted |= {f"code:{name}": name for name in names}
            due = whose_turn(memory, wish, wanted)
            for query in due[:left]:
                kind = query.partition(":")[0]
                yield from _named_in(client, memory, wish, query, kind, provider, wanted[query])
            if len(due) <= left:
                begin = some[-1].id
                yield Page(cursors=[Cursor(USERS_AT, None, json.dumps([provider, begin]))])
            left -= len(due)


def _named_in(
    client: Client, memory: Memory, wish: Wish, query: str, kind: str, provider: str, name: str
) -> Iterator[Page]:
    def of_readme(item: Any) -> list[Observation]:
        return [code(item, wish.now, [Touch("mentions", provider, name, f"GitHub finds {name} in its README", 0.5)])]

    def of_code(item: Any) -> list[Observation]:
        return code_hit(item, wish.now, name)

    if kind == "readme":
        asked = urlencode({"q": f'"{name}" in:readme', "sort": "updated", "per_page": "100"})
        path, stamp, read, pages = f"/search/repositories?{asked}", "updated_at", of_readme, 1
    else:
        asked = urlencode({"q": f'"{name}"', "per_page": "100"})
        path, stamp, read, pages = f"/search/code?{asked}", "", of_code, CODE_PAGES
    yield from walk(client, memory, wish, query, path, stamp=stamp, read=read, pages=pages, items=_found)


def _found(data: Any) -> Sequence[Any]:
    """The items of a search. Raises `Malformed`, also where the service ran out of time, so that it is asked again."""
    if mapping(data).get("incomplete_results") is True:
        raise Malformed("the search ran out of time on the side of GitHub (incomplete_results)")
    return items_of(mapping(data).get("items"))
