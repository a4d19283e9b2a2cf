"""Places where datasets live, as rows of `source`: one row a place, whatever spelling its address has."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from registry.card import Listed, Place
from registry.standing import chunks, insert_rows, select_pairs, table
from registry.tables import Source, SourceAlias

ADDRESS = {
    "huggingface": "https://huggingface.co/datasets/{}",
    "github": "https://github.com/{}",
    "zenodo": "https://zenodo.org/records/{}",
    "physionet": "https://physionet.org/content/{}",
    "kaggle": "https://www.kaggle.com/datasets/{}",
    "doi": "https://doi.org/{}",
}
"""Where a person opens a place of which only the provider's id is known."""

_PATTERNS = {
    "huggingface": re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+(?:/[\w.-]+)?)/?"),
    "github": re.compile(r"^https?://(?:www\.)?github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?$"),
    "zenodo": re.compile(r"^https?://(?:www\.)?zenodo\.org/(?:records?|doi/10\.5281/zenodo\.)/?(\d+)"),
    "physionet": re.compile(r"^https?://(?:www\.)?physionet\.org/content/([\w.-]+)"),
    "kaggle": re.compile(r"^https?://(?:www\.)?kaggle\.com/(?:datasets|competitions|c)/([\w.-]+(?:/[\w.-]+)?)"),
    "doi": re.compile(r"^https?://(?:dx\.)?doi\.org/(10\.\S+)$"),
}


def recognise(url: str) -> tuple[str, str]:
    """Provider and its id of an address; ``("web", url)`` where it is of no provider we know."""
    for provider, pattern in _PATTERNS.items():
        if match := pattern.match(url):
            return provider, match[1]
    return "web", url


def key(place: Place) -> tuple[str, str]:
    """(provider, native id) of a place: hub names count without case, addresses without scheme and last slash."""
    if place.id:
        return place.provider, place.id.lower()
    provider, native = key_of_address(place.url or "") or ("web", place.url or "")
    return (place.provider if provider == "web" else provider), native


def key_of_address(url: str) -> tuple[str, str] | None:
    """(provider, native id) of an address that anybody may have written; None where it is none."""
    provider, native = recognise(url)
    if provider != "web":
        return provider, native.lower()
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not (parts.scheme and host):
        return None
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return "web", f"{host.removeprefix('www.')}{parts.path.rstrip('/')}{query}{fragment}"


def address(place: Place) -> str | None:
    """Where a person opens it."""
    if place.url:
        return place.url
    pattern = ADDRESS.get(place.provider)
    return pattern.format(place.id) if pattern else None


def of_listed(row: Listed) -> list[Place]:
    """The places that a row of a public list names."""
    found = [Place(provider="github", id=row.github)] if row.github else []
    found += [Place(provider="huggingface", id=name) for name in row.huggingface]
    for url, note in ((row.homepage, None), (row.download, "download")):
        if url and url.startswith(("http://", "https://", "ftp://")):
            provider, native = recognise(url)
            found.append(Place(provider=provider, id=None if provider == "web" else native, url=url, note=note))
    return list({key(place): place for place in reversed(found)}.values())[::-1]


def known(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The sources that these (provider, name) pairs mean, by any name they ever had."""
    wanted = set(keys)
    sources, names = table(Source), table(SourceAlias)
    found: dict[tuple[str, str], int] = {}
    for part in chunks({name for _, name in wanted}):
        rows = connection.execute(
            select(sources.c.id, sources.c.provider, names.c.locator)
            .join(names, names.c.source_id == sources.c.id)
            .where(names.c.locator.in_(part))
            .order_by(names.c.seen)
        )
        found.update({(row.provider, row.locator): row.id for row in rows})
    return {pair: found[pair] for pair in wanted if pair in found}


def store(connection: Connection, places: Sequence[Place], at: dt.datetime) -> list[int]:
    """The row of each place, made where there is none yet; ids in the order of `places`."""
    keys = [key(place) for place in places]
    wanted: dict[tuple[str, str], Place] = {}
    for pair, place in zip(keys, places, strict=True):
        wanted.setdefault(pair, place)
    have = known(connection, wanted)
    missing = {pair: place for pair, place in wanted.items() if pair not in have}
    sources = table(Source)
    insert_rows(
        connection,
        sources,
        [
            {
                "provider": provider,
                "native_id": name,
                "locator": place.id or recognise(place.url or "")[1] or name,
                "url": address(place),
                "status": "unknown",
                "revision": place.revision,
                "first_seen": at,
            }
            for (provider, name), place in missing.items()
        ],
    )
    made = {
        (row["provider"], row["native_id"]): row["id"]
        for row in select_pairs(connection, sources, (sources.c.provider, sources.c.native_id), missing)
    }
    names = [{"source_id": made[pair], "locator": pair[1], "seen": at} for pair in missing]
    insert_rows(connection, table(SourceAlias), names)
    have |= {pair: made[pair] for pair in missing}
    return [have[pair] for pair in keys]
