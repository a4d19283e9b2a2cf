"""Rows that stand until they end: one rule for statements, places, links and lineage.

What a voice says now is laid beside what it said before: the same stays untouched, the new is added, what is no
longer said ends. Saying the same twice therefore changes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, func, insert, select, update

CHUNK = 5_000
"""Values in one IN list: SQLite takes 32,766 bound values in a statement, PostgreSQL 65,535."""

Row = dict[str, Any]


def table(model: Any) -> Table:
    """The Core table behind a model."""
    return cast(Table, model.__table__)


def canonical(value: Any) -> str:
    """JSON that is the same text for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def chunks(items: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """Lists of at most `size` items."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def select_in(
    connection: Connection, table: Table, column: Column[Any], values: Iterable[Any], *where: Any
) -> list[Row]:
    """The rows of `table` whose `column` is among `values`, whatever their number."""
    return [
        dict(row._mapping)
        for part in chunks(dict.fromkeys(values))
        for row in connection.execute(select(table).where(column.in_(part), *where))
    ]


def select_pairs(
    connection: Connection, table: Table, columns: tuple[Column[Any], Column[Any]], pairs: Iterable[tuple[str, str]]
) -> list[Row]:
    """The rows of `table` whose two `columns` are among `pairs`.

    One question for each value of the first column: SQLite reads the whole table for a list of pairs.
    """
    wanted: dict[str, set[str]] = {}
    for one, other in pairs:
        wanted.setdefault(one, set()).add(other)
    first, second = columns
    return [row for one, others in wanted.items() for row in select_in(connection, table, second, others, first == one)]


def unindexed(column: Column[Any]) -> ColumnElement[Any]:
    """A column of texts, of which SQLite is not to use the index: it would take one that most rows share."""
    return func.coalesce(column, "")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`, which all have the same keys."""
    if rows:
        connection.execute(insert(table), rows)


def reconcile(
    connection: Connection,
    table: Table,
    standing: Iterable[Row],
    said: Iterable[Row],
    key: tuple[str, ...],
    at: dt.datetime,
    brought_by: Mapping[str, Any] | None = None,
) -> tuple[list[Row], list[Row]]:
    """Bring the `standing` rows of a voice in line with what it `said`.

    Args:
        standing: rows that stand, with their ids.
        said: rows that should stand, without ids and times.
        key: the columns that say which row is which.
        at: the time of the change.
        brought_by: further columns of new rows, as their run; a row that differs in them alone stays as it is.

    Returns:
        The rows that were added and those that ended; a row whose values changed is in both.
    """
    before = {tuple(row[name] for name in key): row for row in standing}
    wanted = {tuple(row[name] for name in key): row for row in said}
    ended = [
        row
        for place, row in before.items()
        if place not in wanted or any(row[name] != value for name, value in wanted[place].items())
    ]
    gone = {row["id"] for row in ended}
    added = [row for place, row in wanted.items() if place not in before or before[place]["id"] in gone]
    if ended:
        connection.execute(
            update(table).where(table.c.id == bindparam("which")).values(ended_at=at),
            [{"which": row["id"]} for row in ended],
        )
    times: Row = {"first_seen": at} | ({"last_seen": at} if "last_seen" in table.c else {})
    insert_rows(connection, table, [row | times | dict(brought_by or {}) for row in added])
    return added, ended
