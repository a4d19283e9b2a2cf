"""Papers, models, spaces and code that were seen: artifacts by their identifiers, links to the datasets they touch."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import Connection, bindparam, update

from registry.artifacts import Work, arxiv_id, doi, store
from registry.ingest_suspicions import ask_about_findings, tell_of_retractions
from registry.ingest_touches import Touched, touched_datasets
from registry.names import fold
from registry.observation import Observation
from registry.standing import Row, canonical, chunks, insert_rows, reconcile, select_in, select_pairs, table
from registry.tables import Artifact, ArtifactId, Event, Link, Statement

MOVING = ("citations",)
"""Figures of a description that move every day: the newest is kept in place, their moving is no change."""
ALIKE = 85
"""Similarity of titles (0-100) from which two papers that share an identifier are taken for one."""
DECLARED = ("trains-on",)
"""What a model declares itself: where it does so no more, that ends. What others say of it stays."""
OWN_ID = {"huggingface": "huggingface-id", "github": "github-id", "openalex": "openalex"}
"""Provider → the scheme of the id that survives renames."""


def lay_works(
    connection: Connection, observations: Sequence[Observation], origin: str, at: dt.datetime, run_id: int | None
) -> list[str]:
    """Store what was seen with its links; the outcome of each: ``created``, ``updated`` or ``unchanged``."""
    if not observations:
        return []
    known = _known(connection, observations)
    settled = _settled(connection, known.values())
    works = [_work(one, known, settled) for one in observations]
    works = _apart(connection, works, known)
    had = [next((known[pair] for pair in work.ids if pair in known), None) for work in works]
    said = _said(connection, works, had)
    standing = _retracted(connection, had)
    ids = store(connection, works, at, origin)
    tell_of_retractions(connection, set(ids) - standing, at, run_id)
    fresh = [said.get((key, work.said_by)) != _description(work) for key, work in zip(ids, works, strict=True)]
    changed = _links(connection, observations, ids, origin, at, run_id)
    return [
        "created" if before is None else "updated" if new or key in changed else "unchanged"
        for before, key, new in zip(had, ids, fresh, strict=True)
    ]


def _retracted(connection: Connection, artifact_ids: Iterable[int | None]) -> set[int]:
    """Those of which it is known already that they were retracted."""
    artifacts = table(Artifact)
    known = {key for key in artifact_ids if key is not None}
    return {row["id"] for row in select_in(connection, artifacts, artifacts.c.id, known, artifacts.c.retracted)}


def _pairs(one: Observation) -> list[tuple[str, str]]:
    """Identifiers in the spelling of the catalogue, the provider's own first."""
    spelling = {"arxiv": arxiv_id, "doi": doi}
    pairs = [(OWN_ID[one.provider], one.native_id)]
    pairs += [(scheme, found) for scheme, value in one.ids if (found := spelling.get(scheme, str)(value))]
    return list(dict.fromkeys(pairs))


def _known(connection: Connection, observations: Iterable[Observation]) -> dict[tuple[str, str], int]:
    ids = table(ArtifactId)
    pairs = {pair for one in observations for pair in _pairs(one)}
    rows = select_pairs(connection, ids, (ids.c.scheme, ids.c.value), pairs)
    return {(row["scheme"], row["value"]): row["artifact_id"] for row in rows}


def _settled(connection: Connection, artifact_ids: Iterable[int]) -> set[tuple[str, int]]:
    """(provider, artifact) of those of which the provider's own id is known."""
    ids = table(ArtifactId)
    provider = {scheme: name for name, scheme in OWN_ID.items()}
    rows = select_in(connection, ids, ids.c.artifact_id, artifact_ids, ids.c.scheme.in_(list(provider)))
    return {(provider[row["scheme"]], row["artifact_id"]) for row in rows}


def _work(one: Observation, known: Mapping[tuple[str, str], int], settled: set[tuple[str, int]]) -> Work:
    pairs = _pairs(one)
    own = known.get(pairs[0])
    if one.provider != "openalex":
        # A hub's name can pass to another repository: where it belongs to one with another id, it says nothing.
        taken = {
            pair for pair in pairs if pair in known and known[pair] != own and (one.provider, known[pair]) in settled
        }
        pairs = [pair for pair in pairs if pair[0] != one.provider or pair not in taken]
    named = ("summary", "year", "venue", "citations", "retracted", "paper_kind")
    values = {name: one.fields.get(name) for name in named}
    return Work(one.kind, f"{one.provider}:{one.native_id}", one.title, pairs, values | {"url": one.url}, one.url)


def _apart(connection: Connection, works: list[Work], known: Mapping[tuple[str, str], int]) -> list[Work]:
    """Keep artifacts apart that an identifier of `works` would join though their titles differ.

    Indexes of papers confuse works now and then: a wrong join of two papers could not be undone.
    """
    artifacts = table(Artifact)
    titles = {
        row["id"]: fold(row["title"]) for row in select_in(connection, artifacts, artifacts.c.id, {*known.values()})
    }
    # A paper of which only an identifier is known has that for its title, which differs from no other.
    titled = {key: title for key, title in titles.items() if title not in {fold(" ".join(pair)) for pair in known}}
    for work in works:
        rows = list(dict.fromkeys(known[pair] for pair in work.ids if pair in known))
        strange = {
            other
            for other in rows[1:]
            if rows[0] in titled and other in titled
            if fuzz.token_sort_ratio(titled[rows[0]], titled[other]) < ALIKE
        }
        work.ids = [pair for pair in work.ids if known.get(pair) not in strange]
    return works


def _description(work: Work) -> dict[str, Any]:
    """As `registry.artifacts.store` keeps it, without what moves."""
    told: dict[str, Any] = json.loads(canonical({"kind": work.kind, "title": work.title} | work.values))
    return {name: value for name, value in told.items() if name not in MOVING}


def _said(
    connection: Connection, works: Sequence[Work], had: Sequence[int | None]
) -> dict[tuple[int, str], dict[str, Any]]:
    """(artifact, voice) → what it said so far; where only figures moved, the newest are written into it."""
    said = table(Statement)
    voices = {work.said_by: work for work in works}
    rows = select_in(
        connection,
        said,
        said.c.subject_id,
        {key for key in had if key is not None},
        said.c.subject_kind == "artifact",
        said.c.ended_at.is_(None),
        said.c.said_by.in_(list(voices)),
    )
    found, moved = {}, []
    for row in rows:
        told = json.loads(row["value"])
        work = voices[row["said_by"]]
        found[row["subject_id"], row["said_by"]] = {name: told[name] for name in told if name not in MOVING}
        now = canonical({"kind": work.kind, "title": work.title} | work.values)
        if found[row["subject_id"], row["said_by"]] == _description(work) and now != row["value"]:
            moved.append({"which": row["id"], "now": now})
    if moved:
        connection.execute(update(said).where(said.c.id == bindparam("which")).values(value=bindparam("now")), moved)
    return found


def _links(
    connection: Connection,
    observations: Sequence[Observation],
    ids: Sequence[int],
    origin: str,
    at: dt.datetime,
    run_id: int | None,
) -> set[int]:
    """What each artifact has to do with which dataset; the artifacts of which something else is said now."""
    touched = touched_datasets(connection, observations, ids, at)
    ask_about_findings(connection, observations, ids, touched, at)
    links = table(Link)
    own = {
        (row["artifact_id"], row["dataset_id"])
        for row in select_in(
            connection, links, links.c.artifact_id, ids, links.c.ended_at.is_(None), links.c.relation == "introduces"
        )
    }
    rows: dict[tuple[int, int, str, str], Row] = {}
    for index, one in enumerate(observations):
        for found in sorted(touched.get(index, ()), key=lambda t: t.confidence):
            # A paper that introduces a dataset has said all that citing it could say.
            if found.relation not in ("cites", "mentions") or (ids[index], found.dataset_id) not in own:
                key = (ids[index], found.dataset_id, found.relation, one.voice)
                rows[key] = _link(key, found, origin)
    whole = {(key, one.voice) for one, key in zip(observations, ids, strict=True) if one.complete}
    voices = {one.voice for one in observations}
    standing = [
        row
        for row in select_in(
            connection, links, links.c.artifact_id, ids, links.c.ended_at.is_(None), links.c.said_by.in_(voices)
        )
        if ((row["artifact_id"], row["said_by"]) in whole and row["relation"] in DECLARED)
        or (row["artifact_id"], row["dataset_id"], row["relation"], row["said_by"]) in rows
    ]
    key_columns = ("artifact_id", "dataset_id", "relation", "said_by")
    added, ended = reconcile(connection, links, standing, rows.values(), key_columns, at, {"run_id": run_id})
    kept = {row["id"] for row in standing} - {row["id"] for row in ended}
    for part in chunks(kept):
        connection.execute(update(links).where(links.c.id.in_(part)).values(last_seen=at))
    before = {tuple(row[name] for name in key_columns) for row in ended}
    _tell(connection, [row for row in added if tuple(row[name] for name in key_columns) not in before], at, run_id)
    return {row["artifact_id"] for row in (*added, *ended)}


def _link(key: tuple[int, int, str, str], found: Touched, origin: str) -> Row:
    artifact, dataset, relation, said_by = key
    return {
        "artifact_id": artifact,
        "dataset_id": dataset,
        "relation": relation,
        "evidence": found.evidence,
        "confidence": found.confidence,
        "origin": origin,
        "said_by": said_by,
    }


def _tell(connection: Connection, links: Sequence[Row], at: dt.datetime, run_id: int | None) -> None:
    artifacts = table(Artifact)
    rows = {
        row["id"]: row
        for row in select_in(connection, artifacts, artifacts.c.id, (link["artifact_id"] for link in links))
    }
    events = [
        {
            "at": at,
            "kind": "new-artifact",
            "subject_kind": "artifact",
            "subject_id": link["artifact_id"],
            "dataset_id": link["dataset_id"],
            "field": link["relation"],
            "new": rows[link["artifact_id"]]["title"],
            "origin": link["origin"],
            "place": rows[link["artifact_id"]]["url"],
            "run_id": run_id,
        }
        for link in links
    ]
    insert_rows(connection, table(Event), events)
