"""What every reader checks before it reads: that the bytes are data at all, and text of the stated encoding."""

from __future__ import annotations

import codecs
import contextlib
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from registry.errors import ReadError

HTML = (b"<!doctype html", b"<html")
LFS = b"version https://git-lfs.github.com/spec/"
LARGEST_IN_MEMORY = 8 << 30
BLOCK = 8 << 20
LONGEST_LINE = 1 << 30
DETECT = "detect"
"""In a card's place of an encoding: look at the bytes, and tell in the manifest what was found."""
SAMPLE = 256 << 10


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
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
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


def is_utf8(encoding: str) -> bool:
    """Whether an encoding's name means UTF-8."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def text_blocks(path: Path, encoding: str = "utf-8") -> Iterator[bytes]:
    """The file as UTF-8 bytes without a byte order mark, in blocks that end between characters; line ends as they are.

    Raises:
        ReadError: not data (see `refuse_other_content`), or not text of `encoding`: names the first wrong byte.
    """
    refuse_other_content(path)
    try:
        if not codecs.lookup(encoding)._is_text_encoding:
            raise LookupError
        decoder = codecs.getincrementaldecoder("utf-8-sig" if is_utf8(encoding) else encoding)()
    except LookupError:
        raise ReadError(f"{path}: Python knows no encoding of text called {encoding!r}") from None
    began = 0
    with path.open("rb") as file:
        while True:
            data = file.read(BLOCK)
            held = decoder.getstate()[0]
            if began and data and not held and is_utf8(encoding) and _is_whole_utf8(data):
                began += len(data)
                yield data
                continue
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                # The decoder counts from what it held back of the block before.
                begin = began - len(held)
                line = _line_of(path, begin + error.start)
                raise ReadError(
                    f"{path}: not valid {encoding}: byte 0x{error.object[error.start]:02x} at offset "
                    f"{begin + error.start} (line {line}). If the file is in another encoding, name it in the card, as "
                    f"`read: {{encoding: {detected(path)}}}`"
                ) from None
            except UnicodeError as error:
                raise ReadError(f"{path}: not {encoding}: {error}") from None
            began += len(data)
            if text:
                block = text.removeprefix("\ufeff").encode() if began == len(data) else text.encode()
                yield block
            if not data:
                return


def _is_whole_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8 and end between characters; told without a copy of them."""
    import pyarrow as pa

    ends = pa.py_buffer(struct.pack("=qq", 0, len(data)))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _line_of(path: Path, offset: int) -> int:
    with path.open("rb") as file:
        count = 1
        while offset > 0 and (data := file.read(min(BLOCK, offset))):
            count += data.count(b"\n")
            offset -= len(data)
    return count


def refuse_other_text(path: Path, encoding: str) -> None:
    """Refuse what is not text of `encoding` from beginning to end; raises as `text_blocks`."""
    for _ in text_blocks(path, encoding):
        pass


def read_bytes(path: Path, encoding: str = "utf-8") -> bytes:
    """The whole file as UTF-8 bytes without a byte order mark, line ends as they are.

    Raises:
        ReadError: as `text_blocks`; or too large to be held in memory.
    """
    if (size := path.stat().st_size) > LARGEST_IN_MEMORY:
        raise ReadError(f"{path}: {size:,} bytes, and files of this format are read whole, up to {LARGEST_IN_MEMORY:,}")
    return b"".join(text_blocks(path, encoding))


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The file's text, line ends as they are; raises as `read_bytes` does."""
    return read_bytes(path, encoding).decode("utf-8")


def line_blocks(path: Path, encoding: str = "utf-8") -> Iterator[bytes]:
    """As `text_blocks`, each block of whole lines.

    Raises:
        ReadError: as `text_blocks`; or a line longer than anyone writes.
    """
    held: list[bytes] = []
    size = 0
    for block in text_blocks(path, encoding):
        end = block.rfind(b"\n") + 1
        if not end:
            held.append(block)
            size += len(block)
            if size > LONGEST_LINE:
                raise ReadError(f"{path}: a line of more than {LONGEST_LINE:,} bytes; not read further")
            continue
        yield b"".join([*held, block[:end]])
        held, size = [block[end:]], len(block) - end
    if rest := b"".join(held):
        yield rest


@contextlib.contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[Path]:
    """The file itself where it is UTF-8, else a copy of its text that is, which goes when the block ends."""
    if is_utf8(encoding):
        refuse_other_content(path)
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=path.suffix) as copy:
        for block in text_blocks(path, encoding):
            copy.write(block)
        copy.flush()
        yield Path(copy.name)


OTHER_SCRIPTS = [
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "cp949",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1255",
    "cp1256",
    "cp874",
]
FEW = 0.15
"""Share of bytes beyond ASCII below which a text is in Latin letters with signs, not in another script."""


def detected(path: Path) -> str:
    """The encoding that a text file is most likely in: sure of byte order marks and of UTF-8, else a likely one."""
    with path.open("rb") as file:
        data = file.read(SAMPLE)
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            block = data
            while block:
                decoder.decode(block)
                block = file.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _likely(data)
    return "utf-8"


def _likely(data: bytes) -> str:
    """Encodings of Latin letters differ in a few signs alone, and statistics tell them apart badly: the usual ones."""
    from charset_normalizer import from_bytes

    if sum(byte >= 0x80 for byte in data) > FEW * len(data):
        best = from_bytes(data, cp_isolation=OTHER_SCRIPTS).best()
        if best is not None:
            return best.encoding.replace("_", "-")
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in data) else "latin-1"
