"""Records of Zenodo: ``zenodo:RECORD``. A record is one version; its number is the revision."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from loaders.download import Unavailable, get_json
from loaders.sources.base import Entry, Remote, checksum, fetch_entry, field, items, name_of, number, usable
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

SITE = "https://zenodo.org"


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the record, with their md5."""
    return [entry.remote for entry in _entries(source, revision)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the record."""
    return fetch_entry(_entries(source, revision), source, ref, target, page(source, revision))


def page(source: str, revision: str | None = None) -> str:
    """The record."""
    return f"{SITE}/records/{revision or name_of(source)}"


def latest(source: str) -> str | None:
    """The number of the newest version of this record."""
    told = field(get_json(f"{SITE}/api/records/{name_of(source)}/versions/latest"), "id")
    return str(told) if told else None


def _entries(source: str, revision: str | None) -> list[Entry]:
    return remembered(("entries", source, revision), lambda: _asked(source, revision))


def _asked(source: str, revision: str | None) -> list[Entry]:
    told = get_json(f"{SITE}/api/records/{quote(revision or name_of(source), safe='')}")
    found = []
    for item in items(told, "files"):
        name = str(item.get("key") or item.get("filename"))
        sums = item.get("checksum")
        md5 = checksum(sums, "md5") or (str(sums) if sums and ":" not in str(sums) else None)
        url = f"{page(source, revision)}/files/{quote(name)}?download=1"
        found.append(Entry(Remote(name, number(item.get("size") or item.get("filesize")), None, md5), url))
    if not found and field(told, "metadata", "access_right") in ("restricted", "closed", "embargoed"):
        raise Unavailable(f"{page(source, revision)} is restricted: ask its owners for access there")
    return usable(found, source)
