"""The papers that cards and lists name, and what each has to do with datasets: introduces, uses, reports on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from registry.artifacts import Work, paper_ids, store
from registry.card import Listed, Paper, Seed
from registry.changed_cards import Changed
from registry.standing import reconcile, select_in, table
from registry.tables import Link


def store_links(connection: Connection, news: Changed, ids: Mapping[str, int], at: dt.datetime) -> None:
    """Papers and what they have to do with datasets: introduces, uses, reports on."""
    works: list[Work] = []
    relations: list[list[Touch]] = []
    for slug, card in news.datasets.items():
        if card.paper and (work := _work(card.paper, "dataset", f"dataset:{slug}")):
            works.append(work)
            relations.append([Touch(ids[slug], "introduces", f"card of {card.name}")])
    for slug, paper in news.papers.items():
        pairs = paper_ids(paper.arxiv, paper.doi, paper.openalex, paper.title)
        values = {
            "slug": slug,
            "paper_kind": paper.kind,
            "summary": paper.summary,
            "year": paper.year,
            "venue": paper.venue,
            "url": f"https://github.com/{paper.github}" if paper.github else None,
        }
        works.append(Work("paper", f"paper:{slug}", paper.title, pairs, values, "card"))
        relations.append(
            [Touch(ids[use.dataset], use.relation, use.note or (paper.read_in or ["card"])[0]) for use in paper.uses]
        )
    for slug, finding in news.findings.items():
        if finding.paper and (work := _work(finding.paper, "finding", f"finding:{slug}")):
            works.append(work)
            relations.append([Touch(ids[name], "reports-on", finding.statement) for name in finding.datasets])
    for seed in news.seeds:
        works.append(_seed_work(seed))
        relations.append(
            [Touch(ids[name], "introduces", seed.note or "collection of seed papers") for name in seed.introduces]
        )
    voices = {work.said_by for work in works}
    voices |= {f"{kind}:{slug}" for kind, slugs in news.gone.items() for slug in slugs}
    voices |= {f"dataset:{slug}" for slug in news.datasets} | {f"finding:{slug}" for slug in news.findings}
    _store(connection, works, relations, "curated", voices, at)
    if news.lists_changed:
        _store_listed(connection, news.listed, ids, at)


def _store_listed(connection: Connection, listed: Sequence[Listed], ids: Mapping[str, int], at: dt.datetime) -> None:
    """The papers that public lists name by an identifier."""
    works: list[Work] = []
    relations: list[list[Touch]] = []
    for row in listed:
        work = _work(row.paper, "dataset", f"list:{row.slug}", "; ".join(row.read_in)) if row.paper else None
        if work and work.ids[0][0] in ("arxiv", "doi"):
            works.append(work)
            touch = Touch(ids[row.same_as or row.slug], "introduces", work.place or "public list", SURE[row.confidence])
            relations.append([touch])
    links = table(Link)
    before = connection.execute(select(links.c.said_by).where(links.c.origin == "listed").distinct()).scalars()
    _store(connection, works, relations, "listed", {*before, *(work.said_by for work in works)}, at)


class Touch(NamedTuple):
    """What a work has to do with a dataset."""

    dataset_id: int
    relation: str
    evidence: str
    confidence: float = 1.0


SURE = {"high": 0.9, "medium": 0.6, "low": 0.3}
"""The words of the lists as numbers: an order, not a measurement."""


def _store(
    connection: Connection,
    works: Sequence[Work],
    relations: Sequence[Sequence[Touch]],
    origin: str,
    voices: set[str],
    at: dt.datetime,
) -> None:
    artifact_ids = store(connection, works, at, origin, voices)
    rows = {
        (artifact, touch.dataset_id, touch.relation, work.said_by): {
            "artifact_id": artifact,
            **touch._asdict(),
            "origin": origin,
            "said_by": work.said_by,
        }
        for artifact, work, touches in zip(artifact_ids, works, relations, strict=True)
        for touch in touches
    }
    links = table(Link)
    standing = select_in(connection, links, links.c.said_by, voices, links.c.ended_at.is_(None))
    reconcile(connection, links, standing, rows.values(), ("artifact_id", "dataset_id", "relation", "said_by"), at)


def _work(paper: Paper, kind: str, said_by: str, place: str = "card") -> Work | None:
    ids = paper_ids(paper.arxiv, paper.doi, paper.openalex, paper.title)
    if not ids and paper.url:
        ids = [("url", paper.url)]
    values = {"paper_kind": kind, "year": paper.year, "venue": paper.venue, "url": paper.url}
    return Work("paper", said_by, paper.title, ids, values, place) if ids else None


def _seed_work(seed: Seed) -> Work:
    kinds = [kind for kind in seed.kinds if kind in ("model", "method", "review", "system", "study")]
    values = {"seed": seed.n, "paper_kind": (kinds or ["dataset"])[0], "year": 2000 + int(seed.arxiv[:2])}
    return Work("paper", f"seed:{seed.n}", seed.title, paper_ids(seed.arxiv), values, "collection of seed papers")
