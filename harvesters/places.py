"""Known places looked at again: those of one provider, each with one request, a few stored together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harvesters.http import Answer, ItemFailed
from harvesters.page import Memory, Page, Wish, in_pages
from harvesters.reading import Malformed
from registry.harvest_log import Failure
from registry.harvest_targets import KnownPlace
from registry.observation import Observation

FRESH = dt.timedelta(hours=12)
"""A place that was looked at so recently is not looked at again."""
PAGE = 25
"""Places stored together."""


def look_again(
    memory: Memory,
    wish: Wish,
    provider: str,
    ask: Callable[[KnownPlace], Answer],
    read: Callable[[Answer, KnownPlace], Sequence[Observation]],
) -> Iterator[Page]:
    """What the places of `provider` show now, those not looked at for longest first."""

    def each() -> Iterator[Page]:
        recent = 0
        for place in memory.places(provider):
            item = f"place:{place.locator}"
            if not wish.full and place.last_checked and place.last_checked > wish.now - FRESH:
                recent += 1
            elif wish.full or not memory.waits(item):
                try:
                    answer = ask(place)
                    yield Page(of_known(answer, place, provider, wish.now) or read(answer, place), items=[item])
                except (ItemFailed, Malformed) as error:
                    yield Page(failures=[Failure(item, str(error))])
        if recent:
            hours = FRESH.seconds // 3600
            wish.left_out.append(f"{recent} places were looked at within {hours} hours (--full looks again)")

    yield from in_pages(each(), PAGE)


def as_known(place: KnownPlace, provider: str, now: dt.datetime) -> Observation:
    """The place as the catalogue has it, for an answer that tells little."""
    return Observation(
        provider=provider, kind="dataset", native_id=place.native_id, locator=place.locator, seen_at=now, complete=False
    )


def of_known(answer: Answer, place: KnownPlace, provider: str, now: dt.datetime) -> list[Observation]:
    """What an answer without a body says of a known place; nothing where there is a body."""
    known = as_known(place, provider, now)
    if answer.what == "absent":
        return [replace(known, status="gone", reason=answer.reason, certain=answer.final)]
    if answer.what == "same":
        return [replace(known, same=True)]
    if answer.what == "gated":
        return [replace(known, access="gated")]
    return []


def names_known(memory: Memory, provider: str) -> set[str]:
    """Native ids and names of the places of known datasets; a search leaves them to the closer look."""
    places = memory.places(provider)
    return {place.native_id for place in places} | {name for place in places for name in place.names}
