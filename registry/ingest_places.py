"""The rows of places that were seen: found by the provider's own id, adopted from the name a card gives, renamed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, select, update

from registry.licences import licence
from registry.observation import Observation
from registry.places import known
from registry.standing import Row, insert_rows, select_in, select_pairs, table
from registry.tables import Candidate, DatasetFile, DatasetSource, Source, SourceAlias, Statement

TOLD = (
    "native_id", "locator", "url", "status", "revision", "licence_raw", "licence", "access", "archived", "gone_since",
)  # fmt: skip
"""Columns whose change is a change of the place."""


@dataclass
class Seen:
    """One place as it was seen: its row `before` (None for a new one) and `after`."""

    observation: Observation
    asked: set[str] = field(default_factory=set)
    """Every name it goes by in this page, in lower case."""
    before: Row | None = None
    after: Row = field(default_factory=dict)
    changed: bool = False
    """Something about it is not as it was: a column, a name, what it states, its files."""

    @property
    def id(self) -> int:
        """Its row's id."""
        return int(self.after["id"])

    @property
    def outcome(self) -> str:
        """``created``, ``updated``, ``unchanged`` or ``gone``."""
        if self.before is None:
            return "created"
        return "unchanged" if not self.changed else "gone" if self.observation.status == "gone" else "updated"


def lay_places(connection: Connection, observations: Iterable[Observation], at: dt.datetime) -> list[Seen]:
    """The row of each place, made or brought up to date; a place seen twice in a page is one.

    A place that a card knows by name alone takes on the provider's id when it is first seen under that name; its name
    stays as an alias. Two rows that turn out to be one place become one. What is gone and was never known is left out.
    """
    page = _page(observations)
    natives = _by_native(connection, page)
    names = known(connection, {(provider, name) for (provider, _), seen in page.items() for name in seen.asked})
    sources = table(Source)
    meant = {row["id"]: row for row in select_in(connection, sources, sources.c.id, names.values())}
    for (provider, native), seen in page.items():
        same = {names[provider, name] for name in seen.asked if (provider, name) in names}
        _match(connection, seen, natives.get((provider, native)), [meant[key] for key in sorted(same)], at)
    kept = [seen for seen in page.values() if seen.before or seen.observation.status == "alive"]
    for seen in kept:
        seen.after = _after(seen.before, seen.observation, at)
    _write(connection, kept, at)
    _name(connection, kept, _homes(connection, names), at)
    return kept


def strangers(connection: Connection, observations: Sequence[Observation]) -> list[Observation]:
    """Those of `observations` whose place has no row yet, neither by its id nor by a name."""
    page = _page(observations)
    natives = _by_native(connection, page)
    names = known(connection, {(provider, name) for (provider, _), seen in page.items() for name in seen.asked})
    new = {
        (provider, native)
        for (provider, native), seen in page.items()
        if (provider, native) not in natives and not any((provider, name) in names for name in seen.asked)
    }
    return [one for one in observations if (one.provider, one.native_id) in new]


def _page(observations: Iterable[Observation]) -> dict[tuple[str, str], Seen]:
    """What was seen of each place: the fullest and last observation, and all names it was asked by."""
    page: dict[tuple[str, str], Seen] = {}
    for one in observations:
        seen = page.setdefault((one.provider, one.native_id), Seen(one))
        if (one.complete, not one.same) >= (seen.observation.complete, not seen.observation.same):
            seen.observation = one
        seen.asked |= {name.lower() for name in (one.asked, one.locator) if name}
    return page


def _by_native(connection: Connection, page: Mapping[tuple[str, str], Seen]) -> dict[tuple[str, str], Row]:
    sources = table(Source)
    rows = select_pairs(connection, sources, (sources.c.provider, sources.c.native_id), page)
    return {(row["provider"], row["native_id"]): row for row in rows}


def _match(connection: Connection, seen: Seen, row: Row | None, same: Sequence[Row], at: dt.datetime) -> None:
    """Find the row that is meant: by id; else one known by name alone; further ones of that kind are the same place."""
    nameless = [
        other
        for other in same
        # A row whose id is one of its names has never been seen at the provider.
        if other["native_id"] in seen.asked and other["native_id"] != seen.observation.native_id
    ]
    if seen.observation.status == "gone":
        seen.before = row or next(iter(nameless), None)
        return
    seen.before = row or (nameless.pop(0) if nameless else None)
    for other in nameless:
        _merge(connection, int(seen.before["id"]) if seen.before else 0, int(other["id"]), at)
        seen.changed = True


def _after(before: Row | None, seen: Observation, at: dt.datetime) -> Row:
    """The row as it should be."""
    if seen.status == "gone" and before:
        return before | _gone(before, seen, at) | {"last_checked": at, "read_at": at}
    if seen.same and before:
        return before | {"status": "alive", "gone_since": None, "last_checked": at, "read_at": at}
    told: Row = {"revision": seen.revision, "licence_raw": seen.licence_raw, "access": seen.access, "etag": seen.etag}
    told["archived"] = seen.fields.get("archived") is True if seen.complete or "archived" in seen.fields else None
    if before and not seen.complete:
        kept = {name for name, value in told.items() if value is None and name not in seen.unsaid}
        told = {name: before[name] if name in kept else value for name, value in told.items()}
    return (before or {"first_seen": at, "last_changed": None, "archived": False}) | {
        "read_at": _read_at(before, seen, at),
        "provider": seen.provider,
        "native_id": seen.native_id,
        "locator": seen.locator,
        "url": seen.url,
        "status": "alive",
        "gone_since": None,
        "last_checked": at,
        "licence": licence(told["licence_raw"]).spdx,
        **told,
        "archived": bool(told["archived"]),
    }


def _read_at(before: Row | None, seen: Observation, at: dt.datetime) -> dt.datetime | None:
    """When all of it was read last: a list tells little, and where it shows another revision all is read again."""
    if seen.complete or seen.asked:
        return at
    changed = before and seen.revision is not None and seen.revision != before["revision"]
    read_at: dt.datetime | None = None if before is None or changed else before["read_at"]
    return read_at


def _gone(before: Row, seen: Observation, at: dt.datetime) -> Row:
    """A place is gone when it is missing on a second day, or when its provider says that it is gone for good."""
    since = before["gone_since"] or at
    missing_again = before["gone_since"] is not None and at.date() > since.date()
    return {"gone_since": since, "status": "gone" if seen.certain or missing_again else before["status"]}


def _write(connection: Connection, page: Sequence[Seen], at: dt.datetime) -> None:
    sources = table(Source)
    new = [seen for seen in page if seen.before is None]
    insert_rows(connection, sources, [seen.after | {"last_changed": at} for seen in new])
    made = {
        (row["provider"], row["native_id"]): row["id"]
        for row in select_pairs(
            connection,
            sources,
            (sources.c.provider, sources.c.native_id),
            ((seen.observation.provider, seen.observation.native_id) for seen in new),
        )
    }
    for seen in new:
        seen.after["id"] = made[seen.observation.provider, seen.observation.native_id]
    for seen in page:
        if seen.before and any(seen.before[name] != seen.after[name] for name in TOLD):
            seen.changed = True
            seen.after["last_changed"] = at
    names = (*TOLD, "etag", "last_checked", "last_changed", "read_at")
    changes = [{"which": seen.id} | {name: seen.after[name] for name in names} for seen in page if seen.before]
    if changes:
        connection.execute(
            update(sources).where(sources.c.id == bindparam("which")).values({name: bindparam(name) for name in names}),
            changes,
        )


def _homes(connection: Connection, names: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Those of `names` that mean a place where datasets live."""
    joined = table(DatasetSource)
    rows = select_in(connection, joined, joined.c.source_id, names.values(), joined.c.ended_at.is_(None))
    lived_at = {row["source_id"] for row in rows}
    return {name: key for name, key in names.items() if key in lived_at}


def _name(connection: Connection, page: Sequence[Seen], homes: Mapping[tuple[str, str], int], at: dt.datetime) -> None:
    """Every name a place has, had or was asked by, stays.

    A name that means the home of a dataset goes on meaning it, also when another repository has it now: else a card
    that names it would move the dataset to a stranger.
    """
    aliases = table(SourceAlias)
    have: dict[int, set[str]] = {}
    for row in select_in(connection, aliases, aliases.c.source_id, (seen.id for seen in page)):
        have.setdefault(row["source_id"], set()).add(row["locator"])
    rows = []
    for seen in page:
        provider = seen.observation.provider
        free = {name for name in seen.asked if homes.get((provider, name), seen.id) == seen.id}
        if seen.observation.status == "alive" and (fresh := free - have.get(seen.id, set())):
            seen.changed = True
            rows += [{"source_id": seen.id, "locator": name, "seen": at} for name in sorted(fresh)]
    insert_rows(connection, aliases, rows)


def _merge(connection: Connection, kept: int, other: int, at: dt.datetime) -> None:
    """Two rows were one place: names, datasets, statements, files and questions of `other` move to `kept`."""
    aliases, files, questions = table(SourceAlias), table(DatasetFile), table(Candidate)
    mine = select(aliases.c.locator).where(aliases.c.source_id == kept)
    connection.execute(delete(aliases).where(aliases.c.source_id == other, aliases.c.locator.in_(mine)))
    for rows_of in (aliases, files, questions):
        connection.execute(update(rows_of).where(rows_of.c.source_id == other).values(source_id=kept))
    joined, said = table(DatasetSource), table(Statement)
    for rows_of, column, keys, where in (
        (joined, joined.c.source_id, ("dataset_id", "said_by"), ()),
        (said, said.c.subject_id, ("field", "said_by"), (said.c.subject_kind == "source",)),
    ):
        rows = select_in(connection, rows_of, column, (kept, other), rows_of.c.ended_at.is_(None), *where)
        have = {tuple(row[name] for name in keys) for row in rows if row[column.name] == kept}
        for row in rows:
            if row[column.name] == other:
                double = tuple(row[name] for name in keys) in have
                change = {"ended_at": at} if double else {column.name: kept}
                connection.execute(update(rows_of).where(rows_of.c.id == row["id"]).values(change))
    sources = table(Source)
    gone = {"status": "gone", "gone_since": at, "last_checked": at, "last_changed": at}
    connection.execute(update(sources).where(sources.c.id == other).values(gone))
