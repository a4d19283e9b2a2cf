"""What loading a dataset shows of its source, as events: it moved, is gone, or gives other bytes than its card pins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from registry.db import ready, writing
from registry.resolve import resolve
from registry.standing import insert_rows, table
from registry.tables import Event

KINDS = {"moved": "renamed", "gone": "removed", "changed": "new-revision"}
ORIGIN = "load"


class Seen(NamedTuple):
    """One thing that a load noticed: `kind` is moved, gone or changed; `source` as the card writes it."""

    kind: str
    source: str
    detail: str


def tell(slug: str, seen: Sequence[Seen]) -> int:
    """Write an event for each thing that no earlier load has told; returns how many.

    The rows of the catalogue stay as they are: one machine's view of a source settles nothing, a harvest does.

    Raises:
        DatabaseError: the catalogue cannot be written.
    """
    if not seen:
        return 0
    with writing(ready()) as connection:
        dataset = resolve(connection, slug)["id"]
        at = dt.datetime.now(dt.UTC)
        rows = [
            {
                "at": at,
                "kind": KINDS[one.kind],
                "subject_kind": "dataset",
                "subject_id": dataset,
                "dataset_id": dataset,
                "field": "source",
                "old": one.source,
                "new": one.detail,
                "origin": ORIGIN,
                "place": one.source,
            }
            for one in dict.fromkeys(seen)
            if not _told(connection, dataset, one)
        ]
        insert_rows(connection, table(Event), rows)
        return len(rows)


def _told(connection: Connection, dataset: int, one: Seen) -> bool:
    events = table(Event)
    same = select(events.c.id).where(
        events.c.dataset_id == dataset,
        events.c.origin == ORIGIN,
        events.c.kind == KINDS[one.kind],
        events.c.old == one.source,
        events.c.new == one.detail,
    )
    return connection.execute(same.limit(1)).first() is not None
