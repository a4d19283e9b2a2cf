"""What a catalogue says, whatever its row numbers and times are: for comparing two that came about differently."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from registry.db import reading

Names = Mapping[str, Mapping[int, str]]
LEFT_OUT = ("harvest_run", "harvest_failure", "catalogue_state", "card", "alembic_version")
OF_A_RUN = ("id", "run_id", "high_water", "cursor")
"""Columns that differ between runs that say the same."""
SUBJECTS = {"dataset_id": "dataset", "other_id": "dataset", "child_id": "dataset", "parent_id": "dataset",
            "source_id": "source", "artifact_id": "artifact", "finding_id": "finding"}  # fmt: skip


def content(target: Engine) -> dict[str, Counter[tuple[Any, ...]]]:
    """Table → its rows as often as they are there; a reference is the name of what it refers to, a time is whether
    there is one."""
    tables = SQLModel.metadata.tables
    with reading(target) as connection:
        rows = {
            name: [dict(row._mapping) for row in connection.execute(select(made))]
            for name, made in tables.items()
            if name not in LEFT_OUT
        }
    names = _names(rows)
    return {name: Counter(_shown(row, names) for row in some) for name, some in rows.items()}


def _names(rows: Mapping[str, list[dict[str, Any]]]) -> Names:
    ids: dict[int, list[str]] = {}
    for row in rows["artifact_id"]:
        ids.setdefault(row["artifact_id"], []).append(f"{row['scheme']}:{row['value']}")
    named: dict[str, Callable[[dict[str, Any]], str]] = {
        "dataset": lambda row: row["slug"],
        "source": lambda row: f"{row['provider']}:{row['native_id']}",
        "artifact": lambda row: min(ids.get(row["id"], [row["title"]])),
        "finding": lambda row: row["slug"],
    }
    return {kind: {row["id"]: name(row) for row in rows[kind]} for kind, name in named.items()}


def _shown(row: Mapping[str, Any], names: Names) -> tuple[Any, ...]:
    found: list[tuple[str, Any]] = []
    for column, value in row.items():
        if column in OF_A_RUN:
            continue
        if isinstance(value, dt.datetime):
            found.append((column, "a time"))
        elif column == "subject_id":
            found.append((column, names.get(row["subject_kind"], {}).get(value)))
        elif column in SUBJECTS and value is not None:
            found.append((column, names[SUBJECTS[column]].get(value)))
        else:
            found.append((column, value))
    return tuple(found)


def differences(one: Mapping[str, Counter[Any]], other: Mapping[str, Counter[Any]]) -> list[str]:
    """Rows that only one of two catalogues has, a line each."""
    return [
        f"{name}: {sign} {row}"
        for name in sorted({*one, *other})
        for sign, rows in (("-", one[name] - other[name]), ("+", other[name] - one[name]))
        for row in rows
    ]
