"""Works that look like a finding about a dataset become questions; retractions of what introduces one become news."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from registry.ingest_questions import ask
from registry.ingest_touches import Touched
from registry.names import fold
from registry.observation import Observation
from registry.standing import chunks, insert_rows, select_in, table
from registry.suspicion import suspect
from registry.tables import Artifact, Candidate, Dataset, DatasetAlias, Event, Link

FEW = 3
"""A work that cites no more datasets than this may be about any of them, though it names none."""
ABOUT = ("cites", "mentions")
"""What a work may have to do with a dataset of which it reports something."""
MEANT = 10
"""Datasets told in one question."""


def ask_about_findings(
    connection: Connection,
    observations: Sequence[Observation],
    artifact_ids: Sequence[int],
    touched: Mapping[int, Sequence[Touched]],
    at: dt.datetime,
) -> None:
    """Ask whether a citing work reports something wrong with a dataset: one question for a work and a kind of finding.

    It is never more than a question. Which datasets may be meant is told: those that the title or abstract names, else
    those that it cites where they are few.
    """
    suspected = {
        index: found
        for index, some in touched.items()
        if observations[index].kind == "paper"
        and any(one.relation in ABOUT for one in some)
        and (found := suspect(observations[index].title, _abstract(observations[index])))
    }
    own = _introduced(connection, (artifact_ids[index] for index in suspected))
    cited = {
        index: {one.dataset_id for one in touched[index] if one.relation in ABOUT} - own.get(artifact_ids[index], set())
        for index in suspected
    }
    all_cited = {key for some in cited.values() for key in some}
    names, slugs = _names(connection, all_cited), _slugs(connection, all_cited)
    asked = _asked(connection, (artifact_ids[index] for index in suspected))
    questions: dict[str, dict[str, Any]] = {}
    for index, found in suspected.items():
        one = observations[index]
        meant = _meant(one, sorted(cited[index]), names)
        for suspicion in found if meant else ():
            words = ", ".join(f"{word!r}" for word in suspicion.words)
            # Two versions of a paper are one artifact, of which a thing is asked once.
            about = (artifact_ids[index], suspicion.kind)
            key = asked.setdefault(about, f"finding:{one.provider}:{one.native_id}:{suspicion.kind}")
            questions[key] = {
                "kind": "finding",
                "dataset_id": meant[0],
                "artifact_id": artifact_ids[index],
                "payload": {
                    "kind": suspicion.kind,
                    "title": one.title,
                    "url": one.url,
                    "datasets": [slugs[key] for key in meant[:MEANT]],
                },
                "evidence": f"says {words}; cites or names {', '.join(slugs[key] for key in meant[:MEANT])}",
                "score": suspicion.score,
            }
    ask(connection, questions, at)


def _asked(connection: Connection, artifact_ids: Iterable[int]) -> dict[tuple[int, str], str]:
    """(artifact, kind of finding) → the key under which it was asked."""
    candidates = table(Candidate)
    rows = select_in(connection, candidates, candidates.c.artifact_id, artifact_ids, candidates.c.kind == "finding")
    return {(row["artifact_id"], json.loads(row["payload"]).get("kind")): row["key"] for row in rows}


def _abstract(one: Observation) -> str | None:
    found = one.fields.get("summary")
    return found if isinstance(found, str) else None


def _meant(one: Observation, cited: Sequence[int], names: Mapping[int, set[str]]) -> list[int]:
    """Those of the cited datasets that the work names, else all of them where they are few."""
    text = f" {fold(f'{one.title} {_abstract(one)}')} "
    named = [key for key in cited if any(f" {name} " in text for name in names.get(key, ()))]
    return named or (list(cited) if len(cited) <= FEW else [])


def _names(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, set[str]]:
    """Every name of datasets as words of a folded text; a name of a letter or two is found everywhere."""
    aliases = table(DatasetAlias)
    found: dict[int, set[str]] = {}
    for row in select_in(connection, aliases, aliases.c.dataset_id, dataset_ids):
        folded = fold(row["alias"])
        found.setdefault(row["dataset_id"], set()).update([folded] if len(re.sub(" ", "", folded)) > 2 else [])
    return found


def _slugs(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, str]:
    datasets = table(Dataset)
    return {row["id"]: row["slug"] for row in select_in(connection, datasets, datasets.c.id, dataset_ids)}


def _introduced(connection: Connection, artifact_ids: Iterable[int]) -> dict[int, set[int]]:
    """Artifact → the datasets that it introduces: of these it says what they are, not what others found."""
    links = table(Link)
    found: dict[int, set[int]] = {}
    standing = (links.c.relation == "introduces", links.c.ended_at.is_(None))
    for row in select_in(connection, links, links.c.artifact_id, artifact_ids, *standing):
        found.setdefault(row["artifact_id"], set()).add(row["dataset_id"])
    return found


def tell_of_retractions(
    connection: Connection, artifact_ids: Iterable[int], at: dt.datetime, run_id: int | None
) -> None:
    """News of datasets whose paper is retracted now, and the question whether that is a finding about them.

    Args:
        connection: in a transaction.
        artifact_ids: artifacts that were just described, without those known as retracted before.
        at: the time of the change.
        run_id: the run that brought it.
    """
    artifacts, links = table(Artifact), table(Link)
    rows = [
        row
        for part in chunks(set(artifact_ids))
        for row in connection.execute(
            select(artifacts.c.id, artifacts.c.title, artifacts.c.url, links.c.dataset_id)
            .join(links, links.c.artifact_id == artifacts.c.id)
            .where(artifacts.c.id.in_(part), artifacts.c.retracted)
            .where(links.c.relation == "introduces", links.c.ended_at.is_(None))
            .distinct()
        )
    ]
    slugs = _slugs(connection, {row.dataset_id for row in rows})
    fixed = {"at": at, "kind": "retracted", "subject_kind": "artifact", "field": "retracted", "origin": "harvested"}
    insert_rows(
        connection,
        table(Event),
        [
            fixed
            | {"subject_id": row.id, "dataset_id": row.dataset_id, "new": row.title, "place": row.url, "run_id": run_id}
            for row in rows
        ],
    )
    asked = _asked(connection, (row.id for row in rows))
    questions = {
        asked.get((row.id, "retraction"), f"finding:retraction:{slugs[row.dataset_id]}:{row.url}"): {
            "kind": "finding",
            "dataset_id": row.dataset_id,
            "artifact_id": row.id,
            "payload": {"kind": "retraction", "title": row.title, "url": row.url, "datasets": [slugs[row.dataset_id]]},
            "evidence": f"the paper that introduces {slugs[row.dataset_id]} is marked as retracted",
            "score": 1.0,
        }
        for row in rows
    }
    ask(connection, questions, at)
