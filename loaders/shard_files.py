"""A finished shard as a folder: six arrays and `shard.json`, seen whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from loaders.tokenstore import COLUMNS, Shard

TOLD = "shard.json"


class Left(NamedTuple):
    """A shard, and the texts of the warnings that came while it was made."""

    shard: Shard
    warned: tuple[str, ...]


def folder_of(left: Path, first: int, last: int) -> Path:
    """Where the shard of the records from `first` to before `last` is, or would be."""
    return left / f"{first:012d}-{last:012d}"


def write(folder: Path, shard: Shard, warned: Sequence[str]) -> None:
    """Write a shard; where another process has written it meanwhile, theirs stays, for it is the same.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-", ignore_cleanup_errors=True) as beside:
        new = Path(beside) / "shard"
        new.mkdir()
        for name in COLUMNS:
            np.save(new / f"{name}.npy", getattr(shard, name))
        sizes = {name: (new / f"{name}.npy").stat().st_size for name in COLUMNS}
        told = {"told": shard.told, "made": shard.made, "warned": list(warned), "bytes": sizes}
        (new / TOLD).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        if folder.exists() and not is_whole(folder):
            shutil.rmtree(folder)
        try:
            new.replace(folder)
        except OSError:
            if not is_whole(folder):
                raise


def is_whole(folder: Path) -> bool:
    """Whether a shard is there with all its files, as long as they were."""
    return _told(folder) is not None


def read(folder: Path) -> Left | None:
    """A shard whose arrays stay in their files; None where it is not there, or not whole."""
    told = _told(folder)
    if told is None:
        return None
    try:
        arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in COLUMNS]
        return Left(Shard._make([*arrays, told["told"], told["made"]]), tuple(told["warned"]))
    except (OSError, ValueError, KeyError):
        return None


def _told(folder: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        whole = all((folder / f"{name}.npy").stat().st_size == told["bytes"][name] for name in COLUMNS)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if whole else None
