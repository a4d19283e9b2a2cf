"""Where a dataset without a mapping is looked for: the user's folder, a mirror, the cache, the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loaders.load import Splits, load_card
from loaders.recognise import recognised, sampling
from loaders.recognise.origins import known_sources
from registry.card import DatasetCard
from registry.errors import MissingFiles, Recognised
from tests.support.recognised import BranchedHub, class_label, front_matter, write_files

QA = [{"question": f"What is it {n}?", "answer": f"A cold {n}"} for n in range(9)]
LABELLED = [{"text": f"Report {n} is long.", "label": n % 2} for n in range(20)]


def card(*sources: dict[str, Any], **fields: Any) -> DatasetCard:
    facts = {"slug": "made-up", "name": "Made up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    return DatasetCard.model_validate({**facts, "sources": list(sources), **fields})


def hub_card(**fields: Any) -> DatasetCard:
    return card({"provider": "huggingface", "id": "o/n", "role": "official"}, **fields)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BranchedHub]:
    write_files(tmp_path / "repo", {"data/train.jsonl": QA, "data/test.jsonl": QA[:3], "README.md": "# A set\n"})
    with BranchedHub({"o/n": tmp_path / "repo"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


class TestPlaces:
    def test_official_places_come_first_and_places_that_cannot_be_asked_are_left_out(self) -> None:
        known = card(
            {"provider": "web", "url": "https://example.org"},
            {"provider": "huggingface", "id": "copy/n", "role": "mirror"},
            {"provider": "github", "id": "o/n", "role": "official"},
            {"provider": "zenodo", "id": "17", "role": "unknown"},
        )
        assert known_sources(known) == ["github:o/n", "zenodo:17", "hf:copy/n"]

    def test_the_hub_is_asked_and_what_is_recognised_loads_at_its_commit(self, hub: BranchedHub) -> None:
        found = recognised(hub_card())
        assert found.load is not None
        assert (found.schema, found.load.source, found.load.revision) == ("question_answer", "hf:o/n", hub.commit)
        loaded = load_card(hub_card(load=found.load))
        assert isinstance(loaded, Splits)
        assert {name: len(one) for name, one in loaded.items()} == {"train": 9, "test": 3}

    def test_a_mirror_comes_before_the_hub(
        self, hub: BranchedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "mirror"))
        write_files(tmp_path / "mirror" / "made-up", {"train.jsonl": QA})
        assert recognised(hub_card()).schema == "question_answer"
        assert hub.asked == []

    def test_the_users_folder_comes_first(self, tmp_path: Path) -> None:
        write_files(tmp_path / "mine", {"train.jsonl": QA})
        assert recognised(card(), files=tmp_path / "mine", offline=True).schema == "question_answer"

    def test_a_folder_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match="does not exist"):
            recognised(card(), files=tmp_path / "gone")

    def test_offline_no_socket_is_opened(self, hub: BranchedHub) -> None:
        found = recognised(hub_card(), offline=True)
        assert (found.load, hub.asked) == (None, [])
        assert "offline" in found.unclear[0]

    def test_a_place_that_is_gone_gives_way_to_the_next(self, hub: BranchedHub) -> None:
        gone = {"provider": "huggingface", "id": "o/gone", "role": "official"}
        found = recognised(card(gone, {"provider": "huggingface", "id": "o/n", "role": "mirror"}))
        assert found.load is not None
        assert found.load.source == "hf:o/n"

    def test_without_any_place_that_answers_all_reasons_are_told(self, hub: BranchedHub) -> None:
        found = recognised(card({"provider": "huggingface", "id": "o/gone"}))
        assert found.load is None
        assert "hf:o/gone" in found.unclear[0]
        assert recognised(card()).unclear == ["none of its places can be asked for its files"]


class TestTheHub:
    def test_a_dataset_that_a_script_makes_is_read_from_the_hubs_conversion(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_files(tmp_path / "script", {"n.py": "raise SystemExit('never run')", "data.bin": b"\x00"})
        write_files(
            tmp_path / "converted", {"default/train/0000.parquet": LABELLED}, {"label": class_label(["no", "yes"])}
        )
        folders = {"o/n": tmp_path / "script", "o/n@converted": tmp_path / "converted"}
        with BranchedHub(folders) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.address)
            found = recognised(hub_card())
            assert found.load is not None
            assert (found.schema, found.load.revision) == ("classification", "refs/convert/parquet")
            loaded = load_card(hub_card(load=found.load))
        assert isinstance(loaded, Splits)
        assert loaded["train"][1]["labels"] == ["yes"]

    def test_what_the_readme_declares_counts(self, hub: BranchedHub, tmp_path: Path) -> None:
        declared = {"configs": [{"config_name": "small", "data_files": [{"split": "held_out", "path": "data/test*"}]}]}
        write_files(tmp_path / "repo", {"README.md": front_matter(declared)})
        found = recognised(hub_card())
        assert found.load is not None
        assert list(found.load.configs) == ["small"]
        assert list(found.load.configs["small"].splits) == ["held_out"]


class TestRowsBeyondTheSample:
    def test_that_are_not_what_they_seemed_come_as_a_plain_table_and_never_as_a_wrong_guess(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
        rows = [{"messages": turns} for _ in range(30)]
        odd = {"messages": [{"role": "oracle", "content": "Who knows"}]}
        monkeypatch.setattr(sampling, "ROWS", 10)
        write_files(tmp_path / "files", {"train.jsonl": rows})
        with pytest.warns(Recognised, match="recognised as dialogue"):
            loaded = load_card(card(), files=tmp_path / "files")
        assert isinstance(loaded, Splits)
        assert loaded["train"].schema == "dialogue"
        write_files(tmp_path / "odd", {"train.jsonl": [*rows, odd]})
        with pytest.warns(Recognised, match="not all are what they seemed"):
            loaded = load_card(card(), files=tmp_path / "odd")
        assert isinstance(loaded, Splits)
        assert (loaded["train"].schema, len(loaded["train"])) == ("table", 31)
        assert loaded["train"][30]["extra"]["messages"][0]["role"] == "oracle"
