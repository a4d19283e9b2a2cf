"""Members of archives, unpacked within limits: no path leaves the folder, no link, no flood of bytes."""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast

from loaders.paths import inside, matcher, safe
from registry.errors import MedRegistryError, ReadError


class Limits(NamedTuple):
    """What an archive may hold; more is refused as a bomb."""

    members: int = 1_000_000
    bytes: int = 256 << 30
    ratio: int = 400
    """Bytes that one byte of archive may become, once `harmless` bytes are passed."""
    harmless: int = 64 << 20


class Member(NamedTuple):
    """One entry of an archive, folders aside."""

    name: str
    size: int
    regular: bool
    """Neither a link nor a device."""
    open: Callable[[], IO[bytes]]


LIMITS = Limits()
CHUNK = 1 << 20
SUFFIXES = {
    ".zip": "zip",
    ".tar": "tar",
    ".tar.gz": "tar.gz",
    ".tgz": "tar.gz",
    ".gz": "gz",
    ".7z": "7z",
    ".rar": "rar",
}


def container_of(path: str) -> str | None:
    """The kind of archive that a path's ending tells; None for a plain file."""
    name = path.lower()
    return next(
        (kind for suffix, kind in sorted(SUFFIXES.items(), key=lambda x: -len(x[0])) if name.endswith(suffix)), None
    )


def unpack(
    path: Path, container: str, pattern: str | None, folder: Path, limits: Limits = LIMITS
) -> list[tuple[Path, str]]:
    """Unpack the members that match `pattern` (all where it is None) into `folder`, each written whole or not at all.

    Returns:
        (path on disk, name in the archive) in order of name.

    Raises:
        ReadError: damaged, encrypted, of a kind that cannot be opened here, beyond `limits`, with a name that leads
            out of the folder, a link among the members asked for, or without any such member.
    """
    wanted = matcher(pattern) if pattern else None
    done: list[tuple[Path, str]] = []
    seen: list[str] = []
    budget = _Budget(path, limits)
    try:
        for member in _members(path, container):
            budget.member()
            name = _safe_name(path, member.name)
            seen.append(name)
            if wanted and not wanted.fullmatch(name):
                continue
            if not member.regular:
                raise ReadError(f"{path}: the member {name!r} is a link or a device, which is not followed")
            done.append((_write(member, inside(folder, name), budget), name))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ReadError(f"{path}: a damaged or cut {container} archive ({error}); fetch it again") from None
    except RuntimeError as error:
        raise ReadError(
            f"{path}: cannot be unpacked: {error}; unpack it yourself and pass `files=` the folder"
        ) from None
    if not done:
        shown = ", ".join(seen[:12]) + (" …" if len(seen) > 12 else "")
        raise ReadError(f"{path}: no member matches {pattern!r}; members: {shown or 'none'}")
    return sorted(done, key=lambda item: item[1])


class _Budget:
    """Counts members and bytes as they come; headers are not believed."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.packed = max(1, path.stat().st_size)
        self.members = self.bytes = 0

    def member(self) -> None:
        self.members += 1
        if self.members > self.limits.members:
            raise ReadError(f"{self.path}: more than {self.limits.members:,} members; not unpacked further")

    def add(self, count: int) -> None:
        self.bytes += count
        if self.bytes > self.limits.bytes:
            raise ReadError(f"{self.path}: unpacks to more than {self.limits.bytes:,} bytes; not unpacked further")
        if self.bytes > self.limits.harmless and self.bytes > self.packed * self.limits.ratio:
            raise ReadError(
                f"{self.path}: unpacks to more than {self.limits.ratio} times its size; refused as a decompression bomb"
            )


def _safe_name(path: Path, name: str) -> str:
    try:
        return safe(name)
    except MedRegistryError:
        raise ReadError(f"{path}: the member {name!r} leads out of the archive; nothing of it is used") from None


def _write(member: Member, target: Path, budget: _Budget) -> Path:
    if target.is_file() and target.stat().st_size == member.size:
        budget.add(member.size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out, member.open() as source:
            while chunk := source.read(CHUNK):
                budget.add(len(chunk))
                out.write(chunk)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _members(path: Path, container: str) -> Iterator[Member]:
    if container == "zip":
        yield from _zip_members(path)
    elif container in ("tar", "tar.gz"):
        yield from _tar_members(path, container)
    elif container == "gz":
        # The size in a gz trailer counts modulo 4 GiB: never taken as proof that the file is there already.
        yield Member(path.name.removesuffix(".gz"), -1, True, partial(_gz_file, path))
    else:
        raise ReadError(f"{path}: {container} archives are not opened; unpack it yourself and pass `files=` the folder")


def _gz_file(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
                yield Member(info.filename, info.file_size, regular, partial(archive.open, info))


def _tar_members(path: Path, container: str) -> Iterator[Member]:
    with tarfile.open(path, "r|gz" if container == "tar.gz" else "r|") as archive:
        for info in archive:
            if not info.isdir():
                yield Member(info.name, info.size, info.isreg(), partial(_tar_file, archive, info))


def _tar_file(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(info)
    if file is None:
        raise ReadError(f"the member {info.name!r} of {str(archive.name)!r} holds no data")
    return file
