"""Files attached to a release on GitHub: ``github-release:owner/name``, its tag as the revision."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from loaders.sources import github
from loaders.sources.base import Entry, Remote, checksum, fetch_entry, field, items, name_of, number, usable
from loaders.sources.visit import remembered
from registry.loadspec import FileRef


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the release, with the sha256 where GitHub keeps it."""
    return [entry.remote for entry in _entries(source, revision)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the release."""
    return fetch_entry(_entries(source, revision), source, ref, target, page(source, revision), github.token())


def page(source: str, revision: str | None = None) -> str:
    """The release, else the newest."""
    place = f"tag/{quote(revision, safe='')}" if revision else "latest"
    return f"{github.SITE}/{name_of(source)}/releases/{place}"


def latest(source: str) -> str | None:
    """The tag of the newest release."""
    told = field(github.api(source, "releases/latest"), "tag_name")
    return str(told) if told else None


def _entries(source: str, revision: str | None) -> list[Entry]:
    return remembered(("entries", source, revision), lambda: _asked(source, revision))


def _asked(source: str, revision: str | None) -> list[Entry]:
    told = github.api(source, f"releases/tags/{quote(revision, safe='')}" if revision else "releases/latest")
    found = []
    for item in items(told, "assets"):
        remote = Remote(str(item.get("name")), number(item.get("size")), checksum(item.get("digest"), "sha256"), None)
        found.append(Entry(remote, str(item.get("browser_download_url"))))
    return usable(found, source)
