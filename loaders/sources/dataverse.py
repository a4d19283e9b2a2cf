"""Datasets of a Dataverse: ``dataverse:DOI``, a version such as 2.1 as the revision."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from loaders.download import Unavailable, get_json
from loaders.sources.base import Entry, Remote, fetch_entry, field, items, name_of, number, usable
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

HOSTS = {"10.7910": "https://dataverse.harvard.edu", "10.34894": "https://dataverse.nl"}
"""Beginning of a DOI -> the Dataverse that gave it; others are found through doi.org."""


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the dataset in their folders, with their md5; tables as uploaded and as .tab, both without."""
    return [entry.remote for entry in _entries(source, revision)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the dataset."""
    try:
        return fetch_entry(_entries(source, revision), source, ref, target, page(source, revision))
    except Unavailable as error:
        if error.status in (401, 403):
            raise Unavailable(f"{page(source, revision)}: {ref.path} is restricted: ask for access there") from None
        raise


def page(source: str, revision: str | None = None) -> str:
    """The dataset, by its DOI."""
    return f"https://doi.org/{name_of(source)}"


def latest(source: str) -> str | None:
    """The number of the newest published version."""
    told = _version(source, None)
    major, minor = field(told, "data", "versionNumber"), field(told, "data", "versionMinorNumber")
    return None if major is None else f"{major}.{minor or 0}"


def _entries(source: str, revision: str | None) -> list[Entry]:
    return remembered(("entries", source, revision), lambda: _asked(source, revision))


def _asked(source: str, revision: str | None) -> list[Entry]:
    found: list[Entry] = []
    for item in items(_version(source, revision), "data", "files"):
        told = field(item, "dataFile") or {}
        url = f"{_host(name_of(source))}/api/access/datafile/{told.get('id')}"
        folder = f"{item['directoryLabel']}/" if item.get("directoryLabel") else ""
        md5 = told.get("md5")
        uploaded = Remote(
            f"{folder}{told.get('filename')}", number(told.get("filesize")), None, str(md5) if md5 else None
        )
        if original := told.get("originalFileName"):
            # A table was turned into .tab. Whether size and md5 are those of the upload, of what is given, or of
            # neither differs from one Dataverse to the next: they prove nothing.
            uploaded = uploaded._replace(bytes=None, md5=None)
            found.append(Entry(uploaded, url))
            uploaded, url = uploaded._replace(path=f"{folder}{original}"), f"{url}?format=original"
        found.append(Entry(uploaded, url))
    return usable(found, source)


def _version(source: str, revision: str | None) -> object:
    doi = name_of(source)
    version = quote(revision or ":latest-published", safe=":")
    told: object = get_json(f"{_host(doi)}/api/datasets/:persistentId/versions/{version}?persistentId=doi:{quote(doi)}")
    return told


def _host(doi: str) -> str:
    if known := HOSTS.get(doi.partition("/")[0]):
        return known

    def found() -> str:
        from loaders.sources.doi import resolved

        parts = urlsplit(resolved(doi))
        return f"{parts.scheme}://{parts.netloc}"

    return remembered(("host", doi), found)
