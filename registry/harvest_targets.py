"""What a harvester should look at: the places where known datasets live, and the papers that introduce them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from registry.standing import select_in, table
from registry.tables import Artifact, ArtifactId, Dataset, DatasetSource, Link, Source, SourceAlias


class KnownPlace(NamedTuple):
    """A place where a known dataset lives."""

    id: int
    native_id: str
    locator: str
    etag: str | None
    last_checked: dt.datetime | None
    names: tuple[str, ...]
    """Every name it has or had, in lower case."""


class KnownPaper(NamedTuple):
    """A paper that introduces a known dataset, with its identifiers by scheme."""

    artifact_id: int
    ids: Mapping[str, tuple[str, ...]]


def known_places(connection: Connection, provider: str) -> list[KnownPlace]:
    """Places of `provider` where datasets live; those not looked at for longest first, curated ones before others."""
    sources, joined, datasets, aliases = table(Source), table(DatasetSource), table(Dataset), table(SourceAlias)
    curated = func.min(case((datasets.c.standing == "curated", 0), else_=1))
    columns = (sources.c.id, sources.c.native_id, sources.c.locator, sources.c.etag, sources.c.last_checked)
    rows = connection.execute(
        select(*columns)
        .join(joined, joined.c.source_id == sources.c.id)
        .join(datasets, datasets.c.id == joined.c.dataset_id)
        .where(sources.c.provider == provider, joined.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
        .group_by(*columns)
        .order_by(sources.c.last_checked.asc().nulls_first(), curated, sources.c.id)
    ).fetchall()
    names: dict[int, list[str]] = {}
    for row in select_in(connection, aliases, aliases.c.source_id, (row.id for row in rows)):
        names.setdefault(row["source_id"], []).append(row["locator"])
    return [KnownPlace(*row, tuple(sorted(names.get(row.id, ())))) for row in rows]


def known_papers(connection: Connection) -> list[KnownPaper]:
    """Papers that introduce datasets of the catalogue."""
    links, artifacts, ids = table(Link), table(Artifact), table(ArtifactId)
    wanted = connection.execute(
        select(links.c.artifact_id)
        .join(artifacts, artifacts.c.id == links.c.artifact_id)
        .where(links.c.relation == "introduces", links.c.ended_at.is_(None), artifacts.c.removed_at.is_(None))
        .distinct()
        .order_by(links.c.artifact_id)
    ).scalars()
    found: dict[int, dict[str, list[str]]] = {key: {} for key in wanted}
    for row in select_in(connection, ids, ids.c.artifact_id, found):
        found[row["artifact_id"]].setdefault(row["scheme"], []).append(row["value"])
    return [
        KnownPaper(key, {scheme: tuple(sorted(values)) for scheme, values in by.items()}) for key, by in found.items()
    ]
