"""Which reader a picture, a mask or a volume needs: told by the file's first bytes, else by its name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loaders import pictures, scans
from loaders.number_arrays import MOST_VALUES, read_hdf5, read_npy, read_npz
from loaders.pictures import Form
from registry.errors import ReadError

if TYPE_CHECKING:
    from PIL.Image import Image

Array = npt.NDArray[Any]


def read_image(path: str | None, data: bytes, form: Form, array: str | None) -> Image | Array:
    """A picture in the form that is asked for, or a volume as it is, float32 [D, H, W] (or more axes).

    Args:
        path: of the file, where it has one.
        data: its bytes.
        form: channels, size and window of pictures.
        array: name of the array in a file that holds several.

    Raises:
        ReadError: of no known form, damaged, cut short, or too large.
        UsageError: a film.
        MedRegistryError: the package that reads it is missing.
    """
    kind = _kind(path, data)
    if kind is None:
        return pictures.read_picture(data, form)
    if kind == "nifti":
        return scans.read_nifti(data)
    values = scans.read_dicom(data, form.window) if kind == "dicom" else _array(kind, data, array)
    if kind == "dicom" and values.dtype == np.float32:
        return values
    picture = pictures.from_array(values, form)
    if picture is None and values.size > MOST_VALUES:
        raise ReadError(f"a volume of {values.size:,} values is more than the limit of {MOST_VALUES:,}")
    return values.astype(np.float32) if picture is None else picture


def read_labels(path: str | None, data: bytes, size: tuple[int, int] | None, array: str | None) -> Array:
    """A mask: int64 [H, W], resized to `size` by nearest neighbour; or [D, H, W] as it is. Raises as `read_image`."""
    kind = _kind(path, data)
    if kind is None:
        return pictures.read_mask(data, size)
    if kind == "nifti":
        return np.rint(scans.read_nifti(data)).astype(np.int64)
    values = scans.dicom_values(data) if kind == "dicom" else _array(kind, data, array)
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values.reshape([axis for axis in values.shape if axis != 1] or [1])
    values = values.astype(np.int64)
    return pictures.nearest(values, size) if values.ndim == 2 else values


def _array(kind: str, data: bytes, array: str | None) -> Array:
    return read_npy(data) if kind == "npy" else (read_npz if kind == "npz" else read_hdf5)(data, array)


def _kind(path: str | None, data: bytes) -> str | None:
    """None: for Pillow to say."""
    name = PurePosixPath(path or "").name.lower()
    if data.startswith(np.lib.format.MAGIC_PREFIX):
        return "npy"
    if data.startswith(b"PK\x03\x04"):
        return "npz"
    if data.startswith(b"\x89HDF"):
        return "hdf5"
    if data[128:132] == b"DICM" or name.endswith((".dcm", ".dicom", ".ima")):
        return "dicom"
    if data[344:348] in (b"n+1\0", b"ni1\0") or data[4:8] == b"n+2\0" or name.endswith((".nii", ".nii.gz")):
        return "nifti"
    return None
