"""What a machine must not decide: questions for a reviewer, each asked once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from registry.standing import canonical, chunks, insert_rows, select_in, table
from registry.tables import Candidate

COLUMNS = ("kind", "dataset_id", "source_id", "artifact_id", "payload", "evidence", "score")


def ask(connection: Connection, questions: Mapping[str, Mapping[str, Any]], at: dt.datetime) -> int:
    """Store `questions` by key; one that was asked before is only marked as seen again. How many are new.

    Each has `kind` and any of `dataset_id`, `source_id`, `artifact_id`, `payload` (plain values), `evidence`, `score`.
    """
    candidates = table(Candidate)
    have = {row["key"] for row in select_in(connection, candidates, candidates.c.key, questions)}
    for part in chunks(have):
        connection.execute(update(candidates).where(candidates.c.key.in_(part)).values(last_seen=at))
    fixed = {"status": "open", "first_seen": at, "last_seen": at}
    rows = [
        {name: question.get(name) for name in COLUMNS}
        | {"key": key, "payload": canonical(question.get("payload", {})), **fixed}
        for key, question in questions.items()
        if key not in have
    ]
    insert_rows(connection, candidates, rows)
    return len(rows)
