"""Signals out of the bytes of files: WFDB, EDF and BDF, sound, arrays, tables of numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.number_arrays import MOST_VALUES, read_hdf5, read_npy, read_npz
from loaders.waveforms import read_record
from registry.errors import MedRegistryError, MissingFiles, ReadError

LARGEST_TABLE = 1 << 29
"""Bytes of a table of numbers."""
LONGEST_HEAD = 10
"""Lines before the numbers of a table."""
DELIMITERS = ",;\t"
EDF, BDF = b"0       ", b"\xffBIOSEMI"
SOUND = (b"RIFF", b"fLaC", b"OggS", b"FORM", b"RF64")
UNTOLD = 0xFFFF_FF00
"""What writes sound to a pipe claims at least as many bytes, as it does not know how many will come."""
WAVEFORMS = (".hea", ".dat", ".mat")
"""A record of WFDB is named by its header or by its samples."""

Floats = npt.NDArray[np.float32]


class Signal(NamedTuple):
    """float32 [channels, samples], and samples in a second; NaN where the file does not say."""

    values: Floats
    rate: float = math.nan


def read_signal(path: str | None, data: bytes, read: Callable[[str], bytes], array: str | None) -> Signal:
    """A signal of a form that `docs/images-and-signals.md` lists, told by its first bytes, else by its name.

    Args:
        path: of the file, where it has one.
        data: its bytes.
        read: gives the bytes of a file beside it.
        array: name of the array in a .npz or HDF5 file that holds several.

    Raises:
        ReadError: of no such form, damaged, cut short, too large, or without numbers.
        MissingFiles: the header of a WFDB record is not to be had.
        MedRegistryError: the package that reads it is missing.
    """
    if data.startswith(np.lib.format.MAGIC_PREFIX):
        return Signal(_turned(read_npy(data)))
    if data.startswith(b"PK\x03\x04"):
        return Signal(_turned(read_npz(data, array)))
    if data.startswith(b"\x89HDF"):
        return Signal(_turned(read_hdf5(data, array)))
    if data.startswith((EDF, BDF)):
        return _edf(data)
    if data.startswith(SOUND):
        return _sound(data)
    suffix = PurePosixPath(path or "").suffix.lower()
    if path is not None and suffix in WAVEFORMS:
        return _waveform(path, suffix, data, read)
    if suffix in (".csv", ".tsv", ".txt"):
        return Signal(_turned(_table(data)))
    raise ReadError(f"no signal of a known form; it begins with {data[:16]!r}")


def _turned(values: npt.NDArray[Any]) -> Floats:
    """[channels, samples], whichever way they lay: the shorter axis is that of the channels."""
    if values.ndim not in (1, 2) or not values.size:
        raise ReadError(f"an array of shape {values.shape} is no signal: (samples,) or two axes are")
    if values.size > MOST_VALUES:
        raise ReadError(f"{values.size:,} values are more than the limit of {MOST_VALUES:,}")
    values = np.atleast_2d(values)
    values = values.T if values.shape[0] > values.shape[1] else values
    return np.array(values, np.float32, order="C")


def _waveform(path: str, suffix: str, data: bytes, read: Callable[[str], bytes]) -> Signal:
    header = path if suffix == ".hea" else str(PurePosixPath(path).with_suffix(".hea"))
    known = {path: data}
    try:
        known.setdefault(header, b"")
        known[header] = known[header] or read(header)
    except MissingFiles as error:
        raise MissingFiles(f"{path} is read by the header beside it, of WFDB: {error}") from None
    return Signal(*read_record(header, known[header], lambda name: known[name] if name in known else read(name)))


def _edf(data: bytes) -> Signal:
    """Channels of fewer samples than the longest have each repeated."""
    try:
        import edfio
    except ModuleNotFoundError:
        raise MedRegistryError('EDF files are read by edfio: pip install "medregistry[media]"') from None
    if len(data) // 2 > MOST_VALUES:
        raise ReadError(f"an EDF file of {len(data):,} bytes, more than {MOST_VALUES:,} values")
    try:
        _refuse_cut_edf(data, 3 if data.startswith(BDF) else 2)
        if data.startswith(BDF):
            file: Any = edfio.read_bdf(data, header_encoding="latin-1")
        else:
            file = edfio.read_edf(data, header_encoding="latin-1")
        lengths = [len(signal.data) for signal in file.signals]
        if max(lengths, default=0) * len(lengths) > MOST_VALUES:
            raise ReadError(f"{len(lengths)} signals of {max(lengths):,} samples are more than {MOST_VALUES:,} values")
        longest = max(lengths, default=0)
        if not longest:
            raise ReadError("an EDF file that holds annotations and no signals")
        rows = [
            signal.data[np.arange(longest) * length // longest].astype(np.float32)
            for signal, length in zip(file.signals, lengths, strict=True)
        ]
        return Signal(np.stack(rows), float(file.signals[lengths.index(longest)].sampling_frequency))
    except (ValueError, TypeError, LookupError, OverflowError, EOFError, OSError, ArithmeticError) as error:
        raise ReadError(f"a damaged EDF file, or cut short ({str(error)[:300]}); fetch it again") from None


def _refuse_cut_edf(data: bytes, width: int) -> None:
    """Refuse fewer bytes than the header claims, of which edfio only warns (https://www.edfplus.info/specs/edf.html)."""
    begins, records, count = int(data[184:192]), int(data[236:244]), int(data[252:256])
    each = sum(int(data[256 + 216 * count + 8 * one :][:8]) for one in range(count))
    if (claimed := begins + records * each * width) > len(data):
        raise ReadError(f"{claimed:,} bytes are claimed and {len(data):,} are there; cut short, fetch it again")


def _sound(data: bytes) -> Signal:
    """Between -1 and 1."""
    try:
        import soundfile
    except ModuleNotFoundError:
        raise MedRegistryError('sound is read by soundfile: pip install "medregistry[media]"') from None
    claimed = int.from_bytes(data[4:8], "little") if data.startswith(b"RIFF") else 0
    if len(data) < claimed < UNTOLD:
        raise ReadError(f"{claimed:,} bytes are claimed and {len(data):,} are there; cut short, fetch it again")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames * file.channels > MOST_VALUES:
                raise ReadError(f"{file.frames:,} samples of {file.channels} channels are more than the limit")
            values = file.read(dtype="float32", always_2d=True)
            if not len(values):
                raise ReadError("sound without a sample")
            return Signal(np.ascontiguousarray(values.T), float(file.samplerate))
    except (soundfile.SoundFileError, ValueError, TypeError, OSError) as error:
        raise ReadError(
            f"damaged sound, or cut short ({getattr(error, 'error_string', error)}); fetch it again"
        ) from None


def _table(data: bytes) -> npt.NDArray[np.float32]:
    """Rows of numbers; lines of words may stand before them."""
    if len(data) > LARGEST_TABLE:
        raise ReadError(f"a table of {len(data):,} bytes is more than the limit of {LARGEST_TABLE:,}")
    try:
        text = data.decode("utf-8-sig")
        lines = list(islice(io.StringIO(text), LONGEST_HEAD + 1))
        head = next((number for number, line in enumerate(lines) if _numbers(line)), None)
        if head is None:
            raise ReadError(f"no line of numbers among the first {len(lines)}")
        delimiter = next((mark for mark in DELIMITERS if mark in lines[head]), None)
        return np.loadtxt(io.StringIO(text), np.float32, delimiter=delimiter, skiprows=head, ndmin=2, comments=None)
    except UnicodeDecodeError as error:
        raise ReadError(f"text that is not UTF-8: {error}") from None
    except ValueError as error:
        raise ReadError(f"a table whose values are not all numbers: {error}") from None


def _numbers(line: str) -> bool:
    for mark in DELIMITERS:
        line = line.replace(mark, " ")
    try:
        return bool([float(word) for word in line.split()])
    except ValueError:
        return False
