"""Loading as a whole: from a card and files to records with a manifest, or to one clear message."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import registry
from loaders.load import Splits, load_card
from loaders.records import Records
from loaders.schemas import COMMON, SCHEMAS, conform
from registry.card import DatasetCard
from registry.errors import (
    ChecksumError,
    KnownIssues,
    LicenceError,
    MissingFiles,
    NotLoadable,
    PartialLoad,
    ReadError,
    UnknownDataset,
    UnknownOption,
    UsageError,
)
from registry.vocabulary import SCHEMA
from tests.support.blocks import card as packaged

HEADER = "id,question,a,b,c,right,why,source\n"
TRAIN = HEADER + "1,Which?,x,y,z,B,because,s1\n2,Who?,x,y,,A,,s2\n"
BLOCK: dict[str, Any] = {
    "schema": "multiple_choice",
    "source": "hand-over",
    "by_hand": "Ask the owners at https://example.org/form.",
    "read": {"format": "csv", "expect": ["question", "right"]},
    "fields": {
        "id": "id",
        "question": "question",
        "options": {"columns": ["a", "b", "c"]},
        "answers": ["right", "letters"],
        "explanation": "why",
    },
    "splits": {"train": "train.csv", "test": {"files": "test.csv", "count": 1}},
}


def made_up(load: dict[str, Any] | None = BLOCK, **fields: Any) -> DatasetCard:
    return DatasetCard.model_validate(
        {
            "slug": "made-up",
            "name": "Made Up",
            "kind": "dataset",
            "summary": "Made up for a test.",
            "access": "open",
            "languages": ["en"],
            "load": load,
            **fields,
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with both splits of the made-up dataset."""
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(HEADER + "3,Why?,x,y,z,AC,,s1\n")
    return tmp_path


def both(folder: Path, load: dict[str, Any] = BLOCK, **options: Any) -> Splits:
    loaded = load_card(made_up(load), files=folder, offline=True, **options)
    assert isinstance(loaded, Splits)
    return loaded


def one(folder: Path, split: str, load: dict[str, Any] = BLOCK, **options: Any) -> Records:
    loaded = load_card(made_up(load), split, files=folder, offline=True, **options)
    assert isinstance(loaded, Records)
    return loaded


class TestRecords:
    def test_rows_are_in_the_canonical_schema(self, folder: Path) -> None:
        records = one(folder, "train")
        assert records.schema == "multiple_choice"
        assert dict(records.frame.schema.items()) == SCHEMAS["multiple_choice"] | {
            "extra": pl.Struct({"source": pl.String})
        }
        assert records[0] == {
            "id": "1",
            "split": "train",
            "group": None,
            "language": "en",
            "question": "Which?",
            "context": None,
            "options": ["x", "y", "z"],
            "answers": [1],
            "explanation": "because",
            "images": [],
            "extra": {"source": "s1"},
        }
        assert records[-1]["options"] == ["x", "y"]
        assert len(records) == 2
        assert [row["id"] for row in records] == ["1", "2"]
        with pytest.raises(IndexError):
            records[2]

    def test_several_answers_stay_several(self, folder: Path) -> None:
        assert one(folder, "test")[0]["answers"] == [0, 2]

    def test_they_go_to_arrow_pandas_hugging_face_and_files(self, folder: Path, tmp_path: Path) -> None:
        records = one(folder, "train")
        assert records.arrow.num_rows == 2
        assert records.pandas()["question"].tolist() == ["Which?", "Who?"]
        rows = records.to_hf()
        assert rows[1]["options"] == ["x", "y"]
        assert rows[0]["extra"] == {"source": "s1"}
        records.frame.write_parquet(tmp_path / "x.parquet")
        assert pl.read_parquet(tmp_path / "x.parquet").equals(records.frame)

    def test_media_are_read_from_the_folder_of_the_files_and_nowhere_else(self, folder: Path) -> None:
        (folder / "imgs").mkdir()
        (folder / "imgs" / "a.png").write_bytes(b"png")
        records = one(folder, "train", BLOCK | {"fields": BLOCK["fields"] | {"images": ["a", {"images": {}}]}})
        assert records[0]["images"] == [{"path": "x", "bytes": None}]
        assert records.read_media("imgs/a.png") == b"png"
        with pytest.raises(MissingFiles, match=r"b\.png is not on this machine"):
            records.read_media("imgs/b.png")
        with pytest.raises(registry.MedRegistryError, match="leads out of its folder"):
            records.read_media("../secret")

    def test_one_schema_is_described_for_each_word_of_the_vocabulary(self) -> None:
        assert set(SCHEMAS) == set(SCHEMA)
        assert all(list(columns)[:4] == list(COMMON) for columns in SCHEMAS.values())

    def test_conform_refuses_a_column_that_the_schema_lacks(self) -> None:
        with pytest.raises(ValueError, match="schema text has no column question"):
            conform(pl.DataFrame({"question": ["x"]}), "text")


class TestManifest:
    def test_it_says_what_was_loaded_from_what(self, folder: Path) -> None:
        loaded = both(folder)
        manifest = loaded.manifest
        assert manifest["slug"] == "made-up"
        assert manifest["schema"] == "multiple_choice"
        assert len(manifest["card_version"]) == 64
        assert manifest["medregistry"]
        assert dt.datetime.fromisoformat(manifest["loaded_at"]).tzinfo is not None
        assert manifest["splits"]["train"] == {
            "rows": 2,
            "records": loaded["train"].manifest["records"],
            "archives": [],
            "files": [{"path": "train.csv", "sha256": hashlib.sha256(TRAIN.encode()).hexdigest(), "bytes": len(TRAIN)}],
        }
        assert loaded["train"].manifest["split"] == "train"
        assert loaded["train"].manifest["rows"] == 2
        assert json.loads(json.dumps(manifest)) == manifest
        assert (manifest["missing"], manifest["reports"]) == ([], [])

    def test_another_card_has_another_version(self, folder: Path) -> None:
        other = BLOCK | {"note": "Another word."}
        assert both(folder).manifest["card_version"] != both(folder, other).manifest["card_version"]

    def test_a_count_that_differs_from_the_card_is_reported(self, folder: Path) -> None:
        block = BLOCK | {"splits": {"train": {"files": "train.csv", "count": 1}}}
        assert one(folder, "train", block).manifest["reports"] == ["train: 2 rows, and the card counts 1"]

    def test_another_count_of_a_named_file_is_told_but_is_no_part_of_it(self, folder: Path) -> None:
        block = BLOCK | {"splits": {"train": {"files": "train.csv", "count": 20}}}
        with pytest.warns(UserWarning, match="made-up, train: 2 rows of 20 that its card counts") as told:
            one(folder, "train", block)
        assert not any(issubclass(item.category, PartialLoad) for item in told)

    def test_fewer_rows_than_the_card_counts_of_a_pattern_are_told_as_a_part(self, folder: Path) -> None:
        block = BLOCK | {"splits": {"train": {"files": "tr*.csv", "count": 20}}}
        with pytest.warns(PartialLoad, match="made-up, train: 2 rows of 20"):
            one(folder, "train", block)


class TestWhatTheCardMayLeaveOpen:
    def test_ids_are_numbered_within_the_split(self, folder: Path) -> None:
        fields = {name: value for name, value in BLOCK["fields"].items() if name != "id"}
        loaded = both(folder, BLOCK | {"fields": fields})
        assert loaded["train"].frame["id"].to_list() == ["train-0", "train-1"]
        assert loaded["test"].frame["id"].to_list() == ["test-0"]

    def test_ids_that_repeat_are_told_apart_and_reported(self, folder: Path) -> None:
        (folder / "train.csv").write_text(TRAIN + "1,Again?,x,y,z,A,,s3\n")
        records = one(folder, "train")
        assert records.frame["id"].to_list() == ["1", "2", "1#2"]
        assert records.manifest["reports"] == [
            "train: 1 row whose id occurs earlier, told apart as #2, #3, …: 1",
        ]

    def test_a_row_without_an_id_is_refused(self, folder: Path) -> None:
        (folder / "train.csv").write_text(TRAIN + ",Again?,x,y,z,A,,s3\n")
        with pytest.raises(ReadError, match="1 rows have no id; the first is row 2 of its split"):
            one(folder, "train")

    @pytest.mark.parametrize(
        ("languages", "split", "fields", "expected"),
        [
            (["en"], None, {}, "en"),
            (["en", "zh"], None, {}, None),
            (["en", "zh"], "zh", {}, "zh"),
            (["en"], "zh", {"language": {"constant": "ro"}}, "ro"),
        ],
    )
    def test_the_language_is_that_of_the_row_the_split_or_the_dataset(
        self, folder: Path, languages: list[str], split: str | None, fields: dict[str, Any], expected: str | None
    ) -> None:
        block = BLOCK | {
            "fields": BLOCK["fields"] | fields,
            "splits": {"train": {"files": "train.csv", "language": split}},
        }
        records = load_card(made_up(block, languages=languages), "train", files=folder)
        assert isinstance(records, Records)
        assert set(records.frame["language"]) == {expected}

    @pytest.mark.parametrize(
        ("extra", "expected"),
        [("all", {"source": "s1"}), ("none", None), (["a", "source"], {"a": "x", "source": "s1"})],
    )
    def test_extra_holds_what_no_field_shows(self, folder: Path, extra: Any, expected: Any) -> None:
        assert one(folder, "train", BLOCK | {"extra": extra})[0]["extra"] == expected

    def test_a_column_that_is_the_group_is_not_told_twice(self, folder: Path) -> None:
        records = one(folder, "train", BLOCK | {"group": "source"})
        assert records.frame["group"].to_list() == ["s1", "s2"]
        assert records[0]["extra"] is None

    def test_a_field_that_the_schema_lacks_is_refused(self, folder: Path) -> None:
        block = BLOCK | {"fields": BLOCK["fields"] | {"answer": "right"}}
        with pytest.raises(ReadError, match="the card's `load` block: the schema multiple_choice has no column answer"):
            one(folder, "train", block)

    def test_a_field_of_another_type_is_refused(self, folder: Path) -> None:
        with pytest.raises(ReadError, match="a field does not have its schema's type"):
            one(folder, "train", BLOCK | {"fields": BLOCK["fields"] | {"answers": "right"}})

    def test_configurations_and_splits_change_single_entries(self, folder: Path) -> None:
        block = {name: value for name, value in BLOCK.items() if name != "splits"} | {
            "configs": {
                "plain": {"splits": {"train": "train.csv"}},
                "swapped": {
                    "fields": {"explanation": "source"},
                    "splits": {"train": {"files": "train.csv", "fields": {"question": "why"}}},
                },
            }
        }
        assert one(folder, "train", block).manifest["config"] == "plain"
        row = one(folder, "train", block, config="swapped")[0]
        assert (row["question"], row["explanation"], row["answers"]) == ("because", "s1", [1])


class TestAnswers:
    def answers(self, folder: Path, *rights: str) -> Records:
        rows = "".join(f"{number},Q?,x,y,,{right},,s\n" for number, right in enumerate(rights))
        (folder / "train.csv").write_text(HEADER + rows)
        return one(folder, "train")

    def test_an_answer_that_is_no_option_is_taken_out_and_reported(self, folder: Path) -> None:
        records = self.answers(folder, "A", "C", "BD", "")
        assert records.frame["answers"].to_list() == [[0], [], [1], []]
        assert records.manifest["reports"] == [
            "train: 2 rows with an answer that is not among the options, taken out: 1, 2",
            "train: 2 rows without an answer",
        ]

    def test_an_answer_that_is_no_letter_stops_the_load(self, folder: Path) -> None:
        with pytest.raises(ReadError, match=r"train\.csv, row 2, column 'right': '3' is not made of letters A to Z"):
            self.answers(folder, "A", "3")


class TestMissing:
    def test_splits_that_are_not_here_are_named_and_the_others_come(self, folder: Path) -> None:
        (folder / "test.csv").unlink()
        with pytest.warns(PartialLoad) as told:
            loaded = both(folder)
        assert list(loaded) == ["train"]
        assert loaded.manifest["missing"] == ["test"]
        message = str(told[0].message)
        assert "made-up: 1 file is not on this machine:\n  test: test.csv" in message
        assert "Ask the owners at https://example.org/form." in message

    def test_a_split_that_was_asked_for_must_be_here(self, folder: Path) -> None:
        (folder / "test.csv").unlink()
        with pytest.raises(MissingFiles, match="test: test.csv"):
            one(folder, "test")

    def test_nothing_at_all_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match="2 files are not on this machine"):
            both(tmp_path)

    def test_a_dataset_that_people_must_fetch_says_which_files_whence_and_where_to(self, clean_env: Path) -> None:
        with pytest.raises(MissingFiles) as caught:
            load_card(packaged("medqaro"))
        message = str(caught.value)
        for name in ("romedqa_train_dataset.csv", "romedqa_val_dataset.csv", "romedqa_test_dataset.csv"):
            assert name in message
        assert "medqaro: 3 files are not on this machine" in message
        assert "https://drive.proton.me/urls/2ADFAY7YA0#Zu701wPBQXjs" in message
        assert 'registry.load("medqaro", files="FOLDER")' in message
        assert "REGISTRY_MIRROR to a folder that holds medqaro/romedqa_train_dataset.csv" in message
        assert str(clean_env / ".cache/medregistry/datasets/medqaro/romedqa_train_dataset.csv") in message

    @pytest.mark.parametrize("way", ["files", "mirror", "cache"])
    def test_and_each_of_the_three_places_that_it_names_does(
        self, tmp_path: Path, clean_env: Path, monkeypatch: pytest.MonkeyPatch, way: str
    ) -> None:
        place = {
            "files": tmp_path,
            "mirror": tmp_path / "medqaro",
            "cache": clean_env / ".cache/medregistry/datasets/medqaro",
        }[way]
        write_medqaro(place)
        if way == "mirror":
            monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PartialLoad)
            loaded = load_card(packaged("medqaro"), files=tmp_path if way == "files" else None, offline=True)
        assert isinstance(loaded, Splits)
        assert {name: len(records) for name, records in loaded.items()} == {"train": 4, "validation": 2, "test": 2}


def write_medqaro(folder: Path) -> None:
    """CSVs of the true shape: a saved index without a name, the case summary repeated on each row of a patient."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, patients in {"train": 2, "val": 1, "test": 1}.items():
        with (folder / f"romedqa_{name}_dataset.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["", "Epicriza", "Intrebare", "Raspuns"])
            for row in range(2 * patients):
                summary = f" Pacientă {name} {row // 2}, sân stâng.\nT2N1M0.\n"
                writer.writerow([row, summary, "Care este stadiul T?", "T2" if row % 2 else "NA"])


class TestMedqaro:
    def test_the_case_summary_stays_as_it_is_in_the_file(self, tmp_path: Path) -> None:
        write_medqaro(tmp_path)
        with pytest.warns(UserWarning, match="4 rows of 71,772 that its card counts"):
            records = load_card(packaged("medqaro"), "train", files=tmp_path)
        assert isinstance(records, Records)
        row = records[1]
        assert row["context"] == " Pacientă train 0, sân stâng.\nT2N1M0.\n"
        assert (row["question"], row["answers"], row["language"]) == ("Care este stadiul T?", ["T2"], "ro")
        assert records[0]["answers"] == ["NA"]
        assert records.frame["group"].n_unique() == 2
        assert row["extra"] == {"column_1": "1"}

    @pytest.mark.filterwarnings("ignore::registry.errors.PartialLoad")
    def test_or_is_what_the_authors_feed_to_their_models(self, tmp_path: Path) -> None:
        write_medqaro(tmp_path)
        records = load_card(packaged("medqaro"), "test", config="paper", files=tmp_path)
        assert isinstance(records, Records)
        assert records[0]["context"] == "Pacientă test 0, sân stâng.T2N1M0."


class TestOptions:
    def test_a_split_or_configuration_that_is_not_there_is_named(self, folder: Path) -> None:
        with pytest.raises(UnknownOption, match="split cannot be 'val'; it is one of: train, test"):
            one(folder, "val")
        with pytest.raises(UnknownOption, match="config cannot be 'big'"):
            one(folder, "train", config="big")

    def test_what_cannot_be_loaded_says_why(self) -> None:
        with pytest.raises(NotLoadable, match="made-up is a resource"):
            load_card(made_up(None, kind="resource"))
        with pytest.raises(NotLoadable, match="has not been released"):
            load_card(made_up(None, access="unreleased"))
        with pytest.raises(NotLoadable, match="was withdrawn and is not loaded, from wherever a copy may lie"):
            load_card(made_up(None, access="withdrawn"))
        places = [{"provider": "web", "url": "https://example.org/data"}]
        with pytest.raises(NotLoadable, match="can be asked .* Access: request. Write to them. It lives at https"):
            load_card(made_up(None, access="request", access_note="Write to them.", sources=places))

    def test_a_checksum_counts_unless_another_revision_is_asked_for(self, folder: Path) -> None:
        block = BLOCK | {"splits": {"train": {"path": "train.csv", "sha256": "0" * 64}}}
        with pytest.raises(ChecksumError):
            one(folder, "train", block)
        assert one(folder, "train", block, revision="v2").manifest["revision"] == "v2"


BAD: dict[str, tuple[bytes, str]] = {
    "wrong columns": (b"id,Frage\n1,Was?\n", "no column 'question', 'right'; columns there: 'id', 'Frage'"),
    "an encoding that the card does not name": (HEADER.encode() + "1,é".encode("latin-1"), "not valid utf-8"),
    "an empty file": (b"", "the file is empty"),
    "a web page": (b"<!doctype html><title>404</title>", "this is a web page"),
    "a row cut short": (HEADER.encode() + b"1,Which?,x", "line 2: 3 cells where the first row has 8"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    "only a header": (HEADER.encode(), "no rows in it"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_message_that_names_the_file(folder: Path, what: str) -> None:
    content, message = BAD[what]
    (folder / "train.csv").write_bytes(content)
    with pytest.raises(ReadError, match=message) as caught:
        both(folder)
    assert "train.csv" in str(caught.value)


class TestByName:
    """`registry.load`: the name is looked up in the catalogue, which also knows what to warn of."""

    pytestmark = pytest.mark.usefixtures("embedded_catalogue_url")

    def test_findings_and_licence_limits_are_told_once_in_at_most_three_lines(self, tmp_path: Path) -> None:
        write_medqaro(tmp_path)
        with pytest.warns(KnownIssues) as told:
            records = registry.load("medqaro", split="test", files=tmp_path)
        assert isinstance(records, Records)
        issues = [str(item.message) for item in told if item.category is KnownIssues]
        assert len(issues) == 1
        assert issues[0].startswith("medqaro: ")
        assert len(issues[0].splitlines()) <= 3
        assert [item.filename for item in told if item.category is KnownIssues] == [__file__]

    @pytest.mark.filterwarnings("ignore")
    def test_an_alias_names_the_dataset(self, tmp_path: Path) -> None:
        write_medqaro(tmp_path)
        records = registry.load("RoMedQA", split="test", files=tmp_path)
        assert records.manifest["slug"] == "medqaro"

    def test_an_unknown_name_offers_near_ones_and_loads_nothing(self) -> None:
        with pytest.raises(UnknownDataset, match="Did you mean: .*medqaro"):
            registry.load("medqarro")

    def test_commercial_use_is_refused_with_the_reason(self, tmp_path: Path) -> None:
        write_medqaro(tmp_path)
        with pytest.raises(LicenceError, match="medqaro: its effective licence does not allow commercial use: .*NC"):
            registry.load("medqaro", files=tmp_path, use="commercial")

    def test_options_for_tokens_need_a_tokenizer(self) -> None:
        with pytest.raises(UsageError, match="max_length: these options count only together with tokenizer="):
            registry.load("medqaro", max_length=8)


def test_a_folder_of_which_nothing_was_used_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/made-up").symlink_to(folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/unlike.txt").write_text("x")
    monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "mirror"))
    with pytest.warns(UserWarning, match="nothing in .*other was used; its files were found elsewhere"):
        load_card(made_up(), files=tmp_path / "other", offline=True)
    with pytest.raises(UsageError, match="a path was given that is empty"):
        load_card(made_up(), files="", offline=True)
