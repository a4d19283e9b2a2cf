"""Files for a machine without a network: a mirror is written, carried over, and read there with no socket opened."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

import registry
from loaders.load import Splits, load_card
from loaders.mirror import Mirrored, mirror
from registry.card import DatasetCard
from registry.errors import MedRegistryError, MissingFiles, NotLoadable, PartialLoad
from tests.support.files_server import FilesServer

ROWS = '{"q": "Which?", "a": "this"}\n{"q": "Who?", "a": "that"}\n'
FIELDS = {"question": "q", "answers": ["a", "list"]}


def made_up(slug: str = "made-up", **load: Any) -> DatasetCard:
    known = {"slug": slug, "name": "Made Up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    licence = {"licence": {"data": "CC-BY-4.0"}}
    return DatasetCard.model_validate(
        known | licence | {"load": {"schema": "question_answer", "fields": FIELDS, **load}}
    )


def written(card: DatasetCard) -> tuple[DatasetCard, str]:
    """The card and it as YAML."""
    return card, yaml.safe_dump(card.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=False)


def whole(card: DatasetCard, **options: Any) -> Splits:
    loaded = load_card(card, **options)
    assert isinstance(loaded, Splits)
    return loaded


@pytest.fixture
def site() -> Any:
    answers = {
        "/data/train.jsonl": ROWS.encode(),
        "/data/test.jsonl": b'{"q": "Why?", "a": "so"}\n',
        "/pics/a.png": b"png",
    }
    with FilesServer(answers) as server:
        yield server


class TestMirror:
    def test_holds_data_cards_manifests_checksums_and_says_how_it_is_read(
        self, site: FilesServer, tmp_path: Path
    ) -> None:
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl", "test": "test.jsonl"})
        done = mirror([written(card)], tmp_path / "to")
        assert done == [Mirrored("made-up", 2, len(ROWS) + 25, [])]
        to = tmp_path / "to"
        assert (to / "made-up/train.jsonl").read_text() == ROWS
        assert yaml.safe_load((to / "cards/made-up.yaml").read_text())["slug"] == "made-up"
        told = json.loads((to / "manifests/made-up.json").read_text())
        assert told["files"][0] == {
            "path": "made-up/train.jsonl",
            "source": f"{site.address}/data",
            "revision": None,
            "bytes": len(ROWS),
            "sha256": hashlib.sha256(ROWS.encode()).hexdigest(),
        }
        assert "REGISTRY_MIRROR" in (to / "README.md").read_text()
        assert "made-up: licence CC-BY-4.0, access open" in (to / "README.md").read_text()

    @pytest.mark.skipif(sys.platform == "win32", reason="runs sha256sum")
    def test_is_proven_whole_by_the_usual_command(self, site: FilesServer, tmp_path: Path) -> None:
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl"})
        mirror([written(card)], tmp_path / "to")
        check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        assert subprocess.run(check, cwd=tmp_path / "to", check=False, capture_output=True).returncode == 0
        (tmp_path / "to/made-up/train.jsonl").write_text("x")
        assert subprocess.run(check, cwd=tmp_path / "to", check=False, capture_output=True).returncode == 1

    def test_is_gone_on_with_and_keeps_what_is_there(self, site: FilesServer, tmp_path: Path) -> None:
        first = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl"})
        other = made_up("other", source=f"{site.address}/data", splits={"test": "test.jsonl"})
        mirror([written(first)], tmp_path / "to")
        before = (tmp_path / "to/made-up/train.jsonl").stat().st_mtime_ns
        mirror([written(first), written(other)], tmp_path / "to")
        assert (tmp_path / "to/made-up/train.jsonl").stat().st_mtime_ns == before
        sums = (tmp_path / "to/SHA256SUMS").read_text().splitlines()
        assert [line.split("  ")[1] for line in sums] == [
            "cards/made-up.yaml",
            "cards/other.yaml",
            "made-up/train.jsonl",
            "manifests/made-up.json",
            "manifests/other.json",
            "other/test.jsonl",
        ]

    def test_takes_pictures_along_unless_told_not_to(self, site: FilesServer, tmp_path: Path) -> None:
        card = made_up(
            source=f"{site.address}/data",
            splits={"train": "train.jsonl"},
            media=[{"files": {"path": "pics/a.png", "source": site.address}}],
        )
        mirror([written(card)], tmp_path / "without", media=False)
        assert not (tmp_path / "without/made-up/pics").exists()
        mirror([written(card)], tmp_path / "to")
        assert (tmp_path / "to/made-up/pics/a.png").read_bytes() == b"png"

    def test_tells_what_could_not_be_had(self, site: FilesServer, tmp_path: Path) -> None:
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl", "test": "gone.jsonl"})
        (done,) = mirror([written(card)], tmp_path / "to")
        assert done.files == 1
        assert len(done.missing) == 1
        assert "gone.jsonl" in done.missing[0]
        assert "404" in done.missing[0]

    def test_of_a_dataset_without_a_load_block_or_at_a_place_that_cannot_be_written_is_refused(
        self, site: FilesServer, tmp_path: Path
    ) -> None:
        bare = made_up(splits={"train": "train.jsonl"}).model_copy(update={"load": None})
        with pytest.raises(NotLoadable, match="made-up: its card has no `load` block"):
            mirror([(bare, "")], tmp_path / "to")
        (tmp_path / "file").write_text("")
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl"})
        with pytest.raises(MedRegistryError, match="cannot be written"):
            mirror([written(card)], tmp_path / "file/below")


class TestOffline:
    @pytest.fixture
    def carried(self, site: FilesServer, tmp_path: Path) -> Path:
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl", "test": "test.jsonl"})
        mirror([written(card)], tmp_path / "to")
        return tmp_path / "to"

    def test_a_mirror_is_read_by_a_process_that_may_open_no_socket(self, carried: Path, tmp_path: Path) -> None:
        program = (
            "import sys\n"
            "def refuse(event, args):\n"
            "    if event.startswith('socket.'):\n"
            "        print('SOCKET', event, args, file=sys.stderr)\n"
            "        raise RuntimeError(f'a socket was opened: {event} {args}')\n"
            "sys.addaudithook(refuse)\n"
            "import registry\n"
            "data = registry.load('made-up')\n"
            "print({name: len(records) for name, records in data.items()})\n"
            "try:\n"
            "    registry.load('medqaro')\n"
            "except registry.MissingFiles:\n"
            "    print('told')\n"
            "try:\n"
            "    registry.load('pubmedqa')\n"
            "except registry.MissingFiles:\n"
            "    print('told')\n"
            "try:\n"
            "    registry.load('adni')\n"
            "except registry.NotLoadable:\n"
            "    print('told')\n"
        )
        environment = os.environ | {
            "REGISTRY_MIRROR": str(carried),
            "REGISTRY_OFFLINE": "1",
            "REGISTRY_CARDS": str(carried / "cards"),
            "REGISTRY_CACHE": str(tmp_path / "fresh"),
            "REGISTRY_DATABASE_URL": f"sqlite:///{tmp_path / 'catalogue.db'}",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            cwd=Path(registry.__file__).parents[1],
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["{'train': 2, 'test': 1}", "told", "told", "told"]
        assert "SOCKET" not in done.stderr

    def test_a_mirror_on_the_web_is_not_asked(self, site: FilesServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", f"{site.address}/mirror")
        monkeypatch.setenv("REGISTRY_OFFLINE", "1")
        with pytest.raises(MissingFiles, match="offline"):
            load_card(made_up(source=f"{site.address}/data", splits={"train": "train.jsonl"}))
        assert site.asked == []

    def test_what_was_fetched_before_is_enough(self, site: FilesServer, monkeypatch: pytest.MonkeyPatch) -> None:
        card = made_up(source=f"{site.address}/data", splits={"train": "train.jsonl"})
        first = whole(card)
        monkeypatch.setenv("REGISTRY_OFFLINE", "1")
        asked = list(site.asked)
        assert whole(card)["train"].frame.equals(first["train"].frame)
        assert site.asked == asked


class TestWithheld:
    BLOCK: dict[str, Any] = {
        "splits": {"test": "data/*/full.jsonl"},
        "withheld": [{"paths": ["data/mimic-*/**"], "reason": "made from credentialed data; take it from PhysioNet"}],
    }

    def test_files_are_not_read_wherever_they_lie_and_their_reason_is_told(self, tmp_path: Path) -> None:
        for name in ("ade", "mimic-notes"):
            (tmp_path / f"data/{name}").mkdir(parents=True)
            (tmp_path / f"data/{name}/full.jsonl").write_text(json.dumps({"q": name, "a": "x"}))
        with pytest.warns(PartialLoad, match="1 file neither fetched nor read: made from credentialed data"):
            loaded = whole(made_up(source="hand-over", **self.BLOCK), files=tmp_path)
        assert loaded["test"].frame["question"].to_list() == ["ade"]
        assert loaded.manifest["withheld"] == ["data/mimic-notes/full.jsonl"]

    def test_a_file_that_is_named_is_refused(self, site: FilesServer, tmp_path: Path) -> None:
        block = self.BLOCK | {"splits": {"test": "data/mimic-notes/full.jsonl"}}
        with pytest.raises(MissingFiles, match="withheld: made from credentialed data"):
            whole(made_up(source=site.address, **block))
        assert site.asked == []

    def test_nor_do_they_go_into_a_mirror(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "from"))
        for name in ("ade", "mimic-notes"):
            (tmp_path / f"from/made-up/data/{name}").mkdir(parents=True)
            (tmp_path / f"from/made-up/data/{name}/full.jsonl").write_text('{"q": "x", "a": "x"}\n')
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (done,) = mirror([written(made_up(source="hand-over", **self.BLOCK))], tmp_path / "to")
        assert done.files == 1
        assert not list((tmp_path / "to").rglob("*mimic*"))
