"""Pictures and signals of records, decoded when a batch asks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from registry.errors import MedRegistryError, ReadError, UnknownOption, UsageError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from loaders.media import MediaPlace
    from loaders.records import Records

PICTURES = ("images", "before", "after", "image")
MASKS = ("mask",)
SIGNALS = ("signals",)
CHANNELS = ("RGB", "L", None)
LARGEST_SIDE = 1 << 14
LONGEST_SIGNAL = 1 << 28
MOST_THREADS = 8
FILMS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


class Column(NamedTuple):
    """The files that the rows of one column name, one row after another."""

    offsets: Ints
    paths: pa.Array
    bytes: pa.Array | None
    """None where no file came inside the dataset's own."""


class Decoder:
    """Decodes what some rows name. Small where the records hold paths, and fit for other processes.

    Args:
        records: whose columns `images`, `signals`, `before`, `after`, `image` and `mask` are decoded.
        size: (height, width) that every picture is resized to, and every mask.
        channels: "RGB", "L" (shades), or None: shades or colours, as each picture is.
        processor: an image processor of transformers, or a processor that has one; it is given the pictures.
        window: (low, high): the intensities that become 0 and 255 where a picture has more than eight bits.
        array: name of the array in .npz and HDF5 files that hold several.
        signal_length: samples that every signal is cut or filled with zeros to, at its end.
        threads: how many decode at once; None takes one for each processor, 8 at most.

    Raises:
        UsageError: an option that does not fit.
    """

    def __init__(
        self,
        records: Records,
        *,
        size: tuple[int, int] | None = None,
        channels: str | None = "RGB",
        processor: Any = None,
        window: tuple[float, float] | None = None,
        array: str | None = None,
        signal_length: int | None = None,
        threads: int | None = None,
    ) -> None:
        if channels not in CHANNELS:
            raise UnknownOption("channels", channels, [str(one) for one in CHANNELS])
        if size is not None and channels is None and processor is None:
            raise UsageError("size= makes one tensor of a batch, whose pictures must have the same channels: give both")
        if window is not None and not (len(tuple(window)) == 2 and window[0] < window[1]):
            raise UsageError(f"window must be (low, high), the lower number first, not {window!r}")
        self._size = None if size is None else _checked_size(size)
        self._channels = channels
        self._window = window
        self._array = array
        self._length = (
            signal_length if signal_length is None else _within("signal_length", signal_length, LONGEST_SIGNAL)
        )
        self._threads = _within("threads", _processors() if threads is None else threads, 1024)
        self._processor = getattr(processor, "image_processor", processor)
        if processor is not None and not callable(self._processor):
            raise UsageError(f"processor must be an image processor of transformers, not {type(processor).__name__}")
        self._folder: Path | None = records.folder
        self._media: MediaPlace | None = records.media
        self._name = records.manifest.get("slug") or (records.media.origin.slug if records.media else "the records")
        self._count = len(records)
        self._columns = dict(_columns(records.frame))

    def __bool__(self) -> bool:
        """Whether the records have any picture or signal."""
        return bool(self._columns)

    def __call__(self, rows: Ints) -> dict[str, Any]:
        """What some rows name, decoded, in the order of the rows.

        `images`: uint8 [N, C, H, W] where `size` is given, else a list of uint8 [C, H, W]; with a processor, what that
        returns. `volumes`: list of float32 [D, H, W]. `signals`: list of float32 [channels, samples], or [N, channels,
        signal_length]. `image_rows`, `volume_rows`, `signal_rows`: int64 [N], the place in `rows` that each belongs to.
        `docs/images-and-signals.md` tells the rest. Records without pictures and signals give {}.

        Args:
            rows: int64 [B], numbers of records.

        Raises:
            MissingFiles: a file is nowhere to be had.
            ReadError: one that is damaged, of no known form or too large; names dataset, row and path.
            UsageError: a film; signals that make no one tensor.
            MedRegistryError: a package is missing.
        """
        if not self._columns:
            return {}
        rows = np.asarray(rows, np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < self._count):
            raise UsageError(f"rows from {rows.min()} to {rows.max()}; there are {self._count:,} records")
        made: dict[str, Any] = {}
        for name, column in self._columns.items():
            begins = column.offsets[rows]
            counts = column.offsets[rows + 1] - begins
            places = np.repeat(np.arange(len(rows)), counts)
            files = np.arange(len(places)) + np.repeat(begins - np.cumsum(counts) + counts, counts)
            take: Callable[[str, int, int], Any] = (
                self._signal if name in SIGNALS else self._mask if name in MASKS else self._picture
            )
            found = self._each(partial(take, name), files, rows[places])
            made |= (self._signals if name in SIGNALS else self._pictures)(name, found, places)
        return made

    def _each(self, take: Callable[[int, int], Any], files: Ints, rows: Ints) -> list[Any]:
        pairs = files.tolist(), rows.tolist()
        if self._threads == 1 or len(files) < 2:
            return [take(file, row) for file, row in zip(*pairs, strict=True)]
        return list(_pool(self._threads, os.getpid()).map(take, *pairs))

    def _picture(self, name: str, file: int, row: int) -> Any:
        """A picture for the processor, else uint8 [C, H, W]; or a volume, float32."""
        from loaders.forms import read_image
        from loaders.pictures import Form, channels_first

        with self._opened(name, file, row) as (path, data):
            found = read_image(path, data, Form(self._channels, self._size, self._window), self._array)
            return found if self._processor is not None or isinstance(found, np.ndarray) else channels_first(found)

    def _mask(self, name: str, file: int, row: int) -> Array:
        from loaders.forms import read_labels

        with self._opened(name, file, row) as (path, data):
            return read_labels(path, data, self._size, self._array)

    def _signal(self, name: str, file: int, row: int) -> Any:
        from loaders.signals import Signal, read_signal

        with self._opened(name, file, row) as (path, data):
            values, rate = read_signal(path, data, self._read, self._array)
            if self._length is None:
                return Signal(values, rate), values.shape[1]
            fitted = np.zeros((len(values), self._length), np.float32)
            kept = min(self._length, values.shape[1])
            fitted[:, :kept] = values[:, :kept]
            return Signal(fitted, rate), kept

    def _read(self, path: str) -> bytes:
        from loaders.media import read_media

        return read_media(self._folder, path, self._media)

    @contextmanager
    def _opened(self, name: str, file: int, row: int) -> Iterator[tuple[str | None, bytes]]:
        """Path and bytes of a file; errors that come up meanwhile say whose they are."""
        column = self._columns[name]
        path: str | None = column.paths[file].as_py()
        inside = column.bytes[file].as_py() if column.bytes is not None else None
        where = f"{self._name}: row {row:,}, {path or f'{name} without a path'}"
        try:
            if path is not None and PurePosixPath(path).suffix.lower() in FILMS:
                raise UsageError(
                    "a film; films are not decoded: take frames out of it, or read it with a library for films"
                )
            yield path, self._read(str(path)) if inside is None else inside
        except MedRegistryError as error:
            if type(error) not in (ReadError, UsageError, MedRegistryError):
                raise
            raise type(error)(f"{where}: {error}") from error
        except OSError as error:
            raise ReadError(f"{where}: cannot be read: {error.strerror or error}") from error

    def _pictures(self, name: str, found: Sequence[Any], places: Ints) -> dict[str, Any]:
        """Pictures or masks of one column, and its volumes apart from them."""
        import torch

        axes = 2 if name in MASKS else 3
        deep = [isinstance(one, np.ndarray) and (one.ndim != axes or one.dtype == np.float32) for one in found]
        flat = [one for one, is_deep in zip(found, deep, strict=True) if not is_deep]
        volumes = [one for one, is_deep in zip(found, deep, strict=True) if is_deep]
        marks = np.asarray(deep, bool)
        prefix = "" if name in ("images", "image") else f"{name}_"
        made: dict[str, Any] = {}
        if volumes:
            made[f"{prefix}volumes"] = [torch.from_numpy(one) for one in volumes]
            made[f"{prefix}volume_rows"] = torch.from_numpy(places[marks])
        if volumes and not flat:
            return made
        if self._processor is not None and name not in MASKS:
            made |= {prefix + key: value for key, value in self._processed(flat).items()} if flat else {}
        elif self._size is None:
            made[name] = [torch.from_numpy(one) for one in flat]
        elif flat:
            made[name] = torch.from_numpy(np.stack(flat))
        else:
            kind = torch.int64 if name in MASKS else torch.uint8
            planes = () if name in MASKS else (3 if self._channels == "RGB" else 1,)
            made[name] = torch.empty((0, *planes, *self._size), dtype=kind)
        made["image_rows" if not prefix else f"{prefix}rows"] = torch.from_numpy(places[~marks])
        return made

    def _processed(self, flat: list[Any]) -> dict[str, Any]:
        try:
            return dict(self._processor(images=flat, return_tensors="pt"))
        except (ValueError, TypeError, RuntimeError) as error:
            raise UsageError(
                f"{type(self._processor).__name__} takes no {len(flat)} pictures of {self._name}: {error}"
            ) from error

    def _signals(self, name: str, found: Sequence[Any], places: Ints) -> dict[str, Any]:
        import torch

        values: Any = [torch.from_numpy(signal.values) for signal, _ in found]
        lengths = torch.tensor([length for _, length in found], dtype=torch.int64)
        if self._length is not None:
            if len(counts := sorted({len(one) for one in values})) > 1:
                raise UsageError(
                    f"{self._name}: signals of {' and '.join(map(str, counts))} channels make no one tensor; leave "
                    "signal_length= out"
                )
            values = torch.stack(values) if values else torch.empty((0, 0, self._length))
        return {
            "signals": values,
            "signal_rows": torch.from_numpy(places),
            "signal_rates": torch.tensor([signal.rate for signal, _ in found], dtype=torch.float32),
            "signal_lengths": lengths,
        }


def _columns(frame: pl.DataFrame) -> Iterator[tuple[str, Column]]:
    """Columns that name any file at all."""
    import polars as pl

    for name in (*PICTURES, *MASKS, *SIGNALS):
        if name not in frame.columns:
            continue
        each = frame.select(pl.int_range(pl.len()).alias("row"), pl.col(name).alias("file"))
        if isinstance(each.schema["file"], pl.List):
            each = each.filter(pl.col("file").list.len() > 0).explode("file")
        if not isinstance(each.schema["file"], pl.Struct):
            continue
        files = each.unnest("file").filter(pl.col("path").is_not_null() | pl.col("bytes").is_not_null())
        if not files.height:
            continue
        counts = np.bincount(files["row"].to_numpy(), minlength=frame.height)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        inside = files["bytes"] if files["bytes"].null_count() < files.height else None
        # Arrow: its arrays can be read in a forked process, where Polars may wait forever for its own threads.
        yield name, Column(offsets, files["path"].to_arrow(), None if inside is None else inside.to_arrow())


@lru_cache(maxsize=4)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads for this process: those of a parent do not live on in a fork."""
    return ThreadPoolExecutor(threads, thread_name_prefix="decode")


def _processors() -> int:
    return min(MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _checked_size(size: tuple[int, int]) -> tuple[int, int]:
    try:
        height, width = size
    except (TypeError, ValueError):
        raise UsageError(f"size must be (height, width), not {size!r}") from None
    return _within("a side of size", height, LARGEST_SIDE), _within("a side of size", width, LARGEST_SIDE)


def _within(what: str, value: Any, most: int) -> int:
    if not isinstance(value, (int, np.integer)) or not 0 < value <= most:
        raise UsageError(f"{what} must be a number from 1 to {most:,}, not {value!r}")
    return int(value)
