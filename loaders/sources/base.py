"""What the modules of all kinds of source share: how a file is listed, and how one that is listed is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from loaders.download import Unavailable
from loaders.paths import safe
from loaders.sources.transfer import Wanted, download
from registry.errors import MedRegistryError
from registry.loadspec import FileRef

MOST_FILES = 1_000_000


class Remote(NamedTuple):
    """A file as its source lists it; sums are None where the source tells none."""

    path: str
    bytes: int | None
    sha256: str | None
    md5: str | None
    git_blob: str | None = None


class Entry(NamedTuple):
    """A listed file and its address."""

    remote: Remote
    url: str


def bucket_and_prefix(source: str) -> tuple[str, str]:
    """The bucket that a source names, and what the keys of its objects begin with."""
    bucket, _, prefix = name_of(source).partition("/")
    return bucket, f"{prefix}/" if prefix else ""


def name_of(source: str) -> str:
    """A source without its scheme."""
    return source.partition(":")[2].strip("/")


def usable(entries: Sequence[Entry], source: str) -> list[Entry]:
    """The entries in order of path; none with a path that leads out of its folder.

    Raises:
        Unavailable: such a path, or more files than anyone means to fetch.
    """
    if len(entries) > MOST_FILES:
        raise Unavailable(f"{source} lists more than {MOST_FILES:,} files")
    try:
        paths = [safe(entry.remote.path) for entry in entries]
    except MedRegistryError as error:
        raise Unavailable(f"{source} lists a file that cannot be one: {error}") from None
    kept = [Entry(entry.remote._replace(path=path), entry.url) for entry, path in zip(entries, paths, strict=True)]
    return sorted(kept, key=lambda entry: entry.remote.path)


def fetch_entry(
    entries: Sequence[Entry],
    source: str,
    ref: FileRef,
    target: Path,
    page: str,
    secret: Mapping[str, str] | None = None,
) -> Path:
    """The listed file that `ref` names, by path or by a name that only one file has; raises as `download`."""
    found = [entry for entry in entries if entry.remote.path == ref.path]
    if not found:
        name = PurePosixPath(ref.path).name
        found = [entry for entry in entries if PurePosixPath(entry.remote.path).name == name]
    if len(found) != 1:
        raise Unavailable(f"{page} has no file {ref.path}", status=404)
    remote = found[0].remote
    return download(
        found[0].url,
        target,
        Wanted(ref, source, secret, remote.bytes, remote.sha256, remote.md5, key=f"{source}|{found[0].url}"),
    )


def unlistable(source: str, page: str) -> Unavailable:
    """Why a pattern cannot be looked up."""
    return Unavailable(f"{source} cannot be listed: name its files one by one, or get them from {page}")


def field(value: Any, *keys: str | int) -> Any:
    """The value at `keys` inside an answer; None where it has another shape."""
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def items(value: Any, *keys: str | int) -> list[dict[str, Any]]:
    """The list of objects at `keys` inside an answer; empty where it has another shape."""
    found = field(value, *keys)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def number(value: Any) -> int | None:
    """A size as sources tell it: a number or its digits."""
    return int(value) if str(value).isdigit() else None


def checksum(value: Any, kind: str) -> str | None:
    """The hex digits of ``kind:…``, as GitHub and Zenodo write it."""
    told = str(value or "")
    return told.removeprefix(f"{kind}:").lower() if told.startswith(f"{kind}:") else None
