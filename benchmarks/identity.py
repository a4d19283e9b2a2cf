"""How well it is decided which dataset a place belongs to: `python -m benchmarks.identity`, on labelled places.

The labels are in tests/labels/identity.jsonl: a place and the datasets that live there, none where it is another one.
Real cards are read where they lie; other observations are made of what the catalogue says of papers and places. What
it says of the labelled place itself does not count as evidence.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine, select

from registry.identity import Belonging, Evidence, decide, gather
from registry.mentions import mentions
from registry.observation import Observation, Touch
from registry.standing import table
from registry.tables import ArtifactId, Dataset, DatasetSource, Link, Source

LABELS = Path(__file__).parents[1] / "tests/labels/identity.jsonl"
CARDS = "apis/samples/huggingface/dataset-cards-2023"
RATES = ("precision", "recall", "recall with questions")
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


class Known(NamedTuple):
    """What the catalogue says of its datasets, by slug."""

    ids: Mapping[str, int]
    names: Mapping[str, str]
    papers: Mapping[str, Sequence[tuple[str, str]]]
    """arXiv ids and DOIs of the papers that introduce it."""
    places: Mapping[str, Sequence[tuple[str, str]]]
    """Its repositories, official ones first."""


class Case(NamedTuple):
    """A label with what was decided."""

    key: str
    slugs: tuple[str, ...]
    belonging: Belonging
    outcome: str
    """``right``, ``wrong``, ``asked``, ``asked about others``, ``missed`` or ``left alone``."""
    attached: str | None
    asked: tuple[str, ...]


def read_labels() -> list[dict[str, Any]]:
    """The labels, in the order of the file."""
    return [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def part_of(key: str) -> str:
    """``dev``, on which rules may be tuned, or ``test``."""
    return "dev" if hashlib.sha256(key.encode()).digest()[0] % 2 else "test"


def what_is_known(connection: Connection) -> Known:
    """Read it."""
    datasets, links, ids = table(Dataset), table(Link), table(ArtifactId)
    joined, sources = table(DatasetSource), table(Source)
    rows = connection.execute(select(datasets.c.slug, datasets.c.id, datasets.c.name)).fetchall()
    papers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in connection.execute(
        select(datasets.c.slug, ids.c.scheme, ids.c.value)
        .join(links, links.c.dataset_id == datasets.c.id)
        .join(ids, ids.c.artifact_id == links.c.artifact_id)
        .where(links.c.relation == "introduces", ids.c.scheme.in_(("arxiv", "doi")))
        .order_by(ids.c.scheme, ids.c.value)
    ):
        papers[row.slug].append((row.scheme, row.value))
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in connection.execute(
        select(datasets.c.slug, sources.c.provider, sources.c.locator)
        .join(joined, joined.c.dataset_id == datasets.c.id)
        .join(sources, sources.c.id == joined.c.source_id)
        .where(joined.c.ended_at.is_(None), sources.c.provider.in_(("github", "huggingface")))
        .order_by(joined.c.role != "official", sources.c.provider, sources.c.locator)
    ):
        places[row.slug].append((row.provider, row.locator))
    return Known(
        {row.slug: row.id for row in rows},
        {row.slug: row.name for row in rows},
        {slug: list(dict.fromkeys(some)) for slug, some in papers.items()},
        {slug: list(dict.fromkeys(some)) for slug, some in places.items()},
    )


def observed(label: Mapping[str, Any], known: Known, shared: Path | None) -> Observation | None:
    """What a harvester would see at the labelled place; None for a card that is not on this machine."""
    kind, _, reference = label["key"].partition(":")
    if kind == "card":
        return _card(label["place"], reference, shared) if shared else None
    if kind == "stranger":
        return _made(label["place"])
    if kind == "collection":
        parents = label["parents"]
        named = [pair for slug in parents for pair in known.papers.get(slug, ())[:1]]
        return _made(label["place"], [known.places[slug][0] for slug in parents if slug in known.places], (), named)
    if kind in ("derived", "twist"):
        parent = label["parent"]
        own = known.papers.get(parent, ())
        return _made(label["place"], known.places.get(parent, ())[:2], own, ())
    slug = label["slugs"][0]
    others = [pair for pair in known.places.get(slug, ()) if f"{pair[0]}:{pair[1]}".lower() != label["place"].lower()]
    papers = known.papers.get(slug, ())
    # A third of the pages asks its paper to be cited and links another place, a third does one, a third the other.
    told = hashlib.sha256(label["key"].encode()).digest()[1] % 3
    return _made(label["place"], others[:1] if told != 1 else (), papers if told != 2 else (), papers)


def _made(
    place: str,
    links: Iterable[tuple[str, str]] = (),
    own: Iterable[tuple[str, str]] = (),
    papers: Iterable[tuple[str, str]] = (),
) -> Observation:
    provider, _, name = place.partition(":")
    return Observation(
        provider=provider,
        kind="dataset",
        native_id=place,
        locator=name,
        seen_at=NOW,
        title=name,
        ids=tuple(papers),
        own_ids=tuple(own),
        touches=tuple(Touch("mentions", *pair, f"names {pair[1]}", 0.4) for pair in links),
    )


def _card(place: str, stem: str, shared: Path) -> Observation:
    folder = shared / CARDS
    text = (folder / f"{stem}.md").read_text(encoding="utf-8")
    front = json.loads((folder / "_front_matter.json").read_text(encoding="utf-8")).get(stem) or {}
    said, name = mentions(text), place.partition(":")[2]
    spoken = front.get("language") or front.get("languages") or []
    spoken = [spoken] if isinstance(spoken, str) else spoken
    body = text.split("\n---", 1)[-1] if text.startswith("---") else text
    return Observation(
        provider="huggingface",
        kind="dataset",
        native_id=place,
        locator=name,
        seen_at=NOW,
        title=str(front.get("pretty_name") or name),
        fields={
            "card_text": body[:20_000],
            "languages": [one for one in spoken if isinstance(one, str) and len(one) == 2],
        },
        ids=said.papers,
        own_ids=said.own_papers,
        touches=tuple(Touch("mentions", *pair, f"its card names {pair[1]}", 0.4) for pair in said.places),
    )


def measure(connection: Connection, shared: Path | None) -> list[Case]:
    """Decide about each labelled place."""
    known = what_is_known(connection)
    slug_of = {number: slug for slug, number in known.ids.items()}
    labels = read_labels()
    seen = {at: one for at, label in enumerate(labels) if (one := observed(label, known, shared))}
    evidence: dict[int, list[Evidence]] = gather(connection, seen)
    cases = []
    for at in seen:
        label, found = labels[at], evidence.get(at, [])
        if label["key"].startswith("derived:"):
            # The hard case: the catalogue does not know the derived dataset yet.
            child = label["key"].removeprefix("derived:").partition("<-")[0]
            found = [one for one in found if one.dataset_id != known.ids[child]]
        belonging = decide(found)
        attached = slug_of[belonging.dataset_id] if belonging.dataset_id is not None else None
        asked = tuple(slug_of[dataset] for dataset, _, _ in belonging.questions)
        slugs = tuple(label["slugs"])
        cases.append(Case(label["key"], slugs, belonging, _outcome(slugs, attached, asked), attached, asked))
    return cases


def _outcome(slugs: Sequence[str], attached: str | None, asked: Sequence[str]) -> str:
    if attached:
        return "right" if attached in slugs else "wrong"
    if {*slugs} & {*asked}:
        return "asked"
    if not slugs:
        return "asked about others" if asked else "left alone"
    return "missed"


def figures(cases: Iterable[Case]) -> dict[str, float]:
    """Counts of the outcomes, precision and recall of attaching, and recall with the questions; NaN of nothing."""
    cases = list(cases)
    counts = Counter(case.outcome for case in cases)
    belong = counts["right"] + counts["asked"] + counts["missed"]
    belong += sum(1 for case in cases if case.outcome == "wrong" and case.slugs)
    attached = counts["right"] + counts["wrong"]
    return {
        **{name: counts[name] for name in ("right", "wrong", "asked", "missed", "asked about others", "left alone")},
        "precision": counts["right"] / attached if attached else math.nan,
        "recall": counts["right"] / belong if belong else math.nan,
        "recall with questions": (counts["right"] + counts["asked"]) / belong if belong else math.nan,
    }


def filled(folder: Path) -> Engine:
    """A database in `folder` with the packaged cards."""
    from registry import db
    from registry.cards_io import PACKAGE, fingerprint
    from registry.importer import import_cards

    target = db.engine(f"sqlite:///{folder / 'identity.db'}")
    db.upgrade(target)
    import_cards(target, [PACKAGE], fingerprint([PACKAGE]))
    return target


def shared_folder() -> Path | None:
    """The folder of real files, where somebody has it: see `shared` in tests/conftest.py."""
    folder = Path(os.environ.get("MEDREGISTRY_SHARED") or Path(__file__).parents[2] / "shared")
    return folder if (folder / CARDS).is_dir() else None


def main() -> None:
    """Print the table, and what went wrong."""
    with tempfile.TemporaryDirectory() as home:
        target = filled(Path(home))
        with target.connect() as connection:
            cases = measure(connection, shared_folder())
        target.dispose()
    kinds = dict.fromkeys(case.key.partition(":")[0] for case in cases)
    shown = Table("part", "kind", "places", *figures([]))
    for part in ("dev", "test"):
        for kind in (*kinds, ""):
            some = [c for c in cases if part_of(c.key) == part and c.key.startswith(f"{kind}:" if kind else "")]
            values = [
                "" if math.isnan(v) else f"{v:.3f}" if n in RATES else f"{v:.0f}" for n, v in figures(some).items()
            ]
            shown.add_row(part, kind or "all", str(len(some)), *values)
    console = Console(width=200)
    console.print(shown)
    for case in cases:
        if case.outcome == "wrong":
            console.print(
                f"wrong: {case.key} → {case.attached}: {case.belonging.evidence}", highlight=False, markup=False
            )


if __name__ == "__main__":
    main()
