"""What a machine must not decide: questions for a reviewer, each asked once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, or_, update

from registry.standing import Row, canonical, chunks, insert_rows, select_in, table
from registry.tables import Candidate

COLUMNS = ("kind", "dataset_id", "other_id", "source_id", "artifact_id", "payload", "evidence", "score")
MOVING = ("source_id", "evidence", "score")
"""What may be known better when a question comes up again."""
RULE = "rule"
"""Who decided what no person did; a person's answer is never touched."""


def ask(
    connection: Connection,
    questions: Mapping[str, Mapping[str, Any]],
    at: dt.datetime,
    settled: Iterable[str] = (),
) -> int:
    """Store `questions` by key; one that was asked before is marked as seen again. How many are new.

    Args:
        connection: in a transaction.
        questions: each has `kind` and any of `dataset_id`, `other_id`, `source_id`, `artifact_id`, `evidence`,
            `score`, `payload` (plain values), and `answer` (``rejected``) where the rule that asks answers it itself.
        at: the time of asking.
        settled: keys of questions that no longer arise, because the rule has found the answer: yes.
    """
    candidates = table(Candidate)
    wanted = {key: _row(question, at) for key, question in questions.items()}
    have = {row["key"]: row for row in select_in(connection, candidates, candidates.c.key, wanted)}
    for part in chunks(have):
        connection.execute(update(candidates).where(candidates.c.key.in_(part)).values(last_seen=at))
    for key, row in have.items():
        if row["status"] == "open" or row["decided_by"] == RULE:
            _again(connection, row, wanted[key])
    fixed = {"first_seen": at, "last_seen": at}
    insert_rows(connection, candidates, [{"key": key} | row | fixed for key, row in wanted.items() if key not in have])
    yes = {"status": "accepted", "decided_by": RULE, "decided_at": at}
    for part in chunks(settled):
        open_ = (candidates.c.key.in_(part), or_(candidates.c.status == "open", candidates.c.decided_by == RULE))
        connection.execute(update(candidates).where(*open_, candidates.c.status != "accepted").values(yes))
    return len(wanted.keys() - have.keys())


def _row(question: Mapping[str, Any], at: dt.datetime) -> Row:
    answer = question.get("answer")
    decided = {"decided_by": RULE, "decided_at": at} if answer else {"decided_by": None, "decided_at": None}
    told = {name: question.get(name) for name in COLUMNS} | {"payload": canonical(question.get("payload", {}))}
    return told | {"status": answer or "open"} | decided


def _again(connection: Connection, before: Row, now: Row) -> None:
    """Bring a question that no person has answered up to date where more is known."""
    candidates = table(Candidate)
    changed = {name: now[name] for name in MOVING if now[name] is not None and now[name] != before[name]}
    if now["status"] != before["status"]:
        changed |= {name: now[name] for name in ("status", "decided_by", "decided_at")}
    if changed:
        connection.execute(update(candidates).where(candidates.c.id == before["id"]).values(changed))
