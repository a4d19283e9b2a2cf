"""Tokens on disk: written once, named by what they were made from, and mapped into memory.

`cache/tokens/<key>/` holds the arrays of `loaders.tokens.Arrays` as .npy files and `store.json`, which says what they
were made from, their counts and checksums: the same inputs give the same bytes on any machine. `made.json` beside it
tells of this machine: which engine encoded, and what its comparison with the library came to.

Rows are made in *shards* of a fixed size, each from its records alone, so that any number of processes may make them
and a shard that is there need not be made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loaders import checksums
from loaders.ragged import begins
from loaders.sources.store import locked
from loaders.tokens import Arrays
from registry.errors import MedRegistryError, ReadError
from registry.settings import settings

FORMAT = 1
"""Another number whenever the same inputs come to other tokens."""
STORE, MADE = "store.json", "made.json"


class Shard(NamedTuple):
    """The rows made from some records in a row.

    Attributes:
        ids: uint16 or uint32, the tokens of its texts.
        starts, sizes: int64 and uint32, its references, as in `Arrays`.
        counts: uint32, references of each row.
        lengths: uint32, tokens of each row.
        records: int64, the record of each row.
        told: what was cut, dropped and counted.
        made: what encoded.
    """

    ids: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint32]
    lengths: npt.NDArray[np.uint32]
    records: npt.NDArray[np.int64]
    told: dict[str, int]
    made: dict[str, Any]


COLUMNS = Shard._fields[:6]


def key_of(inputs: Mapping[str, Any]) -> str:
    """The name of the tokens that these inputs come to."""
    told = json.dumps({"format": FORMAT, **inputs}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def folder_of(key: str) -> Path:
    """Where the tokens of a key are, or would be."""
    return settings().cache / "tokens" / key


def stored(key: str, inputs: Mapping[str, Any], shards: Callable[[Path], Iterator[Shard]]) -> Path:
    """The folder of the tokens of `key`: as it is, or made now; of several processes one makes it, the others wait.

    Args:
        key: of `inputs`.
        inputs: plain values.
        shards: makes them all, in order; it is given a folder where shards may be left for the next try.

    Raises:
        MedRegistryError: the cache cannot be written.
    """
    folder = folder_of(key)
    try:
        with locked(folder):
            if whole(folder) is None:
                left = folder.with_name(f".shards-{key}")
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-", ignore_cleanup_errors=True) as new:
                    made = Path(new) / "tokens"
                    made.mkdir()
                    write(made, inputs, shards(left))
                    if folder.exists():
                        shutil.rmtree(folder)  # damaged: it was looked at under the same lock
                    made.replace(folder)
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise MedRegistryError(
            f"{place}{error.strerror or error}. The cache is {settings().cache}; REGISTRY_CACHE names another folder"
        ) from None
    return folder


def held(shards: Iterator[Shard]) -> tuple[Arrays, None, dict[str, int], dict[str, Any]]:
    """Shards as arrays in memory, with what they tell; no file is written."""
    parts = list(shards)
    told: Counter[str] = Counter()
    for part in parts:
        told.update(part.told)
    base = begins(np.array([len(part.ids) for part in parts]))
    ids, _, sizes, counts, lengths, records = (
        np.concatenate([part[place] for part in parts]) for place in range(len(COLUMNS))
    )
    starts = np.concatenate([part.starts + before for part, before in zip(parts, base[:-1].tolist(), strict=True)])
    bounds = begins(counts.astype(np.int64))
    return Arrays(ids, starts, sizes, bounds, lengths, records), None, dict(told), parts[-1].made


def write(folder: Path, inputs: Mapping[str, Any], shards: Iterator[Shard]) -> None:
    """Write shards as one store; each is let go before the next is made.

    Raises:
        OSError: the folder cannot be written to.
    """
    told: Counter[str] = Counter()
    made: dict[str, Any] = {}
    files = {name: (folder / f".{name}").open("wb") for name in COLUMNS}
    ids: Any = np.uint16
    try:
        tokens = 0
        for shard in shards:
            ids = shard.ids.dtype
            for name in COLUMNS:
                array: npt.NDArray[Any] = getattr(shard, name)
                (array + tokens if name == "starts" else array).tofile(files[name])
            tokens += len(shard.ids)
            told.update(shard.told)
            made = shard.made if not made else {**made, **shard.made}
    finally:
        for file in files.values():
            file.close()
    kinds = {"ids": ids, "starts": np.int64, "records": np.int64}
    columns = {name: _raw(folder / f".{name}", kinds.get(name, np.uint32)) for name in COLUMNS}
    arrays = Arrays(
        columns["ids"],
        _small(columns["starts"], tokens),
        columns["sizes"],
        _small(begins(columns["counts"].astype(np.int64)), len(columns["sizes"])),
        columns["lengths"],
        _small(columns["records"], int(columns["records"].max(initial=0))),
    )
    for name, array in arrays._asdict().items():
        np.save(folder / f"{name}.npy", array)
    del columns, arrays
    for name in COLUMNS:
        (folder / f".{name}").unlink()
    content = {
        "format": FORMAT,
        "inputs": dict(inputs),
        "counts": dict(sorted(told.items())),
        "files": {
            f"{name}.npy": {
                "bytes": (folder / f"{name}.npy").stat().st_size,
                "sha256": checksums.sha256(folder / f"{name}.npy"),
            }
            for name in Arrays._fields
        },
    }
    (folder / MADE).write_text(_text(made), encoding="utf-8")
    (folder / STORE).write_text(_text(content), encoding="utf-8")


def _raw(path: Path, kind: Any) -> npt.NDArray[Any]:
    return np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)


def _small(array: npt.NDArray[np.int64], highest: int) -> npt.NDArray[Any]:
    return array.astype(np.uint32 if highest < 1 << 32 else np.uint64)


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def whole(folder: Path) -> dict[str, Any] | None:
    """What `store.json` in a folder says; None where it is not there, or files are not as long as it says."""
    try:
        content = json.loads((folder / STORE).read_text(encoding="utf-8"))
        files = content["files"]
        if {f"{name}.npy" for name in Arrays._fields} != set(files):
            return None
        if any((folder / name).stat().st_size != file["bytes"] for name, file in files.items()):
            return None
        return content if content["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def made(folder: Path) -> dict[str, Any]:
    """What encoded the tokens, as far as it is still known."""
    try:
        content = json.loads((folder / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def mapped(folder: Path) -> Arrays:
    """The arrays of a store, mapped; nothing is read until it is looked at.

    Raises:
        ReadError: they are not there, or are no arrays.
    """
    try:
        # Plain arrays over the mapping: each slice of a `memmap` costs a Python call.
        arrays = Arrays(*(np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in Arrays._fields))
        os.utime(folder / STORE)  # when it was last of use, for whoever cleans the cache
    except (OSError, ValueError) as error:
        raise ReadError(f"{folder}: tokens that cannot be read ({error}); load again to have them made anew") from None
    return arrays


def damaged(folder: Path) -> list[str]:
    """The files of a store that are not what `store.json` says; all, where there is none."""
    content = whole(folder)
    names: Sequence[str] = [f"{name}.npy" for name in Arrays._fields]
    if content is None:
        return list(names)
    return [name for name in names if checksums.sha256(folder / name, fresh=True) != content["files"][name]["sha256"]]
