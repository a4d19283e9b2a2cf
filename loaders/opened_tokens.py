"""Token files outside of the cache: written beside each other by `registry tokenize`, opened by `open_tokens`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from loaders import tokenstore
from loaders.tokens import Tokens
from registry.errors import MedRegistryError, ReadError, UsageError

MANIFEST = "manifest.json"
"""`Tokens.manifest`, and `pad`."""


def open_tokens(folder: str | os.PathLike[str], *, packing: str | None = None) -> Tokens:
    """Tokens from a folder that `registry tokenize` wrote; they are mapped, so opening takes milliseconds.

    Args:
        folder: one split's.
        packing: how rows share a pack, "best-fit" or "none"; None takes what the tokens were written with.

    Returns:
        Tokens without the records; `manifest` tells of these.

    Raises:
        ReadError: there are no tokens, or files of them are missing or cut short.
    """
    place = Path(folder).expanduser()
    content = tokenstore.whole(place)
    try:
        told = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        pad, length = int(told.pop("pad")), int(told["options"]["max_length"])
        shared = packing or str(told["options"]["packing"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        content = None
    if content is None:
        raise ReadError(
            f"{place}: no whole token files; give the folder of one split, as `registry tokenize SLUG --out DIR` "
            f"writes it: DIR/<split> with {tokenstore.STORE}, {MANIFEST} and .npy files"
        )
    return Tokens(tokenstore.mapped(place), length, pad, shared, told, place)


def check_place(folder: Path) -> None:
    """Refuse a place that holds something else than tokens, before work is done for it.

    Raises:
        UsageError: says what is there.
    """
    if folder.exists() and not (folder.is_dir() and (tokenstore.whole(folder) or not any(folder.iterdir()))):
        raise UsageError(f"{folder}: something else than whole token files is there; name another --out, or remove it")


def write(tokens: Tokens, folder: Path) -> None:
    """Write tokens that are in the cache into a folder, which appears whole; the same ones there already are left.

    The arrays are hard links to the cache where the disk allows it, so that they take no room; else copies.

    Raises:
        UsageError: other tokens, or something else, are there.
        MedRegistryError: it cannot be written.
    """
    assert tokens.folder is not None  # noqa: S101 - records of a load are kept
    check_place(folder)
    told = {"pad": tokens.pad, **tokens.manifest}
    try:
        if tokenstore.whole(folder):
            if _same(folder, tokens.folder, told):
                return
            raise UsageError(f"{folder}: other tokens are there; name another --out, or remove it")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True
        ) as made:
            new = Path(made) / "tokens"
            new.mkdir()
            for path in sorted(tokens.folder.iterdir()):
                _placed(path, new / path.name)
            text = json.dumps(told, ensure_ascii=False, indent=1, default=str)
            (new / MANIFEST).write_text(text + "\n", encoding="utf-8")
            new.replace(folder)
    except OSError as error:
        raise MedRegistryError(f"{folder} cannot be written: {error.strerror or error}") from None


def _placed(path: Path, target: Path) -> None:
    if path.suffix == ".npy":
        with contextlib.suppress(OSError):  # another disk, or one that knows no links
            os.link(path, target)
            return
    shutil.copyfile(path, target)


def _same(folder: Path, wanted: Path, told: dict[str, Any]) -> bool:
    """Whether a folder holds these tokens, to be read in the same way; when they were made is no matter."""
    try:
        there = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        alike = (there["pad"], there["options"]) == (told["pad"], told["options"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return alike and tokenstore.whole(folder) == tokenstore.whole(wanted)
