"""The cards that an import is about: those that are new or say something else, and the names of those that went."""

from __future__ import annotations

from typing import NamedTuple

from registry.card import DatasetCard, FindingCard, Listed, PaperCard, Seed


class Changed(NamedTuple):
    """The cards that changed, by slug, and the slugs of those that went."""

    datasets: dict[str, DatasetCard]
    papers: dict[str, PaperCard]
    findings: dict[str, FindingCard]
    seeds: list[Seed]
    listed: list[Listed]
    gone: dict[str, list[str]]
    lists_changed: bool
