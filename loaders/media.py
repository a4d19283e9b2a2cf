"""Pictures and signals that records name by path: found, fetched and read when somebody asks for one, not before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from loaders import members, unpacked
from loaders.fetch import BY_HAND, Absent, Located, Origin, locate, withheld_for
from loaders.paths import is_pattern, matcher, safe
from registry.errors import MissingFiles, ReadError
from registry.loadspec import FileRef, Media

LARGEST = 2 << 30
"""Bytes of one picture or signal."""
TABLES = (".parquet",)


@dataclass(frozen=True)
class MediaPlace:
    """Where the files are that records of one split name by path; plain values, fit for other processes."""

    origin: Origin
    media: Sequence[Media] = ()
    files: Sequence[FileRef] = ()
    """The split's own files: pictures that are rows themselves, and archives that hold rows and pictures alike."""
    by_hand: str | None = None


def read_media(folder: Path | None, path: str, place: MediaPlace | None = None) -> bytes:
    """The bytes of a file that a record names, from the first place that has it.

    A path may lead into an archive: ``a.zip/inner/x.png``, ``a.npz/x.npy``.

    Args:
        folder: where the dataset's files lie (`Records.folder`).
        path: the record's path, relative to it.
        place: where else they may be; without it only the folder is looked at.

    Raises:
        MissingFiles: it is nowhere, or withheld; says where it was looked for and what to do.
        MedRegistryError: the path leads out of the folder.
        ReadError: too large, or in an archive or table that is damaged or not believed.
        ChecksumError: other bytes than the card pins.
    """
    path = safe(path)
    if place is not None:
        _refuse_withheld(path, place.origin)
    if folder is not None and (found := _below(folder, path)) is not None:
        return found
    if place is None:
        where = f"no file {folder / path}" if folder else "these records were not read from a folder"
        raise MissingFiles(f"{path} is not on this machine: {where}; unpack the dataset's images there")
    reasons: list[str] = []
    for media in (*place.media, Media(files=list(place.files))):
        inner = _within(media.folder, path)
        for ref in media.files if inner is not None else ():
            if (found := _from_ref(place.origin, media, ref, str(inner), reasons)) is not None:
                return found
    raise MissingFiles(_message(folder, path, place, reasons))


def _refuse_withheld(path: str, origin: Origin) -> None:
    if (reason := withheld_for(origin, path)) is not None:
        raise MissingFiles(f"{origin.slug}: {path} is withheld, it is neither fetched nor read: {reason}")


def _below(folder: Path, path: str) -> bytes | None:
    """A file of a folder, or a member of an archive that lies in it."""
    if (file := folder / path).is_file():
        return _read(file)
    for archive, inner in _into_archives(path):
        if (file := folder / archive).is_file():
            return members.read(file, inner, LARGEST)
    return None


def _into_archives(path: str) -> Iterator[tuple[str, str]]:
    """The ways in which a path may lead into an archive: (path of the archive, name of the member)."""
    parts = PurePosixPath(path).parts
    for depth in range(1, len(parts)):
        if members.is_archive(parts[depth - 1]):
            yield "/".join(parts[:depth]), "/".join(parts[depth:])


def _within(folder: str, path: str) -> str | None:
    """The path without the folder before it; None where it is elsewhere."""
    above = folder.strip("/") + "/" if folder.strip("/") else ""
    return path.removeprefix(above) if path.startswith(above) and path != above else None


def _from_ref(origin: Origin, media: Media, ref: FileRef, path: str, reasons: list[str]) -> bytes | None:
    """The file from one entry of the card; None where the entry does not hold it."""
    if media.bytes is not None or PurePosixPath(ref.path).suffix.lower() in TABLES:
        return _from_table(origin, media, ref, path, reasons)
    if members.is_archive(ref.path) and (found := _from_archives(origin, ref, path, reasons)) is not None:
        return found
    if (named := _named(ref, path)) and (files := _located(origin, named, reasons)):
        return _read(files[0].path)
    for archive, inner in _into_archives(path):
        if (named := _named(ref, archive)) and (files := _located(origin, named, reasons)):
            return members.read(files[0].path, inner, LARGEST)
    return None


def _named(ref: FileRef, path: str) -> FileRef | None:
    """The entry of the one file at `path`, if the entry speaks of it."""
    if ref.path == path:
        return ref
    if is_pattern(ref.path) and matcher(ref.path).fullmatch(path):
        others = [copy.model_copy(update={"path": path}) for copy in ref.copies if copy.path == ref.path]
        return ref.model_copy(update={"path": path, "url": None, "copies": others})
    return None


def _from_archives(origin: Origin, ref: FileRef, path: str, reasons: list[str]) -> bytes | None:
    for archive in _located(origin, ref, reasons):
        if members.holds(archive.path, path):
            return members.read(archive.path, path, LARGEST)
    return None


def _from_table(origin: Origin, media: Media, ref: FileRef, path: str, reasons: list[str]) -> bytes | None:
    if media.bytes is None or not path.endswith(media.suffix):
        return None
    folder = unpacked.known(origin, media, ref)
    if folder is None:
        tables = _located(origin, ref, reasons)
        if not tables:
            return None
        folder = unpacked.unpack(origin, media, ref, tables)
    file = folder / path
    if not file.is_file():
        reasons.append(f"no row of {ref.path} is called {path.removesuffix(media.suffix)!r}")
        return None
    return _read(file)


def _located(origin: Origin, ref: FileRef, reasons: list[str]) -> list[Located]:
    """The files of an entry as they are, archives whole; why not, where they are not to be had."""
    if is_pattern(ref.path) and ref.url:
        ref = ref.model_copy(update={"url": None})
    found, absent = locate(origin, [ref], unpack=False)
    reasons += [_why(one) for one in absent]
    return found


def _why(absent: Absent) -> str:
    told = "; ".join(reason for reason in absent.reasons if reason != BY_HAND)
    return f"{absent.ref.path}: {told}" if told else absent.ref.path


def _read(file: Path) -> bytes:
    if (size := file.stat().st_size) > LARGEST:
        raise ReadError(f"{file}: {size:,} bytes are more than the limit of {LARGEST:,} for one picture or signal")
    return file.read_bytes()


def _message(folder: Path | None, path: str, place: MediaPlace, reasons: Sequence[str]) -> str:
    slug = place.origin.slug
    told = list(dict.fromkeys(reasons))
    where = [f"  {reason}" for reason in told[:8]] + ([f"  … and {len(told) - 8} more"] if len(told) > 8 else [])
    if not where:
        where = ["  the card of the dataset does not say where it is to be had"]
    return "\n".join(
        [
            f"{slug}: {path} is not on this machine:",
            *where,
            *([place.by_hand.strip()] if place.by_hand else []),
            "Then do one of these:",
            *(["  load without offline=True and REGISTRY_OFFLINE, to have it fetched"] if place.origin.offline else []),
            *([f"  put it at {folder / path}"] if folder else []),
            f"  load with files= the folder that holds {path}",
            f"  set REGISTRY_MIRROR to a folder that holds {slug}/{path}",
        ]
    )
