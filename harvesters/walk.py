"""Lists that come newest first: read page by page down to what the last reading had, going on where one was cut off."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harvesters.http import Client, ItemFailed
from harvesters.page import Memory, Page, Wish
from harvesters.reading import Malformed, mapping, moment
from registry.harvest_log import Cursor, Failure
from registry.observation import Observation

OVERLAP = dt.timedelta(hours=1)
"""Read again below the mark: lists are no snapshots, items move while one pages."""

WHOLE = dt.timedelta(days=30)
"""So often a list is read to its end again: what became public lately may bear an old date."""

Read = Callable[[Any], Sequence[Observation]]


def items_of(data: Any) -> Sequence[Any]:
    """The items of a page: the array itself. Raises `Malformed`."""
    if not isinstance(data, list):
        raise Malformed("a list was expected")
    return data


def walk(
    client: Client,
    memory: Memory,
    wish: Wish,
    query: str,
    path: str,
    *,
    stamp: str,
    read: Read,
    pages: int,
    items: Callable[[Any], Sequence[Any]] = items_of,
) -> Iterator[Page]:
    """Pages of a list sorted by `stamp`, newest first.

    Args:
        client: of the service.
        memory: what the catalogue knows.
        wish: what the run is asked for.
        query: the name under which the mark is kept.
        path: of the first page.
        stamp: the field of an item by which the list is sorted.
        read: the observations of an item; raises `Malformed`.
        pages: at most so many in one run; the next run goes on from there.
        items: the items of a page; raises `Malformed`.
    """
    before = memory.cursor(query)
    wish.plans(1, query)
    mark, whole = _marks(before.high_water)
    unfinished = None if wish.full or wish.since else _unfinished(before)
    address, newest, floor = unfinished or (path, None, wish.since)
    if not unfinished and not wish.full and not wish.since and mark and whole and wish.now - whole < WHOLE:
        floor = mark - OVERLAP
    read_whole = wish.now if floor is None else whole
    for _ in range(pages):
        try:
            answer = client.get(address)
            found = items(answer.data)
        except (ItemFailed, Malformed) as error:
            # Where a reading cannot go on from where it was cut off, it begins anew next time.
            yield Page(failures=[Failure(query, str(error))], cursors=[Cursor(query, before.high_water)])
            return
        stamps = [moment(mapping(item).get(stamp)) for item in found]
        # A date in the future would hide all that comes until then.
        newest = newest or max((one for one in stamps if one and one <= wish.now), default=None)
        new = [item for item, one in zip(found, stamps, strict=True) if one is None or floor is None or one >= floor]
        done = answer.next in (None, address) or not found or len(new) < len(found)
        observations, failures = observe(query, new, read)
        there = told_marks(newest or mark, read_whole)
        going_on = json.dumps([answer.next, _iso(newest), _iso(floor)])
        at = Cursor(query, there) if done else Cursor(query, before.high_water, going_on)
        yield Page(observations, failures, [query], [at])
        if done or answer.next is None:
            return
        address = answer.next


def _iso(moment_: dt.datetime | None) -> str | None:
    return moment_.isoformat() if moment_ else None


def told_marks(mark: dt.datetime | None, whole: dt.datetime | None) -> str:
    """A high-water mark: the newest that was read, and when all was read."""
    return json.dumps([_iso(mark), _iso(whole)])


def _marks(high_water: str | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The newest stamp that was read, and when the list was read to its end."""
    mark, whole = unpacked(high_water, 2)
    return moment(mark), moment(whole)


def _unfinished(before: Cursor) -> tuple[str, dt.datetime | None, dt.datetime | None] | None:
    """Where a reading was cut off, the newest stamp of its first page, and how far down it reads."""
    address, newest, floor = unpacked(before.cursor, 3)
    return (address, moment(newest), moment(floor)) if isinstance(address, str) else None


def unpacked(text: str | None, count: int) -> list[Any]:
    """The `count` members of a stored list; Nones where it is not of that form."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        found = None
    return found if isinstance(found, list) and len(found) == count else [None] * count


def observe(query: str, items: Sequence[Any], read: Read) -> tuple[list[Observation], list[Failure]]:
    """What the items of a page show; those that are malformed are failures of their own."""
    observations: list[Observation] = []
    failures = []
    for item in items:
        try:
            observations += read(item)
        except Malformed as error:
            name = mapping(item).get("id")
            failures.append(Failure(f"{query}: {name if isinstance(name, str | int) else '?'}", str(error)))
    return observations, failures
