"""What a harvester should look at: the places where known datasets live, and the papers that introduce them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, and_, case, exists, func, or_, select

from registry.standing import select_in, table, unindexed
from registry.tables import Artifact, ArtifactId, Candidate, Dataset, DatasetSource, Link, Source, SourceAlias

CYCLE = dt.timedelta(days=7)
"""So often a known thing is looked at even where no list shows that it changed: licences, access, names, deletions."""
RESTED = dt.timedelta(hours=12)
"""What was looked at so recently is not looked at again."""
BATCH = 1_000
"""Rows read at once."""
LOOKS = 2_000
"""Places of one provider that are looked at in one run."""


class KnownPlace(NamedTuple):
    """A place where a known dataset lives, or one that is asked about."""

    id: int
    native_id: str
    locator: str
    etag: str | None
    revision: str | None
    read_at: dt.datetime | None
    official: bool
    """The owners of a dataset that has a card keep it there."""
    names: tuple[str, ...]
    """Every name it has or had, in lower case."""


class KnownPaper(NamedTuple):
    """A paper that introduces a known dataset, with its identifiers by scheme."""

    artifact_id: int
    title: str
    year: int | None
    ids: Mapping[str, tuple[str, ...]]


def due_places(connection: Connection, provider: str, at: dt.datetime) -> list[KnownPlace]:
    """Places of `provider` whose turn it is, at most `LOOKS`: never read or changed since, then the longest unread.

    Each place has its night of the week by its row, so that every night has its share; what was missed is caught up,
    and what was missing is looked for again on the next day.
    """
    sources, home = table(Source), _home()
    mine = (sources.c.id + at.date().toordinal()) % CYCLE.days == 0
    missing = and_(sources.c.gone_since.is_not(None), sources.c.status != "gone")
    due = or_(
        sources.c.read_at.is_(None),
        sources.c.read_at < at - CYCLE,
        and_(or_(mine, missing), sources.c.read_at < at - RESTED),
    )
    rows = connection.execute(
        select(*_columns(sources, home))
        .where(sources.c.provider == provider, due, or_(home.is_not(None), _asked_about(sources)))
        .order_by(home.asc().nulls_last(), sources.c.read_at.asc().nulls_first(), sources.c.id)
        .limit(LOOKS)
    ).fetchall()
    return _known(connection, rows)


def next_places(
    connection: Connection, provider: str, after: int, *, homes_only: bool, size: int = BATCH
) -> list[KnownPlace]:
    """The next places of `provider` by id, whether or not it is their turn; empty after the last.

    Args:
        connection: to read from.
        provider: whose places.
        after: the id of the last one that is known, 0 to begin.
        homes_only: only those where datasets live, not those that are asked about.
        size: at most so many.
    """
    sources, home = table(Source), _home()
    wanted = home.is_not(None) if homes_only else or_(home.is_not(None), _asked_about(sources))
    rows = connection.execute(
        select(*_columns(sources, home))
        .where(unindexed(sources.c.provider) == provider, sources.c.id > after, wanted)
        .order_by(sources.c.id)
        .limit(size)
    ).fetchall()
    return _known(connection, rows)


def _columns(sources: Table, home: ScalarSelect[Any]) -> tuple[Any, ...]:
    named = ("id", "native_id", "locator", "etag", "revision", "read_at")
    return (*(sources.c[name] for name in named), home.label("home"))


OFFICIAL, CURATED, OTHER = 0, 1, 2
"""What a place is to the datasets that live there: their owners' with a card, one that a card names, any other."""


def _home() -> ScalarSelect[Any]:
    """What a place is to its datasets; NULL where none lives there. Of one row of `source`, so that indexes serve."""
    joined, datasets, sources = table(DatasetSource), table(Dataset), table(Source)
    kind = case(
        (and_(datasets.c.standing == "curated", joined.c.role == "official"), OFFICIAL),
        (datasets.c.standing == "curated", CURATED),
        else_=OTHER,
    )
    return (
        select(func.min(kind))
        .join(datasets, datasets.c.id == joined.c.dataset_id)
        .where(joined.c.source_id == sources.c.id, joined.c.ended_at.is_(None), datasets.c.removed_at.is_(None))
        .correlate(sources)
        .scalar_subquery()
    )


def _asked_about(sources: Table) -> ColumnElement[bool]:
    """A reviewer is asked what the place is: the more is known of it, the easier the answer."""
    questions = table(Candidate)
    return exists().where(questions.c.source_id == sources.c.id, questions.c.status == "open")


def _known(connection: Connection, rows: Sequence[Any]) -> list[KnownPlace]:
    aliases = table(SourceAlias)
    names: dict[int, list[str]] = {}
    for row in select_in(connection, aliases, aliases.c.source_id, (row.id for row in rows)):
        names.setdefault(row["source_id"], []).append(row["locator"])
    return [
        KnownPlace(
            id=row.id,
            native_id=row.native_id,
            locator=row.locator,
            etag=row.etag,
            revision=row.revision,
            read_at=row.read_at,
            official=row.home == OFFICIAL,
            names=tuple(sorted(names.get(row.id, ()))),
        )
        for row in rows
    ]


def next_papers(connection: Connection, after: int, size: int = BATCH) -> list[KnownPaper]:
    """The next papers that introduce datasets of the catalogue, by id; empty after the last."""
    links, artifacts, ids = table(Link), table(Artifact), table(ArtifactId)
    introduces = exists().where(
        links.c.artifact_id == artifacts.c.id, unindexed(links.c.relation) == "introduces", links.c.ended_at.is_(None)
    )
    rows = connection.execute(
        select(artifacts.c.id, artifacts.c.title, artifacts.c.year)
        .where(artifacts.c.id > after, artifacts.c.removed_at.is_(None), introduces)
        .order_by(artifacts.c.id)
        .limit(size)
    ).fetchall()
    found: dict[int, dict[str, list[str]]] = {row.id: {} for row in rows}
    for one in select_in(connection, ids, ids.c.artifact_id, found):
        found[one["artifact_id"]].setdefault(one["scheme"], []).append(one["value"])
    return [
        KnownPaper(row.id, row.title, row.year, {s: tuple(sorted(values)) for s, values in found[row.id].items()})
        for row in rows
    ]
