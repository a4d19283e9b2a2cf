"""WFDB records, as PhysioNet keeps them: a header of text (.hea) and files of samples beside it.

Written after https://wfdb.io/spec/header-files.html and https://wfdb.io/spec/signal-files.html. The `wfdb` package is
not used: it opens files by name, wherever a header points, and brings a plotting and a web library along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from loaders.number_arrays import MOST_VALUES
from registry.errors import ReadError

BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}
"""Formats that are read, and the bits of a sample. 8 holds differences."""
USUAL_GAIN = 200.0
"""Steps for each unit, where a header does not say."""
MOST_SIGNALS = 4096
LONGEST_HEADER = 1 << 20

GAIN = re.compile(r"([-+\d.eE]+)(?:\(([-+\d]+)\))?(?:/(\S+))?")
FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Channel:
    """One signal of a header."""

    file: str
    format: str
    each: int
    """Samples in a frame."""
    begins: int
    """Bytes of the file before its samples."""
    gain: float
    baseline: int
    first: int


def read_record(path: str, header: bytes, read: Callable[[str], bytes]) -> tuple[npt.NDArray[np.float32], float]:
    """The samples of a record in physical units, and its frames in a second.

    Args:
        path: of the header, as `read` takes it.
        header: its bytes.
        read: gives the bytes of a file; it is asked only for names without a folder, beside the header.

    Returns:
        float32 [channels, samples], NaN where the record has no valid sample. A channel with fewer samples in a frame
        than another has each repeated.

    Raises:
        ReadError: a header that breaks the form or leads elsewhere, a format that is not read, too few samples.
    """
    frames, rate, channels = _header(header)
    rows: list[npt.NDArray[np.float32]] = []
    most = max(channel.each for channel in channels)
    for (name, form, begins), group in groupby(channels, key=lambda one: (one.file, one.format, one.begins)):
        members = list(group)
        each = sum(channel.each for channel in members)
        data = read(str(PurePosixPath(path).with_name(_plain(name))))[begins:]
        count = frames if frames is not None else _held(len(data), form) // each
        if count * most * len(channels) > MOST_VALUES:
            raise ReadError(f"{count:,} frames of {len(channels)} signals are more than the limit of {MOST_VALUES:,}")
        if _held(len(data), form) < count * each:
            raise ReadError(
                f"{name}: {count * each:,} samples are claimed, {_held(len(data), form):,} are there; cut short"
            )
        samples = _samples(data, form, count * each).reshape(count, each)
        at = 0
        for channel in members:
            rows.append(_physical(samples[:, at : at + channel.each].reshape(-1), channel, most // channel.each))
            at += channel.each
    if len({len(row) for row in rows}) != 1:
        raise ReadError(f"signals of different lengths: {sorted({len(row) for row in rows})}")
    return np.stack(rows), rate * most


def _header(header: bytes) -> tuple[int | None, float, Sequence[Channel]]:
    """Frames (None where the header does not say), frames in a second, signals."""
    if len(header) > LONGEST_HEADER:
        raise ReadError(f"a header of {len(header):,} bytes; not read")
    lines = [line.split() for line in header.decode("latin-1").splitlines() if line.strip() and line[0] != "#"]
    try:
        record = lines[0]
        if "/" in record[0]:
            raise ReadError(f"a record of several segments ({record[0]!r}); name the header of one of them")
        count = int(record[1])
        rate = float(re.split(r"[/(]", record[2])[0]) if len(record) > 2 else 250.0
        frames = int(record[3]) if len(record) > 3 else 0
        channels = [_channel(line) for line in lines[1 : 1 + min(count, MOST_SIGNALS)]]
    except (IndexError, ValueError) as error:
        raise ReadError(f"a header that breaks the form of WFDB ({error})") from None
    if not 0 < count <= MOST_SIGNALS or len(channels) != count or frames < 0 or not 0 <= rate < float("inf"):
        raise ReadError(f"a header of {count} signals, {len(channels)} of them told, {frames:,} samples at {rate} Hz")
    most = max(channel.each for channel in channels)
    if any(most % channel.each for channel in channels):
        raise ReadError("signals whose rates are no multiples of one another")
    return frames or None, rate, channels


def _channel(line: list[str]) -> Channel:
    form, gain = FORMAT.fullmatch(line[1]), GAIN.fullmatch(line[2]) if len(line) > 2 else None
    if form is None or form[1] not in BITS:
        raise ReadError(f"samples in the format {line[1]!r}; read are {', '.join(BITS)}")
    if form[3] and int(form[3]):
        raise ReadError("signals that are skewed against one another")
    if len(line) > 2 and gain is None:
        raise ValueError(f"the gain {line[2]!r}")
    each, zero = int(form[2] or 1), int(line[4]) if len(line) > 4 else 0
    if not 0 < each <= MOST_SIGNALS:
        raise ValueError(f"{each} samples in a frame")
    return Channel(
        file=line[0],
        format=form[1],
        each=each,
        begins=int(form[4] or 0),
        gain=(float(gain[1]) if gain else 0.0) or USUAL_GAIN,
        baseline=int(gain[2]) if gain and gain[2] else zero,
        first=int(line[5]) if len(line) > 5 else zero,
    )


def _plain(name: str) -> str:
    if PurePosixPath(name).name != name or "\\" in name or name.startswith("~"):
        raise ReadError(f"the header names {name!r}, which is not beside it; not read")
    return name


def _held(size: int, form: str) -> int:
    """Samples in so many bytes."""
    return size * 8 // BITS[form]


def _samples(data: bytes, form: str, count: int) -> Ints:
    """The first `count` samples of a file, as whole numbers."""
    if form == "212":
        return _twelve(data, count)
    if form == "24":
        parts = np.frombuffer(data, np.uint8, count * 3).reshape(-1, 3).astype(np.int64)
        whole: Ints = parts @ np.array([1, 1 << 8, 1 << 16])
        return (whole ^ (1 << 23)) - (1 << 23)
    kinds = {"8": "i1", "16": "<i2", "32": "<i4", "61": ">i2", "80": "u1", "160": "<u2"}
    offset = {"80": 128, "160": 32768}.get(form, 0)
    return np.frombuffer(data, kinds[form], count).astype(np.int64) - offset


def _twelve(data: bytes, count: int) -> Ints:
    """Format 212: two samples of twelve bits in three bytes; the second byte holds the upper halves of both."""
    padded = np.zeros((count + 1) // 2 * 3, np.int64)
    used = np.frombuffer(data, np.uint8, min(len(data), len(padded)))
    padded[: len(used)] = used
    low, middle, high = padded.reshape(-1, 3).T
    pairs = np.stack([low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4], axis=1)
    return ((pairs ^ 0x800) - 0x800).reshape(-1)[:count]


def _physical(samples: Ints, channel: Channel, repeat: int) -> npt.NDArray[np.float32]:
    if channel.format == "8":
        samples = np.cumsum(samples) + channel.first
    values = ((samples - channel.baseline) / channel.gain).astype(np.float32)
    if channel.format != "8":
        values[samples == -(1 << (BITS[channel.format] - 1))] = np.nan
    return np.repeat(values, repeat)
