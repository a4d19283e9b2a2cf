"""Made-up pictures, scans and signals, in the bytes of the files that hold such."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def colours(height: int = 6, width: int = 9) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3], smooth, no two corners alike."""
    down, right = np.mgrid[0:height, 0:width]
    return np.stack([20 + 150 * down / height, 20 + 150 * right / width, 200 - 90 * down / height], -1).astype(np.uint8)


def picture(values: Array, form: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """An array as the file of a picture, through Pillow; `mode` says what the file's pixels are."""
    from PIL import Image

    made = io.BytesIO()
    image = Image.fromarray(values)
    (image if mode is None else image.convert(mode)).save(made, form, **options)
    return made.getvalue()


def claiming_png(width: int, height: int) -> bytes:
    """A PNG whose header claims so many pixels and that holds next to none."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def npy(values: Array, *, pickled: bool = False) -> bytes:
    """A .npy file."""
    made = io.BytesIO()
    np.save(made, values, allow_pickle=pickled)
    return made.getvalue()


def npz(**arrays: Any) -> bytes:
    """A .npz file."""
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def dicom(values: Array, photometric: str = "MONOCHROME2", **more: Any) -> bytes:
    """A DICOM file of [H, W], [frames, H, W] or colours [H, W, 3]; `more` are elements of it by keyword."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = UID("1.2.3")
    made.PhotometricInterpretation = photometric
    shape, made.SamplesPerPixel = values.shape, 1
    if photometric == "RGB":
        shape, made.SamplesPerPixel, made.PlanarConfiguration = values.shape[:-1], 3, 0
    made.Rows, made.Columns = shape[-2:]
    if len(shape) == 3:
        made.NumberOfFrames = shape[0]
    made.BitsAllocated = made.BitsStored = values.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    made.PixelData = values.tobytes()
    for keyword, value in more.items():
        setattr(made, keyword, value)
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def nifti(values: Array, affine: Array, slope: float = 1, intercept: float = 0) -> bytes:
    """A NIfTI file of [X, Y, Z] numbers as they are stored."""
    from nibabel.nifti1 import Nifti1Image

    made: Any = Nifti1Image(values, affine)  # type: ignore[no-untyped-call]
    made.header.set_slope_inter(slope, intercept)
    data: bytes = made.to_bytes()
    return data


def edf(*signals: tuple[Array, float]) -> bytes:
    """An EDF file of (values, samples in a second)."""
    from edfio import Edf, EdfSignal

    made = Edf([EdfSignal(values, rate, label=f"S{number}") for number, (values, rate) in enumerate(signals)])
    return made.to_bytes()


def sound(values: Array, rate: int, form: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """A file of sound of [samples, channels]."""
    import soundfile

    made = io.BytesIO()
    soundfile.write(made, values, rate, format=form, subtype=subtype)
    return made.getvalue()


def hdf5(**arrays: Any) -> bytes:
    """An HDF5 file; an array whose name has "__" lies in a group."""
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        for name, values in arrays.items():
            file[name.replace("__", "/")] = values
    return made.getvalue()


def wfdb(name: str, samples: Array, rate: int = 500, gain: str = "1000.0(0)/mV") -> dict[str, bytes]:
    """A record of WFDB in format 16, as PTB-XL writes it: [samples, channels] of steps."""
    leads = "".join(f"{name}.dat 16 {gain} 16 0 0 0 0 L{lead}\n" for lead in range(samples.shape[1]))
    return {
        f"{name}.hea": f"{name} {samples.shape[1]} {rate} {len(samples)}\n{leads}#a comment\n".encode(),
        f"{name}.dat": samples.astype("<i2").tobytes(),
    }
