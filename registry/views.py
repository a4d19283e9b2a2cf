"""Everything the catalogue knows of one dataset, as one value."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select

from registry.projection import COLUMNS, FACETS, counts, first_of, standing_statements
from registry.standing import Row, table
from registry.tables import (
    Artifact,
    Candidate,
    DatasetAlias,
    DatasetFile,
    DatasetSource,
    Event,
    Finding,
    FindingArtifact,
    FindingDataset,
    Lineage,
    Link,
    Source,
)
from registry.tables import (
    Dataset as DatasetRow,
)

COMPARED = (*COLUMNS, *FACETS)
"""Fields in which sources may disagree."""


@dataclass(frozen=True)
class Dataset:
    """One dataset: its row, facets, places, licences as stated, lineage, links, findings and events.

    Lists hold dicts; `disagreements` maps a field to what the catalogue shows and what others say, each with its place.
    """

    slug: str
    name: str
    standing: str
    kind: str | None
    summary: str | None
    homepage: str | None
    access: str | None
    access_note: str | None
    licence: str | None
    effective_licence: str | None
    terms: dict[str, bool | None]
    """commercial, attribution, share_alike, derivatives, agreement; None = not known."""
    languages: list[str]
    modalities: list[str]
    tasks: list[str]
    specialties: list[str]
    examples: int | None
    unit: str | None
    year: int | None
    loadable: bool
    aliases: list[str]
    card: dict[str, Any]
    """Further fields as the card or list has them: size, files, fields, example, notes, unsure, read_in, paper …"""
    sources: list[Row]
    licences: list[Row]
    """The licence as stated at each place: licence, said_by, place, role."""
    files: list[Row]
    parents: list[Row]
    children: list[Row]
    links: list[Row]
    """Artifacts with relation, evidence, confidence."""
    findings: list[Row]
    """Findings, its own first; `inherited_from` names the ancestor for those of what it is made from."""
    candidates: list[Row]
    """What is not decided: other entries that may be the same dataset."""
    events: list[Row]
    disagreements: dict[str, list[Row]] = field(default_factory=dict)
    first_seen: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    removed_at: dt.datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold; times as ISO 8601."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=_iso))
        return plain


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def dataset(connection: Connection, row: Row) -> Dataset:
    """The whole of the dataset with this row of `dataset`."""
    key = row["id"]
    said = standing_statements(connection, [key]).get(key, [])
    shown = first_of(said)
    parents = _relatives(connection, key, up=True)
    return Dataset(
        **{
            name: row[name]
            for name in ("slug", "name", "standing", "loadable", "first_seen", "updated_at", "removed_at")
        },
        **{name: row[name] for name in COLUMNS if name != "name"},
        effective_licence=row["effective_licence"],
        terms={name: row[name] for name in ("commercial", "attribution", "share_alike", "derivatives", "agreement")},
        languages=_list(shown, "languages"),
        modalities=_list(shown, "modalities"),
        tasks=_list(shown, "tasks"),
        specialties=_list(shown, "specialties"),
        aliases=_aliases(connection, row),
        card={name: statement["value"] for name, statement in shown.items() if name not in (*COMPARED, "aliases")},
        sources=_sources(connection, key),
        licences=[
            {
                "licence": s["value"],
                "said_by": s["said_by"],
                "place": s["place"],
                "role": s["role"],
                "origin": s["origin"],
            }
            for s in said
            if s["field"] in ("licence", "licence_raw")
        ],
        files=_rows(connection, select(table(DatasetFile)).where(table(DatasetFile).c.dataset_id == key)),
        parents=parents,
        children=_relatives(connection, key, up=False),
        links=_links(connection, key),
        findings=_findings(connection, key, parents),
        candidates=_candidates(connection, key),
        events=_events(connection, key),
        disagreements=_disagreements(said),
    )


def _list(shown: dict[str, Row], field: str) -> list[str]:
    return list(shown.get(field, {}).get("value") or [])


def _rows(connection: Connection, statement: Any) -> list[Row]:
    return [dict(row._mapping) for row in connection.execute(statement)]


def _disagreements(said: list[Row]) -> dict[str, list[Row]]:
    """Fields of which two voices say different things: each value once, best-founded first.

    `counts` tells which of them may stand for the dataset; the first of those is the one that does.
    """
    found: dict[str, list[Row]] = {}
    for name in COMPARED:
        values: dict[str, Row] = {}
        for statement in said:
            if statement["field"] == name and statement["value"] not in (None, [], ""):
                value = statement["value"]
                mark = str(sorted(value) if isinstance(value, list) else value).casefold()
                values.setdefault(
                    mark,
                    {
                        "value": value,
                        "said_by": statement["said_by"],
                        "place": statement["place"],
                        "origin": statement["origin"],
                        "seen": statement["first_seen"],
                        "counts": counts(statement),
                    },
                )
        if len(values) > 1:
            found[name] = list(values.values())
    return found


def _aliases(connection: Connection, row: Row) -> list[str]:
    aliases = table(DatasetAlias)
    names = connection.execute(
        select(aliases.c.alias).where(aliases.c.dataset_id == row["id"]).order_by(aliases.c.alias)
    ).scalars()
    return [name for name in names if name not in (row["slug"], row["name"])]


def _sources(connection: Connection, key: int) -> list[Row]:
    joined, sources = table(DatasetSource), table(Source)
    statement = (
        select(
            sources.c.id,
            sources.c.provider,
            sources.c.locator,
            sources.c.url,
            joined.c.role,
            joined.c.note,
            joined.c.origin,
            joined.c.said_by,
            sources.c.status,
            sources.c.revision,
            sources.c.licence_raw,
            sources.c.licence,
            sources.c.access,
            sources.c.first_seen,
            sources.c.last_checked,
        )
        .join(sources, sources.c.id == joined.c.source_id)
        .where(joined.c.dataset_id == key, joined.c.ended_at.is_(None))
        .order_by(joined.c.origin, joined.c.position, joined.c.id)
    )
    found: dict[int, Row] = {}
    for row in _rows(connection, statement):
        kept = found.setdefault(row["id"], row)
        if kept["role"] == "unknown" and row["role"] != "unknown":
            kept["role"] = row["role"]
    order = {"official": 0, "mirror": 1, "unknown": 2}
    return sorted(found.values(), key=lambda row: order.get(row["role"], 3))


def _relatives(connection: Connection, key: int, *, up: bool) -> list[Row]:
    lineage, datasets = table(Lineage), table(DatasetRow)
    mine, theirs = (lineage.c.child_id, lineage.c.parent_id) if up else (lineage.c.parent_id, lineage.c.child_id)
    columns = (datasets.c.id, datasets.c.slug, datasets.c.name, datasets.c.licence, datasets.c.standing)
    return _rows(
        connection,
        select(*columns, lineage.c.relation, lineage.c.evidence, lineage.c.origin)
        .join(datasets, datasets.c.id == theirs)
        .where(mine == key, lineage.c.ended_at.is_(None))
        .order_by(datasets.c.slug),
    )


def _links(connection: Connection, key: int) -> list[Row]:
    links, artifacts = table(Link), table(Artifact)
    columns = ("id", "slug", "kind", "paper_kind", "title", "year", "venue", "url", "citations", "seed")
    rows = _rows(
        connection,
        select(
            *(artifacts.c[name] for name in columns),
            links.c.relation,
            links.c.evidence,
            links.c.confidence,
            links.c.origin,
            links.c.first_seen,
        )
        .join(artifacts, artifacts.c.id == links.c.artifact_id)
        .where(links.c.dataset_id == key, links.c.ended_at.is_(None), artifacts.c.removed_at.is_(None))
        .order_by(links.c.relation, artifacts.c.year.desc().nulls_last(), artifacts.c.title),
    )
    # Two cards may say the same of one paper: shown once, with the evidence of the first.
    return list({(row["id"], row["relation"]): row for row in reversed(rows)}.values())[::-1]


def _findings(connection: Connection, key: int, parents: list[Row]) -> list[Row]:
    own = findings_of(connection, [key])
    inherited = findings_of(connection, [parent["id"] for parent in parents])
    seen = {row["slug"] for row in own}
    names = {parent["id"]: parent["slug"] for parent in parents}
    return [row | {"inherited_from": None} for row in own] + [
        row | {"inherited_from": names[row["dataset_id"]]} for row in inherited if row["slug"] not in seen
    ]


def findings_of(connection: Connection, dataset_ids: list[int]) -> list[Row]:
    """Findings of these datasets that nobody rejected, with the paper that reports each."""
    findings, about, reports, artifacts = map(table, (Finding, FindingDataset, FindingArtifact, Artifact))
    columns = ("id", "slug", "kind", "statement", "effect", "origin", "status", "revision", "measured", "first_seen")
    return _rows(
        connection,
        select(
            about.c.dataset_id,
            *(findings.c[name] for name in columns),
            artifacts.c.title.label("paper"),
            artifacts.c.url.label("paper_url"),
            artifacts.c.year.label("paper_year"),
        )
        .join(findings, findings.c.id == about.c.finding_id)
        .outerjoin(reports, (reports.c.finding_id == findings.c.id) & (reports.c.relation == "reports"))
        .outerjoin(artifacts, artifacts.c.id == reports.c.artifact_id)
        .where(about.c.dataset_id.in_(dataset_ids), findings.c.status != "rejected", findings.c.removed_at.is_(None))
        .order_by(findings.c.status.desc(), findings.c.kind, findings.c.slug),
    )


def _candidates(connection: Connection, key: int) -> list[Row]:
    candidates, datasets = table(Candidate), table(DatasetRow)
    rows = _rows(
        connection,
        select(candidates).where(
            or_(candidates.c.dataset_id == key, candidates.c.other_id == key), candidates.c.status == "open"
        ),
    )
    others = [row["other_id"] if row["dataset_id"] == key else row["dataset_id"] for row in rows]
    names = {
        row.id: row
        for row in connection.execute(
            select(datasets.c.id, datasets.c.slug, datasets.c.name).where(datasets.c.id.in_(others))
        )
    }
    return [
        {"kind": row["kind"], "evidence": row["evidence"], "score": row["score"]}
        | ({"other": names[other].slug, "other_name": names[other].name} if other in names else {})
        for row, other in zip(rows, others, strict=True)
    ]


def _events(connection: Connection, key: int, limit: int = 100) -> list[Row]:
    events = table(Event)
    return _rows(
        connection,
        select(events.c.at, events.c.kind, events.c.field, events.c.old, events.c.new, events.c.origin, events.c.place)
        .where(events.c.dataset_id == key)
        .order_by(events.c.at.desc(), events.c.id.desc())
        .limit(limit),
    )
