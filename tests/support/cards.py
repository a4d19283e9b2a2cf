"""Made-up cards of true shape: each function writes one file of a card folder and fills in what a test leaves open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


def dataset(folder: Path, slug: str, **fields: Any) -> Path:
    """Write `datasets/<slug>.yaml`; a field given as None is left out."""
    usual = {
        "name": slug.upper(),
        "kind": "dataset",
        "summary": f"Made-up questions about the dataset {slug}.",
        "access": "open",
        "sources": [{"provider": "huggingface", "id": f"made-up/{slug}", "role": "official"}],
        "licence": {"data": "CC-BY-4.0", "stated_in": "made up"},
        "languages": ["en"],
        "modalities": ["text"],
        "tasks": ["multiple-choice-qa"],
        "specialties": ["general"],
        "read_in": ["made up for a test"],
    }
    return _write(folder / "datasets" / f"{slug}.yaml", {"slug": slug, **usual, **fields})


def paper(folder: Path, slug: str, **fields: Any) -> Path:
    """Write `papers/<slug>.yaml`."""
    usual = {
        "title": f"A made-up paper called {slug}",
        "year": 2025,
        "kind": "study",
        "summary": f"What {slug} found.",
        "read_in": ["made up for a test"],
    }
    return _write(folder / "papers" / f"{slug}.yaml", {"slug": slug, **usual, **fields})


def finding(folder: Path, slug: str, **fields: Any) -> Path:
    """Write `findings/<slug>.yaml`; `datasets` are the slugs it is about."""
    usual = {
        "datasets": [],
        "kind": "shortcut",
        "statement": f"The made-up finding {slug}.",
        "read_in": ["made up for a test"],
    }
    return _write(folder / "findings" / f"{slug}.yaml", {"slug": slug, **usual, **fields})


def listed(folder: Path, *rows: dict[str, Any]) -> Path:
    """Write `listed.jsonl`; each row needs a slug at least."""
    path = folder / "listed.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    full = [{"name": row["slug"].upper(), "confidence": "medium", "read_in": ["made up"], **row} for row in rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in full), encoding="utf-8")
    return path


def _write(path: Path, card: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    present = {name: value for name, value in card.items() if value is not None}
    path.write_text(yaml.safe_dump(present, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path
