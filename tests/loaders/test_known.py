"""What a load asks of the catalogue is kept between processes, for as long as nothing of it has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loaders import known as asking
from loaders.checksums import SETTLED
from registry import db, queries
from registry.settings import settings

ROOT = Path(__file__).parents[2]
LATER = SETTLED + 60


@pytest.fixture
def asked(embedded_catalogue_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bool]:
    """Whether the database is asked for a name, in a world where nothing changed of late."""
    db.ready()
    now = time.time()
    monkeypatch.setattr("loaders.known.time.time", lambda: now + LATER)
    truly = queries.card_or_sketch
    count: list[str] = []

    def counted(name: str) -> object:
        count.append(name)
        return truly(name)

    monkeypatch.setattr(queries, "card_or_sketch", counted)

    def ask(name: str) -> bool:
        count.clear()
        asking.known(name)
        return bool(count)

    return ask


def test_the_database_is_asked_once(asked: Callable[[str], bool]) -> None:
    assert [asked("medqaro"), asked("medqaro"), asked("pubmedqa")] == [True, False, True]


def test_what_is_kept_is_what_it_says(asked: Callable[[str], bool]) -> None:
    first = asking.known("medqaro")
    assert not asked("medqaro")
    assert asking.known("medqaro") == first
    assert first.briefing == queries.briefing("medqaro")


def test_it_is_asked_again_when_it_has_changed(asked: Callable[[str], bool]) -> None:
    asked("medqaro")
    database = Path(settings().database_url.removeprefix("sqlite:///"))
    os.utime(database, (time.time() - 5,) * 2)
    assert [asked("medqaro"), asked("medqaro")] == [True, False]


@pytest.fixture
def private(asked: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A card of one's own, in a folder of one's own."""
    (tmp_path / "cards").mkdir()
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "cards"))
    card = tmp_path / "cards/mine.yaml"
    card.write_text("slug: mine\nname: Mine\nkind: dataset\nsummary: Mine.\naccess: open\n", encoding="utf-8")
    return card


def test_it_is_asked_again_when_a_card_comes(asked: Callable[[str], bool], private: Path) -> None:
    kept = private.read_text()
    private.unlink()
    assert [asked("medqaro"), asked("medqaro")] == [True, False]
    private.write_text(kept)
    assert asked("medqaro")


def test_a_card_of_ones_own_is_kept_and_seen_at_once_when_it_changes(
    asked: Callable[[str], bool], private: Path
) -> None:
    assert [asked("mine"), asked("mine")] == [True, False]
    assert asking.known("mine").card.name == "Mine"
    then = private.stat()
    private.write_text(private.read_text().replace("name: Mine", "name: Ours"), encoding="utf-8")
    os.utime(private, ns=(then.st_atime_ns, then.st_mtime_ns))  # as some tools that copy files do
    assert asking.known("mine").card.name == "Ours"


def test_a_process_whose_catalogue_is_of_older_cards_keeps_nothing(asked: Callable[[str], bool], private: Path) -> None:
    asked("mine")
    private.write_text(private.read_text() + "licence: {data: CC-BY-NC-4.0}\n", encoding="utf-8")
    assert [asked("mine"), asked("mine")] == [True, True]
    told = "from loaders.known import known; print(known('mine').briefing)"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "CC-BY-NC-4.0" in done.stdout


def test_a_card_that_goes_is_gone(asked: Callable[[str], bool], private: Path) -> None:
    assert [asked("mine"), asked("mine")] == [True, False]
    private.unlink()
    told = "from loaders.known import known; known('mine')"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "UnknownDataset" in done.stderr


def test_it_is_asked_again_by_other_code(
    asked: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("loaders", "registry"):
        (tmp_path / folder).mkdir()
    (tmp_path / "registry/views.py").write_text("1")
    changed = (tmp_path / "registry/views.py").stat().st_mtime
    monkeypatch.setattr(asking, "__file__", str(tmp_path / "loaders/known.py"))
    monkeypatch.setattr(asking, "BEGAN", changed + 60)
    assert [asked("medqaro"), asked("medqaro")] == [True, False]
    (tmp_path / "registry/views.py").write_text("2")
    assert [asked("medqaro"), asked("medqaro")] == [True, False]
    monkeypatch.setattr(asking, "BEGAN", changed - 60)  # a process that runs what was there before
    (tmp_path / "registry/views.py").write_text("3")
    assert [asked("medqaro"), asked("medqaro")] == [True, True]


def test_what_changed_a_moment_ago_is_not_kept(
    asked: Callable[[str], bool], private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private.touch()
    now = private.stat().st_mtime
    monkeypatch.setattr("loaders.known.time.time", lambda: now + SETTLED / 2)
    assert [asked("mine"), asked("mine")] == [True, True]


def test_another_database_has_notes_of_its_own(
    asked: Callable[[str], bool], embedded_catalogue_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [asked("medqaro"), asked("medqaro")] == [True, False]
    shutil.copy2(embedded_catalogue_url.removeprefix(asking.SQLITE), tmp_path / "other.db")
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert [asked("medqaro"), asked("medqaro")] == [True, False]


def test_of_a_database_that_is_no_file_nothing_is_kept(
    asked: Callable[[str], bool], catalogue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", catalogue_url)
    is_file = catalogue_url.startswith(asking.SQLITE)
    assert [asked("medqaro"), asked("medqaro")] == [True, not is_file]
    assert (settings().cache / "known").exists() == is_file


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(asked: Callable[[str], bool]) -> None:
    settings().cache.mkdir(parents=True)
    (settings().cache / "known").write_text("in the way")
    assert [asked("medqaro"), asked("medqaro")] == [True, True]


def test_a_note_that_is_none_counts_for_nothing(asked: Callable[[str], bool]) -> None:
    asked("medqaro")
    for note in (settings().cache / "known").iterdir():
        note.write_text('{"state": 1}')
    assert asked("medqaro")
