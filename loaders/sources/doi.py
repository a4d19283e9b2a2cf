"""DOIs of data: ``doi:10.…``, which Zenodo, Figshare or a Dataverse holds; pooch knows which."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

from loaders.download import CONNECT, Unavailable
from loaders.sources import dataverse, figshare, zenodo
from loaders.sources.base import Remote, name_of
from loaders.sources.visit import remembered
from registry.loadspec import FileRef


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The files that the DOI stands for, with their md5."""
    kind, true, version = _place(source, revision)
    found: list[Remote] = kind.listing(true, version)
    return found


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file of those that the DOI stands for."""
    kind, true, version = _place(source, revision)
    found: Path = kind.fetch(true, version, ref, target)
    return found


def page(source: str, revision: str | None = None) -> str:
    """What the DOI leads to."""
    return f"https://doi.org/{name_of(source)}"


def latest(source: str) -> str | None:
    """The newest revision at the place that the DOI leads to."""
    kind, true, _ = _place(source, None)
    found: str | None = kind.latest(true)
    return found


def resolved(doi: str) -> str:
    """The address that a DOI leads to.

    Raises:
        Unavailable: there is no such DOI, or doi.org could not be asked.
    """
    return str(_by_pooch(doi).archive_url)


def _place(source: str, revision: str | None) -> tuple[ModuleType, str, str | None]:
    """The module, source and revision that a DOI comes down to."""
    doi = name_of(source)
    repository = _by_pooch(doi)
    address, kind = str(repository.archive_url), type(repository).__name__
    if kind == "ZenodoRepository" and (found := re.search(r"/records?/(\d+)", address)):
        return zenodo, f"zenodo:{found[1]}", revision
    if kind == "FigshareRepository" and (found := re.search(r"/(\d+)(?:/(\d+))?/?$", address)):
        return figshare, f"figshare:{found[1]}", revision or found[2]
    if kind == "DataverseRepository":
        return dataverse, f"dataverse:{doi}", revision
    raise Unavailable(f"doi:{doi} leads to {address}, which shows no files that can be fetched")


def _by_pooch(doi: str) -> Any:
    return remembered(("doi", doi), lambda: _asked(doi))


def _asked(doi: str) -> Any:
    import pooch.downloaders

    try:
        return pooch.downloaders.doi_to_repository(doi, timeout=CONNECT)
    except ValueError as error:
        told = str(error).partition(". ")[0]
        raise Unavailable(f"doi:{doi} leads to no place whose files can be listed ({told})") from None
    except Exception as error:
        # Errors of the client that pooch uses, which is known in one module alone.
        if not isinstance(error, OSError):
            raise
        status = getattr(getattr(error, "response", None), "status_code", 0)
        told = f"answered {status}" if status else f"could not be reached ({type(error).__name__})"
        raise Unavailable(f"https://doi.org/{doi} {told}", status=status) from None
