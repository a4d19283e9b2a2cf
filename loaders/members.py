"""Single members of archives: zip files are read at any place, tar files are unpacked once."""

from __future__ import annotations

import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

from loaders import archives
from loaders.paths import inside, safe
from registry.errors import ReadError

LIMITS = archives.LIMITS
NUMPY = ".npz"


def is_archive(name: str) -> bool:
    """Whether a name ends as archives of several files do."""
    return name.lower().endswith(NUMPY) or archives.container_of(name) not in (None, "gz")


def holds(archive: Path, member: str) -> bool:
    """Whether an archive has a member of this name; a tar file is unpacked for it.

    Raises:
        ReadError: damaged, of a kind that cannot be opened here, or beyond what an archive may hold.
    """
    if _is_zip(archive):
        return _info(_opened(archive), member) is not None
    return inside(_unpacked(archive), member).is_file()


def read(archive: Path, member: str, largest: int) -> bytes:
    """The bytes of one member.

    Raises:
        ReadError: no such member; damaged, encrypted, larger than `largest` bytes, or a decompression bomb.
    """
    if not _is_zip(archive):
        return _read_unpacked(archive, member, largest)
    opened = _opened(archive)
    info = _info(opened, safe(member))
    if info is None:
        shown = ", ".join(list(opened.NameToInfo)[:8])
        raise ReadError(f"{archive}: no member {member!r}; there are {shown or 'none'}")
    refuse_bomb(archive, info, largest)
    try:
        with opened.open(info) as file:
            # The size in the directory is a claim: one byte more than it, and the member is not believed.
            data = file.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise ReadError(f"{archive}: the member {member!r} is damaged or cut short ({error}); fetch it again") from None
    except RuntimeError as error:
        raise ReadError(f"{archive}: the member {member!r} cannot be read: {error}") from None
    if len(data) != info.file_size:
        raise ReadError(f"{archive}: the member {member!r} has other than the {info.file_size:,} bytes it claims")
    return data


def _read_unpacked(archive: Path, member: str, largest: int) -> bytes:
    file = inside(_unpacked(archive), member)
    if not file.is_file():
        raise ReadError(f"{archive}: no member {member!r}")
    if file.stat().st_size > largest:
        raise ReadError(f"{archive}: {member!r} is larger than the limit of {largest:,} bytes")
    return file.read_bytes()


def refuse_bomb(archive: Path, info: zipfile.ZipInfo, largest: int) -> None:
    """Refuse a member that claims more bytes than `largest`, or far more than what is packed of it can hold."""
    if info.file_size > largest:
        raise ReadError(
            f"{archive}: {info.filename!r} has {info.file_size:,} bytes, more than the limit of {largest:,}"
        )
    if info.file_size > LIMITS.harmless and info.file_size > LIMITS.ratio * max(1, info.compress_size):
        raise ReadError(
            f"{archive}: {info.filename!r} unpacks to more than {LIMITS.ratio} times its size; refused as a "
            "decompression bomb"
        )


def open_zip(archive: Path) -> zipfile.ZipFile:
    """A zip file (``.npz`` files are such) with its directory read.

    Raises:
        ReadError: no whole zip file, or more members than an archive may hold.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise ReadError(f"{archive}: a damaged or cut zip archive ({error}); fetch it again") from None
    except OSError as error:
        raise ReadError(f"{archive}: cannot be read: {error.strerror or error}") from None
    if len(opened.filelist) > LIMITS.members:
        opened.close()
        raise ReadError(f"{archive}: more than {LIMITS.members:,} members; not opened")
    return opened


def _is_zip(archive: Path) -> bool:
    return archive.name.lower().endswith(NUMPY) or archives.container_of(archive.name) == "zip"


def _opened(archive: Path) -> zipfile.ZipFile:
    status = archive.stat()
    return _open(archive, status.st_size, status.st_mtime_ns, os.getpid())


@lru_cache(maxsize=8)
def _open(archive: Path, size: int, changed: int, process: int) -> zipfile.ZipFile:
    """Kept open, as its directory may be long; anew in each process, as forked ones would share a file's position."""
    return open_zip(archive)


def _info(opened: zipfile.ZipFile, member: str) -> zipfile.ZipInfo | None:
    return opened.NameToInfo.get(member) or opened.NameToInfo.get(f"./{member}")


def _unpacked(archive: Path) -> Path:
    from loaders.unpacked import whole_archive

    return whole_archive(archive)
