"""Databases of PhysioNet: ``physionet:slug/version``; credentialed ones with the user's own account."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote, urlsplit

from loaders.download import Unavailable, get
from loaders.paths import safe
from loaders.sources.base import Entry, Remote, name_of, usable
from loaders.sources.transfer import Wanted, WebPage, download
from loaders.sources.visit import remembered
from registry.loadspec import FileRef
from registry.settings import settings

SITE = "https://physionet.org"
SUMS = "SHA256SUMS.txt"
CLIENT = "Wget/1.21 (medregistry)"
"""PhysioNet takes a name and password of the programs that its pages show, and sends others away."""


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files of the version, with their sha256."""
    return [entry.remote for entry in _entries(source, revision)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of the version, checked against the sums that PhysioNet publishes beside it."""
    sums = {entry.remote.path: entry.remote.sha256 for entry in _entries(source, revision)}
    url = f"{_files(source, revision)}/{quote(safe(ref.path))}"
    try:
        return download(url, target, Wanted(ref, source, _account(), sha256=sums.get(ref.path)))
    except (Unavailable, WebPage) as error:
        raise _told(error, source, revision) from None


def page(source: str, revision: str | None = None) -> str:
    """The page of the version, where its terms are accepted."""
    slug, version = _parts(source, revision)
    return f"{SITE}/content/{slug}/" + (f"{version}/" if version else "")


def latest(source: str) -> str | None:
    """The version that PhysioNet's page of the database leads to."""
    slug, _ = _parts(source, None)
    answer, _ = get(f"{SITE}/content/{quote(slug)}/")
    last = urlsplit(answer.url).path.rstrip("/").rpartition("/")[2]
    return last if last != slug else None


def _parts(source: str, revision: str | None) -> tuple[str, str]:
    slug, _, version = name_of(source).partition("/")
    return slug, revision or version


def _files(source: str, revision: str | None) -> str:
    slug, version = _parts(source, revision)
    if not version:
        raise Unavailable(f"{source} names no version: write physionet:{slug}/VERSION, as {page(source)} shows it")
    return f"{SITE}/files/{quote(slug)}/{quote(version)}"


def _entries(source: str, revision: str | None) -> list[Entry]:
    return remembered(("entries", source, revision), lambda: _asked(source, revision))


def _asked(source: str, revision: str | None) -> list[Entry]:
    try:
        answer, body = get(f"{_files(source, revision)}/{SUMS}", None, _account())
    except Unavailable as error:
        raise _told(error, source, revision) from None
    if "text/html" in answer.headers.get("content-type", ""):
        raise _credentialed(source, revision)
    found = []
    for line in body.decode("utf-8", "replace").splitlines():
        digest, _, path = line.strip().partition(" ")
        if len(digest) == 64 and path.strip():
            found.append(
                Entry(Remote(path.strip().removeprefix("*").removeprefix("./"), None, digest.lower(), None), "")
            )
    return usable(found, source)


def _account() -> dict[str, str] | None:
    user, password = settings().physionet_user, settings().physionet_password
    if not user or password is None:
        return None
    both = base64.b64encode(f"{user}:{password.get_secret_value()}".encode()).decode()
    return {"Authorization": f"Basic {both}", "User-Agent": CLIENT}


def _told(error: Unavailable | WebPage, source: str, revision: str | None) -> Unavailable:
    if isinstance(error, WebPage) or error.status in (401, 403):
        return _credentialed(source, revision)
    return error


def _credentialed(source: str, revision: str | None) -> Unavailable:
    what = (
        "set PHYSIONET_USER and PHYSIONET_PASSWORD" if _account() is None else "the account that is set has no access"
    )
    return Unavailable(f"{page(source, revision)} is credentialed: accept its terms there with your account; {what}")
