"""Cards into SQL: what changed in the files becomes statements, links and events, in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, select

from registry import places
from registry.card import DatasetCard, Listed
from registry.cards_io import Cards, Found, read_cards, scan
from registry.changed_cards import Changed
from registry.db import one_at_a_time, writing
from registry.import_candidates import store_candidates
from registry.import_findings import store_findings
from registry.import_papers import store_links
from registry.loadspec import Load
from registry.projection import project
from registry.standing import Row, canonical, chunks, insert_rows, reconcile, select_in, table
from registry.tables import (
    Card,
    CatalogueState,
    Dataset,
    DatasetFile,
    DatasetSource,
    Lineage,
    Statement,
    now,
)

log = logging.getLogger(__name__)

NOT_STATED = {"slug", "sources", "derived_from"}
"""Fields of a card that are rows of their own; `files` are both."""


class Imported(NamedTuple):
    """What an import did, in cards: those added or changed, and those that are gone."""

    changed: int
    removed: int
    events: int


def import_cards(target: Engine, folders: Sequence[Path], mark: str) -> Imported:
    """Bring the catalogue in line with the cards in `folders`; all of it or nothing.

    Args:
        target: a migrated database.
        folders: folders of cards, the packaged one first.
        mark: fingerprint of the folders' content; where the database was filled from the same, nothing is done.

    Raises:
        CardError: cards that break their form, all problems at once.
    """
    with writing(target) as connection:
        one_at_a_time(connection)
        if _state(connection) == mark:
            return Imported(0, 0, 0)
        found = _named(scan(folders), folders)
        before = {(row.kind, row.slug): row.sha256 for row in connection.execute(select(table(Card)))}
        changed = {key: file for key, file in found.items() if before.get(key) != file.sha256}
        gone = before.keys() - found.keys()
        cards = read_cards(folders, known=_unread(found, changed, gone))
        result = _apply(connection, cards, {*changed}, gone)
        _remember(connection, changed, gone, mark)
    if result.changed or result.removed:
        log.info("imported %d changed cards, %d removed, %d events", *result)
    return result


Key = tuple[str, str]
"""Kind and name of a card file: the slug, or for collections the number of its folder and its file name."""


def _named(found: Mapping[Key, Found], folders: Sequence[Path]) -> dict[Key, Found]:
    """Keys that are the same on another machine."""
    number = {folder: index for index, folder in enumerate(folders)}
    return {
        (kind, slug if kind in MADE_OF_FILES else f"{number[file.path.parent]}/{file.path.name}"): file
        for (kind, slug), file in found.items()
    }


MADE_OF_FILES = ("datasets", "papers", "findings")


def _unread(found: Mapping[Key, Found], changed: Mapping[Key, Found], gone: Iterable[Key]) -> dict[str, str]:
    """The files that need not be read. A card that went may be named by one that did not change: then all are read."""
    if any(gone):
        return {}
    kinds = {kind for kind, _ in changed if kind not in MADE_OF_FILES}
    return {str(file.path): file.sha256 for key, file in found.items() if key not in changed and key[0] not in kinds}


def _state(connection: Connection) -> str | None:
    states = table(CatalogueState)
    value: str | None = connection.execute(select(states.c.value).where(states.c.key == "cards")).scalar()
    return value


def _remember(connection: Connection, changed: Mapping[Key, Found], gone: Iterable[Key], mark: str) -> None:
    cards, states, at = table(Card), table(CatalogueState), now()
    for kind, slug in {*changed, *gone}:
        connection.execute(delete(cards).where(cards.c.kind == kind, cards.c.slug == slug))
    insert_rows(
        connection,
        cards,
        [
            {"kind": kind, "slug": slug, "path": file.path.name, "sha256": file.sha256, "imported_at": at}
            for (kind, slug), file in changed.items()
        ],
    )
    connection.execute(delete(states).where(states.c.key == "cards"))
    connection.execute(insert(states).values(key="cards", value=mark))


def _apply(connection: Connection, cards: Cards, changed: set[Key], gone: Iterable[Key]) -> Imported:
    at = now()
    news = Changed(
        {slug: entry.card for slug, entry in cards.datasets.items() if ("datasets", slug) in changed},
        {slug: entry.card for slug, entry in cards.papers.items() if ("papers", slug) in changed},
        {slug: entry.card for slug, entry in cards.findings.items() if ("findings", slug) in changed},
        [entry.card for entry in cards.seeds.values()],
        [entry.card for entry in cards.listed.values()],
        {kind.removesuffix("s"): [slug for other, slug in gone if other == kind] for kind in MADE_OF_FILES},
        any(kind == "listed" for kind, _ in (*changed, *gone)),
    )
    ids, new = _dataset_ids(connection, [*news.datasets, *(row.slug for row in news.listed if not row.same_as)], at)
    voices = [f"dataset:{slug}" for slug in (*news.datasets, *news.gone["dataset"])]
    list_voices = _voices(connection, "listed") if news.lists_changed else []

    touched = _say(connection, _card_statements(news.datasets, ids), "curated", voices, at)
    touched |= _say(connection, _listed_statements(news.listed, ids), "listed", list_voices, at)
    touched |= {ids[slug] for slug in news.gone["dataset"] if slug in ids}
    touched |= _places(connection, news, ids, [*voices, *list_voices], at)
    touched |= _lineage(connection, news, ids, voices, at)
    _files(connection, news, ids)
    store_links(connection, news, ids, at)
    store_findings(connection, news, ids, at)

    events = project(connection, touched | new, at, frozenset(new))
    store_candidates(connection, news.listed, ids, at)
    return Imported(len(changed), sum(map(len, news.gone.values())), len(events))


def _dataset_ids(connection: Connection, slugs: Iterable[str], at: dt.datetime) -> tuple[dict[str, int], set[int]]:
    """The id of every dataset of the catalogue by slug, made for `slugs` that have none; and the ids made."""
    datasets = table(Dataset)
    ids = {row.slug: row.id for row in connection.execute(select(datasets.c.slug, datasets.c.id))}
    missing = [slug for slug in dict.fromkeys(slugs) if slug not in ids]
    blank = {"standing": "candidate", "loadable": False, "first_seen": at, "updated_at": at}
    insert_rows(connection, datasets, [{"slug": slug, "name": slug} | blank for slug in missing])
    made = {row["slug"]: row["id"] for row in select_in(connection, datasets, datasets.c.slug, missing)}
    return ids | made, set(made.values())


def _loading(load: Load) -> dict[str, Any]:
    """What a reader of the catalogue wants to know of a `load` block: schema, configurations and their splits."""
    if load.splits:
        return {"schema": load.schema_, "splits": list(load.splits)}
    return {"schema": load.schema_, "configs": {name: list(config.splits) for name, config in load.configs.items()}}


def _card_statements(cards: Mapping[str, DatasetCard], ids: Mapping[str, int]) -> list[Row]:
    rows = []
    for slug, card in cards.items():
        fields = {
            name: value
            for name, value in card.model_dump(mode="json", exclude_defaults=True, exclude={"load"}).items()
            if name not in NOT_STATED
        }
        licence = fields.pop("licence", {})
        fields |= {
            "licence": licence.get("data"),
            "licence_code": licence.get("code"),
            "licence_note": licence.get("note"),
            "examples": card.size.examples,
            "unit": card.size.unit,
            "year": card.paper.year if card.paper else None,
            "load": _loading(card.load) if card.load else None,
        }
        places_of = {"licence": card.licence.stated_in, "licence_code": card.licence.stated_in}
        rows += [
            _statement("dataset", ids[slug], name, value, f"dataset:{slug}", places_of.get(name, "card"))
            for name, value in fields.items()
            if value not in (None, [], {}, "")
        ]
    return rows


def _statement(kind: str, subject: int, field: str, value: Any, said_by: str, place: str | None) -> Row:
    return {
        "subject_kind": kind,
        "subject_id": subject,
        "field": field,
        "value": canonical(value),
        "said_by": said_by,
        "place": place,
    }


def _listed_statements(rows: Sequence[Listed], ids: Mapping[str, int]) -> list[Row]:
    said = []
    for row in rows:
        fields = row.model_dump(
            mode="json",
            exclude_defaults=True,
            exclude={"slug", "same_as", "maybe_same_as", "github", "huggingface", "download", "size", "read_in"},
        )
        fields |= {
            "examples": row.size.examples,
            "unit": row.size.unit,
            "year": row.year or (row.paper.year if row.paper else None),
            "read_in": row.read_in,
        }
        place = "; ".join(row.read_in) or "public list"
        said += [
            _statement("dataset", ids[row.same_as or row.slug], name, value, f"list:{row.slug}", place)
            for name, value in fields.items()
            if value not in (None, [], {}, "")
        ]
    return said


def _voices(connection: Connection, origin: str) -> list[str]:
    said = table(Statement)
    return list(connection.execute(select(said.c.said_by).where(said.c.origin == origin).distinct()).scalars())


def _say(connection: Connection, rows: list[Row], origin: str, voices: Iterable[str], at: dt.datetime) -> set[int]:
    """Lay what the `voices` say now beside what they said; the datasets of which something else is said."""
    said = table(Statement)
    everyone = {*voices, *(row["said_by"] for row in rows)}
    standing = select_in(
        connection, said, said.c.said_by, everyone, said.c.subject_kind == "dataset", said.c.ended_at.is_(None)
    )
    rows = [row | {"origin": origin} for row in rows]
    added, ended = reconcile(connection, said, standing, rows, ("subject_id", "field", "said_by"), at)
    return {row["subject_id"] for row in (*added, *ended)}


def _places(
    connection: Connection, news: Changed, ids: Mapping[str, int], voices: list[str], at: dt.datetime
) -> set[int]:
    """The places where datasets live; the datasets whose places changed."""
    wanted = [
        (ids[slug], position, place, f"dataset:{slug}", "curated")
        for slug, card in news.datasets.items()
        for position, place in enumerate(card.sources)
    ] + [
        (ids[row.same_as or row.slug], position, place, f"list:{row.slug}", "listed")
        for row in news.listed
        for position, place in enumerate(places.of_listed(row))
    ]
    source_ids = places.store(connection, [place for _, _, place, _, _ in wanted], at)
    rows = {
        (dataset_id, source_id, voice): {
            "dataset_id": dataset_id,
            "source_id": source_id,
            "role": place.role,
            "position": position,
            "note": place.note,
            "evidence": None,
            "origin": origin,
            "said_by": voice,
        }
        for (dataset_id, position, place, voice, origin), source_id in zip(wanted, source_ids, strict=True)
    }
    joined = table(DatasetSource)
    voices = [*voices, *(f"list:{row.slug}" for row in news.listed)]
    standing = select_in(connection, joined, joined.c.said_by, voices, joined.c.ended_at.is_(None))
    added, ended = reconcile(connection, joined, standing, rows.values(), ("dataset_id", "source_id", "said_by"), at)
    licences = [
        _statement("source", source_id, "licence", place.licence, voice, place.url)
        for (_, _, place, voice, _), source_id in zip(wanted, source_ids, strict=True)
        if place.licence
    ]
    said = table(Statement)
    standing = select_in(
        connection, said, said.c.said_by, voices, said.c.subject_kind == "source", said.c.ended_at.is_(None)
    )
    licences = [row | {"origin": "curated"} for row in licences]
    reconcile(connection, said, standing, licences, ("subject_id", "field", "said_by"), at)
    return {row["dataset_id"] for row in (*added, *ended)}


def _files(connection: Connection, news: Changed, ids: Mapping[str, int]) -> None:
    files = table(DatasetFile)
    owners = [ids[slug] for slug in (*news.datasets, *news.gone["dataset"]) if slug in ids]
    for part in chunks(owners):
        connection.execute(delete(files).where(files.c.dataset_id.in_(part), files.c.origin == "curated"))
    rows = [
        {
            "dataset_id": ids[slug],
            "path": file.path,
            "url": file.url,
            "format": file.format,
            "splits": ",".join(file.splits) or None,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "rows": file.rows,
            "note": file.note,
            "origin": "curated",
        }
        for slug, card in news.datasets.items()
        for file in card.files
    ]
    insert_rows(connection, files, rows)


def _lineage(
    connection: Connection, news: Changed, ids: Mapping[str, int], voices: list[str], at: dt.datetime
) -> set[int]:
    lineage = table(Lineage)
    rows = [
        {
            "child_id": ids[slug],
            "parent_id": ids[parent.dataset],
            "relation": parent.relation,
            "evidence": parent.note or "card",
            "origin": "curated",
            "said_by": f"dataset:{slug}",
        }
        for slug, card in news.datasets.items()
        for parent in card.derived_from
    ]
    standing = select_in(connection, lineage, lineage.c.said_by, voices, lineage.c.ended_at.is_(None))
    added, ended = reconcile(connection, lineage, standing, rows, ("child_id", "parent_id", "said_by"), at)
    return {row["child_id"] for row in (*added, *ended)}
