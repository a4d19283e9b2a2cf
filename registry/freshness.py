"""How fresh each service is in the catalogue: its last runs, its places, its queries, what failed and what is asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from registry.observation import VOICES
from registry.standing import Row, table
from registry.tables import Candidate, HarvestCursor, HarvestFailure, HarvestRun, Source, now

DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
NO_PLACES: Row = dict.fromkeys(("known", "alive", "gone", "suspected", "never"), 0) | {"day": None, "week": None}
NO_RUN: Row = dict.fromkeys(("last_run", "last_ended", "status", "message", "last_done"))


def freshness(connection: Connection, at: dt.datetime | None = None) -> list[Row]:
    """What is known about each service, in the order of `VOICES`.

    Args:
        connection: to read from.
        at: the time that "within a day" is counted from; now by default.

    Returns:
        A row a service: `source`; `last_run`, `last_ended`, `status` and `message` of the last run; `last_done`, when
        the last complete run began. Of its places, as many as are `known`, `alive`, `gone`, `suspected` (missing, but
        not yet long enough to be gone) and `never` looked at; the shares (0 to 1, None without places) that were met
        within a `day` and a `week`. `queries` that were read, and those `unfinished`, which the next run goes on with.
        `failures` that stand, and `next_retry`, when the first of them is tried again. `candidates`: open questions
        about its places by kind. None stands for what never was.
    """
    at = at or now()
    runs, places, queries = _runs(connection), _places(connection, at), _queries(connection)
    failures, candidates = _failures(connection), _candidates(connection)
    return [
        {"source": name}
        | runs.get(name, NO_RUN)
        | places.get(name, NO_PLACES)
        | queries.get(name, {"queries": 0, "unfinished": 0})
        | failures.get(name, {"failures": 0, "next_retry": None})
        | {"candidates": candidates.get(name, {})}
        for name in VOICES
    ]


def open_candidates(connection: Connection) -> dict[str, int]:
    """Open questions of the whole catalogue by kind, those about no place included."""
    asked = table(Candidate)
    rows = connection.execute(
        select(asked.c.kind, func.count()).where(asked.c.status == "open").group_by(asked.c.kind).order_by(asked.c.kind)
    )
    return {row.kind: row[1] for row in rows}


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a group fulfil a condition."""
    return func.sum(case((condition, 1), else_=0))


def _by_source(connection: Connection, statement: Any) -> dict[str, Row]:
    found = [dict(row._mapping) for row in connection.execute(statement)]
    return {row.pop("source"): row for row in found}


def _runs(connection: Connection) -> dict[str, Row]:
    runs = table(HarvestRun)
    last = select(func.max(runs.c.id)).where(runs.c.source.in_(VOICES)).group_by(runs.c.source)
    done = (
        select(runs.c.source, func.max(runs.c.started_at).label("last_done"))
        .where(runs.c.status == "done")
        .group_by(runs.c.source)
        .subquery()
    )
    return _by_source(
        connection,
        select(
            runs.c.source,
            runs.c.started_at.label("last_run"),
            runs.c.ended_at.label("last_ended"),
            runs.c.status,
            runs.c.message,
            done.c.last_done,
        )
        .outerjoin(done, done.c.source == runs.c.source)
        .where(runs.c.id.in_(last)),
    )


def _places(connection: Connection, at: dt.datetime) -> dict[str, Row]:
    """Counts by provider, in one pass over the table."""
    of = table(Source).c
    found = _by_source(
        connection,
        select(
            of.provider.label("source"),
            func.count().label("known"),
            _many(of.status == "alive").label("alive"),
            _many(of.status == "gone").label("gone"),
            _many(of.gone_since.is_not(None) & (of.status != "gone")).label("suspected"),
            _many(of.last_checked.is_(None)).label("never"),
            _many(of.last_checked >= at - DAY).label("day"),
            _many(of.last_checked >= at - WEEK).label("week"),
        )
        .where(of.provider.in_(VOICES))
        .group_by(of.provider),
    )
    for row in found.values():
        row |= {name: row[name] / row["known"] for name in ("day", "week")}
    return found


def _queries(connection: Connection) -> dict[str, Row]:
    of = table(HarvestCursor).c
    return _by_source(
        connection,
        select(of.source, func.count().label("queries"), func.count(of.cursor).label("unfinished")).group_by(of.source),
    )


def _failures(connection: Connection) -> dict[str, Row]:
    of = table(HarvestFailure).c
    return _by_source(
        connection,
        select(of.source, func.count().label("failures"), func.min(of.retry_after).label("next_retry"))
        .where(of.ended_at.is_(None))
        .group_by(of.source),
    )


def _candidates(connection: Connection) -> dict[str, dict[str, int]]:
    asked, places = table(Candidate), table(Source)
    rows = connection.execute(
        select(places.c.provider, asked.c.kind, func.count())
        .join(places, places.c.id == asked.c.source_id)
        .where(asked.c.status == "open")
        .group_by(places.c.provider, asked.c.kind)
        .order_by(places.c.provider, asked.c.kind)
    )
    found: dict[str, dict[str, int]] = {}
    for provider, kind, count in rows:
        found.setdefault(provider, {})[kind] = count
    return found
