"""Which tokens in the cache were made of which records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from loaders.tokenstore import FORMAT, STORE
from registry.settings import settings


def made_of(folder: Path, *, newest: bool = False) -> str | None:
    """The key of the records that tokens were made of; None where they do not tell, or, by `newest`, are of old."""
    try:
        content = json.loads((folder / STORE).read_text(encoding="utf-8"))
        return str(content["inputs"]["records"]) if content["format"] == FORMAT or not newest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tokens_of(records: str) -> Iterator[Path]:
    """The folders of the tokens that were made of the records of a key and would be used again."""
    for folder in sorted((settings().cache / "tokens").glob("[!.]*")):
        if made_of(folder, newest=True) == records:
            yield folder
