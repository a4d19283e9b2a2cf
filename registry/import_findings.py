"""The findings of the cards, with the datasets they are about and the papers that report them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, update

from registry.changed_cards import Changed
from registry.standing import Row, canonical, chunks, insert_rows, select_in, table
from registry.tables import Event, Finding, FindingArtifact, FindingDataset, Statement


def store_findings(connection: Connection, news: Changed, ids: Mapping[str, int], at: dt.datetime) -> None:
    """Insert, update and end findings; a new one is an event of each dataset it is about."""
    cards, gone = news.findings, news.gone["finding"]
    findings, about, reports = table(Finding), table(FindingDataset), table(FindingArtifact)
    before = {row["slug"]: row for row in select_in(connection, findings, findings.c.slug, [*cards, *gone])}
    events: list[Row] = []
    for slug, card in cards.items():
        row = {"kind": card.kind, "statement": card.statement, "effect": card.effect, "removed_at": None}
        details = card.model_dump(mode="json", include={"note", "read_in", "unsure", "checked"}, exclude_defaults=True)
        row["measured"] = canonical(details) if details else None
        if (old := before.get(slug)) is None:
            fixed = {"slug": slug, "origin": "curated", "status": "confirmed", "first_seen": at, "updated_at": at}
            made = connection.execute(insert(findings).values(**row, **fixed))
            key = int(made.inserted_primary_key[0])  # type: ignore[index]
            events += [_finding_event(at, key, ids[name], card.statement) for name in card.datasets]
        else:
            key = old["id"]
            if any(old[name] != value for name, value in row.items()):
                connection.execute(update(findings).where(findings.c.id == key).values(**row, updated_at=at))
        connection.execute(delete(about).where(about.c.finding_id == key))
        insert_rows(
            connection, about, [{"finding_id": key, "dataset_id": ids[name]} for name in dict.fromkeys(card.datasets)]
        )
    connection.execute(update(findings).where(findings.c.slug.in_(gone)).values(removed_at=at))
    said = table(Statement)
    described = select_in(
        connection,
        said,
        said.c.said_by,
        [f"finding:{slug}" for slug in (*cards, *gone)],
        said.c.subject_kind == "artifact",
        said.c.ended_at.is_(None),
    )
    keys = {row["slug"]: row["id"] for row in select_in(connection, findings, findings.c.slug, [*cards, *gone])}
    for part in chunks(keys.values()):
        connection.execute(delete(reports).where(reports.c.finding_id.in_(part), reports.c.relation == "reports"))
    insert_rows(
        connection,
        reports,
        [
            {
                "finding_id": keys[row["said_by"].removeprefix("finding:")],
                "artifact_id": row["subject_id"],
                "relation": "reports",
            }
            for row in described
        ],
    )
    insert_rows(connection, table(Event), events)


def _finding_event(at: dt.datetime, finding: int, dataset: int, statement: str) -> Row:
    return {
        "at": at,
        "kind": "new-finding",
        "subject_kind": "finding",
        "subject_id": finding,
        "dataset_id": dataset,
        "new": statement,
        "origin": "curated",
    }
