"""OpenAlex: the works that introduce known datasets in all their versions, what cites them, and records of datasets."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from pyalex import Works
from rapidfuzz import fuzz

from harvesters.http import Client, ItemFailed, Service
from harvesters.openalex_items import NAME, bare_doi, record, work, work_id
from harvesters.page import Memory, Page, Wish, in_parts, whose_turn
from harvesters.reading import Malformed, mapping, number, sequence, text
from harvesters.walk import observe, unpacked
from registry.harvest_log import Cursor, Failure
from registry.harvest_targets import KnownPaper
from registry.names import fold
from registry.observation import Observation, Touch
from registry.settings import Settings

BATCH, LENGTH = 100, 6_000
"""Identifiers in one question, which costs the same as one alone, and characters of their address."""
HALVED = 20
"""So many questions are asked again in halves: where more fail, it is not for an identifier."""
PER_PAGE = 100
TOGETHER, CITERS = 50, 5_000
"""Cited works in one question, and the citing works that it may bring."""
WHOLE = dt.timedelta(days=30)
"""So often all citing works are read again; in between only those published in the last months."""
RECENT = dt.timedelta(days=180)
LOOK_UP, UNFINISHED = "look-up", "citing"
"""The queries under which it is kept when all works were looked up, and a reading that was cut off."""
TITLES = 20
"""Searches by title in one run, which cost ten times as much as others."""
ALIKE = 95
"""Similarity of titles (0-100) from which a search by title has found the paper."""
RECORDS = (
    "medical imaging dataset", "clinical data set patients", "radiology images dataset", "electronic health records",
    "medical question answering", "electrocardiogram recordings", "histopathology images", "clinical notes corpus",
)  # fmt: skip
"""Words looked for in titles and abstracts of works of type dataset."""
RECORD_PAGES = 4

_LOOKED_UP = (
    "id doi display_name publication_year type ids cited_by_count primary_location locations abstract_inverted_index "
    "is_retracted"
).split()
_CITING = (
    "id doi display_name publication_year type ids primary_location abstract_inverted_index referenced_works "
    "is_retracted"
).split()
_RECORD = (
    "id doi display_name publication_year type primary_location abstract_inverted_index topics primary_topic"
).split()


def service(now: Settings) -> Service:
    """The OpenAlex that the settings name. The key goes into a header: in an address it would end up in logs."""
    return Service(NAME, now.openalex_api_url, now.openalex_api_key, limit=lambda path: "credits")


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page."""
    parts = (
        lambda: _unfinished(client, memory, wish),
        lambda: _works(client, memory, wish),
        lambda: _records(client, memory, wish),
    )
    yield from in_parts(client, memory, wish, parts)


def _works(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """The works that introduce known datasets, and those that cite them; once a night."""
    if not wish.tonight(memory.cursor(LOOK_UP).read_at):
        return
    after = 0
    while some := memory.papers(after):
        after = some[-1].artifact_id
        counts: dict[str, int] = {}
        yield from _look_up(client, memory, wish, some, counts)
        yield from _by_title(client, memory, wish, some, counts)
        yield from _citing(client, memory, wish, counts)
    yield Page(cursors=[Cursor(LOOK_UP)])


def question(fields: Sequence[str], **filters: Any) -> str:
    """Path and query for works, as pyalex writes them; its own transport ignores another host, headers and limits."""
    values = {name.replace("__", "."): value for name, value in filters.items()}
    several = any(isinstance(value, list) for value in values.values())
    works = Works().filter_or(**values) if several else Works().filter(**values)
    return f"/works?{urlsplit(works.select(list(fields)).url).query}&per-page={PER_PAGE}"


def _look_up(
    client: Client, memory: Memory, wish: Wish, papers: Sequence[KnownPaper], counts: dict[str, int]
) -> Iterator[Page]:
    """Works of the papers that introduce datasets: by W id where it is known, else by DOI, else by arXiv's address."""
    asked = {work: paper for paper in papers for work in paper.ids.get("openalex", ())}
    yield from _batches(client, memory, wish, counts, "openalex_id", asked)
    lost = {paper.artifact_id for work, paper in asked.items() if work not in counts}
    open_ = [p for p in papers if wish.full or p.artifact_id in lost or "openalex" not in p.ids]
    by_doi = {_quoted(doi): paper for paper in open_ for doi in _dois(paper)}
    answered = yield from _batches(client, memory, wish, counts, "doi", by_doi)
    missing = [paper for paper in open_ if not any(_quoted(doi) in answered for doi in _dois(paper))]
    addresses = {
        f"{scheme}://arxiv.org/abs/{number}": paper
        for paper in missing
        for number in paper.ids.get("arxiv", ())
        for scheme in ("https", "http")
    }
    yield from _batches(client, memory, wish, counts, "locations__landing_page_url", addresses)


def _dois(paper: KnownPaper) -> list[str]:
    return [*paper.ids.get("doi", ()), *(f"10.48550/arxiv.{number}" for number in paper.ids.get("arxiv", ()))]


def _quoted(value: str) -> str:
    """A comma would end the value: such values go in quotes."""
    return f'"{value}"' if "," in value else value


def _batches(
    client: Client, memory: Memory, wish: Wish, counts: dict[str, int], name: str, values: Iterable[str]
) -> Generator[Page, None, set[str]]:
    """Ask for works by an identifier; returns the DOIs that were answered.

    An identifier that spoils the question for the others is found by asking for halves.
    """
    told = f"works by {name.replace('__', '.')}"
    # What has a quote or a bar within cannot be asked for.
    wanted = [
        one for one in values if not re.search(r'[|\x00-\x1f]|(?<!^)"(?!$)', one) if not memory.waits(f"{told}: {one}")
    ]
    parts = list(_cut(wanted))
    wish.plans(len(parts), told)
    answered: set[str] = set()
    spoilt = 0
    while parts:
        part = parts.pop(0)
        try:
            results = _results(client.get(question(_LOOKED_UP, **{name: part})).data)
        except (ItemFailed, Malformed) as error:
            spoilt += 1
            if len(part) > 1 and spoilt <= HALVED:
                middle = len(part) // 2
                parts[:0] = [part[:middle], part[middle:]]
            else:
                yield Page(failures=[Failure(f"{told}: {one}", str(error)) for one in part])
            continue
        observations, failures = observe(told, results, lambda result: [work(result, wish.now)])
        for result in results:
            if (key := work_id(mapping(result).get("id"))) is not None:
                counts[key] = number(mapping(result).get("cited_by_count")) or 0
            answered.add(_quoted(bare_doi(mapping(result).get("doi")) or ""))
        yield Page(observations, failures, [f"{told}: {one}" for one in part])
    return answered


def _cut(values: Sequence[str]) -> Iterator[list[str]]:
    """Values in parts that one question holds."""
    part: list[str] = []
    length = 0
    for value in values:
        added = len(quote(f"{value}|"))
        if part and (len(part) == BATCH or length + added > LENGTH):
            yield part
            part, length = [], 0
        part.append(value)
        length += added
    if part:
        yield part


def _by_title(
    client: Client, memory: Memory, wish: Wish, papers: Sequence[KnownPaper], counts: dict[str, int]
) -> Iterator[Page]:
    """Works of papers of which nothing but the title is known; each in its turn, and the same title is asked for."""
    wanted = {f"title:{fold(p.title)[:200]}": p for p in papers if not {"openalex", "doi", "arxiv"} & {*p.ids}}
    for query in whose_turn(memory, wish, wanted)[:TITLES]:
        paper = wanted[query]
        words = re.sub(r"\s+", " ", re.sub(r"[^\w\s-]", " ", paper.title)).strip()
        wish.plans(1, query)
        try:
            results = _results(client.get(question(_LOOKED_UP, title__search=words)).data)
        except (ItemFailed, Malformed) as error:
            yield Page(failures=[Failure(query, str(error))])
            continue
        same = [one for one in results if _is_same(one, paper)]
        observations, failures = observe(query, same, partial(_titled, paper=paper, now=wish.now))
        for one in same:
            if (key := work_id(mapping(one).get("id"))) is not None:
                counts[key] = number(mapping(one).get("cited_by_count")) or 0
        yield Page(observations, failures, [query], [Cursor(query)])


def _is_same(item: Any, paper: KnownPaper) -> bool:
    """The same title, and a year that differs by one at most: preprint and article are dated apart."""
    title, year = text(mapping(item).get("display_name")), number(mapping(item).get("publication_year"))
    near = year is None or paper.year is None or abs(year - paper.year) <= 1
    return near and title is not None and fuzz.ratio(fold(title), fold(paper.title)) >= ALIKE


def _titled(item: Any, paper: KnownPaper, now: dt.datetime) -> list[Observation]:
    """A work with its title as a further identifier, by which the row of `paper` is found. Raises `Malformed`."""
    found = work(item, now)
    return [replace(found, ids=(*found.ids, *(("title", value) for value in paper.ids.get("title", ()))))]


class Reading(NamedTuple):
    """A reading of all works that cite some works: since which day of publication, and the page to go on from."""

    counts: Mapping[str, int]
    """Cited work → how many cite it, as OpenAlex counted when the reading began."""
    since: dt.datetime | None
    begun: dt.datetime
    cursor: str = "*"


def _citing(client: Client, memory: Memory, wish: Wish, counts: Mapping[str, int]) -> Iterator[Page]:
    """Works that cite those of `counts`: all of them at first and once a month, else recent ones where a count moved.

    Several cited works are asked for at once; the list of references of each result tells which of them it cites.
    """
    marks = memory.cursors(f"cites:{key}" for key in counts)
    whole: list[str] = []
    recent: dict[str, dt.datetime] = {}
    for key in sorted(counts, key=lambda key: (counts[key], key)):
        count, read = _mark(marks[f"cites:{key}"].high_water if f"cites:{key}" in marks else None)
        if counts[key] == 0 or (count == counts[key] and not (wish.full or wish.since)) or memory.waits(f"cites:{key}"):
            continue
        if wish.full or read is None or (wish.now - read > WHOLE and not wish.since):
            whole.append(key)
        else:
            recent[key] = wish.since or read - RECENT
    for part in _parts(list(recent), counts, 10**9):
        reading = Reading({key: counts[key] for key in part}, min(recent[key] for key in part), wish.now)
        yield from _read(client, memory, wish, reading)
    for part in _parts(whole, counts, CITERS):
        yield from _read(client, memory, wish, Reading({key: counts[key] for key in part}, None, wish.now))


def _parts(works: Sequence[str], counts: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Works to ask for together: few enough, and of few enough citing works."""
    part: list[str] = []
    for key in works:
        if part and (len(part) == TOGETHER or sum(counts[one] for one in part) + counts[key] > most):
            yield part
            part = []
        part.append(key)
    if part:
        yield part


def _unfinished(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    counts, since, begun, cursor = unpacked(memory.cursor(UNFINISHED).cursor, 4)
    if isinstance(counts, dict) and not (wish.full or wish.since):
        started = dt.datetime.fromisoformat(begun)
        reading = Reading(counts, dt.datetime.fromisoformat(since) if since else None, started, cursor)
        yield from _read(client, memory, wish, reading)


def _read(client: Client, memory: Memory, wish: Wish, reading: Reading) -> Iterator[Page]:
    filters: dict[str, Any] = {"cites": list(reading.counts)}
    if reading.since:
        filters["from_publication_date"] = reading.since.date().isoformat()
    first = next(iter(reading.counts))
    item = f"cites:{first}"
    wish.doing = f"what cites {first} and {len(reading.counts) - 1} more"

    def read(result: Any) -> list[Observation]:
        named = {work_id(one) for one in sequence(mapping(result).get("referenced_works"))}
        # Of a single work it is known that it is cited, though the list of references may come late.
        cited = [key for key in reading.counts if key in named or len(reading.counts) == 1]
        touches = [Touch("cites", NAME, key, "in its list of references at OpenAlex", 0.9) for key in cited]
        return [work(result, wish.now, touches)]

    # Somewhat more than are counted: a list that never ends is left.
    for _ in range(sum(reading.counts.values()) // PER_PAGE + 10):
        try:
            data = client.get(f"{question(_CITING, **filters)}&cursor={quote(reading.cursor, safe='*')}").data
            results = _results(data)
        except (ItemFailed, Malformed) as error:
            # Where a reading cannot go on from where it was cut off, it begins anew next time.
            yield Page(failures=[Failure(item, str(error))], cursors=[Cursor(UNFINISHED)])
            return
        found = text(mapping(mapping(data).get("meta")).get("next_cursor"))
        done = found is None or not results or found == reading.cursor
        observations, failures = observe(item, results, read)
        yield Page(observations, failures, [item], [*_marks(memory, reading)] if done else [_kept(reading, found)])
        if done or found is None:
            return
        reading = reading._replace(cursor=found)
    yield Page(failures=[Failure(item, "more pages than works are counted")], cursors=[Cursor(UNFINISHED)])


def _kept(reading: Reading, cursor: str | None) -> Cursor:
    since = reading.since.isoformat() if reading.since else None
    return Cursor(UNFINISHED, None, json.dumps([dict(reading.counts), since, reading.begun.isoformat(), cursor]))


def _marks(memory: Memory, reading: Reading) -> Iterator[Cursor]:
    """What is told of each cited work once all that cites it is read: how many, and when all was read."""
    yield Cursor(UNFINISHED)
    before = memory.cursors(f"cites:{key}" for key in reading.counts)
    for key, count in reading.counts.items():
        query = f"cites:{key}"
        _, whole = _mark(before[query].high_water if query in before else None)
        read = reading.begun if reading.since is None else whole
        yield Cursor(query, json.dumps([count, read.isoformat() if read else None]))


def _mark(high_water: str | None) -> tuple[int | None, dt.datetime | None]:
    """The count at the last reading, and when all was read."""
    count, whole = unpacked(high_water, 2)
    try:
        return int(count), dt.datetime.fromisoformat(whole) if whole else None
    except (TypeError, ValueError):
        return None, None


def _records(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """Works of type dataset, each search in its turn; those of repositories are hidden unless they are asked for."""
    wanted = {f"records:{words}": words for words in RECORDS}
    for query in whose_turn(memory, wish, wanted):
        before = memory.cursor(query)
        cursor = before.cursor if before.cursor and not wish.full else "*"
        since = None if wish.full or before.high_water is None else before.high_water
        filters = {"type": "dataset", "title_and_abstract.search": wanted[query]}
        if since:
            filters["from_publication_date"] = since
        path = f"{question(_RECORD, **filters)}&include_xpac=true"
        wish.plans(1, query)
        reason = f"found by {wanted[query]!r} among datasets at OpenAlex"
        for _ in range(RECORD_PAGES):
            try:
                data = client.get(f"{path}&cursor={quote(cursor, safe='*')}").data
                results = _results(data)
            except (ItemFailed, Malformed) as error:
                yield Page(failures=[Failure(query, str(error))], cursors=[Cursor(query, before.high_water)])
                break
            found = text(mapping(mapping(data).get("meta")).get("next_cursor"))
            done = found is None or not results or found == cursor
            observations, failures = observe(query, results, partial(record, now=wish.now, reason=reason))
            day = (wish.now - RECENT).date().isoformat()
            at = Cursor(query, day) if done else Cursor(query, before.high_water, found)
            yield Page(observations, failures, [query], [at])
            if done or found is None:
                break
            cursor = found


def _results(data: Any) -> Sequence[Any]:
    found = mapping(data).get("results")
    if not isinstance(found, list):
        raise Malformed("works were expected")
    return found
