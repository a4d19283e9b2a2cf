"""Where the files of a dataset are: the user's folder, the mirror, the cache, or the network, in this order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from loaders import archives, checksums, sources
from loaders.download import Unavailable, shown
from loaders.paths import home, inside, is_pattern, matcher, safe
from loaders.read import Located
from loaders.sources import BY_HAND, SourceNote, hub, lists, progress, store
from loaders.sources.local import at, in_files
from loaders.sources.transfer import Wanted, download
from loaders.sources.visit import end, visiting
from registry.errors import ChecksumError, MedRegistryError, MissingFiles, ReadError
from registry.loadspec import FileRef, Withheld
from registry.settings import settings

AT_ONCE = 8
"""Files that are fetched side by side."""
LOOK_UP = 0.5
"""Seconds after which who waits for them looks up."""
COMMIT = re.compile(r"[0-9a-f]{40}")

__all__ = ["BY_HAND", "Absent", "Located", "Origin", "SourceNote", "locate"]

T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """Where the files of one dataset may be looked for."""

    slug: str
    source: str | None = None
    """A scheme of `loaders.sources.MODULES` with what it names, or anything else for files that come by hand."""
    revision: str | None = None
    pinned: bool = True
    """Whether the card's checksums count: not when the caller asked for another revision."""
    files: Path | None = None
    offline: bool = False
    named: frozenset[str] = frozenset()
    """All paths that the card names: a file of the user's that is called like several is taken for none by its name."""
    withheld: Sequence[Withheld] = ()
    """Files that are neither fetched nor read, wherever they lie."""
    skipped: list[str] = field(default_factory=list, compare=False)
    """Paths that were passed over as withheld, appended by `locate`."""
    notes: list[SourceNote] = field(default_factory=list, compare=False)
    """What the sources turned out to be, appended by `locate`: moved, gone, changed."""


class Absent(NamedTuple):
    """A file that was not found, and what each place said."""

    ref: FileRef
    reasons: tuple[str, ...]


def locate(
    origin: Origin, refs: Sequence[FileRef], *, member: str | None = None, alone: bool = False, unpack: bool = True
) -> tuple[list[Located], list[Absent]]:
    """Find every file that `refs` name; archives are unpacked into the cache.

    Args:
        origin: where to look.
        refs: files and patterns of the card.
        member: pattern of the members to take, for archives; ``inner.zip/*.csv`` reaches into an archive inside.
        alone: the caller wants nothing but this one file, so a single file that they pass is it, whatever its name.
        unpack: whether archives become their members; otherwise they are found as they are.

    Returns:
        The files, in the order of `refs` (patterns: by path), and the entries that were not found.

    Raises:
        ChecksumError: a file that differs from what the card pins.
        MissingFiles: `files` does not exist, or holds several files that could be meant.
        ReadError: what was found or downloaded is no such file.
    """
    if origin.files is not None and not origin.files.exists():
        raise MissingFiles(f"files={str(origin.files)!r} does not exist")
    found: list[Located] = []
    absent: list[Absent] = []
    try:
        origin = _opened(replace(origin, offline=origin.offline or settings().offline), refs)
        with visiting(origin.notes):
            for got in _all(origin, refs, alone and len(refs) == 1):
                if isinstance(got, Absent):
                    absent.append(got)
                else:
                    allowed = _allowed(origin, got[1])
                    found += _members(allowed, got[0], member) if unpack else allowed
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise MedRegistryError(
            f"{place}{error.strerror or error}. The cache is {settings().cache}; REGISTRY_CACHE names another folder"
        ) from None
    return found, absent


def _allowed(origin: Origin, found: list[Located]) -> list[Located]:
    return [file for file in found if withheld_for(origin, file.name) is None]


def withheld_for(origin: Origin, path: str) -> str | None:
    """Why the card withholds a file, and None where it does not; what is withheld is kept note of."""
    for entry in origin.withheld:
        if any(matcher(pattern).fullmatch(path) for pattern in entry.paths):
            if path not in origin.skipped:
                origin.skipped.append(path)
            return entry.reason
    return None


def _opened(origin: Origin, refs: Sequence[FileRef]) -> Origin:
    """The user's archive as the folder that it holds, unless the card speaks of that very archive."""
    given = origin.files
    if given is None or not given.is_file():
        return origin
    container = archives.container_of(given.name)
    names = {PurePosixPath(candidate.path).name for ref in refs for candidate in (ref, *ref.copies)}
    if container in (None, "gz") or given.name in names:
        return origin
    folder = _unpacked(given)
    with store.locked(folder):
        archives.unpack(given, str(container), None, folder)
    return replace(origin, files=folder)


def _unpacked(archive: Path) -> Path:
    """Where the members of an archive of these bytes are kept."""
    return settings().cache / "unpacked" / checksums.sha256(archive)[:32]


def _all(origin: Origin, refs: Sequence[FileRef], alone: bool) -> list[tuple[FileRef, list[Located]] | Absent]:
    """For each entry the file or copy that was found, and where; what is on this machine is looked for first."""
    here = [_on_machine(origin, ref, alone) for ref in refs]
    lacking = [ref for ref, found in zip(refs, here, strict=True) if found is None]
    fetched = iter(_side_by_side([lambda ref=ref: _elsewhere(origin, ref) for ref in lacking]))  # type: ignore[misc]
    return [found if found is not None else next(fetched) for found in here]


def _side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """The results of all tasks, in order; the first failure is raised once all have come to their end."""
    if len(tasks) < 2:
        return [task() for task in tasks]
    with progress.watched(), ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            futures: list[Future[T]] = [pool.submit(copy_context().run, task) for task in tasks]
            while wait(futures, timeout=LOOK_UP).not_done:  # a thread that only waits may never hear of Ctrl-C
                pass
        except BaseException:  # Ctrl-C: what has arrived is kept and gone on with next time
            end()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _on_machine(origin: Origin, ref: FileRef, alone: bool) -> tuple[FileRef, list[Located]] | None:
    candidates = [ref, *ref.copies]
    # A file whose name fits comes before one that is taken whatever it is called.
    for look, any_name in ((_in_files, False), (_in_files, alone), (_in_mirror, False), (_in_cache, False)):
        for candidate in candidates:
            if found := look(_home(origin, candidate), candidate, any_name):
                return candidate, _checked(origin, candidate, found)
    return None


def _elsewhere(origin: Origin, ref: FileRef) -> tuple[FileRef, list[Located]] | Absent:
    candidates = [ref, *ref.copies]
    for candidate in candidates:
        if found := _from_mirror(_home(origin, candidate), candidate):
            return candidate, found
    reasons: list[str] = []
    for candidate in candidates:
        try:
            with progress.watched():
                return candidate, _checked(origin, candidate, _from_network(_home(origin, candidate), candidate))
        except Unavailable as error:
            there = _home(origin, candidate)
            # Of a pattern whose names are known, what is here may be a part.
            unknown = is_pattern(candidate.path) and _names(there, candidate) is None
            if unknown and (found := _kept(there, candidate)):
                return candidate, found
            reasons.append(str(error))
    mirror = settings().mirror
    if mirror and "://" not in mirror and not home(mirror).is_dir():
        reasons.append(f"REGISTRY_MIRROR={shown(mirror)} is no folder")
    return Absent(ref, tuple(reasons))


def _home(origin: Origin, ref: FileRef) -> Origin:
    """Where this one file may be looked for: a source of its own has revisions of its own."""
    return replace(origin, source=ref.source, revision=None) if ref.source else origin


def _checked(origin: Origin, ref: FileRef, found: list[Located]) -> list[Located]:
    if origin.pinned and len(found) == 1 and not is_pattern(ref.path):
        checksums.check(found[0].path, ref)
    return found


def _in_files(origin: Origin, ref: FileRef, any_name: bool) -> list[Located]:
    return in_files(origin.files, ref, any_name, origin.named)


def _in_mirror(origin: Origin, ref: FileRef, any_name: bool) -> list[Located]:
    mirror = settings().mirror
    if mirror is None or mirror.startswith(("http://", "https://")):
        return []
    return at(home(mirror) / (ref.dataset or origin.slug), ref.path)


def _in_cache(origin: Origin, ref: FileRef, any_name: bool) -> list[Located]:
    source = origin.source or ""
    names = _names(origin, ref)
    if source.startswith("hf:") and not ref.url and (found := _in_hub(origin, names or [ref.path])):
        return found
    if is_pattern(ref.path) and names is None and not origin.offline and sources.is_listed(ref.url or source):
        return []  # what is here may be a part of what the pattern stands for
    if names is not None:
        held = [at(_folder(origin, ref), name) for name in names]
        return [one[0] for one in held] if all(held) else []
    return _kept(origin, ref)


def _names(origin: Origin, ref: FileRef) -> list[str] | None:
    """What a pattern stood for when its source was asked, but for what is withheld; None where it never was."""
    names = lists.known(ref.url or origin.source or "", origin.revision, ref.path) if is_pattern(ref.path) else None
    return names and [name for name in names if withheld_for(origin, name) is None]


def _kept(origin: Origin, ref: FileRef) -> list[Located]:
    """What lies in the dataset's own folders of the cache."""
    # What people put there by hand counts for the version that the card speaks of, and for no other.
    by_hand = settings().cache / "datasets" / (ref.dataset or origin.slug)
    found = at(by_hand, ref.path) if origin.pinned else []
    # Downloads lie below, each version in a folder that begins with "@".
    found = [file for file in found if not file.name.startswith("@")]
    return found or at(_folder(origin, ref), ref.path)


def _in_hub(origin: Origin, names: Sequence[str]) -> list[Located]:
    """What the Hub's cache has: of a branch, which may move on, only when the Hub cannot be asked."""
    if not origin.offline and not COMMIT.fullmatch(origin.revision or ""):
        return []
    if any(is_pattern(name) for name in names):
        return []
    held = [(hub.cached(origin.source or "", origin.revision, safe(name)), name) for name in names]
    return [Located(path, name) for path, name in held if path is not None] if all(path for path, _ in held) else []


def _folder(origin: Origin, ref: FileRef) -> Path:
    """Where downloads are kept: by revision and by the place they come from, so that neither ever mixes."""
    place = hashlib.sha256((ref.url or origin.source or "").encode()).hexdigest()[:8]
    folder = settings().cache / "datasets" / (ref.dataset or origin.slug)
    return folder / f"@{safe(origin.revision or 'newest')}" / place


def _pinned(origin: Origin, ref: FileRef) -> FileRef:
    """The entry with what it pins, where that counts."""
    return ref if origin.pinned else ref.model_copy(update={"sha256": None, "git_blob": None, "bytes": None})


def _from_mirror(origin: Origin, ref: FileRef) -> list[Located]:
    mirror = settings().mirror or ""
    if origin.offline or is_pattern(ref.path) or not mirror.startswith(("http://", "https://")):
        return []
    address = f"{mirror.rstrip('/')}/{quote(ref.dataset or origin.slug)}/{quote(safe(ref.path))}"
    try:
        wanted = Wanted(_pinned(origin, ref), address)
        return [Located(download(address, inside(_folder(origin, ref), ref.path), wanted), ref.path)]
    except (Unavailable, ReadError, ChecksumError):  # a page that says no, or another version: the source is asked
        return []


def _from_network(origin: Origin, ref: FileRef) -> list[Located]:
    source = origin.source or ""
    if not sources.is_known(ref.url or source):
        raise Unavailable(BY_HAND)
    kept = store.held(ref.sha256) if origin.pinned else None
    if kept is not None and ref.sha256:
        return [Located(store.show(ref.sha256, inside(_folder(origin, ref), ref.path)), ref.path)]
    if not is_pattern(ref.path) and (reason := withheld_for(origin, ref.path)):
        raise Unavailable(f"withheld: {reason}")
    if origin.offline:
        raise Unavailable(
            f"offline: {shown(ref.url) if ref.url else sources.page(source, origin.revision)} was not asked"
        )
    if not is_pattern(ref.path):
        return [_fetched(origin, _pinned(origin, ref))]
    listed = lists.expanded(ref.url or source, origin.revision, ref.path)
    found = [one for one in listed if withheld_for(origin, one.path) is None]
    each = [FileRef(path=one.path, sha256=one.sha256, git_blob=one.git_blob) for one in found]
    return _side_by_side([lambda one=one: _fetched(origin, one, ref) for one in each])  # type: ignore[misc]


def _fetched(origin: Origin, ref: FileRef, among: FileRef | None = None) -> Located:
    target = inside(_folder(origin, among or ref), ref.path)
    try:
        return Located(sources.fetch(origin.source or "", origin.revision, ref, target), ref.path)
    except ChecksumError as error:
        if among is None:
            raise
        raise ChecksumError(str(error).replace("the card pins", "its source lists")) from None


def _members(found: list[Located], ref: FileRef, member: str | None) -> list[Located]:
    """The files to read: what was found, or the members of the archives among it."""
    files: list[Located] = []
    for located in found:
        container = ref.container or archives.container_of(located.name)
        if container is None:
            files.append(located)
            continue
        folder = _unpacked(located.path)
        with store.locked(folder):
            unpacked = archives.unpack(located.path, container, member, folder)
        files += [Located(path, f"{located.name}/{name}") for path, name in unpacked]
    return files
