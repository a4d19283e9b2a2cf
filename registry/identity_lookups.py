"""What the catalogue knows of the places, papers, names and files that pages tell of: a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, case, func, select

from registry.identity_names import is_generic
from registry.identity_page import Page, Pair
from registry.ingest_touches import Home, introduced, names_of
from registry.names import fold
from registry.places import known
from registry.standing import chunks, select_in, table
from registry.tables import (
    Artifact,
    Dataset,
    DatasetAlias,
    DatasetFile,
    DatasetSource,
    DatasetTerm,
    Link,
    SourceLink,
)  # fmt: skip
from registry.vocabulary import STANDING

START = 6
"""Letters at the start of the title of a paper by which it is looked up."""


class Called(NamedTuple):
    """A dataset that has a name; `written` is how it writes it."""

    dataset_id: int
    standing: str
    written: str


class Known(NamedTuple):
    """What the catalogue knows that concerns some pages. Datasets that were removed are not among it."""

    sources: Mapping[Pair, int]
    """Place → its row in `source`."""
    linking: Mapping[Pair, Collection[int]]
    """Place of a page → the sources whose pages link it."""
    homes: Mapping[int, Sequence[Home]]
    """Source → the datasets that live there."""
    by_paper: Mapping[Pair, Sequence[Home]]
    by_title: Mapping[str, Sequence[Home]]
    """Folded title of a paper → the datasets that it introduces."""
    by_name: Mapping[str, Sequence[Called]]
    """Squeezed name → the datasets that have it, without names that anybody uses."""
    by_file: Mapping[str, Collection[tuple[int, int | None]]]
    """SHA-256 → (dataset, source) that have the file."""
    names: Mapping[int, str]
    """Dataset → its name, of all that are told here."""
    languages: Mapping[int, Collection[str]]

    def at(self, places: Iterable[Pair]) -> dict[Pair, Sequence[Home]]:
        """Those of `places` that are known, in their order → the datasets that live there."""
        return {pair: self.homes.get(self.sources[pair], ()) for pair in sorted(places) if pair in self.sources}


def look_up(connection: Connection, pages: Collection[Page], more_links: Mapping[Pair, Sequence[int]]) -> Known:
    """Look up all that `pages` tell of.

    Args:
        connection: to read from; the number of queries does not grow with that of `pages`.
        pages: what was seen.
        more_links: place → sources whose pages link it, besides those of `source_link`.
    """
    sources = known(connection, {pair for page in pages for pair in page.asks})
    linking = _linking(connection, {page.place for page in pages}, more_links)
    homes = _living(connection, {*sources.values(), *(source for some in linking.values() for source in some)})
    by_paper = introduced(connection, {pair for page in pages for pair in (*page.own, *page.papers)})
    by_title = _by_title(connection, {page.title for page in pages if page.title})
    by_name = _by_name(connection, {name for page in pages for name in page.names})
    by_file = _by_file(connection, {sha256 for page in pages for sha256 in page.files})
    told = [home for found in (homes, by_paper, by_title) for some in found.values() for home in some]
    ids = {home.dataset_id for home in told} | {one.dataset_id for some in by_name.values() for one in some}
    ids |= {dataset for some in by_file.values() for dataset, _ in some}
    names, languages = names_of(connection, ids), _languages(connection, ids)
    return Known(sources, linking, homes, by_paper, by_title, by_name, by_file, names, languages)


One = TypeVar("One", Home, Called)


def _curated_first(found: Iterable[One]) -> list[One]:
    """Each dataset once; where one has a card, entries of public lists are doubles of it."""
    some = list({one.dataset_id: one for one in found}.values())
    best = min((STANDING.index(one.standing) for one in some), default=0)
    return [one for one in some if STANDING.index(one.standing) == best] if best == 0 else some


def _linking(
    connection: Connection, places: Collection[Pair], more: Mapping[Pair, Sequence[int]]
) -> dict[Pair, set[int]]:
    links = table(SourceLink)
    found = {pair: set(more.get(pair, ())) for pair in places}
    for row in select_in(connection, links, links.c.value, {name for _, name in places}):
        if (row["scheme"], row["value"]) in found:
            found[row["scheme"], row["value"]].add(row["source_id"])
    return found


def _living(connection: Connection, source_ids: Iterable[int]) -> dict[int, list[Home]]:
    joined, datasets = table(DatasetSource), table(Dataset)
    found: dict[int, list[Home]] = defaultdict(list)
    for part in chunks(source_ids):
        rows = connection.execute(
            select(joined.c.source_id, joined.c.role, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(datasets, datasets.c.id == joined.c.dataset_id)
            .where(joined.c.source_id.in_(part), joined.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            # Several voices tell of one place: "official" is last and stays.
            .order_by(joined.c.source_id, case((joined.c.role == "official", 1), else_=0), joined.c.id)
        )
        for row in rows:
            found[row.source_id].append(Home(row.id, row.slug, row.standing, row.role))
    return {source: _curated_first(some) for source, some in found.items()}


def _by_title(connection: Connection, titles: Collection[str]) -> dict[str, list[Home]]:
    wanted = {fold(title) for title in titles}
    works, links, datasets = table(Artifact), table(Link), table(Dataset)
    start = func.lower(func.substr(works.c.title, 1, START))
    found: dict[str, list[Home]] = defaultdict(list)
    for part in chunks({title.lower()[:START] for title in titles}):
        rows = connection.execute(
            select(works.c.title, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(links, links.c.artifact_id == works.c.id)
            .join(datasets, datasets.c.id == links.c.dataset_id)
            .where(links.c.relation == "introduces", links.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            .where(start.in_(part))
            .order_by(datasets.c.id)
        )
        for row in rows:
            if (title := fold(row.title)) in wanted:
                found[title].append(Home(row.id, row.slug, row.standing, "official"))
    return {title: _curated_first(some) for title, some in found.items()}


def _by_name(connection: Connection, names: Iterable[str]) -> dict[str, list[Called]]:
    aliases, datasets = table(DatasetAlias), table(Dataset)
    found: dict[str, list[Called]] = defaultdict(list)
    for part in chunks(names):
        rows = connection.execute(
            select(aliases.c.folded, aliases.c.alias, datasets.c.id, datasets.c.standing)
            .join(datasets, datasets.c.id == aliases.c.dataset_id)
            .where(aliases.c.folded.in_(part), datasets.c.removed_at.is_(None))
            .order_by(datasets.c.id, aliases.c.alias)
        )
        for row in rows:
            if not is_generic(row.alias):
                found[row.folded].append(Called(row.id, row.standing, row.alias))
    return {name: _curated_first(some) for name, some in found.items()}


def _by_file(connection: Connection, hashes: Iterable[str]) -> dict[str, set[tuple[int, int | None]]]:
    files, datasets = table(DatasetFile), table(Dataset)
    found: dict[str, set[tuple[int, int | None]]] = defaultdict(set)
    for part in chunks(hashes):
        rows = connection.execute(
            select(files.c.sha256, files.c.dataset_id, files.c.source_id)
            .join(datasets, datasets.c.id == files.c.dataset_id)
            .where(files.c.sha256.in_(part), datasets.c.removed_at.is_(None))
        )
        for row in rows:
            found[row.sha256].add((row.dataset_id, row.source_id))
    return found


def _languages(connection: Connection, datasets: Iterable[int]) -> dict[int, set[str]]:
    terms = table(DatasetTerm)
    found: dict[int, set[str]] = defaultdict(set)
    for row in select_in(connection, terms, terms.c.dataset_id, datasets, terms.c.facet == "language"):
        found[row["dataset_id"]].add(row["value"])
    return found
