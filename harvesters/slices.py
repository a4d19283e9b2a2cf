"""GitHub's search, which shows at most 1,000 results: asked for in slices of time that hold fewer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from harvesters.http import Client, ItemFailed
from harvesters.page import Memory, Page, Wish
from harvesters.reading import Malformed, mapping, moment, number
from harvesters.walk import WHOLE, Read, items_of, observe, told_marks, unpacked
from registry.harvest_log import Cursor, Failure

SHOWN = 1_000
"""Results that a search shows, however many it counts."""
FIRST_DAY = dt.date(2008, 1, 1)
"""Nothing on GitHub is older."""
OVERLAP = dt.timedelta(days=1)
"""Read again before the mark: the search index follows pushes some time later."""


class State(NamedTuple):
    """A reading that goes on: since when, by which date of a repository, the slices left, the page within the first."""

    begun: dt.datetime
    axis: str
    slices: tuple[tuple[dt.date, dt.date], ...]
    next: str | None = None


def sliced(
    client: Client, memory: Memory, wish: Wish, query: str, words: str, *, read: Read, requests: int
) -> Iterator[Page]:
    """Repositories that a search finds.

    At first all, by the day of their making; later those that were pushed to since the last reading began, and all
    again once a month, as descriptions and topics change without a push. A slice that counts more than is shown, or
    that GitHub had no time for, is asked for in halves.

    Args:
        client: of the service.
        memory: what the catalogue knows.
        wish: what the run is asked for.
        query: the name under which the mark is kept.
        words: of the search.
        read: the observations of an item; raises `Malformed`.
        requests: at most so many in one run; the next run goes on from there.
    """
    before = memory.cursor(query)
    wish.plans(1, query)
    mark, whole = (moment(one) for one in unpacked(before.high_water, 2))
    state = (None if wish.full or wish.since else _unfinished(before.cursor)) or _begin(wish, mark, whole)
    for _ in range(requests):
        try:
            answer = client.get(state.next or _path(words, state))
            total, items, cut = _found(answer.data)
        except (ItemFailed, Malformed) as error:
            yield Page(
                failures=[Failure(query, str(error))], cursors=[_cursor(query, before, state._replace(next=None))]
            )
            return
        if state.next is None and (cut or total > SHOWN) and (halves := _halved(state.slices[0])):
            state = state._replace(slices=(*halves, *state.slices[1:]))
            yield Page(items=[query], cursors=[_cursor(query, before, state)])
            continue
        if cut:
            told = "the search ran out of time on the side of GitHub (incomplete_results)"
            yield Page(failures=[Failure(query, told)], cursors=[_cursor(query, before, state)])
            return
        observations, failures = observe(query, items, read)
        rest = state.slices if answer.next else state.slices[1:]
        state = state._replace(slices=rest, next=answer.next)
        if rest:
            at = _cursor(query, before, state)
        else:
            at = Cursor(query, told_marks(state.begun, state.begun if state.axis == "created" else whole))
        yield Page(observations, failures, [query], [at])
        if not rest:
            return


def _begin(wish: Wish, mark: dt.datetime | None, whole: dt.datetime | None) -> State:
    today = wish.now.date()
    since = wish.since or (None if wish.full or not (mark and whole) or wish.now - whole >= WHOLE else mark - OVERLAP)
    # The last slice is open to the other side: what is made while one reads belongs to it.
    end = today + dt.timedelta(days=1)
    return State(wish.now, "pushed" if since else "created", ((since.date() if since else FIRST_DAY, end),))


def _path(words: str, state: State) -> str:
    start, end = state.slices[0]
    query = {"q": f"{words} {state.axis}:{start}..{end}", "sort": "updated", "order": "desc", "per_page": "100"}
    return f"/search/repositories?{urlencode(query)}"


def _found(data: Any) -> tuple[int, Sequence[Any], bool]:
    """How many are counted, the items of the page, and whether GitHub ran out of time. Raises `Malformed`."""
    body = mapping(data)
    return number(body.get("total_count")) or 0, items_of(body.get("items")), body.get("incomplete_results") is True


def _halved(part: tuple[dt.date, dt.date]) -> tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]] | None:
    """The later half first; None where it is one day."""
    start, end = part
    if start >= end:
        return None
    middle = start + (end - start) / 2
    return (middle + dt.timedelta(days=1), end), (start, middle)


def _cursor(query: str, before: Cursor, state: State) -> Cursor:
    slices = [[start.isoformat(), end.isoformat()] for start, end in state.slices]
    return Cursor(query, before.high_water, json.dumps([state.begun.isoformat(), state.axis, slices, state.next]))


def _unfinished(cursor: str | None) -> State | None:
    begun, axis, slices, next_ = unpacked(cursor, 4)
    try:
        parts = tuple((dt.date.fromisoformat(start), dt.date.fromisoformat(end)) for start, end in slices or ())
        found = State(dt.datetime.fromisoformat(begun), str(axis), parts, next_)
    except (TypeError, ValueError):
        return None
    return found if parts else None
