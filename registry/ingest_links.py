"""What the pages of places link: kept by source, so that a place is found by who points at it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete

from registry.ingest_places import Seen
from registry.ingest_touches import PAPERS, paper
from registry.standing import chunks, insert_rows, select_in, table
from registry.tables import SourceLink


def keep_links(connection: Connection, page: Sequence[Seen]) -> None:
    """Make the rows of `source_link` those of the pages that were read whole; untouched where they are the same."""
    links = table(SourceLink)
    read = {
        seen.id: seen
        for seen in page
        if seen.observation.complete and not seen.observation.same and seen.observation.status == "alive"
    }
    have: dict[int, set[tuple[str, str]]] = {}
    for row in select_in(connection, links, links.c.source_id, read):
        have.setdefault(row["source_id"], set()).add((row["scheme"], row["value"]))
    now = {key: _links(seen) for key, seen in read.items()}
    changed = [key for key, found in now.items() if found != have.get(key, set())]
    for part in chunks(key for key in changed if key in have):
        connection.execute(delete(links).where(links.c.source_id.in_(part)))
    rows = [
        {"source_id": key, "scheme": scheme, "value": value} for key in changed for scheme, value in sorted(now[key])
    ]
    insert_rows(connection, links, rows)


def _links(seen: Seen) -> set[tuple[str, str]]:
    one = seen.observation
    places = {(touch.scheme, touch.value.lower()) for touch in one.touches if touch.scheme not in PAPERS}
    papers = {paper(*pair) for pair in (*one.ids, *one.own_ids)}
    papers |= {paper(touch.scheme, touch.value) for touch in one.touches if touch.scheme in PAPERS}
    return (places | papers) - {(one.provider, name) for name in seen.asked}
