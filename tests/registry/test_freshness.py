"""How fresh each service is, counted in SQL on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import insert

from registry.db import engine, reading, writing
from registry.freshness import freshness, open_candidates
from registry.standing import Row, table
from registry.tables import Candidate, HarvestCursor, HarvestFailure, HarvestRun, Source

NOW = dt.datetime(2026, 11, 24, 2, 17, tzinfo=dt.UTC)


def ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


def fill(url: str, model: type, *rows: Row) -> None:
    with writing(engine(url)) as connection:
        for row in rows:
            connection.execute(insert(table(model)).values(row))


def found(url: str) -> dict[str, Row]:
    with reading(engine(url)) as connection:
        return {row["source"]: row for row in freshness(connection, NOW)}


def place(key: int, status: str = "alive", provider: str = "github", **more: Any) -> Row:
    named = {"id": key, "provider": provider, "native_id": str(key), "locator": f"made-up/{key}", "status": status}
    return named | {"url": None, "first_seen": ago(days=90)} | more


def test_a_new_catalogue_knows_nothing_of_any_service(migrated_url: str) -> None:
    assert list(found(migrated_url)) == ["huggingface", "github", "openalex"]
    assert found(migrated_url)["openalex"] == {
        "source": "openalex", "last_run": None, "last_ended": None, "status": None, "message": None, "last_done": None,
        "known": 0, "alive": 0, "gone": 0, "suspected": 0, "never": 0, "day": None, "week": None,
        "queries": 0, "unfinished": 0, "failures": 0, "next_retry": None, "candidates": {},
    }  # fmt: skip


def test_the_last_run_and_the_last_complete_one_are_told(migrated_url: str) -> None:
    fill(
        migrated_url,
        HarvestRun,
        {"source": "github", "status": "done", "started_at": ago(days=3), "ended_at": ago(days=3)},
        {"source": "github", "status": "done", "started_at": ago(days=2), "ended_at": ago(days=2)},
        {"source": "cards", "status": "done", "started_at": ago(days=1), "ended_at": ago(days=1)},
        {"source": "github", "status": "partial", "started_at": ago(hours=2), "ended_at": ago(hours=1), "message": "m"},
        {"source": "openalex", "status": "running", "started_at": ago(minutes=1)},
    )
    fresh = found(migrated_url)
    names = ("last_run", "last_ended", "status", "message", "last_done")
    assert [fresh["github"][name] for name in names] == [ago(hours=2), ago(hours=1), "partial", "m", ago(days=2)]
    assert [fresh["openalex"][name] for name in names] == [ago(minutes=1), None, "running", None, None]
    assert "cards" not in fresh


def test_places_are_counted_by_state_and_by_when_they_were_met(migrated_url: str) -> None:
    fill(
        migrated_url,
        Source,
        place(1, last_checked=ago(hours=1)),
        place(2, last_checked=ago(hours=25)),
        place(3, last_checked=ago(hours=1), gone_since=ago(hours=1)),
        place(4, "gone", last_checked=ago(days=8), gone_since=ago(days=9)),
        place(5, "unknown"),
        place(6, provider="huggingface", last_checked=ago(hours=24)),
        place(7, provider="zenodo"),
    )
    fresh = found(migrated_url)
    names = ("known", "alive", "gone", "suspected", "never", "day", "week")
    assert [fresh["github"][name] for name in names] == [5, 3, 1, 1, 1, 0.4, 0.6]
    assert [fresh["huggingface"][name] for name in names] == [1, 1, 0, 0, 0, 1.0, 1.0]


def test_unfinished_queries_are_those_with_a_cursor(migrated_url: str) -> None:
    fill(
        migrated_url,
        HarvestCursor,
        {"source": "github", "query": "a", "high_water": "x", "cursor": None, "updated_at": NOW},
        {"source": "github", "query": "b", "high_water": None, "cursor": "page 3", "updated_at": NOW},
    )
    assert (found(migrated_url)["github"]["queries"], found(migrated_url)["github"]["unfinished"]) == (2, 1)


def test_failures_stand_until_they_end(migrated_url: str) -> None:
    failure = {"source": "github", "reason": "500", "attempts": 1, "first_seen": NOW, "last_seen": NOW}
    fill(
        migrated_url,
        HarvestFailure,
        failure | {"item": "a", "retry_after": ago(hours=-8)},
        failure | {"item": "b", "retry_after": ago(hours=-2)},
        failure | {"item": "c", "retry_after": ago(hours=1), "ended_at": NOW},
    )
    fresh = found(migrated_url)["github"]
    assert (fresh["failures"], fresh["next_retry"]) == (2, ago(hours=-2))


def test_open_questions_are_counted_by_kind_and_by_the_service_of_their_place(migrated_url: str) -> None:
    fill(migrated_url, Source, place(1), place(2, provider="huggingface"))
    question = {"status": "open", "payload": "{}", "first_seen": NOW, "last_seen": NOW}
    fill(
        migrated_url,
        Candidate,
        question | {"kind": "dataset", "key": "a", "source_id": 1},
        question | {"kind": "dataset", "key": "b", "source_id": 1},
        question | {"kind": "link", "key": "c", "source_id": 1},
        question | {"kind": "link", "key": "d", "source_id": 2, "status": "rejected"},
        question | {"kind": "merge", "key": "e"},
    )
    fresh = found(migrated_url)
    assert fresh["github"]["candidates"] == {"dataset": 2, "link": 1}
    assert fresh["huggingface"]["candidates"] == {}
    with reading(engine(migrated_url)) as connection:
        assert open_candidates(connection) == {"dataset": 2, "link": 1, "merge": 1}
