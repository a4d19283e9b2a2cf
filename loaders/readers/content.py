"""What every reader checks before it reads: that the bytes are data at all, and text of the stated encoding."""

from __future__ import annotations

from pathlib import Path

from registry.errors import ReadError

HTML = (b"<!doctype html", b"<html")
LFS = b"version https://git-lfs.github.com/spec/"
LARGEST_IN_MEMORY = 8 << 30


def refuse_other_content(path: Path) -> None:
    """Refuse what stands in place of data: an empty file, a web page, a pointer to Git LFS.

    Raises:
        ReadError: with what was found instead.
    """
    size = path.stat().st_size
    if size == 0:
        raise ReadError(f"{path}: the file is empty (0 bytes); fetch it again")
    with path.open("rb") as file:
        head = file.read(1024)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(HTML):
        raise ReadError(
            f"{path}: this is a web page (HTML), not data; a login, error or preview page was saved in its place. "
            "Fetch the file itself again"
        )
    if head.startswith(LFS):
        raise ReadError(
            f"{path}: this is a Git LFS pointer of {size} bytes, not the file; run `git lfs pull` where it was cloned, "
            "or download the file itself"
        )


def read_bytes(path: Path, encoding: str = "utf-8") -> bytes:
    """The file as UTF-8 bytes without a byte order mark, line ends as they are.

    Raises:
        ReadError: not data (see `refuse_other_content`), or not text of `encoding`: names the first wrong byte.
    """
    refuse_other_content(path)
    if (size := path.stat().st_size) > LARGEST_IN_MEMORY:
        raise ReadError(f"{path}: {size:,} bytes, and files of this format are read whole, up to {LARGEST_IN_MEMORY:,}")
    data = path.read_bytes()
    try:
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
            data = data.removeprefix(b"\xef\xbb\xbf")
            data.decode("utf-8")
            return data
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"{path}: not valid {encoding}: byte 0x{data[error.start]:02x} at offset {error.start} (line {line}). "
            f"If the file is in another encoding, name it in the card, as `read: {{encoding: {_guess(data)}}}`"
        ) from None
    except LookupError:
        raise ReadError(f"{path}: Python knows no encoding called {encoding!r}") from None


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The file's text, line ends as they are; raises as `read_bytes` does."""
    return read_bytes(path, encoding).decode("utf-8")


def _guess(data: bytes) -> str:
    """An encoding that this could be in; byte order marks are sure, the rest is a hint."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "latin-1"
    high = sum(byte >= 0x80 for byte in data[:100_000])
    return "gb18030" if high > len(data[:100_000]) / 4 else "cp1252"
