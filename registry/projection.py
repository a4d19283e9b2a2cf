"""Rows from statements: what the catalogue shows of a dataset is the best-founded of all that is said about it.

The rule of precedence, field by field: a reviewer, then a card, then what a harvester read at an official source,
then a public list, then what it read at a copy. The others stay beside it as statements.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from registry.licences import Licence, combine, licence
from registry.names import fold, squeeze
from registry.search_index import index_datasets
from registry.standing import Row, chunks, insert_rows, select_in, table
from registry.tables import (
    Dataset,
    DatasetAlias,
    DatasetSource,
    DatasetTerm,
    Event,
    Lineage,
    Statement,
)
from registry.vocabulary import STANDING, TERMS

COLUMNS = ("name", "kind", "summary", "homepage", "access", "access_note", "licence", "examples", "unit", "year")
"""Fields of statements that are columns of `dataset` under the same name."""

FACETS = {"languages": "language", "modalities": "modality", "tasks": "task", "specialties": "specialty"}

EVENT_OF = {"licence": "licence-changed", "access": "access-changed", "name": "renamed"}

_STANDING_OF = {"reviewed": "curated", "curated": "curated", "listed": "listed", "harvested": "harvested"}


OWNERS = ("licence", "licence_raw", "access")
"""What only the owner can say: a copy's word on it stays beside as a statement and is never taken for it."""


def rank(origin: str, role: str | None) -> int:
    """Precedence of a statement, 0 first; `role` is that of the source that says it, None for the dataset itself."""
    if origin == "harvested":
        return 2 if role == "official" else 4
    return {"reviewed": 0, "curated": 1, "listed": 3}.get(origin, 5)


def standing_statements(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, list[Row]]:
    """What is said now about each dataset, by itself and by its sources, best-founded first.

    Each row is a statement, its value read, with `rank` and `role` (None where the dataset itself is the subject).
    """
    said, places = table(Statement), table(DatasetSource)
    found: dict[int, list[Row]] = defaultdict(list)
    ids = list(dataset_ids)
    for row in select_in(
        connection, said, said.c.subject_id, ids, said.c.subject_kind == "dataset", said.c.ended_at.is_(None)
    ):
        found[row["subject_id"]].append(row | {"role": None, "rank": rank(row["origin"], None)})
    at_source: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in select_in(connection, places, places.c.dataset_id, ids, places.c.ended_at.is_(None)):
        at_source[row["source_id"]].append((row["dataset_id"], row["role"]))
    for row in select_in(
        connection, said, said.c.subject_id, at_source, said.c.subject_kind == "source", said.c.ended_at.is_(None)
    ):
        for dataset_id, role in set(at_source[row["subject_id"]]):
            found[dataset_id].append(row | {"role": role, "rank": rank(row["origin"], role)})
    for rows in found.values():
        for row in rows:
            row["value"] = json.loads(row["value"])
        rows.sort(key=lambda row: (row["rank"], row["id"]))
    return found


def counts(statement: Row) -> bool:
    """Whether what is said may be shown as the dataset's own: it says something, and it is the owner's to say it."""
    theirs = statement["field"] in OWNERS and statement["role"] not in (None, "official")
    return statement["value"] not in (None, [], {}, "") and not theirs


def first_of(rows: Iterable[Row]) -> dict[str, Row]:
    """Field → the statement that counts; `rows` in order of precedence."""
    first: dict[str, Row] = {}
    for row in rows:
        if counts(row):
            first.setdefault(row["field"], row)
    return first


def _own(values: Mapping[str, Any]) -> Licence:
    return licence(values.get("licence") or values.get("licence_raw"))


def _row(slug: str, rows: list[Row], values: Mapping[str, Any]) -> dict[str, Any]:
    standings = {_STANDING_OF.get(row["origin"], "candidate") for row in rows} or {"candidate"}
    row = {name: values.get(name) for name in COLUMNS}
    row["name"] = row["name"] or slug
    row["licence"] = _own(values).spdx
    row["standing"] = min(standings, key=STANDING.index)
    row["loadable"] = bool(values.get("load"))
    row["removed_at"] = None
    row["confidence"] = values.get("confidence") if row["standing"] != "curated" else None
    return row


def project(
    connection: Connection, dataset_ids: Iterable[int], at: dt.datetime, new: frozenset[int], run_id: int | None = None
) -> list[Row]:
    """Compute the rows of `dataset_ids` anew from what is said, and write an event for each value that changed.

    Args:
        connection: in the transaction that changed the statements.
        dataset_ids: the datasets of which something was said or unsaid.
        at: the time of the change.
        new: those that came into being in this transaction: they get one event, `added`.
        run_id: the run that brought the change.

    Returns:
        The events written.
    """
    ids = set(dataset_ids)
    datasets = table(Dataset)
    rows = {row["id"]: row for row in select_in(connection, datasets, datasets.c.id, ids)}
    said = standing_statements(connection, rows)
    # Of a silent one nobody says anything any more: it ends, and its row stays as it was last known.
    silent = {key for key in rows if not said.get(key) and key not in new}
    before = {key: row for key, row in rows.items() if key not in silent}
    chosen = {key: {field: row["value"] for field, row in first_of(said.get(key, [])).items()} for key in before}
    after = {key: _row(before[key]["slug"], said.get(key, []), chosen[key]) for key in before}
    after |= {key: {"removed_at": rows[key]["removed_at"] or at} for key in silent}
    _write(connection, rows, after, at)
    _facets(connection, chosen)
    _aliases(connection, before, said, chosen)
    index_datasets(connection, before)
    project_terms(connection, ids)
    events = [
        event for key in rows for event in _events(rows[key], after[key], said.get(key, []), key in new, at, run_id)
    ]
    insert_rows(connection, table(Event), events)
    return events


def _events(
    before: Row, after: Mapping[str, Any], said: list[Row], is_new: bool, at: dt.datetime, run_id: int | None
) -> list[Row]:
    """What a reader wants to know of one dataset's change: one event for coming and going, else one for each value."""
    fixed = {
        "at": at,
        "subject_kind": "dataset",
        "subject_id": before["id"],
        "dataset_id": before["id"],
        "run_id": run_id,
    }
    blank = {"field": None, "old": None, "new": None, "place": None, "origin": None}
    if is_new:
        return [fixed | blank | {"kind": "added", "new": after["name"]}]
    found = []
    if bool(before["removed_at"]) != bool(after["removed_at"]):
        gone = bool(after["removed_at"])
        told = {"kind": "removed", "old": before["name"]} if gone else {"kind": "restored", "new": after["name"]}
        found.append(fixed | blank | told)
    for field in (*COLUMNS, "standing"):
        old, value = before[field], after.get(field, before[field])
        if value != old:
            source = next((s for s in said if s["field"] == field), {"place": None, "origin": None})
            found.append(
                fixed
                | {
                    "kind": EVENT_OF.get(field, "changed"),
                    "field": field,
                    "old": None if old is None else str(old),
                    "new": None if value is None else str(value),
                    "place": source["place"],
                    "origin": source["origin"],
                }
            )
    return found


def _write(connection: Connection, before: Mapping[int, Row], after: Mapping[int, Row], at: dt.datetime) -> None:
    datasets = table(Dataset)
    changed = [
        {name: before[key][name] for name in PROJECTED} | row | {"which": key, "updated_at": at}
        for key, row in after.items()
        if any(before[key][name] != value for name, value in row.items())
    ]
    if changed:
        names = (*PROJECTED, "updated_at")
        connection.execute(
            update(datasets)
            .where(datasets.c.id == bindparam("which"))
            .values({name: bindparam(name) for name in names}),
            changed,
        )


PROJECTED = (*COLUMNS, "standing", "loadable", "confidence", "removed_at")


def _replace(
    connection: Connection, rows_of: Table, wanted: Mapping[int, set[tuple[str, str]]], names: tuple[str, str]
) -> None:
    """Make `wanted` the rows of a table of (dataset, a, b); untouched where they are the same."""
    have: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in select_in(connection, rows_of, rows_of.c.dataset_id, wanted):
        have[row["dataset_id"]].add((row[names[0]], row[names[1]]))
    differ = [key for key, rows in wanted.items() if rows != have[key]]
    for part in chunks(differ):
        connection.execute(delete(rows_of).where(rows_of.c.dataset_id.in_(part)))
    rows = [{"dataset_id": key, names[0]: a, names[1]: b} for key in differ for a, b in sorted(wanted[key])]
    insert_rows(connection, rows_of, rows)


def _facets(connection: Connection, chosen: Mapping[int, Mapping[str, Any]]) -> None:
    wanted = {
        key: {(facet, str(value)) for field, facet in FACETS.items() for value in values.get(field) or []}
        for key, values in chosen.items()
    }
    _replace(connection, table(DatasetTerm), wanted, ("facet", "value"))


def _aliases(
    connection: Connection,
    before: Mapping[int, Row],
    said: Mapping[int, list[Row]],
    chosen: Mapping[int, Mapping[str, Any]],
) -> None:
    """Every name that anybody uses: names are not rivals, so all voices count."""
    wanted: dict[int, set[tuple[str, str]]] = {}
    for key, row in before.items():
        names = {row["slug"], chosen[key].get("name") or row["slug"]}
        for statement in said.get(key, []):
            if statement["field"] in ("name", "aliases"):
                value = statement["value"]
                names.update([value] if isinstance(value, str) else value or [])
        wanted[key] = {(name, squeeze(name)) for name in names if fold(name)}
    _replace(connection, table(DatasetAlias), wanted, ("alias", "folded"))


def project_terms(connection: Connection, dataset_ids: Iterable[int]) -> None:
    """Effective licence and terms of `dataset_ids` and of all that is made from them: own and ancestors' together."""
    datasets = table(Dataset)
    parents, children = _edges(connection)
    touched = _closure(set(dataset_ids), children)
    above = {key: _closure({key}, parents) for key in touched}
    rows = {row["id"]: row for row in select_in(connection, datasets, datasets.c.id, touched.union(*above.values()))}
    changed = []
    for key in touched & rows.keys():
        together = combine([licence(rows[other]["licence"]) for other in (key, *sorted(above[key] - {key}))])
        row = {term: getattr(together, term) for term in TERMS} | {"effective_licence": together.spdx}
        if any(rows[key][name] != value for name, value in row.items()):
            changed.append(row | {"which": key})
    if changed:
        names = [name for name in changed[0] if name != "which"]
        connection.execute(
            update(datasets).where(datasets.c.id == bindparam("which")).values({n: bindparam(n) for n in names}),
            changed,
        )


def _edges(connection: Connection) -> tuple[Mapping[int, set[int]], Mapping[int, set[int]]]:
    """Parents and children of each dataset by the lineage that stands."""
    lineage = table(Lineage)
    parents: dict[int, set[int]] = defaultdict(set)
    children: dict[int, set[int]] = defaultdict(set)
    for child, parent in connection.execute(
        select(lineage.c.child_id, lineage.c.parent_id).where(lineage.c.ended_at.is_(None))
    ):
        parents[child].add(parent)
        children[parent].add(child)
    return parents, children


def ancestors(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, set[int]]:
    """All that each dataset is made from, directly or through others; not itself."""
    parents, _ = _edges(connection)
    return {key: _closure({key}, parents) - {key} for key in dataset_ids}


def _closure(start: set[int], edges: Mapping[int, set[int]]) -> set[int]:
    reached, ahead = set(start), list(start)
    while ahead:
        for other in edges.get(ahead.pop(), ()):
            if other not in reached:
                reached.add(other)
                ahead.append(other)
    return reached
