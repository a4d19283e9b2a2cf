"""Hugging Face: the places of known datasets, the models that declare them, and a bounded search for new ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from harvesters.http import Answer, Client, Service, TooLarge
from harvesters.page import Memory, Page, Wish
from harvesters.places import as_known, look_again, names_known
from harvesters.reading import mapping, moment, needed, number, sequence, text, texts
from harvesters.walk import walk
from harvesters.words import languages, modalities, tasks
from registry.harvest_targets import KnownPlace
from registry.licences import licence
from registry.observation import File, Observation, Touch
from registry.settings import Settings

NAME = "huggingface"
SITE = "https://huggingface.co"
SEARCHES = (
    ("filter", "medical"),
    ("search", "medical"),
    ("search", "clinical"),
    ("search", "biomedical"),
    ("search", "pubmed"),
    ("search", "radiology"),
)
SEARCH_PAGES = 2
"""Pages of 100 read of each search in one run."""
MODEL_PAGES = 50
FILES = 500
"""Files kept of one repository."""

_HUB_ID = re.compile("[0-9a-f]{24}")
_KEEPING_HOUSE = re.compile(r"\.git\w*|readme\.md|licen[cs]e(\.\w+)?", re.IGNORECASE)
_SAID = "author cardData createdAt description disabled downloads gated lastModified likes private sha tags".split()
_SAID_OF_MODELS = "author createdAt disabled downloads lastModified likes pipeline_tag private tags".split()


def service(now: Settings) -> Service:
    """The Hub that the settings name."""
    return Service(NAME, now.hf_endpoint, now.hf_token)


def pages(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    """All that this harvester sees, page by page."""
    yield from look_again(
        memory, wish, NAME, lambda place: _ask(client, place), lambda answer, place: seen(answer, place, wish.now)
    )
    for place in memory.places(NAME):
        for name in _names(place):
            query = f"models:{name}"
            if not memory.waits(query):
                yield from walk(
                    client,
                    memory,
                    wish,
                    query,
                    _listing("models", {"filter": f"dataset:{name}"}, _SAID_OF_MODELS),
                    stamp="lastModified",
                    read=lambda item: model(item, wish.now),
                    pages=MODEL_PAGES,
                )
    yield from _search(client, memory, wish)


def _listing(kind: str, wanted: Mapping[str, str], fields: Sequence[str]) -> str:
    query = [*wanted.items(), ("sort", "lastModified"), ("limit", "100"), *(("expand", name) for name in fields)]
    return f"/api/{kind}?{urlencode(query, safe='/:')}"


def _names(place: KnownPlace) -> list[str]:
    """Names that models may declare: the one it has, and old ones, as authors do not follow renames."""
    return [place.locator, *(name for name in place.names if name != place.locator.lower())]


def _ask(client: Client, place: KnownPlace) -> Answer:
    path = f"/api/datasets/{quote(place.locator, safe='/')}"
    try:
        return client.get(f"{path}?blobs=true", place.etag)
    except TooLarge:
        return client.get(f"{path}?{urlencode([('expand', name) for name in _SAID])}")


def seen(answer: Answer, place: KnownPlace, now: dt.datetime) -> list[Observation]:
    """What the description of a known place shows. Raises `Malformed`."""
    native, known = needed(answer.data, "_id"), as_known(place, NAME, now)
    if answer.data.get("disabled") is True:
        return [replace(known, status="gone", reason="disabled by the Hub", certain=True)]
    if answer.data.get("private") is True:
        return [replace(known, status="gone", reason="private")]
    if _HUB_ID.fullmatch(place.native_id) and native != place.native_id:
        # The name passed to another repository: what we knew is gone, and the other is a stranger.
        reason = f"{place.locator} is another repository now"
        return [replace(known, status="gone", reason=reason), dataset(answer.data, now, etag=_etag(answer))]
    return [dataset(answer.data, now, asked=place.locator, etag=_etag(answer))]


def _etag(answer: Answer) -> str | None:
    return answer.headers.get("etag")


def _search(client: Client, memory: Memory, wish: Wish) -> Iterator[Page]:
    known = names_known(memory, NAME)

    def read(item: Any) -> list[Observation]:
        if needed(item, "_id") in known or needed(item, "id").lower() in known:
            return []
        if item.get("private") is True or item.get("disabled") is True:
            return []
        return [dataset(item, wish.now, complete=False, reason=f"found by {kind} {term!r} on Hugging Face")]

    for kind, term in SEARCHES:
        query = f"datasets:{kind}={term}"
        path = _listing("datasets", {kind: term}, _SAID)
        if not memory.waits(query):
            yield from walk(client, memory, wish, query, path, stamp="lastModified", read=read, pages=SEARCH_PAGES)


def dataset(
    item: Any,
    now: dt.datetime,
    *,
    asked: str | None = None,
    etag: str | None = None,
    complete: bool = True,
    reason: str | None = None,
) -> Observation:
    """A dataset repository as the Hub describes it. Raises `Malformed`."""
    name, card, tags = needed(item, "id"), mapping(item.get("cardData")), _tags(item)
    gated = item.get("gated")
    return Observation(
        provider=NAME,
        kind="dataset",
        native_id=needed(item, "_id"),
        locator=name,
        seen_at=now,
        asked=asked,
        url=f"{SITE}/datasets/{name}",
        title=text(card.get("pretty_name")) or name,
        revision=text(item.get("sha")),
        licence_raw=_licence(card, tags),
        access="gated" if gated in ("auto", "manual", True) else "open",
        etag=etag,
        complete=complete,
        reason=reason,
        fields=_fields(item, card, tags),
        files=_files(item.get("siblings")),
        ids=_ids(tags),
        touches=_made_from(card),
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
        "downloads_all_time": number(item.get("downloadsAllTime")),
        "likes": number(item.get("likes")),
        "created_at": text(item.get("createdAt")),
        "file_count": len(siblings) if isinstance(siblings, list) else None,
    }


def _examples(card: Mapping[str, Any]) -> int | None:
    """Rows of all splits together, where there is one configuration."""
    configs = card.get("dataset_info")
    if isinstance(configs, list) and len(configs) == 1:
        configs = configs[0]
    counts = [number(mapping(split).get("num_examples")) for split in sequence(mapping(configs).get("splits"))]
    known = [count for count in counts if count]
    return sum(known) if known and len(known) == len(counts) else None


def _files(siblings: Any) -> tuple[File, ...] | None:
    if not isinstance(siblings, list):
        return None
    found = []
    for one in siblings:
        path, lfs = text(mapping(one).get("rfilename")), mapping(mapping(one).get("lfs"))
        if path and not _KEEPING_HOUSE.fullmatch(path):
            sha256 = text(lfs.get("sha256")) or text(lfs.get("oid"))
            sound = sha256 if sha256 and re.fullmatch("[0-9a-f]{64}", sha256) else None
            found.append(File(path, number(mapping(one).get("size")), sound))
    return tuple(found[:FILES])


def _ids(tags: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((scheme, value) for scheme in ("arxiv", "doi") for value in tags.get(scheme, [])[:20])


def _made_from(card: Mapping[str, Any]) -> tuple[Touch, ...]:
    names = (name.rpartition("|")[2] for name in texts(card.get("source_datasets")))
    return tuple(
        Touch("builds-on", NAME, name, f"its card names {name} as what it is made from", 0.6)
        for name in dict.fromkeys(names)
        if name not in ("original", "extended", "other")
    )


def model(item: Any, now: dt.datetime) -> list[Observation]:
    """A model with the datasets and papers that its card declares. Raises `Malformed`."""
    name, tags = needed(item, "id"), _tags(mapping(item))
    native = needed(item, "_id")
    if item.get("private") is True:
        return []
    created = moment(item.get("createdAt"))
    touches = [
        Touch("trains-on", NAME, other, f"its card declares the dataset {other}", 0.9)
        for other in tags.get("dataset", [])
    ] + [Touch("mentions", "arxiv", paper, f"its card links arXiv {paper}", 0.4) for paper in tags.get("arxiv", [])]
    return [
        Observation(
            provider=NAME,
            kind="model",
            native_id=native,
            locator=name,
            seen_at=now,
            url=f"{SITE}/{name}",
            title=name,
            fields={"year": created.year if created else None, "summary": text(item.get("pipeline_tag"))},
            ids=((NAME, name),),
            touches=tuple(touches),
        )
    ]
