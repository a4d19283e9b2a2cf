"""Members of archives, unpacked within limits: no path leaves the folder, no link, no flood of bytes."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast
from uuid import uuid4

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
    encrypted: bool = False


LIMITS = Limits()
DEEPEST = 3
"""Archives inside one another."""
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ .]*(\..*)?", re.IGNORECASE)
"""Names that are a device on Windows, whatever their ending."""
UNFIT = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
"""What the system says of names that cannot stand beside one another, or at all."""
CHUNK = 1 << 20
ENCRYPTED, UTF8 = 0x1, 0x800
"""Flags of a member of a zip file."""
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

    A part of the pattern that names an archive reaches into it: ``inner.zip/*.csv`` gives the .csv files of the member
    inner.zip, named ``inner.zip/a.csv``. The limits hold for all of them together.

    Returns:
        (path on disk, name in the archive) in order of name.

    Raises:
        ReadError: damaged, encrypted, of a kind that cannot be opened here, beyond `limits`, with a name that leads
            out of the folder, a link among the members asked for, or without any such member.
    """
    note = _note(path, container, pattern, folder, limits)
    if (known := _unpacked_before(note, folder)) is not None:
        return known
    done = sorted(_unpack(path, container, pattern, folder, _Budget(path, limits), 0), key=lambda item: item[1])
    states = [[file.relative_to(folder).as_posix(), name, *_state(file)] for file, name in done]
    beside = note.with_name(f"{note.name}.{uuid4().hex}")
    beside.write_text(json.dumps(states))
    beside.replace(note)
    return done


def _note(path: Path, container: str, pattern: str | None, folder: Path, limits: Limits) -> Path:
    """Where it is kept what unpacking this archive gave, so that it is not read through again."""
    asked = json.dumps([str(path.absolute()), _state(path), container, pattern, limits])
    return folder.parent / f".{folder.name}.{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"


def _state(path: Path) -> list[int]:
    now = path.stat()
    return [now.st_size, now.st_mtime_ns]


def _unpacked_before(note: Path, folder: Path) -> list[tuple[Path, str]] | None:
    try:
        told = [(inside(folder, file), str(name), state) for file, name, *state in json.loads(note.read_text())]
        whole = all(_state(file) == state for file, _, state in told)
    except (OSError, ValueError, TypeError, MedRegistryError):
        return None
    return [(file, name) for file, name, _ in told] if whole else None


def _unpack(
    path: Path, container: str, pattern: str | None, folder: Path, budget: _Budget, depth: int
) -> list[tuple[Path, str]]:
    wanted = matcher(pattern) if pattern else None
    outer, rest = _reaching(pattern)
    archives = matcher(outer) if outer else None
    done: list[tuple[Path, str]] = []
    inner: list[tuple[Path, str]] = []
    seen: list[str] = []
    names: set[str] = set()
    try:
        for member in _members(path, container):
            budget.member()
            name = _safe_name(path, member.name)
            if name in names:
                raise ReadError(f"{path}: two members are called {name!r}, and which is meant nobody can tell")
            names.add(name)
            seen.append(name)
            asked = wanted is None or bool(wanted.fullmatch(name))
            reached = not asked and archives is not None and bool(archives.fullmatch(name))
            if not asked and not reached:
                continue
            if not member.regular:
                raise ReadError(f"{path}: the member {name!r} is a link or a device, which is not followed")
            if member.encrypted:
                raise ReadError(
                    f"{path}: the member {name!r} is encrypted: ask its owners for the password, unpack it yourself, "
                    "and pass `files=` the folder"
                )
            (done if asked else inner).append((_written(path, member, inside(folder, name), budget), name))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        lzma.LZMAError,
        UnicodeError,
    ) as error:
        raise ReadError(f"{path}: a damaged or cut {container} archive ({error}); fetch it again") from None
    except RuntimeError as error:
        raise ReadError(
            f"{path}: cannot be unpacked: {error}; unpack it yourself and pass `files=` the folder"
        ) from None
    for file, name in inner:
        if depth + 1 >= DEEPEST:
            raise ReadError(f"{path}: more than {DEEPEST} archives inside one another; not unpacked further")
        beside = file.with_name(f"{file.name}!")
        found = _unpack(file, str(container_of(name)), rest, beside, budget, depth + 1)
        done += [(deeper, f"{name}/{below}") for deeper, below in found]
    if not done:
        shown = ", ".join(seen[:12]) + (" …" if len(seen) > 12 else "")
        raise ReadError(f"{path}: no member matches {pattern!r}; members: {shown or 'none'}")
    return done


def _reaching(pattern: str | None) -> tuple[str | None, str | None]:
    """A pattern up to the first archive that it reaches into, and the rest; nothing where it reaches into none."""
    parts = (pattern or "").split("/")
    for place, part in enumerate(parts[:-1]):
        if container_of(part):
            return "/".join(parts[: place + 1]), "/".join(parts[place + 1 :])
    return None, None


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
        name = safe(name)
    except MedRegistryError:
        raise ReadError(f"{path}: the member {name!r} leads out of the archive; nothing of it is used") from None
    if any(DEVICE.fullmatch(part) for part in name.split("/")):
        raise ReadError(f"{path}: the member {name!r} is the name of a device; nothing of it is used")
    return name


def _written(path: Path, member: Member, target: Path, budget: _Budget) -> Path:
    try:
        return _write(member, target, budget)
    except OSError as error:
        if error.errno not in UNFIT:
            raise
        raise ReadError(
            f"{path}: the member {member.name[:80]!r} cannot be a file beside the others of the archive "
            f"({error.strerror}); unpack it yourself and pass `files=` the folder"
        ) from None


def _write(member: Member, target: Path, budget: _Budget) -> Path:
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
        entries = archive.infolist()
        # Names that do not say that they are UTF-8 are shown as cp437, which keeps their bytes.
        told = {info.orig_filename for info in entries if not info.flag_bits & UTF8}
        encoding = _encoding([name.encode("cp437", "replace") for name in told if not name.isascii()])
        for info in entries:
            if info.is_dir():
                continue
            name = info.filename
            if not info.flag_bits & UTF8 and not name.isascii():
                name = name.encode("cp437", "replace").decode(encoding)
            regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            yield Member(name, info.file_size, regular, partial(archive.open, info), bool(info.flag_bits & ENCRYPTED))


def _encoding(names: list[bytes]) -> str:
    """That of all names of a zip file that do not tell theirs: UTF-8 or GBK where every one is, else cp437."""
    for encoding in ("utf-8", "gbk"):
        try:
            text = "".join(name.decode(encoding) for name in names)
        except UnicodeDecodeError:
            continue
        wide = [sign for sign in text if not sign.isascii()]
        # Two letters of cp437 may make a rare sign of GBK; names that people give are of common ones.
        common = [sign for sign in wide if sign.encode("gb2312", "ignore")]
        if encoding == "utf-8" or 2 * len(common) > len(wide):
            return encoding
    return "cp437"


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
