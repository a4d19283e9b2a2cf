"""What is kept on this machine: held against its checksums, listed, and taken out again."""

from __future__ import annotations

import os
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import registry
from loaders import manifests, tidy
from loaders.inert import Encoder
from loaders.load import Splits, load_card
from loaders.tokenizers import open_tokenizer
from loaders.tokens import Tokens
from loaders.verify import verify
from registry.card import DatasetCard
from registry.errors import KnownIssues, MedRegistryError, MissingFiles, UnknownOption
from tests.support.command import run
from tests.support.files_server import FilesServer
from tests.support.trained import tokenizer_of

ROWS = b'{"q": "Which?", "a": "this"}\n'


def made_up(site: FilesServer, slug: str = "made-up", **more: Any) -> DatasetCard:
    known = {"slug": slug, "name": "Made Up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    block = {
        "schema": "question_answer",
        "source": f"{site.address}/data",
        "revision": "v1",
        "fields": {"question": "q", "answers": ["a", "list"]},
        "splits": {"train": "train.jsonl", "test": "test.jsonl"},
    }
    return DatasetCard.model_validate(known | {"load": block | more})


def whole(card: DatasetCard) -> Splits:
    loaded = load_card(card)
    assert isinstance(loaded, Splits)
    return loaded


@pytest.fixture
def site() -> Iterator[FilesServer]:
    with FilesServer({"/data/train.jsonl": ROWS, "/data/test.jsonl": ROWS * 2}) as server:
        yield server


@pytest.fixture
def cache(clean_env: Path) -> Path:
    return clean_env / ".cache/medregistry"


def states(card: DatasetCard) -> dict[str, str]:
    return {one.file.rpartition("/")[2]: one.state for one in verify(card)}


def tokens_of(splits: Splits, name: str, **options: Any) -> Tokens:
    return splits[name].tokenize(tokenizer_of("byte_chatml"), **options)


def flip(path: Path) -> None:
    """One bit of a file becomes another."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)


class TestVerify:
    def test_files_are_what_they_were_when_they_were_loaded(self, site: FilesServer) -> None:
        card = made_up(site)
        assert states(card) == {"train.jsonl": "missing", "test.jsonl": "missing"}
        whole(card)
        asked = len(site.asked)
        assert Counter(one.state for one in verify(card)) == {"ok": 4}
        assert len(site.asked) == asked

    def test_a_file_that_was_changed_since_is_told(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        whole(card)
        (path,) = cache.glob("datasets/made-up/@v1/*/train.jsonl")
        path.unlink()
        path.write_bytes(ROWS * 3)
        (changed,) = (one for one in verify(card) if one.state == "changed")
        assert changed.file == "train.jsonl"
        assert "when it was last loaded" in changed.told

    def test_the_pin_of_a_card_counts_before_all_else(self, site: FilesServer) -> None:
        whole(made_up(site))
        pinned = made_up(site, splits={"train": {"path": "train.jsonl", "sha256": "0" * 64}})
        (told, *_) = verify(pinned)
        assert told.state == "changed"
        assert "the card pins 000" in told.told

    def test_records_that_were_damaged_are_told(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        whole(card)
        part = min(cache.glob("records/*/*.arrow"))
        data = bytearray(part.read_bytes())
        data[len(data) // 2] ^= 1
        part.write_bytes(data)
        assert Counter(one.state for one in verify(card)) == {"ok": 3, "changed": 1}

    def test_tokens_made_of_the_records_are_read_afresh(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        splits = whole(card)
        tokens_of(splits, "train")
        tokens_of(splits, "train", labels="all")
        tokens_of(whole(made_up(site, "other", splits={"train": "test.jsonl"}, fields={"question": "q"})), "train")
        stores = sorted(cache.glob("tokens/*/store.json"), key=lambda path: path.parent.name)
        assert len(stores) == 3
        told = [one for one in verify(card) if one.file.startswith("tokens/")]
        assert [(one.split, one.state) for one in told] == [("train", "ok")] * 2
        (spoilt, intact) = (cache / one.file for one in told)
        flip(spoilt / "ids.npy")
        told = [one for one in verify(card) if one.file.startswith("tokens/")]
        assert {one.file: one.state for one in told} == {
            f"tokens/{spoilt.name}": "changed",
            f"tokens/{intact.name}": "ok",
        }
        (changed,) = (one.told for one in told if one.state == "changed")
        assert changed == f"not what was written: ids.npy; remove {spoilt}"

    def test_tokens_that_are_cut_short_are_told(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        tokens_of(whole(card), "train")
        (ids,) = cache.glob("tokens/*/ids.npy")
        os.truncate(ids, ids.stat().st_size - 1)
        assert Counter(one.state for one in verify(card)) == {"ok": 4, "changed": 1}

    def test_damaged_tokens_end_the_command_with_an_error(
        self, embedded_catalogue_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
    ) -> None:
        (tmp_path / "mine.yaml").write_text(
            "slug: mine\nname: Mine\nkind: dataset\nsummary: Mine.\naccess: manual\n"
            "load:\n  schema: text\n  source: hand-over\n  fields: {text: text}\n  splits: {train: train.csv}\n"
        )
        (tmp_path / "train.csv").write_text("text\none\ntwo\n")
        monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path))
        with pytest.warns(KnownIssues, match="mine: licence"):
            registry.load("mine", "train", files=tmp_path, tokenizer=tokenizer_of("byte_chatml"))
        done = run("verify", "mine", "--files", str(tmp_path))
        assert (done.returncode, done.stdout.count("tokens/")) == (0, 1), done.stderr
        (ids,) = cache.glob("tokens/*/ids.npy")
        flip(ids)
        done = run("verify", "mine", "--files", str(tmp_path))
        assert done.returncode == 1
        assert "not what was written: ids.npy" in done.stdout
        assert "files that are not what they should be: 1" in done.stderr
        assert "tokens\tmine\t1\t" in run("cache", "list").stdout
        assert "1 entry" in run("cache", "clean", "mine", "--kind", "tokens").stdout
        assert run("verify", "mine", "--files", str(tmp_path)).returncode == 0

    def test_a_folder_of_ones_own_is_held_against_the_card(self, site: FilesServer, tmp_path: Path) -> None:
        (tmp_path / "train.jsonl").write_bytes(ROWS)
        (tmp_path / "test.jsonl").write_bytes(b"other")
        digest = "0d2e8d4f1ce6ea32bdd0d19a3a4b04d67c8c49f79ba08d6ba5dbdd2d92bff5ad"
        card = made_up(site, splits={"train": "train.jsonl", "test": {"path": "test.jsonl", "sha256": digest}})
        assert {one.file: one.state for one in verify(card, files=tmp_path)} == {
            "train.jsonl": "not pinned",
            "test.jsonl": "changed",
        }

    def test_an_archive_that_was_replaced_is_told(self, site: FilesServer, tmp_path: Path) -> None:
        card = made_up(site, splits={"train": "rows.zip"}, read={"format": "jsonl"})
        for text, state in ((ROWS, "ok"), (ROWS * 2, "changed")):
            with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
                archive.writestr("rows.jsonl", text)
            if state == "ok":
                load_card(card, files=tmp_path)
            assert [one.state for one in verify(card, files=tmp_path) if one.file == "rows.zip"] == [state]

    def test_files_put_there_by_hand_are_found(self, site: FilesServer, cache: Path) -> None:
        (cache / "datasets/made-up").mkdir(parents=True)
        (cache / "datasets/made-up/train.jsonl").write_bytes(ROWS)
        assert states(made_up(site)) == {"train.jsonl": "not pinned", "test.jsonl": "missing"}

    def test_a_folder_that_is_not_there_is_no_changed_file(self, site: FilesServer, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match="there is no folder or file"):
            verify(made_up(site), files=tmp_path / "gone")

    def test_a_manifest_that_cannot_be_kept_stops_no_load(self, site: FilesServer, cache: Path) -> None:
        cache.mkdir(parents=True)
        (cache / "manifests").write_text("in the way")
        with pytest.warns(UserWarning, match="the manifest cannot be kept"):
            assert len(whole(made_up(site))["train"]) == 1

    def test_names_that_look_alike_keep_manifests_of_their_own(self) -> None:
        names = ["a b", "a_b", "a/b", "中文", "英文", "训练", "..", "x" * 300]
        assert len({manifests.place("x", name) for name in names}) == len(names)
        assert manifests.file_name("训练") == "训练"


class TestCache:
    def test_the_same_bytes_of_two_datasets_are_there_once(self, site: FilesServer, cache: Path) -> None:
        whole(made_up(site))
        whole(made_up(site, "other"))
        blobs = [path for path in (cache / "blobs").rglob("*") if path.is_file()]
        assert sorted(path.stat().st_size for path in blobs) == [len(ROWS), 2 * len(ROWS)]
        downloads = [one for one in tidy.held() if one.kind == "downloads"]
        assert sum(one.bytes for one in downloads) == 3 * len(ROWS)

    def test_it_tells_what_is_whose(self, site: FilesServer, cache: Path) -> None:
        whole(made_up(site))
        (cache / "datasets/made-up").mkdir(exist_ok=True)
        (cache / "datasets/made-up/by-hand.csv").write_text("x")
        kinds = Counter(one.kind for one in tidy.held(["made-up"]))
        assert kinds == {"downloads": 2, "records": 2, "by-hand": 1}
        assert tidy.held(["other"]) == []

    def test_what_goes_is_made_or_fetched_again(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        first = whole(card)["train"].frame.rows()
        freed = tidy.remove(tidy.chosen(tidy.held(), []))
        assert freed > 0
        assert not [path for path in cache.rglob("*") if path.suffix in (".arrow", ".jsonl")]
        assert whole(card)["train"].frame.rows() == first

    def test_files_put_there_by_hand_go_only_when_they_are_meant(self, site: FilesServer, cache: Path) -> None:
        (cache / "datasets/made-up").mkdir(parents=True)
        (cache / "datasets/made-up/by-hand.csv").write_text("x")
        assert tidy.chosen(tidy.held()) == []
        assert [one.kind for one in tidy.chosen(tidy.held(), ["by-hand"])] == ["by-hand"]

    def test_what_was_of_use_lately_stays(self, site: FilesServer, cache: Path) -> None:
        card = made_up(site)
        whole(card)
        assert tidy.chosen(tidy.held(), ["records"], older_than_days=1) == []
        old = time.time() - 3 * tidy.DAY
        for path in cache.glob("records/*/*"):
            os.utime(path, (old, old))
        assert len(tidy.chosen(tidy.held(), ["records"], older_than_days=1)) == 2
        whole(card)
        assert tidy.chosen(tidy.held(), ["records"], older_than_days=1) == []

    def test_what_is_being_made_right_now_stays(self, site: FilesServer, cache: Path) -> None:
        whole(made_up(site))
        (cache / "records/.part-other").mkdir()
        records = [one for one in tidy.held() if one.kind == "records"]
        with FileLock(records[0].paths[0].parent / f".{records[0].paths[0].name}.lock", is_singleton=False):
            tidy.remove(tidy.chosen(tidy.held()))
        assert records[0].paths[0].is_dir()
        assert not records[1].paths[0].is_dir()
        assert (cache / "records/.part-other").is_dir()

    def test_tokens_belong_to_the_dataset_of_their_records(self, site: FilesServer, cache: Path) -> None:
        tokens_of(whole(made_up(site)), "train")
        tokens_of(whole(made_up(site, "other", fields={"question": "q"})), "train")
        (mine,) = (one for one in tidy.held(["made-up"]) if one.kind == "tokens")
        assert mine.bytes == sum(path.stat().st_size for path in mine.paths[0].iterdir())
        tidy.remove([mine])
        assert [one.dataset for one in tidy.held() if one.kind == "tokens"] == ["other"]

    def test_tokens_in_use_outlive_the_cleaning_and_are_made_again(self, site: FilesServer) -> None:
        splits = whole(made_up(site))
        tokens = tokens_of(splits, "test")
        tidy.remove(tidy.chosen(tidy.held(), ["tokens"]))
        assert [one for one in tidy.held() if one.kind == "tokens"] == []
        again = tokens_of(splits, "test")
        assert [row["input_ids"].tolist() for row in tokens] == [row["input_ids"].tolist() for row in again]
        assert len([one for one in tidy.held() if one.kind == "tokens"]) == 1

    def test_what_is_left_of_tokens_goes_unless_they_are_being_made(self, cache: Path) -> None:
        left = cache / "tokens/.shards-abc"
        (left / "000-100").mkdir(parents=True)
        (left / "000-100/ids.npy").write_bytes(b"x" * 7)
        (found,) = tidy.held()
        assert (found.kind, found.bytes) == ("parts", 7)
        with FileLock(cache / "tokens/.abc.lock", is_singleton=False):
            assert tidy.remove([found]) == 0
        assert left.is_dir()
        assert tidy.remove([found]) == 7
        assert not left.exists()

    def test_what_was_found_out_is_counted_and_found_out_again(self, cache: Path) -> None:
        def found_out() -> Counter[str]:
            Encoder(open_tokenizer(tokenizer_of("byte_chatml")))
            return Counter(one.kind for one in tidy.held())

        kinds = found_out()
        assert kinds["notes"] == len(list(cache.glob("tokenizers/*"))) > 0
        assert kinds["engines"] == len(list(cache.glob("engines/*"))) > 0
        tidy.remove(tidy.chosen(tidy.held()))
        assert tidy.held() == []
        assert found_out() == kinds

    def test_a_file_put_there_by_hand_is_known_by_its_place_not_its_name(self, cache: Path) -> None:
        (cache / "datasets/made-up").mkdir(parents=True)
        for name in ("datasets/made-up/train.part1.csv", "datasets/stray.txt"):
            (cache / name).write_text("x")
        assert {one.kind for one in tidy.held()} == {"by-hand"}
        assert tidy.chosen(tidy.held()) == []

    def test_a_cache_that_is_no_folder_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "file"))
        with pytest.raises(MedRegistryError, match="is no folder; REGISTRY_CACHE names another"):
            tidy.held()

    def test_a_kind_that_is_none_is_refused(self) -> None:
        with pytest.raises(UnknownOption, match="kind cannot be 'recods'"):
            tidy.chosen([], ["recods"])

    def test_records_in_use_outlive_the_cleaning(self, site: FilesServer) -> None:
        records = whole(made_up(site))["test"]
        tidy.remove(tidy.chosen(tidy.held()))
        assert [row["question"] for row in records] == ["Which?", "Which?"]
