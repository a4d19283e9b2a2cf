"""Where the files of a dataset are: the user's folder, the mirror, the cache, or the network, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from loaders import archives, checksums
from loaders.download import Unavailable, download, github_address, github_file, hub_file, hub_files, locked
from loaders.paths import files_below, inside, is_pattern, matcher, safe
from loaders.read import Located
from registry.errors import MedRegistryError, MissingFiles
from registry.loadspec import FileRef
from registry.settings import settings

BY_HAND = "these files come by hand"

__all__ = ["BY_HAND", "Absent", "Located", "Origin", "locate"]


@dataclass(frozen=True)
class Origin:
    """Where the files of one dataset may be looked for."""

    slug: str
    source: str | None = None
    """``github:owner/name``, ``hf:owner/name``, an http(s) address, or anything else for files that come by hand."""
    revision: str | None = None
    pinned: bool = True
    """Whether the card's checksums count: not when the caller asked for another revision."""
    files: Path | None = None
    offline: bool = False


class Absent(NamedTuple):
    """A file that was not found, and what each place said."""

    ref: FileRef
    reasons: tuple[str, ...]


def locate(
    origin: Origin, refs: Sequence[FileRef], *, member: str | None = None, alone: bool = False
) -> tuple[list[Located], list[Absent]]:
    """Find every file that `refs` name; archives are unpacked into the cache.

    Args:
        origin: where to look.
        refs: files and patterns of the card.
        member: pattern of the members to take, for archives.
        alone: the caller wants nothing but this one file, so a single file that they pass is it, whatever its name.

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
        origin = _opened(origin, refs)
        for ref in refs:
            try:
                held, files = _find(origin, ref, alone and len(refs) == 1)
                found += _members(files, held, member)
            except _NotFound as missing:
                absent.append(Absent(ref, tuple(missing.reasons)))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise MedRegistryError(
            f"{place}{error.strerror or error}. The cache is {settings().cache}; REGISTRY_CACHE names another folder"
        ) from None
    return found, absent


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
    archives.unpack(given, str(container), None, folder)
    return replace(origin, files=folder)


def _unpacked(archive: Path) -> Path:
    """Where the members of an archive of these bytes are kept."""
    return settings().cache / "unpacked" / checksums.sha256(archive)[:32]


class _NotFound(Exception):
    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


def _find(origin: Origin, ref: FileRef, alone: bool) -> tuple[FileRef, list[Located]]:
    """The first of a file and its copies that is found, and where."""
    candidates = [ref, *ref.copies]
    # A file whose name fits comes before one that is taken whatever it is called.
    for look, any_name in ((_in_files, False), (_in_files, alone), (_in_mirror, False), (_in_cache, False)):
        for candidate in candidates:
            if found := look(_home(origin, candidate), candidate, any_name):
                return candidate, _checked(origin, candidate, found)
    reasons: list[str] = []
    for candidate in candidates:
        try:
            return candidate, _checked(origin, candidate, _from_network(_home(origin, candidate), candidate))
        except Unavailable as error:
            reasons.append(str(error))
    mirror = settings().mirror
    if mirror and "://" not in mirror and not Path(mirror).expanduser().is_dir():
        reasons.append(f"REGISTRY_MIRROR={mirror} is no folder")
    raise _NotFound(reasons)


def _home(origin: Origin, ref: FileRef) -> Origin:
    """Where this one file may be looked for: a source of its own has revisions of its own."""
    return replace(origin, source=ref.source, revision=None) if ref.source else origin


def _checked(origin: Origin, ref: FileRef, found: list[Located]) -> list[Located]:
    if origin.pinned and len(found) == 1 and not is_pattern(ref.path):
        checksums.check(found[0].path, ref)
    return found


def _in_files(origin: Origin, ref: FileRef, alone: bool) -> list[Located]:
    given = origin.files
    if given is None:
        return []
    name = PurePosixPath(ref.path).name
    if given.is_file():
        fits = matcher(name).fullmatch(given.name) or (alone and not is_pattern(ref.path))
        return [Located(given, given.name)] if fits else []
    if found := _at(given, ref.path):
        return found
    below = list(files_below(given))
    wanted = matcher("**/" + safe(ref.path))
    if found := [Located(path, relative) for relative, path in below if wanted.fullmatch(relative)]:
        return found if is_pattern(ref.path) else _one(found, ref)
    by_name = [Located(path, relative) for relative, path in below if path.name == name]
    return _one(by_name, ref) if by_name and not is_pattern(ref.path) else []


def _one(found: list[Located], ref: FileRef) -> list[Located]:
    if len(found) > 1:
        shown = ", ".join(item.name for item in found[:5])
        raise MissingFiles(f"{ref.path}: {len(found)} files could be meant: {shown}; pass the folder of one of them")
    return [Located(found[0].path, ref.path)]


def _at(root: Path, path: str) -> list[Located]:
    """The file or files at a path or pattern below `root`."""
    if not is_pattern(path):
        target = inside(root, path)
        return [Located(target, path)] if target.is_file() else []
    fixed: list[str] = []
    for part in PurePosixPath(safe(path)).parts[:-1]:
        if is_pattern(part):
            break
        fixed.append(part)
    start = root.joinpath(*fixed)
    if not start.is_dir():
        return []
    above = "/".join(fixed) + "/" if fixed else ""
    wanted = matcher(path)
    return [Located(file, above + name) for name, file in files_below(start) if wanted.fullmatch(above + name)]


def _in_mirror(origin: Origin, ref: FileRef, alone: bool) -> list[Located]:
    mirror = settings().mirror
    if mirror is None:
        return []
    slug = ref.dataset or origin.slug
    if not mirror.startswith(("http://", "https://")):
        return _at(Path(mirror).expanduser() / slug, ref.path)
    if origin.offline or is_pattern(ref.path):
        return []
    address = f"{mirror.rstrip('/')}/{quote(slug)}/{quote(safe(ref.path))}"
    try:
        pinned = ref if origin.pinned else ref.model_copy(update={"sha256": None, "git_blob": None, "bytes": None})
        return [Located(download(address, _cached(origin, ref), pinned), ref.path)]
    except Unavailable:
        return []


def _folder(origin: Origin, ref: FileRef) -> Path:
    return settings().cache / "datasets" / (ref.dataset or origin.slug)


def _cached(origin: Origin, ref: FileRef) -> Path:
    """Where a download is kept: beside its revision where one is known, so that versions never mix."""
    folder = _folder(origin, ref)
    return inside(folder / f"@{safe(origin.revision)}" if origin.revision else folder, ref.path)


def _in_cache(origin: Origin, ref: FileRef, alone: bool) -> list[Located]:
    folder = _folder(origin, ref)
    if origin.revision and (found := _at(folder / f"@{safe(origin.revision)}", ref.path)):
        return found
    # What people put there by hand counts for the version that the card speaks of, and for no other.
    return _at(folder, ref.path) if origin.pinned else []


def _from_network(origin: Origin, ref: FileRef) -> list[Located]:
    source = origin.source or ""
    if source.startswith("hf:") and not ref.url:
        return _from_hub(origin, ref)
    if is_pattern(ref.path):
        raise Unavailable("a pattern of files cannot be listed over plain HTTP: clone or download the folder by hand")
    if not ref.url and not source.startswith(("github:", "http://", "https://")):
        raise Unavailable(BY_HAND)
    if origin.offline:
        raise Unavailable(f"offline: {_address(origin, ref)} was not asked")
    target = _cached(origin, ref)
    expected = ref if origin.pinned else ref.model_copy(update={"sha256": None, "git_blob": None, "bytes": None})
    if source.startswith("github:") and not ref.url:
        return [Located(github_file(source, origin.revision, target, expected), ref.path)]
    return [Located(download(_address(origin, ref), target, expected), ref.path)]


def _address(origin: Origin, ref: FileRef) -> str:
    source = origin.source or ""
    if ref.url:
        return ref.url
    if source.startswith("github:"):
        return github_address(source, origin.revision, ref.path)
    return f"{source.rstrip('/')}/{quote(safe(ref.path))}"


def _from_hub(origin: Origin, ref: FileRef) -> list[Located]:
    source = origin.source or ""
    if not is_pattern(ref.path):
        return [Located(hub_file(source, origin.revision, safe(ref.path), offline=origin.offline), ref.path)]
    if origin.offline:
        raise Unavailable("offline: the Hub was not asked which files match the pattern")
    names = hub_files(source, origin.revision, ref.path)
    if not names:
        raise Unavailable(f"no file of {source} matches the pattern")
    return [Located(hub_file(source, origin.revision, name, offline=False), name) for name in names]


def _members(found: list[Located], ref: FileRef, member: str | None) -> list[Located]:
    """The files to read: what was found, or the members of the archives among it."""
    files: list[Located] = []
    for located in found:
        container = ref.container or archives.container_of(located.name)
        if container is None:
            files.append(located)
            continue
        folder = _unpacked(located.path)
        with locked(folder):
            unpacked = archives.unpack(located.path, container, member, folder)
        files += [Located(path, f"{located.name}/{name}") for path, name in unpacked]
    return files
