"""`registry cache`: what the cache holds, and taking out of it what can be made or fetched again."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from loaders.tokens_of import made_of
from registry.errors import MedRegistryError, UnknownOption
from registry.settings import settings

KINDS = {
    "downloads": "files as their sources publish them, each kept once",
    "by-hand": "files that people put below datasets/ themselves",
    "unpacked": "members of archives",
    "records": "records, ready to be mapped into memory",
    "media": "pictures that were inside tables",
    "tokens": "tokens, ready to be mapped into memory",
    "engines": "what comparing fast tokenizers with the library came to",
    "notes": "what was found out about files, tokenizers and cards, to save time",
    "parts": "downloads, and tokens being made, that were interrupted",
}
SMALL = {"engines": "engines", "known": "notes", "tokenizers": "notes", "sums": "notes"}
"""Folder of small files -> kind."""
SHARDS = ".shards-"
"""Begins the name of what is left of tokens that were not finished."""
DAY = 86_400


class Held(NamedTuple):
    """Something in the cache: its kind, whose it is where that is known, paths, bytes and when it was last of use."""

    kind: str
    dataset: str | None
    paths: tuple[Path, ...]
    bytes: int
    used: float


def held(slugs: Collection[str] = ()) -> list[Held]:
    """All that the cache holds, or what is known to be of `slugs`.

    The same bytes under several names count once.

    Raises:
        MedRegistryError: the cache is no folder.
    """
    cache = settings().cache
    if cache.exists() and not cache.is_dir():
        raise MedRegistryError(f"the cache {cache} is no folder; REGISTRY_CACHE names another")
    found = [*_downloads(cache), *_folders(cache), *_small(cache)]
    return [one for one in found if not slugs or one.dataset in slugs]


def chosen(found: Sequence[Held], kinds: Collection[str] = (), older_than_days: float | None = None) -> list[Held]:
    """Those of some kinds that were not of use for some days. Files that people put there are taken only by name.

    Raises:
        UnknownOption: no such kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownOption("kind", kind, list(KINDS))
    before = time.time() - (older_than_days or 0) * DAY
    return [
        one
        for one in found
        if (one.kind in kinds if kinds else one.kind != "by-hand") and (older_than_days is None or one.used < before)
    ]


def remove(found: Sequence[Held]) -> int:
    """Take things out of the cache; returns the bytes that were freed.

    A load that has opened records keeps them; what a process is making right now stays.

    Raises:
        OSError: something cannot be removed.
    """
    return sum(one.bytes for one in found if all(_removed(path) for path in one.paths))


def _removed(path: Path) -> bool:
    """Take away a file, or a folder that nobody is making right now; whether it is gone."""
    if path.is_dir() and not path.is_symlink():
        lock = FileLock(path.parent / f".{path.name.removeprefix(SHARDS)}.lock")
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(path)
        except Timeout:
            return False
    else:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not empty
        path.parent.rmdir()
    return True


def _downloads(cache: Path) -> Iterator[Held]:
    """Downloads appear under the names of datasets as links to one kept file."""
    blobs = {_inode(path): path for path in _files(cache / "blobs")}
    shown: dict[tuple[int, int], list[Path]] = {}
    for path in _files(cache / "parts"):
        yield _one("parts", None, path)
    for path in _files(cache / "datasets"):
        below = path.relative_to(cache / "datasets").parts
        if _inode(path) in blobs:
            shown.setdefault(_inode(path), []).append(path)
        else:
            kept = len(below) > 1 and below[1].startswith("@")
            yield _one("downloads" if kept else "by-hand", _slug(cache, path) if len(below) > 1 else None, path)
    for inode, blob in blobs.items():
        names = shown.get(inode, [])
        slugs = {_slug(cache, path) for path in names}
        stat = blob.stat()
        yield Held("downloads", slugs.pop() if len(slugs) == 1 else None, (*names, blob), stat.st_size, stat.st_atime)
    for repository in sorted((cache / "hub").glob("datasets--*")):
        size = sum(path.stat().st_size for path in _files(repository / "blobs"))
        yield Held("downloads", None, (repository,), size, repository.stat().st_mtime)


def _folders(cache: Path) -> Iterator[Held]:
    owners = _owners(cache)
    for kind in ("unpacked", "records", "media", "tokens"):
        for folder in sorted(path for path in (cache / kind).glob("*") if path.is_dir()):
            files = list(_files(folder))
            if folder.name.startswith(".part-"):
                if folder.stat().st_mtime < time.time() - DAY:  # of a process that is no more
                    yield Held("parts", None, (folder,), sum(path.stat().st_size for path in files), 0.0)
                continue
            used = max((path.stat().st_mtime for path in files), default=0.0)
            owner = owners.get((made_of(folder) or "") if kind == "tokens" else folder.name)
            unfinished = folder.name.startswith(SHARDS)
            size = sum(path.stat().st_size for path in files)
            yield Held("parts" if unfinished else kind, owner, (folder,), size, used)


def _small(cache: Path) -> Iterator[Held]:
    for folder, kind in SMALL.items():
        for path in _files(cache / folder):
            yield _one(kind, None, path)


def _owners(cache: Path) -> dict[str, str]:
    """Key of records -> slug, and start of an archive's checksum -> slug, as the kept manifests tell."""
    owners: dict[str, str] = {}
    for path in (cache / "manifests").glob("*/*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads(path.read_text(encoding="utf-8"))
            for split in manifest["splits"].values():
                owners[split["records"]] = manifest["slug"]
    return owners


def _one(kind: str, slug: str | None, path: Path) -> Held:
    stat = path.stat()
    return Held(kind, slug, (path,), stat.st_size, stat.st_mtime)


def _slug(cache: Path, path: Path) -> str:
    return path.relative_to(cache / "datasets").parts[0]


def _inode(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".lock"):
            yield path
