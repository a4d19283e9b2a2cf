"""Places that belong to no dataset we know: attached on evidence, registered, asked about, or left out."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from registry.identity import Belonging, Evidence, decide, gather
from registry.ingest_places import Seen, strangers
from registry.ingest_questions import ask
from registry.names import fold, squeeze
from registry.observation import Observation
from registry.relevance import Verdict, judge
from registry.standing import Row, canonical, chunks, insert_rows, reconcile, select_in, table
from registry.tables import Dataset, DatasetAlias, DatasetSource, Event, Statement

SUMMARY = 400
"""Characters of a description that are shown as the summary of a dataset without a card."""


HUBS = ("huggingface", "github")
TITLE = 8
"""Letters from which the title of a record is nobody else's."""


def left_out(
    connection: Connection, places: Sequence[Observation], at: dt.datetime
) -> tuple[list[Observation], list[Observation]]:
    """Part `places` into those to keep and those never met before that are no medical datasets.

    What is left out is remembered as a question that the rule has answered, with its reasons, so that a person can
    look and disagree; it gets no row in `source`.
    """
    new = [one for one in strangers(connection, places) if one.status == "alive"]
    verdicts = {index: judge(one) for index, one in enumerate(new)}
    doubtful = {index: new[index] for index, verdict in verdicts.items() if verdict.decision == "ignore"}
    evidence = gather(connection, doubtful)
    ignored = {
        index: one
        for index, one in doubtful.items()
        if (belongs := decide(evidence.get(index, ()))).dataset_id is None and not belongs.questions
    }
    ask(connection, dict(_newcomer(one, None, verdicts[index]) for index, one in ignored.items()), at)
    out = {(one.provider, one.native_id) for one in ignored.values()}
    kept = [one for one in places if (one.provider, one.native_id) not in out]
    return kept, [one for one in places if (one.provider, one.native_id) in out]


def settle(
    connection: Connection,
    page: Sequence[Seen],
    living: Mapping[int, Sequence[int]],
    origin: str,
    at: dt.datetime,
    run_id: int | None,
) -> tuple[dict[int, int], frozenset[int]]:
    """Decide where the places of `page` belong in which no dataset lives yet.

    Args:
        connection: in a transaction.
        page: what was seen.
        living: source → the datasets that live there.
        origin: who speaks, a word of `ORIGIN`.
        at: the time of the change.
        run_id: the run that brought them.

    Returns:
        Source → the dataset that lives there from now on, and the datasets that are new.
    """
    homeless = {
        seen.id: seen
        for seen in page
        if seen.id not in living and seen.observation.status == "alive" and not seen.observation.same
    }
    evidence = gather(connection, {key: seen.observation for key, seen in homeless.items()})
    belongings = {key: decide(evidence.get(key, ())) for key in homeless}
    attached = {key: b.dataset_id for key, b in belongings.items() if b.dataset_id is not None}
    verdicts = {
        key: judge(seen.observation)
        for key, seen in homeless.items()
        if key not in attached and not belongings[key].questions
    }
    registered = {key: homeless[key] for key, verdict in verdicts.items() if verdict.decision == "register"}
    versions = _versions(connection, registered)
    registered = {key: seen for key, seen in registered.items() if key not in versions}
    made = _register(connection, registered, at)
    _join(connection, homeless, attached, {key: (b.role, b.evidence) for key, b in belongings.items()}, origin, at)
    reasons = {key: ("unknown", _reasons(verdicts[key])) for key in made}
    _join(connection, homeless, made, reasons, origin, at)
    _tell(connection, homeless, attached, belongings, at, run_id)
    open_ = {key: [*b.questions, *versions.get(key, ())] for key, b in belongings.items()}
    slugs = _slugs_of(connection, {dataset for some in open_.values() for dataset, _, _ in some})
    questions: dict[str, dict[str, Any]] = {}
    for key, seen in homeless.items():
        if key in attached:
            continue
        questions |= _links(seen, open_[key], slugs)
        if key in verdicts and key not in made and not versions.get(key):
            name, question = _newcomer(seen.observation, key, verdicts[key])
            questions[name] = question
    ask(connection, questions, at, {f"dataset:{_key(homeless[key].observation)}" for key in (*attached, *made)})
    return attached | made, frozenset(made.values())


def _versions(connection: Connection, newcomers: Mapping[int, Seen]) -> dict[int, list[tuple[int, str, float]]]:
    """Records that may be another version of one that was met before: dataset, why, how likely; each is a question.

    Repositories give every version a number of its own. One met in the same page is not known yet: then nothing is
    told, and what the record is stays open.
    """
    titles = {
        key: name
        for key, seen in newcomers.items()
        if seen.observation.provider not in HUBS
        if len(name := squeeze(seen.observation.title or "")) >= TITLE
    }
    aliases, datasets = table(DatasetAlias), table(Dataset)
    plain = select(datasets.c.id).where(datasets.c.standing == "harvested", datasets.c.removed_at.is_(None))
    rows = select_in(connection, aliases, aliases.c.folded, titles.values(), aliases.c.dataset_id.in_(plain))
    known = {row["folded"]: row["dataset_id"] for row in rows}
    found: dict[int, list[tuple[int, str, float]]] = {}
    first: dict[str, int] = {}
    for key, name in titles.items():
        if name in known:
            found[key] = [(known[name], "has the title of another record: a further version?", 0.5)]
        elif first.setdefault(name, key) != key:
            found[key] = []
    return found


def ask_about_doubles(
    connection: Connection, page: Sequence[Seen], living: Mapping[int, Sequence[int]], at: dt.datetime
) -> None:
    """Ask whether a dataset that was registered from a place is one that is known: more is seen of it by now."""
    alone = {
        seen.id: seen
        for seen in page
        if len(living.get(seen.id, ())) == 1 and seen.observation.complete and seen.observation.status == "alive"
    }
    datasets = table(Dataset)
    mine = {key: living[key][0] for key in alone}
    rows = {
        row["id"]: row
        for row in select_in(connection, datasets, datasets.c.id, mine.values(), datasets.c.standing == "harvested")
    }
    found = gather(connection, {key: seen.observation for key, seen in alone.items() if mine[key] in rows})
    others: dict[int, list[Evidence]] = {
        key: [one for one in some if one.dataset_id != mine[key]] for key, some in found.items()
    }
    asked = {key: decide(some) for key, some in others.items() if some}
    pairs = [
        (key, other, words, score)
        for key, belongs in asked.items()
        for other, words, score in (
            [(belongs.dataset_id, belongs.evidence, belongs.confidence)] if belongs.dataset_id else belongs.questions
        )
    ]
    slugs = _slugs_of(connection, {other for _, other, *_ in pairs})
    questions = {
        f"merge:{rows[mine[key]]['slug']}:{slugs[other]}": {
            "kind": "merge",
            "dataset_id": mine[key],
            "other_id": other,
            "payload": {"evidence": words},
            "evidence": words,
            "score": score,
        }
        for key, other, words, score in pairs
    }
    ask(connection, questions, at)


def describe(
    connection: Connection, page: Iterable[Seen], living: Mapping[int, Sequence[int]], at: dt.datetime
) -> None:
    """Name and summary of datasets that have no card, as the place says them where they were registered."""
    said = table(Statement)
    told = {
        seen.id: seen
        for seen in page
        if seen.id in living and seen.observation.status == "alive" and not seen.observation.same
    }
    rows = registered_from(connection, {dataset for key in told for dataset in living[key]}, told)
    wanted = [
        {
            "subject_kind": "dataset",
            "subject_id": row["dataset_id"],
            "field": field,
            "value": canonical(value),
            "origin": row["origin"],
            "said_by": row["said_by"],
            "place": told[row["source_id"]].observation.url,
        }
        for row in rows
        for field, value in _described(told[row["source_id"]].observation).items()
        if value
    ]
    fields = {(row["subject_id"], row["field"], row["said_by"]) for row in wanted}
    standing = [
        row
        for row in select_in(
            connection,
            said,
            said.c.subject_id,
            {row["dataset_id"] for row in rows},
            said.c.subject_kind == "dataset",
            said.c.ended_at.is_(None),
        )
        if (row["subject_id"], row["field"], row["said_by"]) in fields
    ]
    added, ended = reconcile(connection, said, standing, wanted, ("subject_id", "field", "said_by"), at)
    changed = {row["subject_id"] for row in (*added, *ended)}
    for row in rows:
        if row["dataset_id"] in changed:
            told[row["source_id"]].changed = True


def registered_from(connection: Connection, dataset_ids: Iterable[int], sources: Mapping[int, Seen]) -> list[Row]:
    """Of datasets without a card, the row that says from which place each was registered, where it is in `sources`."""
    joined, datasets = table(DatasetSource), table(Dataset)
    plain = {
        row["id"]
        for row in select_in(connection, datasets, datasets.c.id, dataset_ids, datasets.c.standing == "harvested")
    }
    first: dict[int, Row] = {}
    for row in select_in(connection, joined, joined.c.dataset_id, plain, joined.c.ended_at.is_(None)):
        if row["dataset_id"] not in first or row["id"] < first[row["dataset_id"]]["id"]:
            first[row["dataset_id"]] = row
    return [row for row in first.values() if row["source_id"] in sources]


def _described(one: Observation) -> dict[str, str | None]:
    text = re.sub(r"\s+", " ", str(one.fields.get("description") or "")).strip()
    text = text.partition(" See the full description on the dataset page")[0]
    short = text if len(text) <= SUMMARY else text[: SUMMARY - 1].rsplit(" ", 1)[0] + "…"
    return {"name": _name(one), "summary": short or None}


def _name(one: Observation) -> str:
    title = one.title or one.locator
    return title.rpartition("/")[2] or title


def _register(connection: Connection, newcomers: Mapping[int, Seen], at: dt.datetime) -> dict[int, int]:
    """A row of `dataset` for each place; its slug has the owner's name, so that plain names stay free for cards."""
    datasets = table(Dataset)
    wanted = {key: _slugs(seen.observation) for key, seen in newcomers.items()}
    taken = {
        row["slug"]
        for row in select_in(connection, datasets, datasets.c.slug, {s for some in wanted.values() for s in some})
    }
    slugs: dict[int, str] = {}
    for key, some in wanted.items():
        slugs[key] = next(slug for slug in some if slug not in taken)
        taken.add(slugs[key])
    insert_rows(
        connection,
        datasets,
        [
            {"slug": slug, "standing": "harvested", "name": _name(newcomers[key].observation), "loadable": False}
            | {"first_seen": at, "updated_at": at}
            for key, slug in slugs.items()
        ],
    )
    ids = {
        row.slug: row.id
        for part in chunks(slugs.values())
        for row in connection.execute(select(datasets.c.slug, datasets.c.id).where(datasets.c.slug.in_(part)))
    }
    return {key: ids[slug] for key, slug in slugs.items()}


def _slugs(one: Observation) -> list[str]:
    """Slugs to try, best first; the last one is nobody else's."""
    # A number or DOI says nothing to a reader: records are called by their titles.
    words = one.locator if one.provider in HUBS else one.title or one.locator
    plain = "-".join(re.findall("[a-z0-9]+", fold(words)))[:80].strip("-") or one.provider
    mark = hashlib.sha256(f"{one.provider} {one.native_id}".encode()).hexdigest()[:12]
    return [plain, f"{plain}-{one.provider}", f"{plain}-{mark}"]


def _join(
    connection: Connection,
    places: Mapping[int, Seen],
    datasets: Mapping[int, int],
    why: Mapping[int, tuple[str, str]],
    origin: str,
    at: dt.datetime,
) -> None:
    rows: list[Row] = [
        {
            "dataset_id": dataset,
            "source_id": key,
            "role": why[key][0],
            "position": 0,
            "evidence": why[key][1],
            "origin": origin,
            "said_by": places[key].observation.voice,
            "first_seen": at,
        }
        for key, dataset in datasets.items()
    ]
    insert_rows(connection, table(DatasetSource), rows)


def _tell(
    connection: Connection,
    places: Mapping[int, Seen],
    attached: Mapping[int, int],
    belongings: Mapping[int, Belonging],
    at: dt.datetime,
    run_id: int | None,
) -> None:
    """A further place of a known dataset is news of that dataset."""
    rows = [
        {
            "at": at,
            "kind": "added",
            "subject_kind": "source",
            "subject_id": key,
            "dataset_id": dataset,
            "field": "source",
            "new": f"{places[key].observation.locator}: {belongings[key].evidence}",
            "origin": "harvested",
            "place": places[key].observation.url,
            "run_id": run_id,
        }
        for key, dataset in attached.items()
    ]
    insert_rows(connection, table(Event), rows)


def _slugs_of(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, str]:
    datasets = table(Dataset)
    return {row["id"]: row["slug"] for row in select_in(connection, datasets, datasets.c.id, dataset_ids)}


def _links(seen: Seen, some: Iterable[tuple[int, str, float]], slugs: Mapping[int, str]) -> dict[str, dict[str, Any]]:
    return {
        f"link:{_key(seen.observation)}:{slugs[dataset]}": {
            "kind": "link",
            "dataset_id": dataset,
            "source_id": seen.id,
            "payload": _payload(seen.observation),
            "evidence": words,
            "score": score,
        }
        for dataset, words, score in some
    }


def _newcomer(one: Observation, source_id: int | None, verdict: Verdict) -> tuple[str, dict[str, Any]]:
    question = {
        "kind": "dataset",
        "source_id": source_id,
        "payload": _payload(one),
        "evidence": _reasons(verdict),
        "score": verdict.score,
        "answer": "rejected" if verdict.decision == "ignore" else None,
    }
    return f"dataset:{_key(one)}", question


def _key(one: Observation) -> str:
    return f"{one.provider}:{one.native_id}"


def _reasons(verdict: Verdict) -> str:
    return f"score {verdict.score:.2f}: " + ("; ".join(verdict.reasons) or "nothing speaks for it")


def _payload(one: Observation) -> dict[str, Any]:
    names = ("languages", "tasks", "modalities", "examples", "downloads", "likes", "stars", "description")
    told = {name: one.fields[name] for name in names if one.fields.get(name) not in (None, [], "")}
    told |= {"name": one.title or one.locator, "place": f"{one.provider}:{one.locator}", "url": one.url}
    told |= {"found": one.reason} if one.reason else {}
    return told | {"licence": one.licence_raw, "access": one.access, "ids": [list(pair) for pair in one.ids]}
