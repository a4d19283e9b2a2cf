"""A card held against the files that it speaks of: whether every split loads, and what it says of them is so."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loaders import checksums
from loaders.fetch import Origin, locate
from loaders.load import load_card
from loaders.plan import plan
from loaders.read import FILE, ROW, Located, read_files
from loaders.recognise.layout import Entry, format_and_container
from loaders.recognise.sampling import sampled
from registry.card import DatasetCard, File
from registry.errors import MedRegistryError, MissingFiles, Problem
from registry.loadspec import FileRef, Load, Read
from registry.yamlio import line_of

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Held:
    """A card, the file that it was read from, and where its data files may be looked for."""

    path: Path
    card: DatasetCard
    files: Path | None
    fetch: bool
    """Whether to download what is not on this machine."""

    @property
    def strict(self) -> bool:
        """Whether a file that is not here is a problem: not where only a mirror or the cache was looked into."""
        return self.files is not None or self.fetch

    def problem(self, loc: Loc, message: str) -> Problem:
        """A problem at a place of the card, with its line."""
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        return Problem(self.path, line_of(self.path, loc), where, message)

    def origin(self) -> Origin:
        """Where the files of the card may be looked for."""
        load = self.card.load
        source, revision = (load.source, load.revision) if load else (None, None)
        return Origin(self.card.slug, source, revision, files=self.files, offline=not self.fetch)


def problems(path: Path, card: DatasetCard, *, files: Path | None = None, fetch: bool = False) -> list[Problem]:
    """Everything in which a card and the files that it speaks of differ, each with the card's line.

    Args:
        path: the card's file.
        card: what was read of it.
        files: the folder of the data files; None looks in the mirror and the cache.
        fetch: download what is not here.

    Returns:
        Problems in the order of their lines: splits that do not load, rows that are not as many as counted, columns
        that are not there, sums that differ; files that are not here, where `files` or `fetch` asked for them.
    """
    held = Held(path, card, files, fetch)
    found = [*_splits(held), *(problem for at in range(len(card.files)) for problem in _file(held, at))]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.line)


def _splits(held: Held) -> Iterator[Problem]:
    load = held.card.load
    if load is None:
        return
    for config in _configs(load):
        above: Loc = ("load", "configs", config, "splits") if config else ("load", "splits")
        for name, one in plan(load, config)[1].items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    records = load_card(held.card, name, config=config, files=held.files, offline=not held.fetch)
            except MissingFiles as error:
                if held.strict:
                    yield held.problem((*above, name), f"does not load: {_first_line(error)}")
                continue
            except MedRegistryError as error:
                yield held.problem((*above, name), f"does not load: {_first_line(error)}")
                continue
            if one.count is not None and len(records) != one.count:
                yield held.problem((*above, name, "count"), f"is {one.count:,}, and {len(records):,} rows were loaded")
            stated = held.card.size.splits.get(name)
            if config is None and one.count is None and stated is not None and stated != len(records):
                yield held.problem(("size", "splits", name), f"is {stated:,}, and {len(records):,} rows were loaded")


def _configs(load: Load) -> list[str | None]:
    """The names of configurations; None for a block without any."""
    return [*load.configs] or [None]


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:600]


def _file(held: Held, at: int) -> Iterator[Problem]:
    """What differs between an entry of `files` and the file itself."""
    entry = held.card.files[at]
    if not entry.path or any(mark in entry.path for mark in "*?{"):
        return
    pinned = (entry.bytes, entry.sha256, entry.md5, entry.git_blob, entry.columns)
    if not any(value is not None for value in pinned):
        return
    try:
        found, gone = locate(
            held.origin(), [FileRef(path=entry.path, source=entry.source, url=entry.url)], unpack=False
        )
    except MedRegistryError as error:
        yield held.problem(("files", at, "path"), _first_line(error))
        return
    if gone or not found:
        if held.strict:
            reasons = "; ".join(gone[0].reasons) if gone else ""
            yield held.problem(("files", at, "path"), f"{entry.path} is not here" + (f": {reasons}" if reasons else ""))
        return
    yield from _sums(held, at, entry, found[0].path)
    yield from _columns(held, at, entry, found[0])


def _sums(held: Held, at: int, entry: File, path: Path) -> Iterator[Problem]:
    size = path.stat().st_size
    if entry.bytes is not None and entry.bytes != size:
        yield held.problem(("files", at, "bytes"), f"is {entry.bytes:,}, and the file has {size:,}")
    if entry.sha256 is not None and (true := checksums.sha256(path)) != entry.sha256:
        yield held.problem(("files", at, "sha256"), f"is that of another file; this one has {true}")
    if entry.md5 is not None and (true := _md5(path)) != entry.md5:
        yield held.problem(("files", at, "md5"), f"is that of another file; this one has {true}")


def _md5(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _columns(held: Held, at: int, entry: File, located: Located) -> Iterator[Problem]:
    kind, container = format_and_container(str(entry.path))
    if not entry.columns or kind is None or container not in (None, "gz"):
        return
    try:
        with tempfile.TemporaryDirectory(prefix="medregistry-head-") as folder:
            head = sampled(
                located.path, Entry(located.name, entry.format if kind else "other", container), Path(folder)
            )
            read = Read.model_validate(head.read | (_card_read(held, str(entry.path)) or {}))
            there = [
                name for name in read_files([Located(head.path, head.name)], read).columns if name not in (FILE, ROW)
            ]
    except MedRegistryError as error:
        yield held.problem(("files", at, "path"), f"cannot be read: {_first_line(error)}")
        return
    if missing := [name for name in entry.columns if name not in there]:
        told = f"{', '.join(missing)} not in the file, which has {', '.join(there[:30])}"
        yield held.problem(("files", at, "columns"), told)


def _card_read(held: Held, path: str) -> dict[str, object] | None:
    """How the card's `load` block reads this very file, where it names it."""
    load = held.card.load
    if load is None:
        return None
    for config in _configs(load):
        for one in plan(load, config)[1].values():
            if any(ref.path == path for ref in one.files):
                return one.read.model_dump(by_alias=True, exclude_unset=True, exclude={"expect"})
    return None
