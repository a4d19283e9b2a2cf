"""Folders that people share on Google Drive: ``gdrive-folder:ID``, with the folders inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from loaders.download import Unavailable, get
from loaders.sources import gdrive
from loaders.sources.base import Entry, Remote, name_of, usable
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

DEEPEST = 8
MOST_FOLDERS = 500


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the folder and of those inside; Drive tells strangers neither sizes nor sums."""
    return [entry.remote for entry in _entries(source)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the folder, by its path there."""
    found = [entry for entry in _entries(source) if entry.remote.path == ref.path]
    if len(found) != 1:
        how = "no file" if not found else f"{len(found)} files"
        raise Unavailable(f"{page(source)} has {how} {ref.path}", status=0 if found else 404)
    return gdrive.fetch(found[0].url, None, ref, target)


def page(source: str, revision: str | None = None) -> str:
    """The folder."""
    return f"{gdrive.SITE}/drive/folders/{name_of(source)}"


def latest(source: str) -> str | None:
    """None: Drive tells no revisions to strangers."""
    return None


def _entries(source: str) -> list[Entry]:
    return remembered(("entries", source), lambda: usable(list(_walk(source, name_of(source), "", [0])), source))


def _walk(source: str, folder: str, above: str, asked: list[int]) -> Iterator[Entry]:
    asked[0] += 1
    if asked[0] > MOST_FOLDERS or above.count("/") > DEEPEST:
        raise Unavailable(f"{page(source)} has more folders than are looked through: download it by hand")
    answer, body = get(f"{gdrive.SITE}/embeddedfolderview?{urlencode({'id': folder})}")
    inside = list(_links(body))
    if not inside and b"flip-" not in body:
        raise Unavailable(f"{page(source)} ({answer.url}) shows no list of files: it may not be shared with everyone")
    for kind, number, name in inside:
        path = above + name.replace("/", "_").replace("\\", "_")
        if kind == "folder":
            yield from _walk(source, number, f"{path}/", asked)
        else:
            yield Entry(Remote(path, None, None, None), f"gdrive:{number}")


def _links(body: bytes) -> Iterator[tuple[str, str, str]]:
    """(file or folder, id, name) of each entry of the page."""
    import lxml.html

    for link in lxml.html.fromstring(body or b"<html/>").xpath("//a[@href]"):
        name = (link.xpath("string(.//*[contains(@class, 'flip-entry-title')])") or link.text_content()).strip()
        if found := re.search(r"/(file/d|folders)/([-\w]{10,})", link.get("href")):
            yield ("folder" if found[1] == "folders" else "file"), found[2], name
