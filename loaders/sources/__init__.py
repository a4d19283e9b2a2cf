"""The kinds of place that files are fetched from: one module each, all with the four functions below."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from loaders.download import Unavailable, shown
from loaders.sources.base import Remote
from loaders.sources.visit import SourceNote, note, remembered
from registry.errors import ChecksumError
from registry.loadspec import FileRef

MODULES = {
    "hf": "hub",
    "github": "github",
    "github-release": "releases",
    "zenodo": "zenodo",
    "figshare": "figshare",
    "dataverse": "dataverse",
    "doi": "doi",
    "gdrive": "gdrive",
    "gdrive-folder": "gdrive_folder",
    "gs": "gcs",
    "s3": "s3",
    "kaggle": "kaggle",
    "kaggle-competition": "kaggle",
    "physionet": "physionet",
    "http": "web",
    "https": "web",
}
"""Scheme of a source -> module of this package."""

ADDRESSES = (
    (re.compile(r"https://drive\.google\.com/(?:file/d/|(?:open|uc)\?(?:.*&)?id=)([-\w]{10,})"), "gdrive:"),
    (re.compile(r"https://drive\.google\.com/drive/(?:u/\d/)?folders/([-\w]{10,})"), "gdrive-folder:"),
)
"""Addresses of pages that are no file themselves, and the schemes that know the files behind them."""

UNLISTED = ("gdrive", "kaggle", "kaggle-competition", "http", "https")
"""Schemes whose sources tell nobody which files they have."""

BY_HAND = "these files come by hand"

__all__ = [
    "BY_HAND",
    "Remote",
    "SourceNote",
    "Unavailable",
    "fetch",
    "is_known",
    "is_listed",
    "latest",
    "listing",
    "page",
]


def is_known(source: str | None) -> bool:
    """Whether files can be fetched from a source without a person's hands."""
    scheme, _, name = (source or "").partition(":")
    return scheme in MODULES and bool(name.strip("/"))


def is_listed(source: str | None) -> bool:
    """Whether a source tells which files it has, so that a pattern can be looked up there."""
    return is_known(source) and _named(source or "").partition(":")[0] not in UNLISTED


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """All files of a source at a revision (its newest where it is None), in order of path.

    Raises:
        Unavailable: it cannot be listed, or could not be; says why.
    """
    source = _named(source)
    try:
        found: list[Remote] = remembered(
            ("listing", source, revision), lambda: _module(source).listing(source, revision)
        )
    except Unavailable as error:
        _tell(error, source)
        raise
    return found


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file, whole and checked, in the cache: as `target`, or in the Hub's own folder.

    Args:
        source: where, as ``zenodo:1234567``; a `ref` with an address of its own is fetched from there.
        revision: commit, tag or version; None for the newest.
        ref: its path in the source, and what is pinned of it.
        target: its place in the cache.

    Raises:
        Unavailable: it could not be had; says why.
        ChecksumError: other bytes than `ref` pins or the source says.
        ReadError: something else came in its place.
    """
    place = _named(ref.url or source)
    try:
        found: Path = _module(place).fetch(place, revision, ref, target)
    except Unavailable as error:
        _tell(error, place)
        raise
    except ChecksumError as error:
        note("changed", place, str(error))
        raise
    return found


def page(source: str, revision: str | None = None) -> str:
    """The address at which a person sees a source; the source itself where it is of no known kind."""
    return shown(str(_module(source).page(_named(source), revision)) if is_known(source) else source)


def latest(source: str) -> str | None:
    """The revision that a source has now: a commit, a version; None where it has none.

    Raises:
        Unavailable: it could not be asked; says why.
    """
    try:
        found: str | None = _module(source).latest(_named(source)) if is_known(source) else None
    except Unavailable as error:
        _tell(error, source)
        raise
    return found


def _module(source: str) -> Any:
    if not is_known(source):
        raise Unavailable(BY_HAND)
    return import_module(f"loaders.sources.{MODULES[_named(source).partition(':')[0]]}")


def _named(source: str) -> str:
    """A source by its scheme, where it is given as the address of a page."""
    for address, scheme in ADDRESSES:
        if found := address.match(source):
            return f"{scheme}{found[1]}"
    return source


def _tell(error: Unavailable, source: str) -> None:
    if error.gone:
        note("gone", source, str(error))
