"""Files at plain addresses: ``https://host/folder`` and a file's own address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from loaders.download import Unavailable
from loaders.paths import safe
from loaders.sources.base import Remote
from loaders.sources.transfer import Wanted, download
from registry.loadspec import FileRef


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """Never anything: a folder of the web has no list."""
    raise Unavailable("a pattern of files cannot be listed over plain HTTP: clone or download the folder by hand")


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """A file below the address `source`, or at its own."""
    url = ref.url or f"{source.rstrip('/')}/{quote(safe(ref.path))}"
    return download(url, target, Wanted(ref, source))


def page(source: str, revision: str | None = None) -> str:
    """The address itself."""
    return source


def latest(source: str) -> str | None:
    """None: a plain address has no revisions."""
    return None
