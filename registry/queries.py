"""What the public face, the command line and the pages ask of the catalogue. Each call opens the database itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select

from registry import finder, views
from registry.card import DatasetCard
from registry.db import reading, ready
from registry.errors import CardError, NotLoadable, UnknownOption
from registry.licences import Licence, combine, licence
from registry.projection import ancestors
from registry.resolve import resolve
from registry.standing import Row, select_in, table
from registry.tables import (
    Artifact,
    Candidate,
    Dataset,
    DatasetSource,
    Event,
    Finding,
    FindingArtifact,
    FindingDataset,
    HarvestRun,
    Lineage,
    Link,
    Source,
    Statement,
)
from registry.vocabulary import EVENT_KIND, FINDING_KIND, FINDING_ORIGIN, FINDING_STATUS

if TYPE_CHECKING:
    import polars as pl


def dataset(name: str) -> views.Dataset:
    """Everything known of one dataset, by slug, alias, ``hf:owner/name`` or ``github:owner/name``.

    Raises:
        UnknownDataset: no such dataset; near names are offered.
    """
    with reading(ready()) as connection:
        return views.dataset(connection, resolve(connection, name))


def card_file(name: str) -> Path:
    """The file of a dataset's card.

    Raises:
        UnknownDataset: no such dataset.
        NotLoadable: the dataset is known, but nobody has written a card for it.
    """
    from registry.cards_io import card_folders, dataset_file

    with reading(ready()) as connection:
        row = resolve(connection, name)
    found = dataset_file(card_folders(), row["slug"])
    if found is None:
        raise NotLoadable(
            f"{row['slug']} is {row['standing']}, not curated: it has no card that says how to load it."
            + (f" Its page: {row['homepage']}" if row["homepage"] else "")
        )
    return found


def card(name: str) -> DatasetCard:
    """The curated card of a dataset.

    Raises:
        UnknownDataset, NotLoadable: see `card_file`.
        CardError: the card breaks its form.
    """
    from registry.yamlio import check

    found, problems = check(card_file(name), DatasetCard)
    if found is None:
        raise CardError(problems)
    return found


def card_or_sketch(name: str) -> DatasetCard:
    """The curated card of a dataset, or what the catalogue knows of one that has none, in the form of a card.

    Raises:
        UnknownDataset: no such dataset.
        CardError: the card breaks its form.
    """
    from registry.cards_io import card_folders, dataset_file
    from registry.sketch import sketch

    with reading(ready()) as connection:
        slug = resolve(connection, name)["slug"]
    return card(slug) if dataset_file(card_folders(), slug) else sketch(dataset(slug))


def effective_licence(name: str) -> Licence:
    """The licence of a dataset together with those of all it is made from; its reasons name the ancestor.

    Raises:
        UnknownDataset: no such dataset.
    """
    datasets = table(Dataset)
    with reading(ready()) as connection:
        own = resolve(connection, name)
        above = ancestors(connection, [own["id"]])[own["id"]]
        rows = select_in(connection, datasets, datasets.c.id, above)
    parents = sorted(rows, key=lambda row: row["slug"])
    stated = [licence(row["licence"]) for row in (own, *parents)]
    return combine(stated, [None, *(row["slug"] for row in parents)])


def briefing(name: str) -> list[str]:
    """What a user must know before using a dataset, in at most three lines: findings, then licence limits."""
    known = dataset(name)
    own = [row for row in known.findings if row["inherited_from"] is None and row["status"] == "confirmed"]
    lines = []
    if own:
        kinds = ", ".join(dict.fromkeys(row["kind"] for row in own))
        more = f" (and {len(own) - 1} more)" if len(own) > 1 else ""
        lines.append(
            f"{len(own)} known issue{'s' if len(own) > 1 else ''} ({kinds}): {_short(own[0]['statement'])}{more}"
        )
    inherited = {row["inherited_from"] for row in known.findings if row["inherited_from"]}
    limits = licence_limits(known)
    if limits:
        lines.append(limits)
    if (own or inherited) and len(lines) < 3:
        also = f"; its parents have some too: {', '.join(sorted(inherited)[:4])}" if inherited else ""
        lines.append(f"registry.findings({known.slug!r}) tells all{also}")
    return lines[:3]


def licence_limits(known: views.Dataset) -> str:
    """One line on what the effective licence does not allow or leaves open, and why; empty where it allows all."""
    stated = known.licence or "none is stated"
    limits = []
    if not known.terms["commercial"]:
        limits.append(effective_licence(known.slug).reason("commercial"))
    if known.terms["derivatives"] is False:
        limits.append("no derivatives")
    if known.terms["share_alike"]:
        limits.append("share alike")
    if known.terms["agreement"]:
        limits.append("a data use agreement is needed")
    return f"licence: {stated}: {', '.join(limits)}" if limits else ""


def _short(text: str, width: int = 160) -> str:
    return text if len(text) <= width else text[: width - 1].rsplit(" ", 1)[0] + " …"


def findings(
    name: str | None = None, kind: str | None = None, origin: str | None = None, status: str | None = None
) -> list[Row]:
    """Findings of one dataset, or of all, as rows: slug, kind, statement, effect, origin, status, datasets, paper, url.

    Rejected findings come only when `status` asks for them.

    Raises:
        UnknownDataset, UnknownOption: a name or word that is not known.
    """
    for what, word, words in (
        ("kind", kind, FINDING_KIND),
        ("origin", origin, FINDING_ORIGIN),
        ("status", status, FINDING_STATUS),
    ):
        if word is not None and word not in words:
            raise UnknownOption(what, word, words)
    rows, about, datasets, reports, artifacts = map(
        table, (Finding, FindingDataset, Dataset, FindingArtifact, Artifact)
    )
    with reading(ready()) as connection:
        conditions: list[ColumnElement[bool]] = [rows.c.removed_at.is_(None)]
        conditions += [rows.c.status == status] if status else [rows.c.status != "rejected"]
        if kind:
            conditions.append(rows.c.kind == kind)
        if origin:
            conditions.append(rows.c.origin == origin)
        if name is not None:
            key = resolve(connection, name)["id"]
            conditions.append(rows.c.id.in_(select(about.c.finding_id).where(about.c.dataset_id == key)))
        found = [
            dict(row._mapping)
            for row in connection.execute(select(rows).where(*conditions).order_by(rows.c.kind, rows.c.slug))
        ]
        named: dict[int, list[str]] = {}
        for finding_id, slug in connection.execute(
            select(about.c.finding_id, datasets.c.slug).join(datasets, datasets.c.id == about.c.dataset_id)
        ):
            named.setdefault(finding_id, []).append(slug)
        papers = {
            row.finding_id: row
            for row in connection.execute(
                select(reports.c.finding_id, artifacts.c.title, artifacts.c.url, artifacts.c.year).join(
                    artifacts, artifacts.c.id == reports.c.artifact_id
                )
            )
        }
    keep = ("slug", "kind", "statement", "effect", "origin", "status", "revision", "first_seen")
    return [
        {name: row[name] for name in keep}
        | {"datasets": sorted(named.get(row["id"], []))}
        | {
            "paper": papers[row["id"]].title if row["id"] in papers else None,
            "url": papers[row["id"]].url if row["id"] in papers else None,
            "year": papers[row["id"]].year if row["id"] in papers else None,
        }
        for row in found
    ]


def search_page(text: str = "", wanted: finder.Filters = finder.NO_FILTERS, **options: Any) -> finder.Page:
    """One page of the catalogue: `registry.finder.page` on the configured database."""
    with reading(ready()) as connection:
        return finder.page(connection, text, wanted, **options)


def search_facets(text: str = "", wanted: finder.Filters = finder.NO_FILTERS) -> dict[str, dict[str, int]]:
    """Counts of each facet's values under the other filters."""
    with reading(ready()) as connection:
        return finder.facets(connection, text, wanted)


def changes(
    since: dt.datetime | None = None, *, kind: str | None = None, name: str | None = None, limit: int = 200
) -> list[Row]:
    """Events, newest first: at, kind, slug, name, field, old, new, place.

    Raises:
        UnknownDataset, UnknownOption: a name or word that is not known.
    """
    if kind is not None and kind not in EVENT_KIND:
        raise UnknownOption("kind", kind, EVENT_KIND)
    events, datasets = table(Event), table(Dataset)
    with reading(ready()) as connection:
        statement = (
            select(
                events.c.at,
                events.c.kind,
                datasets.c.slug,
                datasets.c.name,
                events.c.field,
                events.c.old,
                events.c.new,
                events.c.origin,
                events.c.place,
            )
            .outerjoin(datasets, datasets.c.id == events.c.dataset_id)
            .order_by(events.c.at.desc(), events.c.id.desc())
            .limit(limit)
        )
        if since is not None:
            statement = statement.where(events.c.at >= since)
        if kind is not None:
            statement = statement.where(events.c.kind == kind)
        if name is not None:
            statement = statement.where(events.c.dataset_id == resolve(connection, name)["id"])
        return [dict(row._mapping) for row in connection.execute(statement)]


def stats() -> dict[str, Any]:
    """Counts of what the catalogue holds now, and when it changed last."""
    with reading(ready()) as connection:

        def count(model: type, *where: Any) -> int:
            return connection.execute(select(func.count()).select_from(table(model)).where(*where)).scalar_one()

        datasets = table(Dataset)
        standings = connection.execute(
            select(datasets.c.standing, func.count())
            .where(datasets.c.removed_at.is_(None))
            .group_by(datasets.c.standing)
        )
        artifacts = table(Artifact)
        return {
            "datasets": {row[0]: row[1] for row in standings},
            "loadable": count(Dataset, datasets.c.loadable.is_(True), datasets.c.removed_at.is_(None)),
            "papers": count(Artifact, artifacts.c.kind == "paper", artifacts.c.removed_at.is_(None)),
            "artifacts": count(Artifact, artifacts.c.removed_at.is_(None)),
            "links": count(Link, table(Link).c.ended_at.is_(None)),
            "lineage": count(Lineage, table(Lineage).c.ended_at.is_(None)),
            "findings": count(Finding, table(Finding).c.removed_at.is_(None)),
            "sources": count(Source),
            "places": count(DatasetSource, table(DatasetSource).c.ended_at.is_(None)),
            "statements": count(Statement, table(Statement).c.ended_at.is_(None)),
            "candidates": count(Candidate, table(Candidate).c.status == "open"),
            "events": count(Event),
            "last_event": connection.execute(select(func.max(table(Event).c.id))).scalar(),
            "changed_at": connection.execute(
                select(table(Event).c.at).order_by(table(Event).c.id.desc()).limit(1)
            ).scalar(),
        }


def harvest_runs(limit: int = 20) -> list[Row]:
    """The latest harvest runs with their counts, newest first."""
    runs = table(HarvestRun)
    with reading(ready()) as connection:
        found = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(limit))
        return [dict(row._mapping) for row in found]


def frame(rows: list[Row]) -> pl.DataFrame:
    """Rows as a Polars frame."""
    import polars as pl

    return pl.DataFrame(rows, infer_schema_length=None)
