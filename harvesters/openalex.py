"""OpenAlex: the works that introduce known datasets in all their versions, and every work that cites them."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from pyalex import Works, invert_abstract

from harvesters.http import Client, ItemFailed, Service
from harvesters.page import Memory, Page, Wish
from harvesters.reading import Malformed, mapping, needed, number, sequence, text
from harvesters.walk import observe
from registry.artifacts import arxiv_id
from registry.harvest_log import Cursor, Failure
from registry.harvest_targets import KnownPaper
from registry.observation import Observation, Touch
from registry.settings import Settings

NAME = "openalex"
BATCH, LENGTH = 100, 6_000
"""Identifiers in one question, which costs the same as one alone, and characters of their address."""
PER_PAGE = 100
WHOLE = dt.timedelta(days=30)
"""So often all citing works are read again; in between only those published in the last months."""
RECENT = dt.timedelta(days=180)
ABSTRACT = 2_000
"""Words of an abstract that are put together."""

_LOOKED_UP = (
    "id doi display_name publication_year type ids cited_by_count primary_location locations abstract_inverted_index"
).split()
_CITING = "id doi display_name publication_year type ids primary_location".split()


def service(now: Settings) -> Service:
    """The OpenAlex that the settings name. The key goes into a header: in an address it would end up in logs."""
    return Service(NAME, now.openalex_api_url, now.openalex_api_key)


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page."""
    counts: dict[str, int] = {}
    yield from _look_up(client, memory.papers(), wish, counts)
    unfinished = {work for work in counts if memory.cursor(f"cites:{work}").cursor}
    for work in sorted(counts, key=lambda work: (work not in unfinished, work)):
        if wish.full or not memory.waits(f"cites:{work}"):
            yield from _citing(client, memory, wish, work, counts[work])


def question(fields: Sequence[str], **filters: Any) -> str:
    """Path and query for works, as pyalex writes them; its own transport ignores another host, headers and limits."""
    values = {name.replace("__", "."): value for name, value in filters.items()}
    several = any(isinstance(value, list) for value in values.values())
    works = Works().filter_or(**values) if several else Works().filter(**values)
    return f"/works?{urlsplit(works.select(list(fields)).url).query}&per-page={PER_PAGE}"


def _look_up(client: Client, papers: Sequence[KnownPaper], wish: Wish, counts: dict[str, int]) -> Iterator[Page]:
    """Works of the papers that introduce datasets: by W id where it is known, else by DOI, else by arXiv's address."""
    asked = {work: paper for paper in papers for work in paper.ids.get("openalex", ())}
    yield from _batches(client, wish, counts, "openalex_id", asked)
    lost = {paper.artifact_id for work, paper in asked.items() if work not in counts}
    open_ = [p for p in papers if wish.full or p.artifact_id in lost or "openalex" not in p.ids]
    by_doi = {_quoted(doi): paper for paper in open_ for doi in _dois(paper)}
    answered = yield from _batches(client, wish, counts, "doi", by_doi)
    missing = [paper for paper in open_ if not any(_quoted(doi) in answered for doi in _dois(paper))]
    addresses = {
        f"{scheme}://arxiv.org/abs/{number}": paper
        for paper in missing
        for number in paper.ids.get("arxiv", ())
        for scheme in ("https", "http")
    }
    yield from _batches(client, wish, counts, "locations__landing_page_url", addresses)


def _dois(paper: KnownPaper) -> list[str]:
    return [*paper.ids.get("doi", ()), *(f"10.48550/arxiv.{number}" for number in paper.ids.get("arxiv", ()))]


def _quoted(value: str) -> str:
    """A comma would end the value, a bar part it in two: such values go in quotes."""
    return f'"{value}"' if re.search("[,|]", value) else value


def _batches(
    client: Client, wish: Wish, counts: dict[str, int], name: str, values: Iterable[str]
) -> Generator[Page, None, set[str]]:
    """Ask for works by an identifier; returns the DOIs that were answered."""
    wanted = list(values)
    answered: set[str] = set()
    while wanted:
        size = next(
            n for n in range(min(BATCH, len(wanted)), 0, -1) if n == 1 or len(quote("|".join(wanted[:n]))) < LENGTH
        )
        part, wanted = wanted[:size], wanted[size:]
        item = f"works by {name.replace('__', '.')}: {part[0]} and {len(part) - 1} more"
        try:
            data = client.get(question(_LOOKED_UP, **{name: part})).data
            results = _results(data)
        except (ItemFailed, Malformed) as error:
            yield Page(failures=[Failure(item, str(error))])
            continue
        observations, failures = observe(item, results, lambda result: [work(result, wish.now)])
        for result in results:
            if (key := _work_id(mapping(result).get("id"))) is not None:
                counts[key] = number(mapping(result).get("cited_by_count")) or 0
            answered.add(_quoted(_bare_doi(mapping(result).get("doi")) or ""))
        yield Page(observations, failures, [item])
    return answered


def _citing(client: Client, memory: Memory, wish: Wish, cited: str, count: int) -> Iterator[Page]:
    """Works that cite `cited`: all of them at first and once a month, else the recent ones where the count moved."""
    query = f"cites:{cited}"
    before = memory.cursor(query)
    mark = _mark(before.high_water)
    if count == 0 or (count == mark[0] and not (wish.full or wish.since or before.cursor)):
        return
    whole = mark[1] is None or wish.now - mark[1] > WHOLE
    since = wish.since or (None if wish.full or whole or mark[1] is None else mark[1] - RECENT)
    cursor = "*"
    if before.cursor and not (wish.full or wish.since):
        cursor, since = _unfinished(before.cursor)
    filters: dict[str, Any] = {"cites": cited}
    if since:
        filters["from_publication_date"] = since.date().isoformat()
    touch = Touch("cites", NAME, cited, "in its list of references at OpenAlex", 0.9)
    read_whole = wish.now if since is None else mark[1]
    while True:
        try:
            data = client.get(f"{question(_CITING, **filters)}&cursor={quote(cursor, safe='*')}").data
            results = _results(data)
        except (ItemFailed, Malformed) as error:
            yield Page(failures=[Failure(query, str(error))], cursor=Cursor(query, before.high_water))
            return
        found = text(mapping(mapping(data).get("meta")).get("next_cursor"))
        done = found is None or not results or found == cursor
        told = json.dumps([count, read_whole.isoformat() if read_whole else None])
        going_on = json.dumps([found, since.isoformat() if since else None])
        at = Cursor(query, told) if done else Cursor(query, before.high_water, going_on)
        observations, failures = observe(query, results, lambda result: [work(result, wish.now, [touch])])
        yield Page(observations, failures, [query], at)
        if done or found is None:
            return
        cursor = found


def _mark(high_water: str | None) -> tuple[int | None, dt.datetime | None]:
    """The count at the last reading, and when all was read."""
    try:
        count, whole = json.loads(high_water or "null")
        return int(count), dt.datetime.fromisoformat(whole) if whole else None
    except (TypeError, ValueError):
        return None, None


def _unfinished(cursor: str) -> tuple[str, dt.datetime | None]:
    """Where a reading was cut off, and from which date on it read."""
    try:
        found, since = json.loads(cursor)
        return str(found), dt.datetime.fromisoformat(since) if since else None
    except (TypeError, ValueError):
        return "*", None


def _results(data: Any) -> Sequence[Any]:
    found = mapping(data).get("results")
    if not isinstance(found, list):
        raise Malformed("works were expected")
    return found


def _work_id(value: Any) -> str | None:
    match = re.search(r"W\d+$", value) if isinstance(value, str) else None
    return match[0] if match else None


def _bare_doi(value: Any) -> str | None:
    found = text(value)
    return found.lower().removeprefix("https://doi.org/") if found else None


def work(item: Any, now: dt.datetime, touches: Sequence[Touch] = ()) -> Observation:
    """A work as a paper. Raises `Malformed`."""
    key = _work_id(needed(item, "id"))
    if key is None:
        raise Malformed("a work without a W id")
    place = mapping(item.get("primary_location"))
    return Observation(
        provider=NAME,
        kind="paper",
        native_id=key,
        locator=key,
        seen_at=now,
        url=f"https://openalex.org/{key}",
        title=_plain(item.get("display_name") or item.get("title")),
        complete=False,
        fields={
            "year": number(item.get("publication_year")),
            "venue": text(mapping(place.get("source")).get("display_name")),
            "citations": number(item.get("cited_by_count")),
            "paper_kind": "review" if item.get("type") == "review" else None,
            "summary": _abstract(item.get("abstract_inverted_index")),
        },
        ids=_ids(item, key),
        touches=tuple(touches),
    )


def _ids(item: Any, key: str) -> tuple[tuple[str, str], ...]:
    """Identifiers of all versions that OpenAlex puts together; arXiv's own DOI is an arXiv id."""
    found = [("openalex", key)]
    if doi := _bare_doi(item.get("doi")):
        arxiv = arxiv_id(doi.removeprefix("10.48550/arxiv.")) if doi.startswith("10.48550/arxiv.") else None
        found.append(("arxiv", arxiv) if arxiv else ("doi", doi))
    for location in (item.get("primary_location"), *sequence(item.get("locations"))):
        page = text(mapping(location).get("landing_page_url")) or ""
        if re.match(r"https?://arxiv\.org/abs/", page) and (number_ := arxiv_id(page)):
            found.append(("arxiv", number_))
    return tuple(dict.fromkeys(found))


def _plain(title: Any) -> str | None:
    """A title without the markup that some publishers send."""
    found = text(title)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^<>]{1,40}>", "", found))).strip() if found else None


def _abstract(index: Any) -> str | None:
    """The abstract put together from OpenAlex's word positions, cut where it is too long."""
    words = {
        word: [one for one in places if isinstance(one, int) and 0 <= one < ABSTRACT]
        for word, places in mapping(index).items()
        if isinstance(places, list)
    }
    return invert_abstract({word: places for word, places in words.items() if places}) or None
