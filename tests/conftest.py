"""What every test stands on: an environment of its own, both databases, the real files, a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import browser, browser_page
from tests.support.databases import Databases
from tests.support.required import absent

__all__ = ["browser", "browser_page"]

OURS = re.compile(r"(REGISTRY|HF|HUGGING_?FACE|GITHUB|GH|OPENALEX|STREAMLIT|TRANSFORMERS|PHYSIONET|KAGGLE)_.*")
"""Variables that steer the product or its libraries, or hold somebody's token."""

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]

MARK_OF_FIXTURE = {"shared": pytest.mark.real_data, "browser": pytest.mark.browser}

for _name in [name for name in os.environ if OURS.fullmatch(name)]:
    del os.environ[_name]  # some libraries read theirs once, when they are imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test by what it uses, so that `-m` finds it."""
    for item in items:
        for fixture, mark in MARK_OF_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture(autouse=True)
def clean_env(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds no setting of ours, and a home folder of the test's own, which is returned."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if OURS.fullmatch(name)]:
        monkeypatch.delenv(name)
    for name, folder in {
        "HOME": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_STATE_HOME": home / ".local/state",
        "HF_HOME": home / ".cache/huggingface",
        "REGISTRY_CACHE": home / ".cache/medregistry",
    }.items():
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{home / 'registry.db'}")
    return home


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The maker of databases; most tests want `database_url`, `migrated_url` or `catalogue_url`."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=BOTH)
def database_url(
    request: pytest.FixtureRequest, databases: Databases, clean_env: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an empty database, on SQLite and on PostgreSQL; REGISTRY_DATABASE_URL names it."""
    yield from _named(databases.fresh(request.param, "empty"), monkeypatch)


@pytest.fixture(params=BOTH)
def migrated_url(
    request: pytest.FixtureRequest, databases: Databases, clean_env: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """As `database_url`, with the tables of the newest migration and no row."""
    yield from _named(databases.fresh(request.param, "migrated"), monkeypatch)


@pytest.fixture(params=BOTH)
def catalogue_url(
    request: pytest.FixtureRequest, databases: Databases, clean_env: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """As `database_url`, filled from all cards: the test's own copy, made in a fraction of a second."""
    yield from _named(databases.fresh(request.param, "filled"), monkeypatch)


@pytest.fixture
def embedded_catalogue_url(databases: Databases, clean_env: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """As `catalogue_url`, on SQLite alone: for tests of what lies above the database (pages, commands, loading)."""
    yield from _named(databases.fresh("sqlite", "filled"), monkeypatch)


def _named(addresses: Iterator[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for address in addresses:
        monkeypatch.setenv("REGISTRY_DATABASE_URL", address)
        yield address


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files: `data/<slug>/…` and more. Not everyone has it: $MEDREGISTRY_SHARED or `../shared`."""
    root = Path(__file__).parents[1]
    folder = Path(os.environ.get("MEDREGISTRY_SHARED") or root.parent / "shared")
    if not (folder / "data").is_dir():
        absent(
            "REAL_DATA", f"the real files are not here: no folder {folder / 'data'} (MEDREGISTRY_SHARED names another)"
        )
    return folder
