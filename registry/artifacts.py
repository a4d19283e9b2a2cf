"""Artifacts by their identifiers: one paper under its arXiv id, DOI, OpenAlex id and title is one row."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from registry.names import fold
from registry.projection import rank
from registry.standing import Row, canonical, insert_rows, reconcile, select_in, select_pairs, table
from registry.tables import Artifact, ArtifactId, Candidate, FindingArtifact, Link, Statement

_ARXIV = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v\d+)?$")


def arxiv_id(text: str) -> str | None:
    """``2306.03030`` of an id, address or DOI of arXiv, without the version; None where there is none."""
    match = _ARXIV.search(text.strip().removesuffix(".pdf"))
    return match[1] if match else None


def doi(text: str) -> str | None:
    """A DOI in lower case without resolver or ``doi:``; None where there is none."""
    found = re.search(r"10\.\d{4,9}/\S+", text.strip())
    return found[0].lower().rstrip(".,;") if found else None


@dataclass
class Work:
    """An artifact as one voice describes it. `ids` are (scheme, value), strongest first."""

    kind: str
    said_by: str
    """``paper:SLUG``, ``dataset:SLUG``, ``finding:SLUG``, ``seed:N`` for cards, else the harvester's name."""
    title: str | None = None
    ids: list[tuple[str, str]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    """Further columns of `artifact`; those that are None say nothing."""
    place: str | None = None


def paper_ids(
    arxiv: str | None = None, doi_: str | None = None, openalex: str | None = None, title: str | None = None
) -> list[tuple[str, str]]:
    """Identifiers of a paper; arXiv's own DOI counts as its arXiv id, the title only where there is nothing else."""
    ids: list[tuple[str, str]] = []
    if doi_ and (number := doi_.lower()).startswith("10.48550/arxiv."):
        arxiv, doi_ = arxiv or arxiv_id(number.removeprefix("10.48550/arxiv.")), None
    if arxiv and (number_ := arxiv_id(arxiv)):
        ids.append(("arxiv", number_))
    if doi_ and (name := doi(doi_)):
        ids.append(("doi", name))
    if openalex:
        ids.append(("openalex", openalex))
    if not ids and title:
        ids.append(("title", fold(title)))
    return ids


def address(ids: Iterable[tuple[str, str]]) -> str | None:
    """Where a person can open it."""
    found = dict(ids)
    if "arxiv" in found:
        return f"https://arxiv.org/abs/{found['arxiv']}"
    if "doi" in found:
        return f"https://doi.org/{found['doi']}"
    if "openalex" in found:
        return f"https://openalex.org/{found['openalex']}"
    if "huggingface" in found:
        return f"https://huggingface.co/{found['huggingface']}"
    if "github" in found:
        return f"https://github.com/{found['github']}"
    return found.get("url")


def store(
    connection: Connection, works: Sequence[Work], at: dt.datetime, origin: str, said_by: Iterable[str] = ()
) -> list[int]:
    """The row of each of `works`, made where no identifier is known yet.

    Works that share an identifier are one artifact, also where this shows that two rows are: the later row ends and
    its links move. What each voice says is kept as a statement; the columns come from the best-founded ones.

    Args:
        connection: in a transaction.
        works: the descriptions.
        at: the time of the change.
        origin: who speaks, a word of `ORIGIN`.
        said_by: voices that speak of these works and no others any more: what they said of others ends.

    Returns:
        Ids of `artifact`, in the order of `works`.
    """
    known = _known(connection, {pair for work in works for pair in work.ids})
    ids_of = [0] * len(works)
    for members in _groups(works):
        rows = sorted({known[pair] for index in members for pair in works[index].ids if pair in known})
        for other in rows[1:]:
            _merge(connection, rows[0], other, at)
        key = rows[0] if rows else _make(connection, works[members[0]], origin, at)
        for index in members:
            ids_of[index] = key
    pairs = {pair: ids_of[index] for index, work in enumerate(works) for pair in work.ids}
    # Rows that were merged away have handed their identifiers over: `known` is read again.
    known = _known(connection, pairs)
    insert_rows(
        connection,
        table(ArtifactId),
        [{"scheme": s, "value": v, "artifact_id": key} for (s, v), key in pairs.items() if (s, v) not in known],
    )
    touched = _describe(connection, works, ids_of, at, origin, list(said_by)) | set(ids_of)
    _project(connection, touched, at)
    return ids_of


def _make(connection: Connection, work: Work, origin: str, at: dt.datetime) -> int:
    row = {"kind": work.kind, "title": work.title or " ".join(work.ids[0]), "origin": origin}
    made = connection.execute(insert(table(Artifact)).values(**row, first_seen=at, updated_at=at))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def _describe(
    connection: Connection,
    works: Sequence[Work],
    ids_of: Sequence[int],
    at: dt.datetime,
    origin: str,
    said_by: list[str],
) -> set[int]:
    """Keep what each voice says as a statement; the artifacts of which something else is said now."""
    said = table(Statement)
    about = [said.c.subject_kind == "artifact", said.c.ended_at.is_(None)]
    if said_by:
        standing = select_in(connection, said, said.c.said_by, said_by, *about)
    else:
        voices = {work.said_by for work in works}
        standing = select_in(connection, said, said.c.subject_id, ids_of, said.c.said_by.in_(voices), *about)
    rows = [
        {
            "subject_kind": "artifact",
            "subject_id": key,
            "field": "description",
            "value": canonical({"kind": work.kind, "title": work.title} | work.values),
            "origin": origin,
            "said_by": work.said_by,
            "place": work.place,
        }
        for key, work in zip(ids_of, works, strict=True)
    ]
    added, ended = reconcile(connection, said, standing, rows, ("subject_id", "said_by"), at)
    return {row["subject_id"] for row in (*added, *ended)}


def _groups(works: Sequence[Work]) -> list[list[int]]:
    """Indexes of works that share an identifier, directly or through others."""
    first: dict[tuple[str, str], int] = {}
    leader = list(range(len(works)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for index, work in enumerate(works):
        for pair in work.ids:
            other = first.setdefault(pair, index)
            a, b = sorted((find(index), find(other)))
            leader[b] = a
    members: dict[int, list[int]] = {}
    for index in range(len(works)):
        members.setdefault(find(index), []).append(index)
    return list(members.values())


def _known(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    ids = table(ArtifactId)
    rows = select_pairs(connection, ids, (ids.c.scheme, ids.c.value), pairs)
    return {(row["scheme"], row["value"]): row["artifact_id"] for row in rows}


_WEIGHT = ("review", "paper", "dataset", "finding", "seed")
"""Whose description counts first among voices of the same origin."""


def _weight(row: Row) -> tuple[int, int, int]:
    voice = str(row["said_by"]).partition(":")[0]
    return rank(row["origin"], "official"), _WEIGHT.index(voice) if voice in _WEIGHT else len(_WEIGHT), row["id"]


def _project(connection: Connection, artifact_ids: Iterable[int], at: dt.datetime) -> None:
    """Columns of `artifact_ids` from what is said of them; one of which nothing is said any more ends."""
    artifacts, said, ids = table(Artifact), table(Statement), table(ArtifactId)
    wanted = list(artifact_ids)
    voices: dict[int, list[Row]] = {}
    standing = (said.c.subject_kind == "artifact", said.c.ended_at.is_(None))
    for row in select_in(connection, said, said.c.subject_id, wanted, *standing):
        voices.setdefault(row["subject_id"], []).append(row)
    pairs: dict[int, list[tuple[str, str]]] = {}
    for row in select_in(connection, ids, ids.c.artifact_id, wanted):
        pairs.setdefault(row["artifact_id"], []).append((row["scheme"], row["value"]))
    changed = []
    for row in select_in(connection, artifacts, artifacts.c.id, wanted):
        told = [json.loads(s["value"]) for s in sorted(voices.get(row["id"], []), key=_weight)]
        first = {name: next((d[name] for d in told if d.get(name) is not None), None) for name in DESCRIBED}
        first["kind"] = first["kind"] or row["kind"]
        first["title"] = first["title"] or row["title"]
        first["url"] = address(pairs.get(row["id"], [])) or first["url"]
        first["removed_at"] = None if told else (row["removed_at"] or at)
        if any(row[name] != value for name, value in first.items()):
            changed.append(first | {"which": row["id"]})
    if changed:
        columns: dict[str, Any] = {name: bindparam(name) for name in (*DESCRIBED, "removed_at")}
        statement = update(artifacts).where(artifacts.c.id == bindparam("which")).values(columns | {"updated_at": at})
        # A slug may move between rows; it is set free first, for it is unique.
        connection.execute(
            update(artifacts).where(artifacts.c.id == bindparam("which")).values(slug=None),
            [{"which": row["which"]} for row in changed],
        )
        connection.execute(statement, changed)


DESCRIBED = (
    "kind", "title", "slug", "paper_kind", "summary", "year", "venue", "citations", "retracted", "seed", "url",
)  # fmt: skip


def _merge(connection: Connection, kept: int, other: int, at: dt.datetime) -> None:
    """Two rows were one artifact: identifiers, links and findings of `other` move to `kept`, `other` ends."""
    links, reports = table(Link), table(FindingArtifact)
    connection.execute(
        update(table(ArtifactId)).where(table(ArtifactId).c.artifact_id == other).values(artifact_id=kept)
    )
    have = {
        (row.dataset_id, row.relation, row.said_by)
        for row in connection.execute(select(links).where(links.c.artifact_id == kept, links.c.ended_at.is_(None)))
    }
    for row in connection.execute(
        select(links).where(links.c.artifact_id == other, links.c.ended_at.is_(None))
    ).fetchall():
        double = (row.dataset_id, row.relation, row.said_by) in have
        change = {"ended_at": at} if double else {"artifact_id": kept}
        connection.execute(update(links).where(links.c.id == row.id).values(change))
    mine = {
        (r.finding_id, r.relation) for r in connection.execute(select(reports).where(reports.c.artifact_id == kept))
    }
    for row in connection.execute(select(reports).where(reports.c.artifact_id == other)).fetchall():
        where = (
            (reports.c.finding_id == row.finding_id)
            & (reports.c.artifact_id == other)
            & (reports.c.relation == row.relation)
        )
        if (row.finding_id, row.relation) in mine:
            connection.execute(delete(reports).where(where))
        else:
            connection.execute(update(reports).where(where).values(artifact_id=kept))
    questions = table(Candidate)
    connection.execute(update(questions).where(questions.c.artifact_id == other).values(artifact_id=kept))
    artifacts = table(Artifact)
    connection.execute(update(artifacts).where(artifacts.c.id == other).values(removed_at=at, slug=None))
    said = table(Statement)
    mine_said = {
        row.said_by
        for row in connection.execute(
            select(said.c.said_by).where(
                said.c.subject_kind == "artifact", said.c.subject_id == kept, said.c.ended_at.is_(None)
            )
        )
    }
    theirs = (said.c.subject_kind == "artifact") & (said.c.subject_id == other) & said.c.ended_at.is_(None)
    connection.execute(update(said).where(theirs, said.c.said_by.in_(mine_said)).values(ended_at=at))
    connection.execute(update(said).where(theirs).values(subject_id=kept))
