"""A small catalogue of made-up cards, on both databases, and the local services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from harvesters import github, huggingface
from registry.cards_io import fingerprint
from registry.db import engine
from registry.importer import import_cards
from tests.support.api_server import ApiServer
from tests.support.api_world import World
from tests.support.databases import Databases
from tests.support.made_up import world_of_made_up_cards, write_cards


@pytest.fixture
def card_folder(tmp_path: Path) -> Path:
    """ward-qa lives at Hugging Face, at GitHub and as a copy; two datasets share a repository;
    a list names blank and its place, and nothing else of it."""
    folder = tmp_path / "cards"
    folder.mkdir()
    write_cards(folder)
    return folder


@pytest.fixture
def catalogue(migrated_url: str, card_folder: Path) -> Engine:
    """The made-up cards in a database, on SQLite and on PostgreSQL."""
    target = engine(migrated_url)
    import_cards(target, [card_folder], fingerprint([card_folder]))
    return target


@pytest.fixture
def small(databases: Databases, clean_env: Path, card_folder: Path) -> Iterator[Engine]:
    """The made-up cards on SQLite alone: for what lies above the database."""
    for address in databases.fresh("sqlite", "migrated"):
        target = engine(address)
        import_cards(target, [card_folder], fingerprint([card_folder]))
        yield target


@pytest.fixture
def world() -> World:
    """What the services hold of the made-up cards; nobody uses them yet."""
    return world_of_made_up_cards()


SEARCHES = (
    {"filter": "medical"},
    {"search": "medical"},
    {"search": "radiolog"},
    {"search": "med", "filter": "task_categories:multiple-choice"},
)
REPOSITORIES = ("topic:medical-dataset", "medical dataset in:name,description")


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """The local services, which the environment names; few of the searches are asked of them, for they all do alike."""
    assert {*map(str, SEARCHES)} <= {*map(str, huggingface.SEARCHES)}
    assert {*REPOSITORIES} <= {*github.SEARCHES}
    monkeypatch.setattr(huggingface, "SEARCHES", SEARCHES)
    monkeypatch.setattr(github, "SEARCHES", REPOSITORIES)
    with ApiServer(world) as started:
        started.limits.hub = 10_000  # nobody waits five minutes for a window to begin anew
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        yield started
