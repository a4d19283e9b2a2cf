"""Papers that the page of a dataset without a card asks to be cited for it: they introduce it, as far as is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from registry.artifacts import Work, arxiv_id, store
from registry.ingest_newcomers import registered_from
from registry.ingest_places import Seen
from registry.ingest_touches import introduced, paper
from registry.standing import Row, reconcile, select_in, table
from registry.tables import Link

CONFIDENCE = 0.6
"""How sure it is that a paper introduces the dataset whose page asks to cite it."""


def introduce(
    connection: Connection, page: Sequence[Seen], living: Mapping[int, Sequence[int]], origin: str, at: dt.datetime
) -> None:
    """Link the datasets that were registered from places of `page` to the papers that these ask to be cited.

    A paper that introduces a dataset with a card is left out: whether both are the same is asked elsewhere.
    """
    read = {
        seen.id: seen
        for seen in page
        if seen.id in living and seen.observation.complete and seen.observation.status == "alive"
    }
    home = {
        row["source_id"]: row["dataset_id"]
        for row in registered_from(connection, {key for some in read for key in living[some]}, read)
    }
    asked = [
        (key, read[key].observation.voice, paper(scheme, value), read[key].observation)
        for key in home
        for scheme, value in read[key].observation.own_ids
    ]
    others = introduced(connection, {pair for _, _, pair, _ in asked})
    mine = [
        (home[key], voice, pair, one)
        for key, voice, pair, one in asked
        if all(other.standing != "curated" for other in others.get(pair, ()))
    ]
    works = [
        Work("paper", f"{voice}:{one.native_id}", _title(one.fields.get("cites")), [pair], {"url": _address(pair)})
        for _, voice, pair, one in mine
    ]
    ids = store(connection, works, at, origin) if works else []
    rows: dict[tuple[int, int, str], Row] = {
        (artifact, dataset, voice): {
            "artifact_id": artifact,
            "dataset_id": dataset,
            "relation": "introduces",
            "evidence": f"{one.locator} asks to cite it",
            "confidence": CONFIDENCE,
            "origin": origin,
            "said_by": voice,
        }
        for artifact, (dataset, voice, _, one) in zip(ids, mine, strict=True)
    }
    links = table(Link)
    voices = {seen.observation.voice for seen in read.values()}
    standing = [
        row
        for row in select_in(
            connection,
            links,
            links.c.dataset_id,
            home.values(),
            links.c.relation == "introduces",
            links.c.ended_at.is_(None),
        )
        if row["said_by"] in voices
    ]
    reconcile(connection, links, standing, rows.values(), ("artifact_id", "dataset_id", "said_by"), at)


def _title(found: object) -> str | None:
    return found if isinstance(found, str) else None


def _address(pair: tuple[str, str]) -> str:
    scheme, value = pair
    return f"https://arxiv.org/abs/{arxiv_id(value) or value}" if scheme == "arxiv" else f"https://doi.org/{value}"
