"""What the bodies of OpenAlex say: works as papers, and works of type dataset as records of repositories."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Sequence
from typing import Any

from pyalex import invert_abstract

from harvesters.reading import Malformed, mapping, needed, number, sequence, text
from registry.artifacts import arxiv_id
from registry.observation import Observation, Touch
from registry.places import recognise

NAME = "openalex"
ABSTRACT = 2_000
"""Words of an abstract that are put together."""
RECORDS = ("zenodo", "physionet", "kaggle", "figshare", "dataverse")
"""Repositories whose records are known by a number or name of their own; others are known by their DOI."""


def work_id(value: Any) -> str | None:
    """``W123`` of an address of OpenAlex."""
    match = re.search(r"W\d+$", value) if isinstance(value, str) else None
    return match[0] if match else None


def bare_doi(value: Any) -> str | None:
    """A DOI in lower case without its resolver."""
    found = text(value)
    return found.lower().removeprefix("https://doi.org/") if found else None


def work(item: Any, now: dt.datetime, touches: Sequence[Touch] = ()) -> Observation:
    """A work as a paper. Raises `Malformed`."""
    key = work_id(needed(item, "id"))
    if key is None:
        raise Malformed("a work without a W id")
    place = mapping(item.get("primary_location"))
    return Observation(
        provider=NAME,
        kind="paper",
        native_id=key,
        locator=key,
        seen_at=now,
        url=f"https://openalex.org/{key}",
        title=_plain(item.get("display_name") or item.get("title")),
        complete=False,
        fields={
            "year": number(item.get("publication_year")),
            "venue": text(mapping(place.get("source")).get("display_name")),
            "citations": number(item.get("cited_by_count")),
            "paper_kind": "review" if item.get("type") == "review" else None,
            "retracted": item.get("is_retracted") if isinstance(item.get("is_retracted"), bool) else None,
            "summary": _abstract(item.get("abstract_inverted_index")),
        },
        ids=_ids(item, key),
        touches=tuple(touches),
    )


def record(item: Any, now: dt.datetime, reason: str) -> list[Observation]:
    """A work of type dataset as the place where it lives; nothing where a hub has it, which tells more itself.

    Raises `Malformed`.
    """
    key = work_id(needed(item, "id"))
    location = mapping(item.get("primary_location"))
    place = _place(bare_doi(item.get("doi")), text(location.get("landing_page_url")))
    if key is None:
        raise Malformed("a work without a W id")
    if place is None:
        return []
    provider, native = place
    topic = mapping(item.get("primary_topic"))
    topics = [text(mapping(one).get("display_name")) for one in sequence(item.get("topics"))]
    return [
        Observation(
            provider=provider,
            voice=NAME,
            kind="dataset",
            native_id=native,
            locator=native,
            seen_at=now,
            url=text(item.get("doi")) or text(location.get("landing_page_url")),
            title=_plain(item.get("display_name") or item.get("title")),
            licence_raw=text(location.get("license")),
            complete=False,
            reason=reason,
            fields={
                "description": _abstract(item.get("abstract_inverted_index")),
                "topics": [one for one in topics if one],
                "domain": text(mapping(topic.get("domain")).get("display_name")),
                "year": number(item.get("publication_year")),
                "repository": text(mapping(location.get("source")).get("display_name")),
                "openalex": key,
            },
        )
    ]


def _place(doi: str | None, page: str | None) -> tuple[str, str] | None:
    """(provider, native id) of a record; None where it is none, or lives at a hub that is harvested by itself."""
    zenodo = re.fullmatch(r"10\.5281/zenodo\.(\d+)", doi or "")
    provider, native = ("zenodo", zenodo[1]) if zenodo else recognise(page or "")
    if provider in ("huggingface", "github") or (doi or "").startswith("10.57967/hf/"):
        return None
    if provider in RECORDS:
        return provider, native.lower()
    return ("doi", doi) if doi else None


def _ids(item: Any, key: str) -> tuple[tuple[str, str], ...]:
    """Identifiers of all versions that OpenAlex puts together; arXiv's own DOI is an arXiv id."""
    found = [("openalex", key)]
    if doi := bare_doi(item.get("doi")):
        arxiv = arxiv_id(doi.removeprefix("10.48550/arxiv.")) if doi.startswith("10.48550/arxiv.") else None
        found.append(("arxiv", arxiv) if arxiv else ("doi", doi))
    for location in (item.get("primary_location"), *sequence(item.get("locations"))):
        page = text(mapping(location).get("landing_page_url")) or ""
        if re.match(r"https?://arxiv\.org/abs/", page) and (number_ := arxiv_id(page)):
            found.append(("arxiv", number_))
    return tuple(dict.fromkeys(found))


def _plain(title: Any) -> str | None:
    """A title without the markup that some publishers send."""
    found = text(title)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^<>]{1,40}>", "", found))).strip() if found else None


def _abstract(index: Any) -> str | None:
    """The abstract put together from OpenAlex's word positions, cut where it is too long."""
    words = {
        word: [one for one in places if isinstance(one, int) and 0 <= one < ABSTRACT]
        for word, places in mapping(index).items()
        if isinstance(places, list)
    }
    return invert_abstract({word: places for word, places in words.items() if places}) or None
