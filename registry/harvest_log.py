"""The records of harvests: a row per run with its counts, how far each query was read, what failed and till when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from registry.ingest import Outcome
from registry.observation import clean
from registry.standing import chunks, insert_rows, select_in, table
from registry.tables import HarvestCursor, HarvestFailure, HarvestRun, now

LONGEST_RETRY = dt.timedelta(days=7)
FORGOTTEN = dt.timedelta(days=30)
"""A failure that was not met again for so long is over: what failed is not asked for any more, or comes well."""


class Failure(NamedTuple):
    """An item that could not be harvested, and why."""

    item: str
    reason: str


class Cursor(NamedTuple):
    """How far a query was read: `high_water` is all read up to; `cursor` is where an unfinished reading goes on."""

    query: str
    high_water: str | None = None
    cursor: str | None = None
    read_at: dt.datetime | None = None
    """When it was moved last."""


def begin_run(connection: Connection, source: str) -> int:
    """A new row of `harvest_run`; one of this source that still says it runs was interrupted.

    Failures that were not met again for long end.
    """
    runs, at = table(HarvestRun), now()
    connection.execute(
        update(runs)
        .where(runs.c.source == source, runs.c.status == "running")
        .values(status="failed", ended_at=at, message="interrupted")
    )
    failures = table(HarvestFailure)
    connection.execute(
        update(failures)
        .where(failures.c.source == source, failures.c.ended_at.is_(None), failures.c.last_seen < at - FORGOTTEN)
        .values(ended_at=at)
    )
    made = connection.execute(
        insert(runs).values(source=source, status="running", started_at=at, **Outcome()._asdict(), requests=0)
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def record_run(
    connection: Connection,
    run_id: int,
    outcome: Outcome,
    requests: int,
    least: int,
    status: str = "running",
    message: str | None = None,
) -> None:
    """Write what came of the run so far, in `requests` where `least` were due; any status but ``running`` ends it."""
    runs = table(HarvestRun)
    ended = None if status == "running" else now()
    values = {
        "status": status,
        "message": message,
        "requests": requests,
        "least": least,
        "ended_at": ended,
        **outcome._asdict(),
    }
    connection.execute(update(runs).where(runs.c.id == run_id).values(values))


def read_cursors(connection: Connection, source: str, queries: Iterable[str]) -> dict[str, Cursor]:
    """The cursors of `source` for some queries, by query; those never read are left out."""
    cursors = table(HarvestCursor)
    rows = select_in(connection, cursors, cursors.c.query, queries, cursors.c.source == source)
    return {row["query"]: Cursor(row["query"], row["high_water"], row["cursor"], row["updated_at"]) for row in rows}


def save_cursors(connection: Connection, source: str, moved: Iterable[Cursor], at: dt.datetime) -> None:
    """Move cursors, in the transaction that stores what was read up to them."""
    cursors = table(HarvestCursor)
    last = {one.query: one for one in moved}
    for part in chunks(last):
        connection.execute(delete(cursors).where(cursors.c.source == source, cursors.c.query.in_(part)))
    insert_rows(
        connection,
        cursors,
        [
            {"source": source, "query": one.query, "high_water": one.high_water, "cursor": one.cursor, "updated_at": at}
            for one in last.values()
        ],
    )


def record_failures(
    connection: Connection, source: str, failures: Sequence[Failure], run_id: int | None, at: dt.datetime
) -> None:
    """Keep what failed; each further failure of an item doubles the time until it is tried again, from an hour on."""
    rows = table(HarvestFailure)
    by_item = {clean(failure.item): clean(failure.reason) for failure in failures}
    standing = {
        row["item"]: row
        for row in select_in(connection, rows, rows.c.item, by_item, rows.c.source == source, rows.c.ended_at.is_(None))
    }
    for item, row in standing.items():
        attempts = row["attempts"] + 1
        values = {"attempts": attempts, "reason": by_item[item], "last_seen": at, "run_id": run_id}
        connection.execute(
            update(rows).where(rows.c.id == row["id"]).values(**values, retry_after=_retry(at, attempts))
        )
    new = [
        {
            "run_id": run_id,
            "source": source,
            "item": item,
            "reason": reason,
            "attempts": 1,
            "first_seen": at,
            "last_seen": at,
            "retry_after": _retry(at, 1),
        }
        for item, reason in by_item.items()
        if item not in standing
    ]
    insert_rows(connection, rows, new)


def _retry(at: dt.datetime, attempts: int) -> dt.datetime:
    return at + min(dt.timedelta(hours=2 ** min(attempts - 1, 10)), LONGEST_RETRY)


def end_failures(connection: Connection, source: str, items: Iterable[str]) -> None:
    """What failed before and was harvested now is no failure any more."""
    rows = table(HarvestFailure)
    for part in chunks({clean(item) for item in items}):
        connection.execute(
            update(rows)
            .where(rows.c.source == source, rows.c.item.in_(part), rows.c.ended_at.is_(None))
            .values(ended_at=now())
        )


def waiting(connection: Connection, source: str, at: dt.datetime) -> Mapping[str, dt.datetime]:
    """Items that failed and are not to be tried yet, with the time from which they are."""
    rows = table(HarvestFailure)
    found = connection.execute(
        select(rows.c.item, rows.c.retry_after).where(
            rows.c.source == source, rows.c.ended_at.is_(None), rows.c.retry_after > at
        )
    )
    return {row.item: row.retry_after for row in found}
