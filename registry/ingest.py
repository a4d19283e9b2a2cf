"""The one door through which harvesters write: observations become places, statements, artifacts, links, questions."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from registry.db import one_at_a_time
from registry.ingest_places import Seen, lay_places
from registry.ingest_questions import ask
from registry.ingest_statements import datasets_at, keep_files, say, tell
from registry.ingest_touches import Home, homes, introduced, names_of, paper
from registry.ingest_works import lay_works
from registry.observation import Observation
from registry.projection import project
from registry.vocabulary import ORIGIN

SHOWN = {"arxiv": "arXiv", "doi": "DOI", "openalex": "OpenAlex"}
"""Schemes of papers, as a reader knows them."""
COLLECTION = 10
"""A paper or place of more datasets than this is a collection: naming it says nothing about one of them."""


class Outcome(NamedTuple):
    """What became of the observations of a page."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    failed: int = 0

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
        Counts of the observations by outcome; `failed` is 0 here, as what fails is no observation.
    """
    if origin not in ORIGIN:
        raise ValueError(f"no such origin: {origin}")
    if not observations:
        return Outcome()
    one_at_a_time(connection)
    at = max(one.seen_at for one in observations)
    places = [one for one in observations if one.kind == "dataset"]
    works = [one for one in observations if one.kind != "dataset"]

    page = lay_places(connection, places, at)
    say(connection, page, origin, at, run_id)
    living = datasets_at(connection, (seen.id for seen in page))
    keep_files(connection, page, living)
    tell(connection, page, living, at, run_id)
    _ask_about(connection, [seen for seen in page if seen.id not in living], at)
    changed = {dataset for seen in page if seen.changed or not seen.before for dataset in living.get(seen.id, ())}
    if changed:
        project(connection, changed, at, frozenset(), run_id)
    outcomes = [seen.outcome for seen in page]
    outcomes += lay_works(connection, works, origin, at, run_id)

    counts = Counter(outcomes)
    # One place seen twice in a page is one outcome, and what was gone before it was known is none.
    counts["unchanged"] += len(observations) - len(outcomes)
    return Outcome(*(counts[name] for name in Outcome._fields))


def _ask_about(connection: Connection, page: Sequence[Seen], at: dt.datetime) -> None:
    """A place that belongs to no dataset we know is a question: is it one of these, or a new one?"""
    alive = [seen for seen in page if seen.observation.status == "alive" and not seen.observation.same]
    touches = [touch for seen in alive for touch in seen.observation.touches]
    papers = {(s, v) for seen in alive for s, v in seen.observation.ids if s in SHOWN}
    papers |= {paper(touch.scheme, touch.value) for touch in touches if touch.scheme in SHOWN}
    at_place, by_paper = homes(connection, touches), introduced(connection, {paper(*pair) for pair in papers})
    names = names_of(connection, (h.dataset_id for some in (*at_place.values(), *by_paper.values()) for h in some))
    questions: dict[str, dict[str, Any]] = {}
    for seen in alive:
        related = _related(seen.observation, at_place, by_paper, names)
        questions |= _links(seen, related) if related else _newcomer(seen)
    ask(connection, questions, at)


def _related(
    one: Observation,
    at_place: Mapping[tuple[str, str], Sequence[Home]],
    by_paper: Mapping[tuple[str, str], Sequence[Home]],
    names: Mapping[int, str],
) -> dict[str, tuple[int, float, str]]:
    """Slug → (dataset, how sure, evidence) of the known datasets that a page names."""
    found: dict[str, tuple[int, float, str]] = {}

    def note(some: Sequence[Home], score: float, lead: str) -> None:
        for home in some if len(some) <= COLLECTION else ():
            if home.slug not in found or found[home.slug][1] < score:
                found[home.slug] = (home.dataset_id, score, f"{lead} {names[home.dataset_id]}")

    for scheme, value in one.ids:
        if scheme in SHOWN:
            note(
                by_paper.get(paper(scheme, value), ()), 0.5, f"names {SHOWN[scheme]} {value}, the paper that introduces"
            )
    for touch in one.touches:
        if touch.scheme in SHOWN:
            note(by_paper.get(paper(touch.scheme, touch.value), ()), touch.confidence, f"{touch.evidence}, of")
        else:
            some = at_place.get((touch.scheme, touch.value.lower()), ())
            note(some, touch.confidence, f"{touch.evidence}, a place of")
    return found


def _links(seen: Seen, related: Mapping[str, tuple[int, float, str]]) -> dict[str, dict[str, Any]]:
    one = seen.observation
    return {
        f"link:{one.provider}:{one.native_id}:{slug}": {
            "kind": "link",
            "dataset_id": dataset,
            "source_id": seen.id,
            "payload": _payload(one),
            "evidence": evidence,
            "score": score,
        }
        for slug, (dataset, score, evidence) in related.items()
    }


def _newcomer(seen: Seen) -> dict[str, dict[str, Any]]:
    one = seen.observation
    return {
        f"dataset:{one.provider}:{one.native_id}": {
            "kind": "dataset",
            "source_id": seen.id,
            "payload": _payload(one),
            "evidence": one.reason,
        }
    }


def _payload(one: Observation) -> dict[str, Any]:
    names = ("languages", "tasks", "modalities", "examples", "downloads", "likes", "stars", "description")
    told = {name: one.fields[name] for name in names if one.fields.get(name) not in (None, [], "")}
    told |= {"name": one.title or one.locator, "place": f"{one.provider}:{one.locator}", "url": one.url}
    return told | {"licence": one.licence_raw, "access": one.access, "ids": [list(pair) for pair in one.ids]}
