"""What a load asks of the catalogue, kept between processes: a dataset's card, and what its user must know.

The database is asked again once it, a card or the code has changed; opening it takes longer than all else that a load
of records in the cache does. A process that has older cards or older code than are there now keeps nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from loaders.checksums import SETTLED
from registry.card import DatasetCard
from registry.cards_io import card_folders
from registry.settings import settings

SQLITE = "sqlite:///"
BEGAN = time.time()
"""When the code of this process was read, or a little later."""


class Known(NamedTuple):
    """A dataset's card, or a sketch in its place, and the lines of its briefing."""

    card: DatasetCard
    briefing: list[str]


class State(NamedTuple):
    """What changes when the database, a card or the code does, and when the last of them, and of the code, did."""

    digest: str
    last: float
    code: float


def known(name: str) -> Known:
    """The card and the briefing of a dataset.

    Raises:
        UnknownDataset: no such dataset.
        CardError: the card breaks its form.
    """
    before = _state()
    if before is not None and (kept := _kept(name, before)) is not None:
        return kept
    from registry import queries
    from registry.db import ready

    ready()
    before = _state()
    card = queries.card_or_sketch(name)
    found = Known(card, queries.briefing(card.slug))
    if before is not None and before == _state() and _is_settled(before):
        _keep(name, found, before)
    return found


def _kept(name: str, state: State) -> Known | None:
    try:
        told = json.loads(_note(name).read_text(encoding="utf-8"))
        if told["state"] != state.digest:
            return None
        return Known(DatasetCard.model_validate(told["card"]), [str(line) for line in told["briefing"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_settled(state: State) -> bool:
    """Whether what was asked is what anybody would be told who asked now."""
    if state.last > time.time() - SETTLED or state.code > BEGAN:  # within a tick of the clock no change would show
        return False
    from sqlalchemy import select

    from registry.cards_io import fingerprint
    from registry.db import reading, ready
    from registry.standing import table
    from registry.tables import CatalogueState

    states = table(CatalogueState)
    with reading(ready()) as connection:
        filled_from = connection.execute(select(states.c.value).where(states.c.key == "cards")).scalar()
    return filled_from == fingerprint(card_folders())


def _keep(name: str, found: Known, state: State) -> None:
    card = json.loads(found.card.model_dump_json(by_alias=True, exclude_unset=True))
    try:
        same = repr(DatasetCard.model_validate(card)) == repr(found.card)
    except ValueError:
        same = False
    if not same:  # a card that is another one when it is read back is asked for each time
        return
    note = _note(name)
    beside = note.with_name(f".{uuid4().hex}")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            told = {"state": state.digest, "card": card, "briefing": found.briefing}
            beside.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            beside.replace(note)
        finally:
            beside.unlink(missing_ok=True)


def _note(name: str) -> Path:
    of = hashlib.sha256(f"{settings().database_url}\0{name}".encode()).hexdigest()
    return settings().cache / "known" / f"{of[:32]}.json"


def _state() -> State | None:
    """The state of this moment; None where the database is no file."""
    url = settings().database_url
    if not url.startswith(SQLITE) or "?" in url:
        return None
    database = Path(url.removeprefix(SQLITE))
    total = hashlib.sha256()
    last = code = 0.0
    for path, found, is_code in _looked_at(database):
        told = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
        total.update(f"{path}\0{told}\n".encode())
        changed = max(found.st_mtime, found.st_ctime)
        last, code = max(last, changed), max(code, changed if is_code else 0.0)
    return State(total.hexdigest(), last, code) if database.is_file() else None


def _looked_at(database: Path) -> Iterator[tuple[str, os.stat_result, bool]]:
    for file in (database, Path(f"{database}-wal"), Path(f"{database}-journal")):
        with contextlib.suppress(FileNotFoundError):
            if (found := file.stat()).st_size:
                yield str(file), found, False
    for folder in card_folders():
        for inner in (folder, folder / "datasets", folder / "papers", folder / "findings"):
            for path, found in _files(inner, (".yaml", ".yml", ".jsonl")):
                yield path, found, False
    for path, found in _files(Path(__file__).parents[1] / "registry", (".py",)):
        yield path, found, True


def _files(folder: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, os.stat_result]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(endings):
                yield entry.path, entry.stat()
