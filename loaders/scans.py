"""Scans out of the bytes of DICOM and NIfTI files."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from loaders.number_arrays import LARGEST, MOST_VALUES
from loaders.pictures import eight_bits, refuse_size
from registry.errors import MedRegistryError, ReadError, UsageError

DEFLATED = b"1.2.840.10008.1.2.1.99"
"""A syntax in which all of a DICOM file is one deflated stream, of a length that nobody tells."""
BROKEN = (
    AttributeError, EOFError, LookupError, NotImplementedError, OSError, OverflowError, RuntimeError, TypeError,
    ValueError, struct.error,
)  # fmt: skip

Array = npt.NDArray[Any]


def read_dicom(data: bytes, window: tuple[float, float] | None) -> Array:
    """A DICOM file: uint8 [H, W] or [H, W, 3]; or float32 [frames, H, W] in the modality's units where it has frames.

    Shades are shown as `window` says, in the modality's units (Hounsfield units of a CT), else through the file's own
    window, else from the least to the largest. Where the file says that large is dark, it is inverted.

    Raises:
        ReadError: no DICOM file, without pixels, damaged, too large, or in a compression that no decoder is here for.
        UsageError: a film in colours.
    """
    read, values = _dicom(data)
    try:
        return _shown(read, values, window)
    except BROKEN as error:
        raise ReadError(f"a DICOM file whose pixels cannot be shown: {str(error)[:500]}") from None


def dicom_values(data: bytes) -> Array:
    """The stored values of a DICOM file, [H, W] or [frames, H, W], as a mask has them; raises as `read_dicom`."""
    return _dicom(data)[1]


def read_nifti(data: bytes) -> npt.NDArray[np.float32]:
    """A NIfTI file, gzipped or not: float32 [D, H, W], or [T, D, H, W], scaled as its header says.

    Axes are turned to the nearest of RAS+ and reversed: D from feet to head, H from back to front, W from left to
    right.

    Raises:
        ReadError: no NIfTI file, damaged, cut short, or more than `LARGEST` bytes.
    """
    try:
        import nibabel
    except ModuleNotFoundError:
        raise MedRegistryError('NIfTI files are read by nibabel: pip install "medregistry[media]"') from None
    form: Any = nibabel.Nifti1Image
    try:
        if 540 in struct.unpack("<i", _unzipped(data, 4)) + struct.unpack(">i", _unzipped(data, 4)):
            form = nibabel.Nifti2Image
        header = form.header_class(_unzipped(data, form.header_class.template_dtype.itemsize), check=False)
        count = math.prod(header.get_data_shape())
        size = int(header["vox_offset"]) + count * header.get_data_dtype().itemsize
        if not 0 < size <= LARGEST or count > MOST_VALUES:
            raise ReadError(f"a volume of {size:,} bytes is more than the limit of {LARGEST:,}")
        whole = _unzipped(data, size)
        if len(whole) < size:
            raise ReadError(f"{size:,} bytes are claimed and {len(whole):,} are there; cut short, fetch it again")
        turned = nibabel.as_closest_canonical(form.from_bytes(whole))  # type: ignore[no-untyped-call]
        values: npt.NDArray[np.float32] = turned.get_fdata(dtype=np.float32, caching="unchanged").T
    except (*BROKEN, zlib.error, nibabel.spatialimages.HeaderDataError, nibabel.wrapstruct.WrapStructError) as error:
        raise ReadError(f"no NIfTI file, or damaged ({str(error)[:300]}); fetch it again") from None
    while values.ndim > 3 and values.shape[0] == 1:
        values = values[0]
    values = values.reshape((1,) * (3 - values.ndim) + values.shape)
    return np.ascontiguousarray(values)


def _unzipped(data: bytes, most: int) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data[:most]
    return zlib.decompressobj(31).decompress(data, most)


def _dicom(data: bytes) -> tuple[Any, Array]:
    try:
        import pydicom
    except ModuleNotFoundError:
        raise MedRegistryError('DICOM files are read by pydicom: pip install "medregistry[media]"') from None
    if DEFLATED in data[:4096]:
        raise ReadError("a DICOM file that is deflated whole; unpack it first (dcmconv +te)")
    try:
        read = pydicom.dcmread(io.BytesIO(data), force=data[128:132] != b"DICM")
        rows, columns = int(read.Rows), int(read.Columns)
        frames, samples = int(read.get("NumberOfFrames") or 1), int(read.get("SamplesPerPixel", 1))
        refuse_size(columns, rows)
        size = (count := rows * columns * frames * samples) * int(read.BitsAllocated) // 8
        if size > LARGEST or count > MOST_VALUES:
            raise ReadError(f"a scan of {size:,} bytes is more than the limit of {LARGEST:,}")
        values: Array = read.pixel_array
    except (*BROKEN, pydicom.errors.InvalidDicomError) as error:
        raise ReadError(f"a DICOM file without pixels that can be read here: {str(error)[:500]}") from None
    if frames > 1 and samples > 1:
        raise UsageError(f"a film of {frames} frames in colours; films are not decoded")
    return read, values


def _shown(read: Any, values: Array, window: tuple[float, float] | None) -> Array:
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

    kind = read.PhotometricInterpretation
    if kind == "PALETTE COLOR":
        values = apply_color_lut(values, read)
        return (values >> 8).astype(np.uint8) if values.dtype == np.uint16 else values
    if read.get("SamplesPerPixel", 1) > 1:
        return values if values.dtype == np.uint8 else eight_bits(values, window)
    values = apply_modality_lut(values, read)
    if values.ndim == 3:
        return values.astype(np.float32)
    if window is None and (read.get("VOILUTSequence") or read.get("VOILUTFunction", "LINEAR") == "SIGMOID"):
        values = apply_voi_lut(values, read)
    elif window is None:
        window = _own_window(read)
    shown = eight_bits(values, window)
    return 255 - shown if kind == "MONOCHROME1" else shown


def _own_window(read: Any) -> tuple[float, float] | None:
    """Ends of the first window that the file has, as PS3.3 C.11.2.1.2 defines them."""
    center, width = read.get("WindowCenter"), read.get("WindowWidth")
    if center in (None, "") or width in (None, ""):
        return None
    center, width = (float(one[0]) if hasattr(one, "__len__") else float(one) for one in (center, width))
    if read.get("VOILUTFunction", "LINEAR") == "LINEAR_EXACT":
        return center - width / 2, center + width / 2
    return center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
