"""Known places whose turn it is, looked at one by one, a few stored together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harvesters.http import Answer, ItemFailed, Stop
from harvesters.page import Memory, Page, Wish, in_pages
from harvesters.reading import Malformed
from registry.harvest_log import Failure
from registry.harvest_targets import KnownPlace
from registry.observation import Observation

PAGE = 25
"""Places stored together."""
BELIEVED = 20
"""So many places may be missing at once; where it is most of them, something stands between them and us."""


def look_again(
    memory: Memory,
    wish: Wish,
    provider: str,
    ask: Callable[[KnownPlace], Answer],
    read: Callable[[Answer, KnownPlace], Sequence[Observation]],
) -> Iterator[Page]:
    """What the places of `provider` show now whose turn it is.

    Args:
        memory: what the catalogue knows.
        wish: what the run is asked for.
        provider: whose places.
        ask: one request for a place.
        read: what its answer shows, which may take further requests; raises `Malformed`.
    """

    def each() -> Iterator[Page]:
        looked, missing, stopped = 0, list[Page](), None
        for place in memory.places(provider, wish):
            item = f"place:{place.locator}"
            if not wish.full and memory.waits(item):
                continue
            wish.plans(1, item)
            try:
                answer = ask(place)
                found = Page(of_known(answer, place, provider, wish.now) or read(answer, place), items=[item])
            except (ItemFailed, Malformed) as error:
                yield Page(failures=[Failure(item, str(error))])
                continue
            except Stop as stop:
                stopped = stop
                break
            looked += 1
            if answer.what == "absent" and not answer.final:
                missing.append(found)
            else:
                yield found
        if len(missing) > max(BELIEVED, looked / 2):
            told = f"{len(missing)} of {looked} places seem to be missing, which is not believed of {provider}"
            # As failures they wait for their next try, so that others have their turn.
            yield Page(failures=[Failure(item, told) for page in missing for item in page.items])
        else:
            yield from missing
        if stopped:
            raise stopped

    yield from in_pages(each(), PAGE)


def as_known(place: KnownPlace, provider: str, now: dt.datetime) -> Observation:
    """The place as the catalogue has it, for an answer that tells little."""
    return Observation(
        provider=provider,
        kind="dataset",
        native_id=place.native_id,
        locator=place.locator,
        asked=place.locator,
        seen_at=now,
        complete=False,
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
