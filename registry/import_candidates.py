"""Entries of public lists that may be a dataset we know: questions for a reviewer, never a merge."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, literal, select

from registry.card import Listed
from registry.standing import Row, insert_rows, select_in, table
from registry.tables import Artifact, Candidate, Dataset, DatasetSource, Link, Source

SHARED_BY = 4
"""A place or paper of more datasets than this is a collection: sharing it says nothing."""


def store_candidates(connection: Connection, listed: Sequence[Listed], ids: Mapping[str, int], at: dt.datetime) -> None:
    """Ask about pairs that a list calls possibly the same, and that share an address or the paper introducing them.

    A question that was asked before is not asked again, whatever became of it.
    """
    wanted = {
        f"merge:{row.slug}:{other}": _question(
            ids[row.same_as or row.slug],
            ids[other],
            "named as possibly the same in " + ("; ".join(row.read_in) or "a public list"),
        )
        for row in listed
        for other in row.maybe_same_as
    }
    if listed:
        for pair in (*_sharing_a_place(connection), *_sharing_a_paper(connection)):
            wanted.setdefault(
                f"merge:{pair.listed}:{pair.curated}", _question(pair.listed_id, pair.curated_id, pair.evidence)
            )
    candidates = table(Candidate)
    have = {row["key"] for row in select_in(connection, candidates, candidates.c.key, wanted)}
    fixed = {"kind": "merge", "status": "open", "first_seen": at, "last_seen": at}
    insert_rows(
        connection, candidates, [{"key": key, **row, **fixed} for key, row in wanted.items() if key not in have]
    )


def _question(one: int, other: int, evidence: str) -> Row:
    return {"dataset_id": one, "other_id": other, "evidence": evidence, "payload": json.dumps({"evidence": evidence})}


def _sharing_a_place(connection: Connection) -> Iterable[Any]:
    """Pairs of a listed and a curated dataset that live at one address."""
    sources = table(Source)
    evidence = (literal("both live at ") + func.coalesce(sources.c.url, sources.c.locator)).label("evidence")
    return _pairs(connection, table(DatasetSource), "source_id", sources, evidence)


def _sharing_a_paper(connection: Connection) -> Iterable[Any]:
    """Pairs of a listed and a curated dataset that one paper introduces."""
    artifacts = table(Artifact)
    evidence = (literal("both are introduced by ") + func.coalesce(artifacts.c.url, artifacts.c.title)).label(
        "evidence"
    )
    return _pairs(connection, table(Link), "artifact_id", artifacts, evidence, relation="introduces")


def _pairs(
    connection: Connection, joining: Any, shared: str, things: Any, evidence: Any, relation: str | None = None
) -> Iterable[Any]:
    mine, theirs = joining.alias("mine"), joining.alias("theirs")
    listed, curated = table(Dataset).alias("listed"), table(Dataset).alias("curated")
    standing = [joining.c.ended_at.is_(None)] + ([joining.c.relation == relation] if relation else [])
    few = (
        select(joining.c[shared])
        .where(*standing)
        .group_by(joining.c[shared])
        .having(func.count(func.distinct(joining.c.dataset_id)) <= SHARED_BY)
    )
    conditions = [side.c.ended_at.is_(None) for side in (mine, theirs)]
    conditions += [side.c.relation == relation for side in (mine, theirs)] if relation else []
    return connection.execute(
        select(
            listed.c.slug.label("listed"),
            curated.c.slug.label("curated"),
            listed.c.id.label("listed_id"),
            curated.c.id.label("curated_id"),
            evidence,
        )
        .join_from(mine, theirs, theirs.c[shared] == mine.c[shared])
        .join(listed, (listed.c.id == mine.c.dataset_id) & (listed.c.standing == "listed"))
        .join(curated, (curated.c.id == theirs.c.dataset_id) & (curated.c.standing == "curated"))
        .join(things, things.c.id == mine.c[shared])
        .where(mine.c[shared].in_(few), listed.c.removed_at.is_(None), curated.c.removed_at.is_(None), *conditions)
        .order_by(listed.c.slug, curated.c.slug)
    ).fetchall()
