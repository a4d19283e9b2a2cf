"""How often the recogniser agrees with what people wrote: the cards' own mappings on real and on made-up files.

Each file that a card maps is recognised without the card, loaded both ways, and the columns that carry the meaning are
compared value by value. A wrong mapping is worse than none, so both shares are told: of the mappings that were believed
how many are right (precision), and of all files how many got one (coverage).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import real_files
from loaders.load import Splits, load_card
from loaders.recognise.guess import Guess
from loaders.recognise.origins import guess_at, here
from registry.card import DatasetCard
from registry.errors import MedRegistryError
from registry.loadspec import Load
from registry.yamlio import load_yaml

ROOT = Path(__file__).parents[1]
CARDS = ROOT / "registry" / "cards" / "datasets"
FIXTURES = ROOT / "tests" / "fixtures"
COMPARED = {
    "multiple_choice": ("question", "options", "answers"),
    "question_answer": ("question", "answers"),
    "dialogue": ("turns",),
    "instruction": ("instruction", "output"),
    "text_to_text": ("source", "target"),
    "classification": ("text", "labels"),
    "text_pair": ("first", "second", "label", "score"),
    "text": ("text",),
    "segmentation": ("image", "mask"),
}
ENOUGH = 0.98
MADE_UP = "made-up"
VERDICTS = ("right", "wrong", "left alone", "not judged")


class Loaded(NamedTuple):
    """The rows of one split: its schema, and what they say in the columns that are compared."""

    where: str
    schema: str
    rows: Counter[str]


class Verdict(NamedTuple):
    """What became of one file."""

    slug: str
    path: str
    said: str
    true: str
    verdict: str
    confidence: float


def judged(slug: str, folder: Path) -> Iterator[Verdict]:
    """The verdict on every split that is recognised in `folder` and mapped by the card."""
    card = DatasetCard.model_validate(load_yaml(CARDS / f"{slug}.yaml"))
    if card.load is None:
        return
    guess = guess_at(here(folder, slug=slug))
    if guess.load is None:
        return
    true = _loads(card, card.load, folder)
    for path, said in _loads(card, guess.load, folder).items():
        known = true.get(path, [])
        for one in said:
            yield Verdict(
                slug, path, one.schema, "/".join(sorted({x.schema for x in known})), *_verdict(one, known, guess)
            )


def _verdict(said: Loaded, known: list[Loaded], guess: Guess) -> tuple[str, float]:
    confidence = guess.confidences.get(said.where, guess.confidence)
    if said.schema == "table":
        return ("left alone" if known else "not judged"), confidence
    if not known:
        return "not judged", confidence
    right = any(one.schema == said.schema and _alike(said.rows, one.rows) for one in known)
    return ("right" if right else "wrong"), confidence


def _alike(said: Counter[str], true: Counter[str]) -> bool:
    """Whether nearly all rows of one are rows of the other; the card may leave some out, or read more files as one."""
    fewer = min(said.total(), true.total())
    return (said & true).total() >= ENOUGH * fewer > 0


def _loads(card: DatasetCard, load: Load, folder: Path) -> dict[str, list[Loaded]]:
    """File -> the splits that are made of it, in all configurations."""
    found: dict[str, list[Loaded]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names: list[str | None] = [*load.configs] or [None]
        for config in names:
            try:
                splits = load_card(
                    card.model_copy(update={"load": load}), config=config, files=folder, revision=MADE_UP, offline=True
                )
            except MedRegistryError:
                continue
            for name, records in splits.items() if isinstance(splits, Splits) else ():
                files = splits.manifest["splits"][name]["files"]
                columns = COMPARED.get(records.schema, ())
                rows = Counter(
                    json.dumps(row, ensure_ascii=False, default=str)
                    for row in records.frame.select(columns).iter_rows()
                )
                one = Loaded(config or "default", records.schema, rows)
                found.setdefault(_name(files[0]["path"]), []).append(one)
    return found


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def cases(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Kind of files, card and their folder: the real ones where they are, then made-up ones of their shape."""
    for path in sorted(CARDS.glob("*.yaml")):
        if "\nload:" in path.read_text(encoding="utf-8") and (real_files() / path.stem).is_dir():
            yield "real", path.stem, real_files() / path.stem
    sys.path.insert(0, str(ROOT))
    from tests.support import made_files

    for path in sorted(FIXTURES.glob("*.yaml")):
        try:
            made: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError:
            continue
        files = {name: content for name, content in made.get("files", {}).items() if ":" not in name}
        if files:
            made_files.write(folder / path.stem, files)
            yield "made up", path.stem, folder / path.stem


def main() -> None:
    """Print the verdicts and the shares."""
    table = Table("dataset", "file", "said", "card", "confidence", "verdict")
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["REGISTRY_CACHE"] = f"{home}/cache"
        for kind, slug, folder in cases(Path(home) / "made"):
            try:
                for found in judged(slug, folder):
                    counts.setdefault(kind, Counter())[found.verdict] += 1
                    table.add_row(
                        found.slug, found.path[:40], found.said, found.true, f"{found.confidence:.2f}", found.verdict
                    )
            except MedRegistryError as error:
                table.add_row(slug, str(error)[:60], "", "", "", "failed")
    Console(width=160).print(table)
    for kind, count in counts.items():
        believed = count["right"] + count["wrong"]
        told = ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS)
        shares = (count["right"] / max(believed, 1), believed / max(believed + count["left alone"], 1))
        print(f"{kind} files: {told}; precision {shares[0]:.3f}, coverage {shares[1]:.3f}")


if __name__ == "__main__":
    main()
