"""Kaggle, with the user's own account: ``kaggle:owner/name`` for datasets, ``kaggle-competition:NAME``."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from loaders import checksums
from loaders.download import Unavailable
from loaders.paths import inside, safe
from loaders.readers.content import refuse_other_content
from loaders.sources import store
from loaders.sources.base import Remote, name_of, unlistable
from registry.loadspec import FileRef

SITE = "https://www.kaggle.com"


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """Never anything: Kaggle's client does not list."""
    raise unlistable(source, page(source))


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One file, by Kaggle's own client; `revision` is the number of a dataset's version."""
    with store.locked(target):
        if target.is_file():
            return target
        client = _client(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
            arrived = _arrived(client, source, revision, ref, Path(folder))
            refuse_other_content(arrived)
            checksums.check(arrived, ref)
            return store.keep(arrived, target, checksums.sha256(arrived))


def page(source: str, revision: str | None = None) -> str:
    """Where its terms and rules are accepted."""
    if source.startswith("kaggle-competition:"):
        return f"{SITE}/competitions/{name_of(source)}"
    return f"{SITE}/datasets/{name_of(source)}" + (f"/versions/{revision}" if revision else "")


def latest(source: str) -> str | None:
    """None: Kaggle's client does not tell."""
    return None


def _client(source: str) -> Any:
    try:
        return import_module("kagglehub")
    except ImportError:
        raise Unavailable(
            f"{page(source)} needs Kaggle's client and your account: pip install medregistry[kaggle], set "
            "KAGGLE_USERNAME and KAGGLE_KEY" + _rules(source)
        ) from None


def _arrived(client: Any, source: str, revision: str | None, ref: FileRef, folder: Path) -> Path:
    path = safe(ref.path)
    try:
        if source.startswith("kaggle-competition:"):
            got = client.competition_download(name_of(source), path, output_dir=str(folder))
        else:
            handle = name_of(source) + (f"/versions/{revision}" if revision else "")
            got = client.dataset_download(handle, path, output_dir=str(folder))
    except Exception as error:  # noqa: BLE001
        # Its own errors and those of its HTTP client; the latter may hold the address with the key.
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if not status and isinstance(error, OSError):
            raise Unavailable(f"{page(source)} could not be reached ({type(error).__name__})") from None
        told = f"answered {status}" if status else f"was not given ({type(error).__name__})"
        hint = (
            ": accept its terms there, and set KAGGLE_USERNAME and KAGGLE_KEY to your account"
            if status in (0, 401, 403)
            else ""
        )
        raise Unavailable(f"{page(source)} {told}{hint}", status=status) from None
    found = Path(got)
    found = inside(found, path) if found.is_dir() else found
    if not found.is_file():
        raise Unavailable(f"{page(source)} has no file {path}", status=404)
    return found


def _rules(source: str) -> str:
    return ", and accept its rules there first" if source.startswith("kaggle-competition:") else ""
