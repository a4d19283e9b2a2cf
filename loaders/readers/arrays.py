"""NumPy archives (``.npz``): a row for each file, or a row for each place along the first axis of its arrays.

Only headers are parsed and only numbers and text are taken: an array of Python objects is a pickle, and is refused.
"""

from __future__ import annotations

import ast
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from loaders import members
from loaders.paths import safe
from loaders.readers.content import refuse_other_content
from loaders.readers.options import options_of
from registry.errors import MedRegistryError, ReadError
from registry.loadspec import Read

MOST_ARRAYS = 4096
MOST_ROWS = 1 << 28
LARGEST_ARRAY = 256 << 30
LONGEST_VALUE = 64 << 20
"""Bytes of one value that becomes a cell: a text, a number."""
LONGEST_HEADER = 64 << 10
BLOCK = 16 << 20
"""Bytes of rows that are held at once."""
TAIL = ".npy"
VERSIONS = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
"""Version of the format -> bytes of the header's length."""


class Array(NamedTuple):
    """One array of an archive, by its header."""

    name: str
    info: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    begins: int
    """Bytes before its data."""


def read_npz(path: Path, read: Read) -> Iterator[pl.DataFrame]:
    """A NumPy archive.

    Without options it is one row: an array of one element becomes a value, a larger one the path
    ``<file>.npz/<name>.npy``, by which `images` and `signals` name it. Where files lie in folders of the source, the
    card writes the path itself: ``[{file: path}, {suffix: /name.npy}]``. Option ``rows``: names of arrays of one length
    whose first axis counts the rows; there a value is a value, a vector is a list, and anything larger is the bytes
    of a ``.npy`` file of its own.

    Raises:
        ReadError: no zip archive, cut short, an array of objects, without an array that is asked for, sizes that
            nobody means, or arrays of different lengths.
    """
    options = options_of(path, read, {"rows": []})
    refuse_other_content(path)
    with members.open_zip(path) as archive:
        arrays = _arrays(path, archive)
        if options["rows"]:
            yield from _rows(path, archive, arrays, options["rows"])
        else:
            yield pl.DataFrame(
                [_value(path, archive, array) for array in arrays.values()] or {"file": [path.name]},
            )


def _arrays(path: Path, archive: zipfile.ZipFile) -> dict[str, Array]:
    infos = [info for info in archive.infolist() if info.filename.endswith(TAIL)]
    if not infos:
        shown = ", ".join(info.filename for info in archive.infolist()[:8]) or "nothing"
        raise ReadError(f"{path}: no array in it (.npy), only {shown}")
    if len(infos) > MOST_ARRAYS:
        raise ReadError(f"{path}: {len(infos):,} arrays are more than the limit of {MOST_ARRAYS:,}")
    found: dict[str, Array] = {}
    for info in infos:
        try:
            name = safe(info.filename).removesuffix(TAIL)
        except MedRegistryError:
            raise ReadError(f"{path}: the array {info.filename!r} has a name that leads out of its folder") from None
        if name in found:
            raise ReadError(f"{path}: two arrays are called {name!r}")
        found[name] = _header(path, archive, info, name)
    return found


def _header(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Array:
    """What an array is, from its first bytes, in the format of `numpy.lib.format`."""
    members.refuse_bomb(path, info, LARGEST_ARRAY)
    with _open(path, archive, info) as file:
        magic = _exactly(path, name, file, 8)
        width = VERSIONS.get((magic[6], magic[7]))
        if magic[:6] != np.lib.format.MAGIC_PREFIX or width is None:
            raise ReadError(f"{path}: {name!r} is no NumPy array")
        length = int.from_bytes(_exactly(path, name, file, width), "little")
        if length > LONGEST_HEADER:
            raise ReadError(f"{path}: the header of {name!r} claims {length:,} bytes; not read")
        text = _exactly(path, name, file, length).decode("utf-8" if magic[6] == 3 else "latin-1", "replace")
    try:
        header = ast.literal_eval(text.strip())
        dtype = np.lib.format.descr_to_dtype(header["descr"])
        shape = tuple(header["shape"])
        fortran = header["fortran_order"]
    except (ValueError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError, RecursionError):
        raise ReadError(f"{path}: {name!r} has no header that NumPy writes") from None
    if dtype.hasobject:
        raise ReadError(
            f"{path}: {name!r} is an array of Python objects, that is a pickle, which could run anything; never opened"
        )
    if (
        dtype.kind not in "biufSU"
        or not dtype.itemsize
        or not all(isinstance(axis, int) and axis >= 0 for axis in shape)
    ):
        raise ReadError(f"{path}: {name!r} is an array of {dtype} and shape {shape}; numbers and text are read")
    begins = 8 + width + length
    bytes_ = dtype.itemsize
    for axis in shape:
        bytes_ *= axis
    if begins + bytes_ != info.file_size:
        raise ReadError(
            f"{path}: {name!r} claims {bytes_:,} bytes of data and has {info.file_size - begins:,}; it is cut short or "
            "was changed"
        )
    return Array(name, info, dtype, shape, bool(fortran), begins)


def _open(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(info)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise ReadError(f"{path}: {info.filename!r} cannot be opened: {error}") from None


def _exactly(path: Path, name: str, file: IO[bytes], count: int) -> bytes:
    try:
        data = file.read(count)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise ReadError(f"{path}: {name!r} is damaged or cut short ({error}); fetch it again") from None
    if len(data) != count:
        raise ReadError(f"{path}: {name!r} is cut short; fetch it again")
    return data


def _value(path: Path, archive: zipfile.ZipFile, array: Array) -> pl.Series:
    """The one value of an array, or where a larger array is."""
    if int(np.prod(array.shape, dtype=object)) != 1:
        return pl.Series(array.name, [f"{path.name}/{array.name}{TAIL}"])
    if array.dtype.itemsize > LONGEST_VALUE:
        raise ReadError(f"{path}: the value {array.name!r} has {array.dtype.itemsize:,} bytes; not read")
    with _open(path, archive, array.info) as file:
        _exactly(path, array.name, file, array.begins)
        data = _exactly(path, array.name, file, array.dtype.itemsize)
    return _values(path, array, np.frombuffer(data, array.dtype))


def _values(path: Path, array: Array, values: npt.NDArray[Any]) -> pl.Series:
    """A vector of numbers or text as a column."""
    if array.dtype.kind == "S":
        try:
            return pl.Series(array.name, [value.decode("utf-8") for value in values.tolist()], dtype=pl.String)
        except UnicodeDecodeError as error:
            raise ReadError(f"{path}: {array.name!r} holds text that is not UTF-8: {error}") from None
    if array.dtype.kind == "U":
        return pl.Series(array.name, values.tolist(), dtype=pl.String)
    return pl.Series(array.name, _native(values))


def _native(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers in this machine's byte order, of a width that Arrow has."""
    if values.dtype == np.float16 or values.dtype.itemsize > 8:
        return values.astype(np.float32 if values.dtype == np.float16 else np.float64)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _rows(path: Path, archive: zipfile.ZipFile, arrays: dict[str, Array], names: list[str]) -> Iterator[pl.DataFrame]:
    if missing := [name for name in names if name not in arrays]:
        raise ReadError(f"{path}: no array {missing[0]!r}; arrays there: {', '.join(list(arrays)[:30])}")
    chosen = [arrays[name] for name in names]
    lengths = {array.name: array.shape[0] if array.shape else None for array in chosen}
    if len(set(lengths.values())) != 1 or None in lengths.values():
        told = ", ".join(f"{name} {'none' if length is None else length}" for name, length in lengths.items())
        raise ReadError(f"{path}: arrays of rows must be of one length, and are: {told}")
    count = chosen[0].shape[0]
    if count > MOST_ROWS:
        raise ReadError(f"{path}: {count:,} rows are more than the limit of {MOST_ROWS:,}")
    size = sum(_row_bytes(array) for array in chosen)
    if size > LONGEST_VALUE * 16:
        raise ReadError(f"{path}: a row of {size:,} bytes is more than anyone means; not read")
    at_once = max(1, min(count, BLOCK // max(1, size)))
    parts = [_blocks(path, archive, array, at_once) for array in chosen]
    if not count:
        raise ReadError(f"{path}: its arrays have no rows")
    for columns in zip(*parts, strict=True):
        yield pl.DataFrame(list(columns))


def _row_bytes(array: Array) -> int:
    size = array.dtype.itemsize
    for axis in array.shape[1:]:
        size *= axis
    return size


def _blocks(path: Path, archive: zipfile.ZipFile, array: Array, at_once: int) -> Iterator[pl.Series]:
    """Some rows of an array at a time, as a column."""
    count, size = array.shape[0], _row_bytes(array)
    with _open(path, archive, array.info) as file:
        _exactly(path, array.name, file, array.begins)
        whole = _turned(path, array, file) if array.fortran and len(array.shape) > 1 else None
        for begin in range(0, count, at_once):
            rows = min(at_once, count - begin)
            data = whole[begin * size :][: rows * size] if whole is not None else None
            yield _column(path, array, data or _exactly(path, array.name, file, rows * size), rows)


def _turned(path: Path, array: Array, file: IO[bytes]) -> bytes:
    """The data of an array that is stored column by column, row by row."""
    size = array.shape[0] * _row_bytes(array)
    if size > LONGEST_VALUE * 64:
        raise ReadError(
            f"{path}: {array.name!r} is stored column by column and too large ({size:,} bytes) to be turned"
        )
    values = np.frombuffer(_exactly(path, array.name, file, size), array.dtype)
    return values.reshape(array.shape, order="F").tobytes(order="C")


def _column(path: Path, array: Array, data: bytes, rows: int) -> pl.Series:
    inner = array.shape[1:]
    if len(inner) > 1:
        return _files(array, data, rows)
    values = _values(path, array, np.frombuffer(data, array.dtype))
    if inner in ((), (1,)):
        return values
    return values.reshape((rows, inner[0])).arr.to_list()


def _files(array: Array, data: bytes, rows: int) -> pl.Series:
    """Each row as the bytes of a ``.npy`` file of its own."""
    head = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(array.dtype)
    np.lib.format.write_array_header_1_0(head, {"descr": descr, "fortran_order": False, "shape": array.shape[1:]})
    header = np.frombuffer(head.getvalue(), np.uint8)
    block = np.frombuffer(data, np.uint8).reshape(rows, -1)
    whole = np.empty((rows, len(header) + block.shape[1]), np.uint8)
    whole[:, : len(header)] = header
    whole[:, len(header) :] = block
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(whole.shape[1]), rows, [None, pa.py_buffer(whole)])
    return pl.Series(array.name, pl.from_arrow(fixed.cast(pa.large_binary())))
