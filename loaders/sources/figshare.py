"""Articles of Figshare: ``figshare:ID``, the number of a version as the revision."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from loaders.download import get_json
from loaders.sources.base import MOST_FILES, Entry, Remote, fetch_entry, field, items, name_of, number, usable
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

API = "https://api.figshare.com/v2"
SITE = "https://figshare.com"
PAGE = 1000


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the article, with their md5."""
    return [entry.remote for entry in _entries(source, revision)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the article."""
    return fetch_entry(_entries(source, revision), source, ref, target, page(source, revision))


def page(source: str, revision: str | None = None) -> str:
    """The article."""
    return f"{SITE}/articles/dataset/_/{name_of(source)}" + (f"/{revision}" if revision else "")


def latest(source: str) -> str | None:
    """The number of the newest version."""
    told = field(get_json(f"{API}/articles/{quote(name_of(source), safe='')}"), "version")
    return str(told) if told else None


def _entries(source: str, revision: str | None) -> list[Entry]:
    return remembered(("entries", source, revision), lambda: _asked(source, revision))


def _asked(source: str, revision: str | None) -> list[Entry]:
    base = f"{API}/articles/{quote(name_of(source), safe='')}" + (f"/versions/{revision}" if revision else "")
    found: list[Entry] = []
    for turn in range(1, MOST_FILES // PAGE + 2):
        told = items(get_json(f"{base}/files?page={turn}&page_size={PAGE}"))
        for item in told:
            if not item.get("is_link_only"):  # a link to elsewhere is no file
                md5 = item.get("computed_md5") or item.get("supplied_md5")
                remote = Remote(str(item.get("name")), number(item.get("size")), None, str(md5) if md5 else None)
                found.append(Entry(remote, str(item.get("download_url"))))
        if len(told) < PAGE:
            break
    return usable(found, source)
