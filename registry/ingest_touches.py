"""Which datasets an observation is about: by the place it names, or by the paper that introduces them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from registry.artifacts import arxiv_id, doi
from registry.ingest_questions import ask
from registry.observation import Observation, Touch
from registry.places import known
from registry.standing import chunks, select_in, select_pairs, table, unindexed
from registry.tables import ArtifactId, Dataset, DatasetSource, Link

PAPERS: dict[str, Callable[[str], str | None]] = {"arxiv": arxiv_id, "doi": doi, "openalex": str}


class Touched(NamedTuple):
    """A dataset that is touched."""

    dataset_id: int
    relation: str
    evidence: str
    confidence: float


class Home(NamedTuple):
    """A dataset that lives at a place, or that a paper introduces."""

    dataset_id: int
    slug: str
    standing: str
    role: str


def touched_datasets(
    connection: Connection, observations: Sequence[Observation], artifact_ids: Sequence[int], at: dt.datetime
) -> dict[int, list[Touched]]:
    """Index of an observation → the datasets it touches.

    A place that holds several datasets does not say which of them is meant: that is asked as a candidate.
    """
    touches = [touch for one in observations for touch in one.touches]
    at_place, by_paper = homes(connection, touches), introduced(connection, _papers(touches))
    found: dict[int, list[Touched]] = {}
    questions: dict[str, dict[str, Any]] = {}
    for index, one in enumerate(observations):
        for touch in one.touches:
            if touch.scheme not in PAPERS:
                meant = at_place.get((touch.scheme, touch.value.lower()), [])
                if len(meant) > 1:
                    questions |= _which(one, artifact_ids[index], touch, meant)
                    continue
            else:
                meant = by_paper.get(paper(touch.scheme, touch.value), [])
            for home in meant:
                sure = touch.confidence * (0.7 if home.role == "unknown" else 1)
                found.setdefault(index, []).append(
                    Touched(home.dataset_id, touch.relation, touch.evidence, round(sure, 3))
                )
    ask(connection, questions, at)
    return found


def abroad(connection: Connection, works: Sequence[Observation]) -> list[Observation]:
    """`works` without repositories that are themselves the home of a dataset: naming it, they do not use it."""
    own = [Touch("mentions", one.provider, one.locator, "", 0.0) for one in works if one.kind == "code"]
    at_home = homes(connection, own)
    return [one for one in works if one.kind != "code" or not at_home.get((one.provider, one.locator.lower()))]


def _which(one: Observation, artifact_id: int, touch: Touch, meant: Sequence[Home]) -> dict[str, dict[str, Any]]:
    return {
        f"link:{one.provider}:{one.native_id}:{touch.relation}:{home.slug}": {
            "kind": "link",
            "dataset_id": home.dataset_id,
            "artifact_id": artifact_id,
            "payload": {"relation": touch.relation, "place": f"{touch.scheme}:{touch.value}"},
            "evidence": f"{touch.evidence}, which holds {len(meant)} datasets",
            "score": round(touch.confidence / len(meant), 3),
        }
        for home in meant
    }


def paper(scheme: str, value: str) -> tuple[str, str]:
    """An identifier of a paper in the spelling of the catalogue."""
    return scheme, PAPERS[scheme](value) or value


def _papers(touches: Iterable[Touch]) -> set[tuple[str, str]]:
    return {paper(touch.scheme, touch.value) for touch in touches if touch.scheme in PAPERS}


def homes(connection: Connection, touches: Iterable[Touch]) -> dict[tuple[str, str], list[Home]]:
    """Place → the datasets that live there, curated ones before others."""
    sources = known(connection, {(t.scheme, t.value.lower()) for t in touches if t.scheme not in PAPERS})
    joined, datasets = table(DatasetSource), table(Dataset)
    at_source: dict[int, dict[int, Home]] = {}
    for part in chunks({*sources.values()}):
        rows = connection.execute(
            select(joined.c.source_id, joined.c.role, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(datasets, datasets.c.id == joined.c.dataset_id)
            .where(joined.c.source_id.in_(part), joined.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            .order_by(joined.c.id)
        )
        for row in rows:
            mine = at_source.setdefault(row.source_id, {})
            if row.id not in mine or mine[row.id].role == "unknown":
                mine[row.id] = Home(row.id, row.slug, row.standing, row.role)
    return {pair: _best(at_source.get(key, {})) for pair, key in sources.items()}


def introduced(connection: Connection, papers: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], list[Home]]:
    """Paper → the datasets it introduces, curated ones before others."""
    ids, links, datasets = table(ArtifactId), table(Link), table(Dataset)
    named: dict[int, list[tuple[str, str]]] = {}
    for row_ in select_pairs(connection, ids, (ids.c.scheme, ids.c.value), papers):
        named.setdefault(row_["artifact_id"], []).append((row_["scheme"], row_["value"]))
    found: dict[tuple[str, str], dict[int, Home]] = {}
    for part in chunks(named):
        rows = connection.execute(
            select(links.c.artifact_id, datasets.c.id, datasets.c.slug, datasets.c.standing)
            .join(datasets, datasets.c.id == links.c.dataset_id)
            .where(links.c.artifact_id.in_(part), unindexed(links.c.relation) == "introduces")
            .where(links.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
            .order_by(datasets.c.id)
        )
        for row in rows:
            for pair in named[row.artifact_id]:
                home = Home(row.id, row.slug, row.standing, "official")
                found.setdefault(pair, {})[row.id] = home
    return {pair: _best(mine) for pair, mine in found.items()}


def _best(mine: Mapping[int, Home]) -> list[Home]:
    """Where a curated dataset is meant, entries of public lists are doubles of it."""
    curated = [home for home in mine.values() if home.standing == "curated"]
    return curated or list(mine.values())


def names_of(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, str]:
    """Id → name of datasets."""
    datasets = table(Dataset)
    return {row["id"]: row["name"] for row in select_in(connection, datasets, datasets.c.id, dataset_ids)}
