"""Pictures out of the bytes of files: within bounds, upright, in eight bits a channel."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from registry.errors import MedRegistryError, ReadError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "PPM", "AVIF")
"""What Pillow may open: none of these runs another program, as EPS would."""
MOST_PIXELS = 89_478_485
"""Pixels of one picture: where Pillow begins to warn of decompression bombs."""
CHANNELS = {"RGB": 3, "L": 1}
TURNED = (5, 6, 7, 8)
"""EXIF orientations in which height and width change places."""
ORIENTATION = 0x0112
SPARE = 2.0
"""Pixels are averaged in whole blocks to no less than this many times the asked size, then resampled."""

Array = npt.NDArray[Any]


class Form(NamedTuple):
    """What becomes of each picture; `loaders.decode.Decoder` tells the options."""

    channels: str | None = "RGB"
    size: tuple[int, int] | None = None
    window: tuple[float, float] | None = None


def read_picture(data: bytes, form: Form) -> Image:
    """A picture of a format that Pillow knows, in mode L or RGB.

    Raises:
        ReadError: no picture, damaged or cut short, or more than `MOST_PIXELS`.
    """
    return shaped(_flat(_decoded(data, form.size), form.window), form)


def from_array(values: Array, form: Form) -> Image | None:
    """An array as a picture; None where it is a volume.

    Args:
        values: [H, W], [H, W, C] or [C, H, W] with 1, 3 or 4 channels. bool and uint8 are taken as they are, others as
            `eight_bits` has it.
        form: what to make of it.

    Raises:
        ReadError: not two or three axes, no numbers, or more than `MOST_PIXELS`.
    """
    _need_pillow()
    from PIL import Image

    if values.ndim == 3 and values.shape[2] not in (1, 3, 4):
        if values.shape[0] not in (1, 3, 4):
            return None
        values = np.moveaxis(values, 0, 2)
    if values.ndim not in (2, 3) or values.dtype.kind not in "biuf" or not values.size:
        raise ReadError(f"an array of {values.dtype} and shape {values.shape} is no picture")
    refuse_size(values.shape[1], values.shape[0])
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.dtype == bool:
        values = values.astype(np.uint8) * np.uint8(255)
    elif values.dtype != np.uint8:
        values = eight_bits(values, form.window)
    return shaped(_flat(Image.fromarray(np.ascontiguousarray(values)), None), form)


def read_mask(data: bytes, size: tuple[int, int] | None) -> Array:
    """A mask of a format that Pillow knows: int64 [H, W], each pixel's number as the file has it.

    A palette's index stays an index; alpha is left out; colours become 0xRRGGBB, or the shade where they are gray.

    Raises:
        ReadError: as `read_picture`.
    """
    image = _decoded(data, None)
    if image.mode in ("LA", "La"):
        image = image.convert("L")
    elif image.mode == "PA":
        image = image.getchannel(0)
    elif image.mode not in ("1", "L", "P", "I", "F", "RGB") and not image.mode.startswith("I;"):
        image = image.convert("RGB")
    values = np.asarray(image)
    if values.ndim == 3:
        red, green, blue = (values[:, :, channel].astype(np.int64) for channel in range(3))
        gray = np.array_equal(red, green) and np.array_equal(green, blue)
        values = red if gray else red << 16 | green << 8 | blue
    return nearest(values.astype(np.int64), size)


def nearest(values: Array, size: tuple[int, int] | None) -> Array:
    """[H, W] at another size, each value one that was there before."""
    if size is None or values.shape == size:
        return values
    rows, columns = (
        ((np.arange(wanted) + 0.5) * present / wanted).astype(np.int64)
        for wanted, present in zip(size, values.shape, strict=True)
    )
    resized: Array = values[rows[:, None], columns]
    return resized


def eight_bits(values: Array, window: tuple[float, float] | None) -> npt.NDArray[np.uint8]:
    """Intensities as 0 to 255, linear between the ends of `window` or between the least and largest that is there.

    What is beyond an end, and what is no number, is shown as that end: NaN as 0.
    """
    values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    finite = values[np.isfinite(values)]
    low, high = window or ((float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0))
    scaled = (values - low) * (255 / (high - low) if high > low else 0)
    return np.nan_to_num(np.rint(np.clip(scaled, 0, 255)), nan=0, copy=False).astype(np.uint8)


def shaped(image: Image, form: Form) -> Image:
    """A picture of mode L or RGB in the channels and the size that are asked for."""
    from PIL.Image import Resampling

    if form.channels is not None and image.mode != form.channels:
        image = image.convert(form.channels)
    if form.size is not None and image.size != form.size[::-1]:
        image = image.resize(form.size[::-1], Resampling.BILINEAR, reducing_gap=SPARE)
    return image


def channels_first(image: Image) -> npt.NDArray[np.uint8]:
    """uint8 [C, H, W], memory of its own."""
    values = np.asarray(image)
    values = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return np.array(values, order="C")


def refuse_size(width: int, height: int) -> None:
    """Refuse a picture of more than `MOST_PIXELS`, or of none."""
    if width < 1 or height < 1:
        raise ReadError(f"a picture of {width} x {height} pixels has none")
    if width * height > MOST_PIXELS:
        raise ReadError(
            f"a picture of {width:,} x {height:,} pixels is more than the limit of {MOST_PIXELS:,}; refused, it may be "
            "a decompression bomb"
        )


def _need_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ModuleNotFoundError:
        raise MedRegistryError('pictures are decoded by Pillow: pip install "medregistry[media]"') from None


def _decoded(data: bytes, size: tuple[int, int] | None) -> Image:
    """The first frame, upright; a JPEG is decoded at 1/2, 1/4 or 1/8 where that is no smaller than `size`."""
    _need_pillow()
    from PIL import Image, ImageOps, UnidentifiedImageError

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        refuse_size(*image.size)
        orientation = image.getexif().get(ORIENTATION, 1)
        if size is not None and image.format in ("JPEG", "MPO"):
            # As near to the full decode as two filters of resampling are to one another, in half the time.
            image.draft(None, size if orientation in TURNED else size[::-1])
        image.load()
        return image if orientation == 1 else ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ReadError(f"no picture of a known format; it begins with {data[:16]!r}") from None
    except bombs as error:
        raise ReadError(f"refused as a decompression bomb: {error}") from None
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, struct.error, zlib.error) as error:
        raise ReadError(f"a damaged picture, or cut short ({error}); fetch it again") from None


def _flat(image: Image, window: tuple[float, float] | None) -> Image:
    """Any mode as L or RGB. Transparent pixels lie on white, as on a page."""
    from PIL import Image

    mode = image.mode
    if mode in ("I", "F") or mode.startswith("I;"):
        return Image.fromarray(eight_bits(np.asarray(image), window))
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        above = image.convert("RGBA")
        page = Image.new("RGBA", above.size, "white")
        page.alpha_composite(above)
        return page.convert("L" if mode in ("1", "L", "LA", "La") else "RGB")
    if mode in ("L", "RGB"):
        return image
    return image.convert("L" if mode == "1" else "RGB")
