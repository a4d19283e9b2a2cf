"""Loading what a card of the package describes, from a mirror folder, without a database or a network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import registry
from loaders.load import Splits, load_card
from loaders.records import Records
from registry.card import DatasetCard
from registry.errors import PartialLoad
from registry.yamlio import check

CARDS = Path(registry.__file__).parent / "cards" / "datasets"


def card(slug: str) -> DatasetCard:
    """The card of the package, which must have no problem."""
    made, problems = check(CARDS / f"{slug}.yaml", DatasetCard)
    assert made is not None, problems
    return made


class Mirror:
    """A mirror that loads whole datasets or single splits offline."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setenv("REGISTRY_MIRROR", str(folder))
        monkeypatch.setenv("REGISTRY_OFFLINE", "1")

    def load(self, slug: str, config: str | None = None) -> Splits:
        """All splits that are in the mirror."""
        loaded = load_card(card(slug), config=config)
        assert isinstance(loaded, Splits)
        return loaded

    def split(self, slug: str, split: str, config: str | None = None, **options: Any) -> Records:
        """One split; that files of it are missing is not told."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PartialLoad)
            loaded = load_card(card(slug), split, config=config, **options)
        assert isinstance(loaded, Records)
        return loaded

    def put(self, slug: str, path: str, content: str | bytes) -> Path:
        """Write a file of a dataset at its path in the source."""
        target = self.folder / slug / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target
