"""Looking into a catalogue: what the tests of harvests compare."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Engine, select, update
from sqlmodel import SQLModel

from harvesters.run import RunResult
from registry.db import reading, writing
from registry.standing import table
from registry.tables import (
    Artifact,
    Dataset,
    Event,
    HarvestCursor,
    HarvestFailure,
    Link,
    Source,
    SourceAlias,
    Statement,
)
from tests.support.api_reply import Asked

Row = dict[str, Any]

HUB, GIT, ALEX = "huggingface", "github", "openalex"

MOVES = {
    "source": {"last_checked", "read_at"},
    "statement": {"last_seen"},
    "link": {"last_seen"},
    "candidate": {"last_seen"},
}
"""Columns that say when a thing was last seen: they move though nothing changed."""
RECORDS = ("harvest_run", "harvest_cursor")


def rows(target: Engine, model: type, *where: object) -> list[Row]:
    """Rows of a table."""
    with reading(target) as connection:
        found = connection.execute(select(table(model)).where(*where))  # type: ignore[arg-type]
        return [dict(row._mapping) for row in found]


def dump(target: Engine) -> Mapping[str, list[tuple[Any, ...]]]:
    """Every row but the records of runs and how far they read, without the times at which things were last seen."""
    with reading(target) as connection:
        return {
            name: sorted(
                (
                    tuple(value for column, value in row._mapping.items() if column not in MOVES.get(name, ()))
                    for row in connection.execute(select(made))
                ),
                key=str,
            )
            for name, made in SQLModel.metadata.tables.items()
            if name not in RECORDS
        }


def source(target: Engine, name: str, provider: str = "huggingface") -> Row:
    """The row of the place that this name means."""
    named = {row["source_id"] for row in rows(target, SourceAlias, table(SourceAlias).c.locator == name.lower())}
    (found,) = [row for row in rows(target, Source, table(Source).c.provider == provider) if row["id"] in named]
    return found


def said(target: Engine, source_id: int, voice: str | None = None) -> dict[str, str]:
    """What stands as said of a place: field → JSON."""
    of = table(Statement).c
    found = rows(target, Statement, of.subject_kind == "source", of.subject_id == source_id, of.ended_at.is_(None))
    return {row["field"]: row["value"] for row in found if voice in (None, row["said_by"])}


def dataset(target: Engine, slug: str) -> Row:
    """The row of a dataset."""
    (found,) = rows(target, Dataset, table(Dataset).c.slug == slug)
    return found


def links(target: Engine) -> set[tuple[str, str, str]]:
    """(title, relation, slug) of the links that a harvester wrote and that stand."""
    of = table(Link).c
    titles = {row["id"]: row["title"] for row in rows(target, Artifact)}
    slugs = {row["id"]: row["slug"] for row in rows(target, Dataset)}
    return {
        (titles[row["artifact_id"]], row["relation"], slugs[row["dataset_id"]])
        for row in rows(target, Link, of.origin == "harvested", of.ended_at.is_(None))
    }


def events(target: Engine, subject: str | None = None) -> list[tuple[str, str | None, str | None]]:
    """(kind, old, new) of the events that a harvest brought, in their order."""
    of = table(Event).c
    found = sorted(rows(target, Event, of.origin == "harvested"), key=lambda row: row["id"])
    return [(row["kind"], row["old"], row["new"]) for row in found if subject in (None, row["subject_kind"])]


def asked_for(asked: Sequence[Asked], *patterns: str) -> list[str]:
    """The requests whose path and query any of `patterns` is found in."""
    return [one.target for one in asked if any(re.search(pattern, unquote(one.target)) for pattern in patterns)]


def one(results: list[RunResult]) -> RunResult:
    """The only result."""
    (found,) = results
    return found


WEEK = 8
"""Days after which everything has had its turn."""


def yesterday(target: Engine, days: int = 1) -> None:
    """Let a day pass, or some: all that was done was done so much earlier."""
    sources, failures, cursors = table(Source), table(HarvestFailure), table(HarvestCursor)
    day = dt.timedelta(days=days)
    with writing(target) as connection:
        moved = [(sources, name) for name in ("last_checked", "read_at", "gone_since")] + [(failures, "retry_after")]
        for rows_of, column in moved:
            for row in connection.execute(select(rows_of).where(rows_of.c[column].is_not(None))).fetchall():
                earlier = row._mapping[column] - day
                connection.execute(update(rows_of).where(rows_of.c.id == row.id).values({column: earlier}))
        for row in connection.execute(select(cursors)).fetchall():
            told = row.high_water
            if told and told.startswith("["):
                mark, whole = json.loads(told)
                told = json.dumps([mark, whole and (dt.datetime.fromisoformat(whole) - day).isoformat()])
            same = (cursors.c.source == row.source) & (cursors.c.query == row.query)
            connection.execute(update(cursors).where(same).values(high_water=told, updated_at=row.updated_at - day))
