"""Arrays of numbers out of the bytes of .npy, .npz and HDF5 files. Nothing is unpickled, no other file is opened."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loaders import members
from registry.errors import MedRegistryError, ReadError

LARGEST = 1 << 30
"""Bytes of one array."""
MOST_VALUES = 1 << 28
"""Numbers of one signal or volume: 1 GiB of float32."""
MOST_OBJECTS = 10_000
DEEPEST = 16

Array = npt.NDArray[Any]


def read_npy(data: bytes) -> Array:
    """The array of a .npy file: a read-only view of `data`.

    Raises:
        ReadError: no such file, of objects or text, cut short or with more bytes than it claims.
    """
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, SyntaxError, TypeError, OverflowError, RecursionError, MemoryError, UnicodeError) as error:
        raise ReadError(f"no header that NumPy writes ({str(error)[:200]})") from None
    if dtype.hasobject:
        raise ReadError("an array of Python objects, that is a pickle, which could run anything; never opened")
    if dtype.kind not in "biuf":
        raise ReadError(f"an array of {dtype}; numbers are read")
    claimed = math.prod(shape) * dtype.itemsize
    if any(axis < 0 for axis in shape) or claimed != len(data) - file.tell():
        raise ReadError(
            f"{claimed:,} bytes are claimed and {len(data) - file.tell():,} are there; cut short or changed"
        )
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C")


def read_npz(data: bytes, name: str | None) -> Array:
    """The array `name` of a .npz file, or its only one.

    Raises:
        ReadError: damaged, a decompression bomb, no such array, or several and no name; or as `read_npy`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            info = found[_only(list(found), name)]
            members.refuse_bomb(Path("the archive"), info, LARGEST)
            with archive.open(info) as file:
                return read_npy(file.read(info.file_size + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise ReadError(f"a damaged or cut archive of arrays ({error}); fetch it again") from None


def read_hdf5(data: bytes, name: str | None) -> Array:
    """The array of numbers `name` (a/b where it lies in a group) of an HDF5 file, or its only one.

    Links to other files, and arrays that are kept in other files, count as absent.

    Raises:
        ReadError: damaged, no such array, several and no name, no numbers, or more than `LARGEST` bytes.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise MedRegistryError('HDF5 files are read by h5py: pip install "medregistry[media]"') from None
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            found = dict(_own_arrays(file, "", 0))
            chosen = found[_only(list(found), name)]
            size = max(chosen.nbytes, math.prod(chosen.chunks or ()) * chosen.dtype.itemsize)
            if size > LARGEST:
                raise ReadError(f"an array of {size:,} bytes is more than the limit of {LARGEST:,}")
            values: Array = chosen[()]
            return values
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise ReadError(f"a damaged HDF5 file, or cut short ({str(error)[:300]}); fetch it again") from None


def _own_arrays(group: Any, above: str, depth: int, seen: list[int] | None = None) -> Iterator[tuple[str, Any]]:
    """Arrays of numbers that lie in the file itself, by name."""
    import h5py

    seen = [0] if seen is None else seen
    for name in group:
        seen[0] += 1
        if seen[0] > MOST_OBJECTS:
            raise ReadError(f"more than {MOST_OBJECTS:,} objects in an HDF5 file; not read")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        one = group[name]
        if isinstance(one, h5py.Group) and depth < DEEPEST:
            yield from _own_arrays(one, f"{above}{name}/", depth + 1, seen)
        elif isinstance(one, h5py.Dataset) and one.dtype.kind in "biuf" and not one.external and not one.is_virtual:
            yield above + name, one


def _only(names: list[str], name: str | None) -> str:
    shown = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise ReadError(f"{len(names)} arrays of numbers ({shown or 'none'}); array= names the one that is meant")
    if name not in names:
        raise ReadError(f"no array of numbers {name!r}; there are {shown or 'none'}")
    return name
