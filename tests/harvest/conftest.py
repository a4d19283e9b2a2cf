"""A small catalogue of made-up cards, on both databases, and the local services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.cards_io import fingerprint
from registry.db import engine
from registry.importer import import_cards
from tests.support import cards
from tests.support.api_server import ApiServer
from tests.support.api_world import World, gh_repository, hf_dataset, oa_work
from tests.support.databases import Databases

PAPER = {"title": "Ward questions: a made-up dataset", "year": 2023, "arxiv": "2301.00001", "doi": "10.5555/ward"}


@pytest.fixture
def card_folder(tmp_path: Path) -> Path:
    """ward-qa lives at Hugging Face, at GitHub and as a copy; two datasets share a repository;
    a list names blank and its place, and nothing else of it."""
    folder = tmp_path / "cards"
    folder.mkdir()
    places = [
        {"provider": "huggingface", "id": "made-up/Ward-QA", "role": "official"},
        {"provider": "github", "id": "made-up/ward-qa", "role": "official"},
        {"provider": "huggingface", "id": "somebody/ward-copy", "role": "mirror"},
    ]
    shared = [{"provider": "huggingface", "id": "made-up/shared", "role": "official"}]
    cards.dataset(folder, "ward-qa", name="Ward-QA", sources=places, paper=PAPER)
    cards.listed(folder, {"slug": "blank", "huggingface": ["made-up/blank"]})
    cards.dataset(folder, "first-half", sources=shared)
    cards.dataset(folder, "second-half", sources=shared)
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
    return World(
        datasets=[
            hf_dataset("made-up/Ward-QA", "arxiv:2301.00001", licence="cc-by-4.0"),
            hf_dataset("somebody/ward-copy", licence="mit"),
            hf_dataset("made-up/shared"),
            hf_dataset("made-up/blank", "task_categories:summarization", licence="cc-by-nc-4.0", gated="manual"),
        ],
        repositories=[gh_repository("made-up/ward-qa")],
        works=[oa_work("W100", "Ward questions: a made-up dataset", doi="10.5555/ward", arxiv="2301.00001")],
    )


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """The local services, which the environment names."""
    with ApiServer(world) as started:
        started.limits.hub = 10_000  # nobody waits five minutes for a window to begin anew
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        yield started
