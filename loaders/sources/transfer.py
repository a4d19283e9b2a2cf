"""One file from one address into the cache: resumed where it was cut, checked before it counts."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from loaders import checksums
from loaders.download import Answer, Interrupted, Unavailable, ask, patiently, refuse_status, shown
from loaders.readers.content import refuse_other_content
from loaders.sources import progress, store
from loaders.sources.visit import is_over, note
from registry.errors import ChecksumError, ReadError
from registry.loadspec import FileRef
from registry.settings import settings

LARGEST = 512 << 30
LARGEST_PAGE = 1 << 20
POINTER = b"version https://git-lfs.github.com/spec/"


class WebPage(ReadError):
    """A web page came in place of the file; `url` is where it came from in the end, `body` its beginning."""

    def __init__(self, message: str, url: str, body: bytes) -> None:
        self.url, self.body = url, body
        super().__init__(message)


class Pointer(ReadError):
    """A pointer of Git LFS came in place of the file that it stands for."""

    def __init__(self, message: str, sha256: str, size: int) -> None:
        self.sha256, self.size = sha256, size
        super().__init__(message)


@dataclass(frozen=True)
class Wanted:
    """What is known of a file before it arrives."""

    ref: FileRef
    """Its entry in the card, for what that pins."""
    source: str
    secret: Mapping[str, str] | None = None
    """Headers for the address's own host alone."""
    bytes: int | None = None
    """What its source says, here and below."""
    sha256: str | None = None
    md5: str | None = None
    key: str | None = None
    """What stands for the file where its address changes from time to time."""

    @property
    def most(self) -> int:
        """How many bytes may come."""
        return self.ref.bytes or self.bytes or LARGEST


def download(url: str, target: Path, wanted: Wanted) -> Path:
    """Fetch `url` into the cache as `target`, checked first; returned at once where it is there already.

    Raises:
        Unavailable: it could not be had from there; says why. What arrived is kept, and the next call goes on from it.
        ChecksumError: other bytes than the card pins or the source says.
        WebPage, Pointer, ReadError: something else came in its place.
    """
    with store.locked(target):
        if target.is_file():
            return target
        for sha256 in (wanted.ref.sha256, wanted.sha256):
            if sha256 and store.held(sha256):
                return store.show(sha256, target)
        part = settings().cache / "parts" / hashlib.sha256((wanted.key or url).encode()).hexdigest()[:32]
        with store.locked(part):
            try:
                patiently(lambda: _attempt(url, part, wanted), lambda: _size(part))
                sha256 = _verified(url, part, wanted)
            except (ReadError, ChecksumError):
                _forget(part)
                raise
            _sidecar(part).unlink(missing_ok=True)
            return store.keep(part, target, sha256)


def _attempt(url: str, part: Path, wanted: Wanted) -> None:
    validator = _validator(part)
    have = _size(part) if validator else 0
    asked = {"Range": f"bytes={have}-", "If-Range": validator} if have and validator else {}
    with ask(url, asked, wanted.secret) as answer:
        if answer.status == 416 and have:
            if answer.headers.get("content-range", "").rpartition("/")[2] == str(have):
                return  # it was whole already
            _forget(part)
            raise Interrupted(f"{shown(url)} has changed since it was begun")
        refuse_status(answer, url)
        if answer.moved and urlsplit(answer.moved)[1:3] != urlsplit(url)[1:3]:
            note("moved", wanted.source, f"{shown(url)} has moved to {shown(answer.moved)}")
        _refuse_page(answer, url, wanted)
        begin, total = _span(answer, url, have)
        if total is not None and total > wanted.most:
            raise ReadError(f"{shown(url)} gave more than the {wanted.most:,} bytes that were expected")
        _refuse_full(part, (total or 0) - begin)
        _write(answer, url, part, begin, total, wanted)
        if total is not None and _size(part) != total:
            raise Interrupted(f"{shown(url)} was cut short at {_size(part):,} of {total:,} bytes")


def _refuse_full(part: Path, more: int) -> None:
    """Say before hours of waiting that the disk will be full."""
    if more > (free := shutil.disk_usage(part.parent).free):
        raise OSError(errno.ENOSPC, f"{more:,} bytes are to come, and the disk has room for {free:,}", str(part.parent))


def _write(answer: Answer, url: str, part: Path, begin: int, total: int | None, wanted: Wanted) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    if not begin:
        part.unlink(missing_ok=True)  # first: bytes of one version must never stand beside the mark of another
        etag = answer.headers.get("etag", "")
        strong = etag if etag.startswith('"') else answer.headers.get("last-modified")
        packed = answer.headers.get("content-encoding", "identity") not in ("", "identity")
        _sidecar(part).write_text(json.dumps({"validator": None if packed else strong}))
    got = begin
    with part.open("ab" if begin else "wb") as file, progress.file(wanted.ref.path, begin, total) as tell:
        for chunk in answer.chunks():
            got += len(chunk)
            if got > wanted.most:
                raise ReadError(f"{shown(url)} gave more than the {wanted.most:,} bytes that were expected")
            file.write(chunk)
            tell(len(chunk))
            if is_over():
                raise Unavailable(f"{shown(url)} was broken off")
        file.flush()
        os.fsync(file.fileno())


def _span(answer: Answer, url: str, have: int) -> tuple[int, int | None]:
    """Where the answer's bytes begin in the file, and how many the file has."""
    if answer.status == 206:
        span, _, told = answer.headers.get("content-range", "").removeprefix("bytes ").partition("/")
        begin = span.partition("-")[0]
        if not have or begin != str(have):
            raise Unavailable(f"{shown(url)} gave another part of the file than was asked for")
        return have, int(told) if told.isdigit() else None
    length = answer.headers.get("content-length", "")
    plain = answer.headers.get("content-encoding", "identity") in ("", "identity")
    return 0, int(length) if plain and length.isdigit() else None


def _refuse_page(answer: Answer, url: str, wanted: Wanted) -> None:
    if "text/html" not in answer.headers.get("content-type", "") or _is_page(wanted):
        return
    body = b""
    for chunk in answer.chunks():
        body += chunk
        if len(body) > LARGEST_PAGE:
            break
    told = f"{shown(url)} gave a web page (HTML) instead of the file: a login, error or preview page"
    raise WebPage(told, answer.url, body)


def _is_page(wanted: Wanted) -> bool:
    return PurePosixPath(wanted.ref.path).suffix.lower() in (".html", ".htm", ".xhtml")


def _verified(url: str, part: Path, wanted: Wanted) -> str:
    """The sha256 of what arrived, once it is proven to be the file."""
    _refuse_pointer(url, part)
    if not _is_page(wanted):
        try:
            refuse_other_content(part)
        except ReadError as error:
            raise ReadError(str(error).replace(str(part), shown(url))) from None
    for size, whose in ((wanted.ref.bytes, "the card pins"), (wanted.bytes, "its source says")):
        if size is not None and _size(part) != size:
            raise ChecksumError(f"{shown(url)}: {_size(part):,} bytes, and {whose} {size:,}; fetch it again")
    try:
        checksums.check(part, wanted.ref)
    except ChecksumError as error:
        raise ChecksumError(str(error).replace(str(part), shown(url))) from None
    sha256 = checksums.sha256(part)
    for name, told, found in (
        ("sha256", wanted.sha256, sha256),
        ("md5", wanted.md5, checksums.md5(part) if wanted.md5 else None),
    ):
        if told and told.lower() != found:
            raise ChecksumError(
                f"{shown(url)}: {name} is {found}, and its source says {told}: the file was damaged on its way; "
                "fetch it again"
            )
    return sha256


def _refuse_pointer(url: str, part: Path) -> None:
    if _size(part) > 1024:
        return
    content = part.read_bytes()
    if content.startswith(POINTER):
        lines = dict(line.split(" ", 1) for line in content.decode("utf-8", "replace").splitlines() if " " in line)
        oid, size = lines.get("oid", "").removeprefix("sha256:"), lines.get("size", "")
        told = f"{shown(url)} gave a Git LFS pointer, not the file"
        if len(oid) == 64 and size.isdigit():
            raise Pointer(told, oid, int(size))
        raise ReadError(told)


def _sidecar(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _validator(part: Path) -> str | None:
    """The ETag or date of the version that an unfinished file is of; None where it cannot be gone on with."""
    try:
        told = json.loads(_sidecar(part).read_text())["validator"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if isinstance(told, str) else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _sidecar(part).unlink(missing_ok=True)
