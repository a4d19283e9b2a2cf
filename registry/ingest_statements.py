"""What places say: statements of each source, its files, and the events that tell a reader what changed there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, update

from registry.ingest_places import Seen
from registry.standing import Row, canonical, insert_rows, reconcile, select_in, table
from registry.tables import Dataset, DatasetFile, DatasetSource, Event, Statement

COUNTS = ("downloads", "downloads_all_time", "likes", "stars", "forks", "citations")
"""Figures that move every day: the newest is kept in place, their moving is no change."""

EVENT_OF = {"revision": "new-revision", "licence": "licence-changed", "access": "access-changed", "locator": "renamed"}


def say(connection: Connection, page: Sequence[Seen], origin: str, at: dt.datetime, run_id: int | None) -> None:
    """Lay what each place says now beside what it said; `changed` is set where that differs."""
    told = {seen.id: seen for seen in page if seen.observation.status == "alive"}
    full = {key: seen for key, seen in told.items() if not seen.observation.same}
    said = table(Statement)
    rows = [row for key, seen in full.items() for row in _statements(key, seen, origin)]
    stated = {(row["subject_id"], row["field"]) for row in rows}
    standing = [
        row
        for row in select_in(
            connection, said, said.c.subject_id, full, said.c.subject_kind == "source", said.c.ended_at.is_(None)
        )
        if row["said_by"] == (one := full[row["subject_id"]].observation).voice
        and (one.complete or row["field"] in one.unsaid or (row["subject_id"], row["field"]) in stated)
    ]
    move_counts(connection, rows, standing)
    counted = {(row["subject_id"], row["field"]) for row in standing if row["field"] in COUNTS}
    rows = [row for row in rows if (row["subject_id"], row["field"]) not in counted]
    standing = [row for row in standing if row["field"] not in COUNTS]
    added, ended = reconcile(
        connection, said, standing, rows, ("subject_id", "field", "said_by"), at, {"run_id": run_id}
    )
    for row in (*added, *ended):
        if row["field"] not in COUNTS:
            full[row["subject_id"]].changed = True
    voices = {seen.observation.voice for seen in page}
    connection.execute(
        update(said)
        .where(said.c.subject_kind == "source", said.c.subject_id.in_(list(told)), said.c.said_by.in_(voices))
        .where(said.c.ended_at.is_(None))
        .values(last_seen=at)
    )


def _statements(key: int, seen: Seen, origin: str) -> list[Row]:
    one = seen.observation
    fields = {
        **one.fields,
        "licence_raw": one.licence_raw,
        "licence": seen.after["licence"],
        "access": one.access,
    }
    if one.provider == "github":
        # What GitHub recognises is the licence file of the code, which may not be that of the data beside it; and that
        # anybody can read a repository does not say that the data are in it.
        fields["licence_code"] = fields["licence"] or fields["licence_raw"]
        for name in ("licence", "licence_raw", "access"):
            del fields[name]
    return [
        {
            "subject_kind": "source",
            "subject_id": key,
            "field": name,
            "value": canonical(value),
            "origin": origin,
            "said_by": one.voice,
            "place": one.url,
        }
        for name, value in fields.items()
        if value not in (None, [], {}, "")
    ]


def move_counts(connection: Connection, rows: Iterable[Row], standing: Iterable[Row]) -> None:
    """Write the newest figures into the statements that stand."""
    said = table(Statement)
    before = {(row["subject_id"], row["field"]): row for row in standing if row["field"] in COUNTS}
    moved = []
    for row in rows:
        old = before.get((row["subject_id"], row["field"]))
        if old and old["value"] != row["value"]:
            moved.append({"which": old["id"], "now": row["value"]})
    if moved:
        connection.execute(update(said).where(said.c.id == bindparam("which")).values(value=bindparam("now")), moved)


def datasets_at(connection: Connection, source_ids: Iterable[int]) -> dict[int, list[int]]:
    """Source → the datasets that live there now."""
    joined, datasets = table(DatasetSource), table(Dataset)
    found: dict[int, list[int]] = {}
    rows = select_in(connection, joined, joined.c.source_id, source_ids, joined.c.ended_at.is_(None))
    alive = {
        row["id"]
        for row in select_in(
            connection, datasets, datasets.c.id, (row["dataset_id"] for row in rows), datasets.c.removed_at.is_(None)
        )
    }
    for row in rows:
        if row["dataset_id"] in alive and row["dataset_id"] not in found.setdefault(row["source_id"], []):
            found[row["source_id"]].append(row["dataset_id"])
    return found


def keep_files(connection: Connection, page: Sequence[Seen], homes: Mapping[int, Sequence[int]]) -> None:
    """Files of a place as files of the datasets that live there, replaced where they differ."""
    files = table(DatasetFile)
    listing = {
        seen.id: seen for seen in page if seen.observation.files is not None and seen.observation.status == "alive"
    }
    have: dict[tuple[int, int], set[tuple[object, ...]]] = {}
    for row in select_in(connection, files, files.c.source_id, listing, files.c.origin == "harvested"):
        pair = (row["source_id"], row["dataset_id"])
        have.setdefault(pair, set()).add((row["path"], row["bytes"], row["sha256"]))
    rows = []
    for key, seen in listing.items():
        now = {tuple(file) for file in seen.observation.files or ()}
        for dataset in homes.get(key, ()):
            if now != have.get((key, dataset), set()):
                seen.changed = True
                connection.execute(
                    delete(files).where(
                        files.c.source_id == key, files.c.dataset_id == dataset, files.c.origin == "harvested"
                    )
                )
                fixed = {"dataset_id": dataset, "source_id": key, "origin": "harvested"}
                rows += [
                    fixed | {"path": path, "bytes": size, "sha256": sha256}
                    for path, size, sha256 in sorted(now, key=str)
                ]
    insert_rows(connection, files, rows)


def tell(
    connection: Connection,
    page: Sequence[Seen],
    homes: Mapping[int, Sequence[int]],
    at: dt.datetime,
    run_id: int | None,
) -> None:
    """An event for each change of a place, once for each dataset that lives there; first sight is no change."""
    events = []
    for seen in page:
        for kind, field, old, new in _changes(seen):
            fixed = {
                "at": at,
                "kind": kind,
                "subject_kind": "source",
                "subject_id": seen.id,
                "field": field,
                "old": old,
                "new": new,
                "origin": "harvested",
                "place": seen.after["url"],
                "run_id": run_id,
            }
            events += [fixed | {"dataset_id": dataset} for dataset in homes.get(seen.id, ())]
    insert_rows(connection, table(Event), events)


def _changes(seen: Seen) -> Iterable[tuple[str, str, str | None, str | None]]:
    before, after = seen.before, seen.after
    if before is None:
        return
    if before["status"] != "gone" and after["status"] == "gone":
        yield "removed", "status", before["locator"], seen.observation.reason
    elif before["status"] == "gone" and after["status"] == "alive":
        yield "restored", "status", None, after["locator"]
    if before["last_checked"] and before["archived"] != after["archived"]:
        yield "archived", "archived", *(("no", "yes") if after["archived"] else ("yes", "no"))
    shown = [row | {"licence": row["licence"] or row["licence_raw"]} for row in (before, after)]
    # What a card alone said of it was its name: the rest is seen for the first time.
    fields = EVENT_OF if before["last_checked"] else {"locator": EVENT_OF["locator"]}
    for field, kind in fields.items():
        old, new = shown[0][field], shown[1][field]
        same = old == new or (field == "locator" and old.lower() == new.lower())
        if not same and not (field == "revision" and old is None):
            yield kind, field, old, new
