"""Finding, reading and cross-checking the cards of the package and of a user's own folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from registry.card import DatasetCard, FindingCard, Listed, PaperCard, Seed
from registry.errors import CardError, Problem

T = TypeVar("T")
PACKAGE = Path(__file__).parent / "cards"
MODELS: dict[str, Any] = {"datasets": DatasetCard, "papers": PaperCard, "findings": FindingCard, "seeds": list[Seed]}
MAX_LISTED_BYTES = 50_000_000


class Entry(NamedTuple, Generic[T]):
    """A card with the file it came from; `sha256` is that of the file, of the line for `listed`."""

    card: T
    path: Path
    sha256: str


class Found(NamedTuple):
    """A card file that has not been read yet."""

    path: Path
    sha256: str


@dataclass
class Cards:
    """Cards by slug; seeds by arXiv id."""

    datasets: dict[str, Entry[DatasetCard]] = field(default_factory=dict)
    papers: dict[str, Entry[PaperCard]] = field(default_factory=dict)
    findings: dict[str, Entry[FindingCard]] = field(default_factory=dict)
    seeds: dict[str, Entry[Seed]] = field(default_factory=dict)
    listed: dict[str, Entry[Listed]] = field(default_factory=dict)


def card_folders() -> list[Path]:
    """The folder of the package and, where REGISTRY_CARDS names one, the user's own.

    Raises:
        CardError: REGISTRY_CARDS names no folder.
    """
    from registry.settings import settings

    private = settings().cards
    if private is None:
        return [PACKAGE]
    private = Path(private).expanduser()
    if not private.is_dir():
        raise CardError([Problem(private, 0, "REGISTRY_CARDS", "is no folder; name one that holds cards, or unset it")])
    return [PACKAGE, private]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(kind, path) of the card files of a folder, in a fixed order.

    A folder holds `datasets/`, `papers/`, `findings/`, `seeds.yaml`, `listed.jsonl`; its other YAML files are datasets.
    """
    for path in sorted(folder.glob("*.y*ml")):
        if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
            yield ("seeds" if path.name == "seeds.yaml" else "datasets"), path
    for kind in ("datasets", "papers", "findings"):
        for path in sorted((folder / kind).glob("*.y*ml")):
            if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
                yield kind, path
    if (folder / "listed.jsonl").is_file():
        yield "listed", folder / "listed.jsonl"


def dataset_file(folders: Sequence[Path], slug: str) -> Path | None:
    """The file of the card of a dataset; None where no folder has one."""
    return next(
        (path for folder in folders for kind, path in _files(folder) if kind == "datasets" and path.stem == slug), None
    )


def fingerprint(folders: Sequence[Path]) -> str:
    """A sha256 over names and contents of all card files: the same cards give the same value on every machine."""
    total = hashlib.sha256()
    for folder in folders:
        for _, path in _files(folder):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
        total.update(b"\n")
    return total.hexdigest()


def scan(folders: Sequence[Path]) -> dict[tuple[str, str], Found]:
    """All card files by (kind, file name without ending), with their checksums; nothing is parsed.

    Raises:
        CardError: two files of one kind and name.
    """
    found: dict[tuple[str, str], Found] = {}
    twice = []
    for folder in folders:
        for kind, path in _files(folder):
            key = (kind, path.stem if kind in ("datasets", "papers", "findings") else str(path))
            if key in found:
                twice.append(Problem(path, 0, "slug", f"{path.stem!r} is defined twice, also in {found[key].path}"))
            else:
                found[key] = Found(path, hashlib.sha256(path.read_bytes()).hexdigest())
    if twice:
        raise CardError(twice)
    return found


def parse(items: Mapping[tuple[str, str], Found]) -> Cards:
    """Read and validate these files.

    Raises:
        CardError: with all problems of all files.
    """
    cards, problems = _parse(items)
    if problems:
        raise CardError(problems)
    return cards


def read_cards(folders: Sequence[Path] | None = None, known: Mapping[str, str] | None = None) -> Cards:
    """Read, validate and cross-check the cards of `folders` (default: all).

    Files whose path is in `known` with the same sha256 are left out: they have been read before. What the others refer
    to is looked for in all files.

    Raises:
        CardError: with all problems of all files.
    """
    folders = card_folders() if folders is None else folders
    found = scan(folders)
    changed = {key: item for key, item in found.items() if (known or {}).get(str(item.path)) != item.sha256}
    cards, problems = _parse(changed)
    lists = [item.path for key, item in found.items() if key[0] == "listed" and key not in changed]
    problems += cross_check(
        cards,
        {slug for kind, slug in found if kind == "datasets"},
        {slug for kind, slug in found if kind == "papers"},
        {slug for path in lists for slug in _slugs(path)},
    )
    if problems:
        raise CardError(problems)
    return cards


def _parse(items: Mapping[tuple[str, str], Found]) -> tuple[Cards, list[Problem]]:
    from registry.yamlio import check, line_of

    cards, problems = Cards(), list[Problem]()
    for (kind, slug), (path, sha256) in items.items():
        if kind == "listed":
            problems += _read_listed(path, cards.listed)
            continue
        card, wrong = check(path, MODELS[kind])
        problems += wrong
        if card is None:
            continue
        if kind == "seeds":
            cards.seeds.update((seed.arxiv, Entry(seed, path, sha256)) for seed in card)
            continue
        if card.slug != slug:
            told = f"{card.slug!r} is not the name of the file; call the file {card.slug}.yaml"
            problems.append(Problem(path, line_of(path, ["slug"]), "slug", told))
        getattr(cards, kind)[slug] = Entry(card, path, sha256)
    return cards, problems


def _read_listed(path: Path, into: dict[str, Entry[Listed]]) -> list[Problem]:
    from pydantic import ValidationError

    from registry.yamlio import problems

    found: list[Problem] = []
    if path.stat().st_size > MAX_LISTED_BYTES:
        return [Problem(path, 0, "", f"has more than {MAX_LISTED_BYTES // 1_000_000} MB")]
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = Listed.model_validate_json(line)
        except ValidationError as error:
            found += problems(error, path, Listed, lambda loc, number=number: (number, len(loc)))
            continue
        if row.slug in into:
            found.append(Problem(path, number, "slug", f"{row.slug!r} is listed twice"))
        into[row.slug] = Entry(row, path, hashlib.sha256(line).hexdigest())
    return found


def _slugs(path: Path) -> list[str]:
    """The slugs of the rows of a list, in the order of its lines; "" where a line has none."""
    import json

    slugs = []
    for line in path.read_bytes().splitlines():
        try:
            slugs.append(str(json.loads(line)["slug"]))
        except (ValueError, KeyError, TypeError):
            slugs.append("")
    return slugs


def cross_check(
    cards: Cards, datasets: Iterable[str], papers: Iterable[str], listed: Iterable[str] = ()
) -> list[Problem]:
    """What the cards say of each other: unknown slugs, and aliases that are another card's slug.

    `datasets` and `papers` are all slugs that have a card; `listed` are those of rows of lists that are not in `cards`.
    """
    from registry.yamlio import dotted, line_of

    curated, papers = set(datasets), set(papers)
    known = curated | set(cards.listed) | set(listed)
    found: list[Problem] = []

    def refer(path: Path, loc: list[str | int], slug: str, among: set[str], what: str) -> None:
        if slug not in among:
            near = get_close_matches(slug, among, 3, 0.6)
            hint = f"; near: {', '.join(near)}" if near else ""
            found.append(Problem(path, line_of(path, loc), dotted(loc), f"there is no {what} {slug!r}{hint}"))

    for slug, (dataset, path, _) in cards.datasets.items():
        for i, parent in enumerate(dataset.derived_from):
            refer(path, ["derived_from", i, "dataset"], parent.dataset, known, "dataset")
            if parent.dataset == slug:
                found.append(
                    Problem(
                        path, line_of(path, ["derived_from", i]), "derived_from", "a dataset is not derived from itself"
                    )
                )
        for i, alias in enumerate(dataset.aliases):
            if alias.lower() in curated and alias.lower() != slug:
                found.append(
                    Problem(
                        path,
                        line_of(path, ["aliases", i]),
                        f"aliases[{i}]",
                        f"{alias!r} is the slug of another dataset",
                    )
                )
    for paper, path, _ in cards.papers.values():
        for i, use in enumerate(paper.uses):
            refer(path, ["uses", i, "dataset"], use.dataset, known, "dataset")
    for finding, path, _ in cards.findings.values():
        for i, slug in enumerate(finding.datasets):
            refer(path, ["datasets", i], slug, known, "dataset")
    for number, (seed, path, _) in enumerate(cards.seeds.values()):
        for i, slug in enumerate(seed.introduces):
            refer(path, [number, "introduces", i], slug, known, "dataset")
        for i, slug in enumerate(seed.papers):
            refer(path, [number, "papers", i], slug, papers, "paper")
    for row, path, _ in cards.listed.values():
        for what, slugs in (("same_as", [row.same_as] if row.same_as else []), ("maybe_same_as", row.maybe_same_as)):
            for slug in slugs:
                if slug not in known:
                    line = _slugs(path).index(row.slug) + 1
                    found.append(Problem(path, line, f"{row.slug}.{what}", f"there is no dataset {slug!r}"))
    return found
