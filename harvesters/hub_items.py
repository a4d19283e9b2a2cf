"""What the bodies of Hugging Face say: datasets, models, spaces, and what is linked to papers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harvesters.reading import LARGE, Malformed, mapping, moment, needed, number, sequence, text, texts
from harvesters.words import languages, modalities, tasks
from registry.harvest_log import Failure
from registry.licences import licence
from registry.mentions import Mentions, mentions
from registry.names import fold
from registry.observation import File, Observation, Touch

NAME = "huggingface"
SITE = "https://huggingface.co"
FILES = 500
"""Files kept of one repository."""
CARD_TEXT = 8_000
"""Characters kept of a dataset card."""

_KEEPING_HOUSE = re.compile(r"\.git\w*|readme\.md|licen[cs]e(\.\w+)?", re.IGNORECASE)


def listed(item: Any, now: dt.datetime, reason: str) -> list[Observation]:
    """A dataset as a list shows it: nothing where it is private or disabled. Raises `Malformed`."""
    found = dataset(item, now, complete=False, reason=reason)
    hidden = mapping(item).get("private") is True or mapping(item).get("disabled") is True
    return [] if hidden else [found]


def dataset(
    item: Any,
    now: dt.datetime,
    *,
    asked: str | None = None,
    etag: str | None = None,
    complete: bool = True,
    reason: str | None = None,
    card: str | None = None,
) -> Observation:
    """A dataset repository as the Hub describes it, with the text of its card where that was read.

    Raises `Malformed`.
    """
    name, front, tags = needed(item, "id"), mapping(item.get("cardData")), _tags(item)
    said = mentions(card or "")
    gated = item.get("gated")
    return Observation(
        provider=NAME,
        kind="dataset",
        native_id=needed(item, "_id"),
        locator=name,
        seen_at=now,
        asked=asked,
        url=f"{SITE}/datasets/{name}",
        title=text(front.get("pretty_name")) or name,
        revision=text(item.get("sha")),
        licence_raw=_licence(front, tags),
        access=None if gated is None else "gated" if gated in ("auto", "manual", True) else "open",
        etag=etag,
        complete=complete,
        reason=reason,
        fields=_fields(item, front, tags) | {"card_text": _body(card), "cites": said.title},
        files=_files(item.get("siblings")),
        ids=tuple(dict.fromkeys((*_ids(tags), *said.papers))),
        own_ids=said.own_papers,
        touches=(*_made_from(front), *_named(said, name)),
    )


def _tags(item: Mapping[str, Any]) -> dict[str, list[str]]:
    """Tags by what stands before their colon; bare ones under the empty text."""
    found: dict[str, list[str]] = {}
    for tag in texts(item.get("tags")):
        kind, colon, value = tag.partition(":")
        found.setdefault(kind if colon else "", []).append(value if colon else tag)
    return found


def _licence(card: Mapping[str, Any], tags: Mapping[str, list[str]]) -> str | None:
    stated = texts(card.get("license")) or tags.get("license", [])
    if stated == ["other"]:
        named = [value for key in ("license_name", "license_link") if (value := text(card.get(key)))]
        return next((value for value in named if licence(value).spdx), None) or next(iter(named), "other")
    return "; ".join(dict.fromkeys(stated)) or None


def _fields(item: Mapping[str, Any], card: Mapping[str, Any], tags: Mapping[str, list[str]]) -> dict[str, Any]:
    kinds = [*texts(card.get("task_categories")), *tags.get("task_categories", [])]
    kinds += [*texts(card.get("task_ids")), *tags.get("task_ids", [])]
    siblings = item.get("siblings")
    return {
        "languages": languages([*texts(card.get("language")), *tags.get("language", [])]),
        "tasks": tasks(kinds),
        "tasks_raw": list(dict.fromkeys(kinds)),
        "modalities": modalities(tags.get("modality", [])),
        "description": text(item.get("description")),
        "tags": tags.get("", [])[:50],
        "size_category": next(iter(tags.get("size_categories", [])), None),
        "examples": _examples(card),
        "gating": item.get("gated") or None,
        "downloads": number(item.get("downloads")),
        "downloads_all_time": number(item.get("downloadsAllTime"), LARGE),
        "likes": number(item.get("likes")),
        "created_at": text(item.get("createdAt")),
        "bytes": number(item.get("usedStorage"), LARGE),
        "file_count": len(siblings) if isinstance(siblings, list) else None,
    }


def _examples(card: Mapping[str, Any]) -> int | None:
    """Rows of all splits together, where there is one configuration."""
    configs = card.get("dataset_info")
    if isinstance(configs, list) and len(configs) == 1:
        configs = configs[0]
    counts = [number(mapping(split).get("num_examples")) for split in sequence(mapping(configs).get("splits"))]
    known = [count for count in counts if count]
    return number(sum(known)) if known and len(known) == len(counts) else None


def _files(siblings: Any) -> tuple[File, ...] | None:
    if not isinstance(siblings, list):
        return None
    found = []
    for one in siblings:
        path, lfs = text(mapping(one).get("rfilename")), mapping(mapping(one).get("lfs"))
        if path and not _KEEPING_HOUSE.fullmatch(path):
            sha256 = text(lfs.get("sha256")) or text(lfs.get("oid"))
            sound = sha256 if sha256 and re.fullmatch("[0-9a-f]{64}", sha256) else None
            found.append(File(path, number(mapping(one).get("size"), LARGE), sound))
    return tuple(found[:FILES])


def _ids(tags: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((scheme, value) for scheme in ("arxiv", "doi") for value in tags.get(scheme, [])[:20])


def _body(card: str | None) -> str | None:
    """A card without its front matter, which the Hub tells by itself."""
    if card is None:
        return None
    start = re.match(r"---\s*\n", card)
    _, fence, rest = card[start.end() :].partition("\n---") if start else ("", "", "")
    return (rest if fence else card).strip()[:CARD_TEXT] or None


def _named(said: Mentions, own: str) -> tuple[Touch, ...]:
    """Places that the text of a card names."""
    return tuple(
        Touch("mentions", provider, name, f"its card names {name}", 0.4)
        for provider, name in said.places
        if (provider, name.lower()) != (NAME, own.lower())
    )


def _made_from(card: Mapping[str, Any]) -> tuple[Touch, ...]:
    names = (name.rpartition("|")[2] for name in texts(card.get("source_datasets")))
    return tuple(
        Touch("builds-on", NAME, name, f"its card names {name} as what it is made from", 0.6)
        for name in dict.fromkeys(names)
        if name not in ("original", "extended", "other")
    )


def model(item: Any, now: dt.datetime) -> list[Observation]:
    """A model with the datasets and papers that its card declares. Raises `Malformed`."""
    tags = _tags(mapping(item))
    touches = [
        Touch("trains-on", NAME, other, f"its card declares the dataset {other}", 0.9)
        for other in tags.get("dataset", [])
    ] + [Touch("mentions", "arxiv", paper, f"its card links arXiv {paper}", 0.4) for paper in tags.get("arxiv", [])]
    return _artifact("model", item, now, touches, complete=True)


def space(item: Any, now: dt.datetime) -> list[Observation]:
    """A space with the datasets that it declares. Raises `Malformed`."""
    declared = [*texts(mapping(item).get("datasets")), *_tags(mapping(item)).get("dataset", [])]
    touches = [
        Touch("mentions", NAME, other, f"the space declares the dataset {other}", 0.8)
        for other in dict.fromkeys(declared)
    ]
    return _artifact("space", item, now, touches)


def _artifact(
    kind: str, item: Any, now: dt.datetime, touches: Sequence[Touch], *, complete: bool = False
) -> list[Observation]:
    """A model or space; nothing where it is private. `complete` where all that its card declares is told."""
    name, native, created = needed(item, "id"), needed(item, "_id"), moment(mapping(item).get("createdAt"))
    if item.get("private") is True:
        return []
    path = f"spaces/{name}" if kind == "space" else name
    return [
        Observation(
            provider=NAME,
            kind=kind,
            native_id=native,
            locator=name,
            seen_at=now,
            url=f"{SITE}/{path}",
            title=name,
            complete=complete,
            fields={"year": created.year if created else None, "summary": text(item.get("pipeline_tag"))},
            ids=((NAME, path),),
            touches=tuple(touches),
        )
    ]


def papers_naming(data: Any, name: str, place: str, now: dt.datetime) -> tuple[list[Observation], list[Failure]]:
    """Papers of a search whose title or summary names a dataset, as words of a text.

    Args:
        data: the answer to the search, which finds what is merely similar too.
        name: of the dataset.
        place: where it lives, by which a link is made.
        now: when it was seen.

    Raises:
        Malformed: no list of papers.
    """
    if not isinstance(data, list):
        raise Malformed("a list was expected")
    observations: list[Observation] = []
    failures: list[Failure] = []
    for one in data:
        paper = {**mapping(one), **mapping(mapping(one).get("paper"))}
        about = f"{text(paper.get('title')) or ''} {text(paper.get('summary')) or ''}"
        if f" {fold(name)} " not in f" {fold(about)} ":
            continue
        try:
            number_ = needed(paper, "id")
        except Malformed as error:
            failures.append(Failure(f"papers:{place}", str(error)))
            continue
        published = moment(paper.get("publishedAt"))
        observations.append(
            Observation(
                provider=NAME,
                kind="paper",
                native_id=f"paper {number_}",
                locator=number_,
                seen_at=now,
                url=f"{SITE}/papers/{number_}",
                title=text(paper.get("title")),
                complete=False,
                fields={"year": published.year if published else None, "summary": text(paper.get("summary"))},
                ids=(("arxiv", number_),),
                touches=(Touch("mentions", NAME, place, f"its title or summary names {name}", 0.5),),
            )
        )
    return observations, failures


LINKED = {"datasets": "Datasets", "models": "Models", "spaces": "Spaces"}


def linked_to_paper(item: Any, number_: str, now: dt.datetime) -> tuple[list[Observation], list[Failure]]:
    """What the Hub's page of an arXiv paper links; what is malformed among it are failures of their own."""
    observations: list[Observation] = []
    failures: list[Failure] = []
    touch = Touch("mentions", "arxiv", number_, f"Hugging Face links it to arXiv {number_}", 0.4)
    for kind in LINKED:
        for one in sequence(mapping(item).get(f"linked{LINKED[kind]}")):
            try:
                if kind == "datasets":
                    tagged = {**mapping(one), "tags": [*texts(mapping(one).get("tags")), f"arxiv:{number_}"]}
                    observations += listed(tagged, now, f"linked to arXiv {number_} on Hugging Face")
                else:
                    observations += _artifact(kind.removesuffix("s"), one, now, [touch])
            except Malformed as error:
                failures.append(Failure(f"paper:{number_}: {kind}", str(error)))
    return observations, failures


def kinds_with_more(item: Any) -> list[str]:
    """Kinds of which the page of a paper shows fewer than it counts; spaces cannot be listed by paper."""
    counts = mapping(item)
    return [
        kind
        for kind in ("datasets", "models")
        if (number(counts.get(f"numTotal{LINKED[kind]}")) or 0) > len(sequence(counts.get(f"linked{LINKED[kind]}")))
    ]
