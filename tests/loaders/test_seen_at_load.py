"""A source that moved, is gone or gives other bytes: a clear message, and an event in the catalogue."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

import registry
from registry.db import ready, writing
from registry.errors import ChecksumError, MissingFiles
from registry.queries import changes
from registry.seen_at_load import Seen, tell
from tests.support.files_server import FilesServer


@pytest.fixture
def site() -> Any:
    with FilesServer({"/data/train.jsonl": b'{"text": "x"}\n'}) as server:
        yield server


@pytest.fixture
def card(site: FilesServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded_catalogue_url: str) -> None:
    block = {
        "schema": "text",
        "source": f"{site.address}/data",
        "revision": "v1",
        "fields": {"text": "text"},
        "splits": {"train": {"files": {"path": "train.jsonl", "sha256": "0" * 64}}},
    }
    known = {"slug": "made-up", "name": "Made Up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    (tmp_path / "made-up.yaml").write_text(yaml.safe_dump(known | {"load": block}, sort_keys=False))
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path))
    ready()


def events() -> list[tuple[str, str]]:
    return [(row["kind"], row["old"]) for row in changes(name="made-up") if row["origin"] == "load"]


@pytest.mark.usefixtures("card")
class TestEvents:
    def test_other_bytes_than_the_card_pins_are_refused_and_told_once(self, site: FilesServer) -> None:
        for _ in range(2):
            with pytest.raises(ChecksumError, match="the card pins 000"):
                registry.load("made-up")
        assert events() == [("new-revision", f"{site.address}/data")]

    def test_a_load_without_trouble_tells_nothing(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            registry.load("made-up", revision="v2")
        assert events() == []

    def test_a_file_that_is_gone_is_told(self, site: FilesServer) -> None:
        del site.answers["/data/train.jsonl"]
        with pytest.raises(MissingFiles, match="404"):
            registry.load("made-up")
        assert events() in ([("removed", f"{site.address}/data")], [])

    def test_each_kind_has_its_event(self) -> None:
        seen = [Seen("moved", "github:a/b", "github:c/b"), Seen("gone", "github:c/d", "no such repository")]
        assert tell("made-up", seen) == 2
        assert tell("made-up", seen) == 0
        assert sorted(events()) == [("removed", "github:c/d"), ("renamed", "github:a/b")]

    def test_a_catalogue_that_cannot_be_written_stops_no_load(self) -> None:
        with writing(ready()) as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER no BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        with pytest.raises(ChecksumError):
            registry.load("made-up")
