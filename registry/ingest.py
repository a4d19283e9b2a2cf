"""The one door through which harvesters write: observations become places, statements, artifacts, links, questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from registry.db import one_at_a_time
from registry.ingest_links import keep_links
from registry.ingest_newcomers import ask_about_doubles, describe, left_out, settle
from registry.ingest_papers import introduce
from registry.ingest_places import lay_places
from registry.ingest_statements import datasets_at, keep_files, say, tell
from registry.ingest_touches import abroad
from registry.ingest_works import lay_works
from registry.observation import Observation
from registry.projection import project
from registry.vocabulary import ORIGIN


class Outcome(NamedTuple):
    """What became of the observations of a page."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    failed: int = 0
    ignored: int = 0

    def __add__(self, other: object) -> Outcome:
        if not isinstance(other, Outcome):
            return NotImplemented
        return Outcome(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def ingest(
    connection: Connection, observations: Sequence[Observation], *, run_id: int | None, origin: str = "harvested"
) -> Outcome:
    """Write what a harvester saw into the catalogue; call it in a transaction (`registry.db.writing`).

    The same observations twice change nothing but the times at which things were last seen.

    Args:
        connection: in a transaction, which is all or nothing for this page.
        observations: what was seen; `seen_at` of the latest is the time of all changes.
        run_id: the row of `harvest_run` that brought them.
        origin: who speaks, a word of `ORIGIN`.

    Returns:
        Counts of the observations by outcome; `failed` is 0 here, as what fails is no observation. `ignored` are
        places that were never met before and are no medical datasets.
    """
    if origin not in ORIGIN:
        raise ValueError(f"no such origin: {origin}")
    if not observations:
        return Outcome()
    one_at_a_time(connection)
    at = max(one.seen_at for one in observations)
    places = [one for one in observations if one.kind == "dataset"]
    works = [one for one in observations if one.kind != "dataset"]

    places, ignored = left_out(connection, places, at)
    page = lay_places(connection, places, at)
    say(connection, page, origin, at, run_id)
    keep_links(connection, page)
    living = datasets_at(connection, (seen.id for seen in page))
    homes, new = settle(connection, page, living, origin, at, run_id)
    living |= {source: [dataset] for source, dataset in homes.items()}
    describe(connection, page, living, at)
    introduce(connection, page, living, origin, at)
    keep_files(connection, page, living)
    tell(connection, page, living, at, run_id)
    changed = {dataset for seen in page if seen.changed or not seen.before for dataset in living.get(seen.id, ())}
    changed |= {*homes.values()}
    if changed:
        project(connection, changed, at, new, run_id)
    ask_about_doubles(connection, page, living, at)
    outcomes = [seen.outcome for seen in page]
    outcomes += lay_works(connection, abroad(connection, works), origin, at, run_id)

    counts = Counter(outcomes)
    counts["ignored"] = len(ignored)
    # One place seen twice in a page is one outcome, and what was gone before it was known is none.
    counts["unchanged"] += len(observations) - len(outcomes) - len(ignored)
    return Outcome(*(counts[name] for name in Outcome._fields))
