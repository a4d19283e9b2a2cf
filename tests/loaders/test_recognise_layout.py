"""Which files of a source are data, and of which split and configuration: by their names, and by the README."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from loaders.recognise.layout import CONVERTED, lay_out
from loaders.recognise.readme import class_names, declared, features_of
from loaders.recognise.readme import front_matter as read_front_matter
from loaders.recognise.recognise import recognise
from loaders.recognise.words import folded, meanings, split_of
from loaders.sources import Remote
from tests.support.recognised import class_label, front_matter, guess, records, write_files

QA = [{"question": f"What is it {n}?", "answer": f"A cold {n}"} for n in range(9)]


def laid(*paths: str, matter: dict[str, Any] | None = None) -> dict[str, dict[str, list[str]]]:
    found = lay_out(paths, matter)
    return {
        config: {split: [entry.path for entry in entries] for split, entries in splits.items()}
        for config, splits in found.configs.items()
    }


class TestNames:
    @pytest.mark.parametrize("name", ["AnswerIdx", "answer_idx", "answer-idx", "Answer Idx", "ANSWER_IDX"])
    def test_one_name_in_many_spellings(self, name: str) -> None:
        assert folded(name) == "answer idx"
        assert "answer" in meanings(name)

    def test_accents_and_scripts_are_no_hindrance(self) -> None:
        assert "question" in meanings("Întrebare")
        assert "answer" in meanings("정답")
        assert split_of("训练集") == "train"

    def test_only_whole_names_count(self) -> None:
        assert not meanings("question_type_of_exam")


class TestSplits:
    def test_shards_are_one_split_and_other_files_are_none(self) -> None:
        assert laid(
            "README.md",
            "LICENSE.txt",
            "requirements.txt",
            "dataset_infos.json",
            "scripts/make.json",
            "images/a.png",
            "data/train-00000-of-00002.parquet",
            "data/train-00001-of-00002.parquet",
            "data/test-00000-of-00001.parquet",
        ) == {
            "": {
                "train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
                "test": ["data/test-00000-of-00001.parquet"],
            }
        }

    @pytest.mark.parametrize(
        ("path", "split"),
        [
            ("training.csv", "train"),
            ("x_dev.jsonl", "validation"),
            ("valid/0.json", "validation"),
            ("MedTrain.json", "train"),
            ("eval.tsv", "test"),
            ("数据测试集.json", "test"),
            ("test.jsonl.gz", "test"),
            ("all.csv", "train"),
        ],
    )
    def test_the_name_of_a_file_or_folder_tells_it(self, path: str, split: str) -> None:
        (splits,) = laid(path).values()
        assert list(splits) == [split]

    def test_the_converted_branch_has_a_folder_for_each_configuration_and_split(self) -> None:
        assert laid("en/train/0000.parquet", "en/test/0000.parquet", "fr/train/0000.parquet") == {
            "en": {"train": ["en/train/0000.parquet"], "test": ["en/test/0000.parquet"]},
            "fr": {"train": ["fr/train/0000.parquet"]},
        }

    def test_sets_side_by_side_are_configurations(self) -> None:
        assert list(laid("medqa_train.csv", "medqa_test.csv", "mmlu_test.csv")) == ["medqa", "mmlu"]

    def test_a_harder_part_beside_a_test_part_is_a_split(self) -> None:
        assert laid("d/test.jsonl", "d/test_hard.jsonl") == {
            "": {"test": ["d/test.jsonl"], "test_hard": ["d/test_hard.jsonl"]}
        }

    def test_many_files_in_the_folder_of_a_split_are_its_pieces(self) -> None:
        paths = [f"dev/{'abcdefghijk'[n]}x.json" for n in range(11)]
        assert laid(*paths) == {"": {"validation": paths}}

    def test_of_one_table_in_several_formats_the_best_is_taken(self) -> None:
        assert laid("train.csv", "train.json", "train.parquet") == {"": {"train": ["train.parquet"]}}
        assert laid("csv/train.csv", "jsonl/train.jsonl") == {"": {"train": ["jsonl/train.jsonl"]}}


class TestWhatBelongsTogether:
    @pytest.mark.parametrize(
        "paths",
        [
            ("train_v1.csv", "train_v2.csv"),
            ("train-v1.csv", "train-v2.csv"),
            ("train1.0.csv", "train1.1.csv"),
            ("trainv1.csv", "trainv2.csv"),
            ("train_version_1.csv", "train_version_2.csv"),
        ],
    )
    def test_versions_are_no_shards(self, paths: tuple[str, ...]) -> None:
        files = [entries for splits in laid(*paths).values() for entries in splits.values()]
        assert all(len(entries) == 1 for entries in files)

    @pytest.mark.parametrize(
        "paths",
        [
            ("train-00000-of-00002.csv", "train-00001-of-00002.csv"),
            ("train-1-of-2.csv", "train-2-of-2.csv"),
            ("train_0.csv", "train_1.csv"),
            ("train_part1.csv", "train_part2.csv"),
            ("train.0001.csv", "train.0002.csv"),
            ("dev-0.csv", "dev-1.csv"),
            ("train/12.csv", "train/45.csv"),
        ],
    )
    def test_shards_of_as_many_and_numbers_without_a_gap_are_joined(self, paths: tuple[str, ...]) -> None:
        found = lay_out(paths)
        assert [[entry.path for entry in entries] for entries in found.configs[""].values()] == [list(paths)]
        assert found.notes == ()

    @pytest.mark.parametrize(
        ("paths", "kept"),
        [
            (["train.csv", "train-00000-of-00002.csv"], ["train.csv"]),
            (["train.csv", "data/train.csv"], ["train.csv"]),
            (["train_100.csv", "train_1000.csv"], ["train_100.csv"]),
            (["train-0.csv", "train_0.csv"], ["train-0.csv"]),
            (
                ["train-0-of-2.csv", "train-0-of-3.csv", "train-1-of-2.csv"],
                ["train-0-of-2.csv", "train-1-of-2.csv"],
            ),
        ],
    )
    def test_what_may_be_the_same_rows_again_is_left_out_and_told(self, paths: list[str], kept: list[str]) -> None:
        found = lay_out(paths)
        assert [entry.path for entry in found.configs[""]["train"]] == kept
        (told,) = found.notes
        assert all(path in told for path in paths if path not in kept)

    @pytest.mark.parametrize("declares", [False, True])
    def test_shards_that_are_absent_are_told(self, declares: bool) -> None:
        matter = {"configs": [{"data_files": [{"split": "train", "path": "train-*"}]}]} if declares else None
        found = lay_out(["train-00000-of-00004.csv", "train-00002-of-00004.csv"], matter)
        assert len(found.configs[""]["train"]) == 2
        assert found.notes == ("train-00000-of-00004.csv: 2 of 4 shards are absent (number 1, 3)",)

    def test_a_number_of_shards_that_nobody_has_is_counted_at_once(self) -> None:
        (told,) = lay_out(["train-0-of-999999999999999999.csv"]).notes
        assert "999999999999999998 of 999999999999999999 shards are absent (number 1, 2, 3, …)" in told

    def test_a_gap_among_many_numbers_is_told(self) -> None:
        found = lay_out([f"train_{number}.csv" for number in range(12) if number != 7])
        assert len(found.configs[""]["train"]) == 11
        assert "1 numbers" in found.notes[0]

    @pytest.mark.parametrize("whole", ["all.csv", "dataset.csv", "full.csv", "data/all_data.csv"])
    def test_all_rows_in_one_file_beside_the_splits_are_never_the_default(self, whole: str, tmp_path: Path) -> None:
        found = guess(tmp_path, {whole: QA * 2, "train.csv": QA, "test.csv": QA[:3]})
        assert {name: len(one) for name, one in records(tmp_path, found).items()} == {"train": 9, "test": 3}
        assert "not the default" in " ".join(found.unclear)

    def test_nor_where_the_splits_cannot_be_understood(self, tmp_path: Path) -> None:
        odd = [{"x": 1.5, "y": 2.5}] * 3
        found = guess(tmp_path, {"all.csv": QA, "train.csv": odd, "test.csv": odd})
        assert set(records(tmp_path, found)) == {"train", "test"}

    @pytest.mark.parametrize(
        "output", ["test_predictions.csv", "submission.csv", "sample_submission.csv", "outputs.csv", "pred_test.csv"]
    )
    def test_what_a_model_gave_is_left_out_and_told(self, output: str, tmp_path: Path) -> None:
        found = guess(tmp_path, {"train.csv": QA, output: QA})
        assert set(records(tmp_path, found)) == {"train"}
        assert output in found.told("made-up")

    def test_predictions_alone_and_a_prediction_as_the_subject_are_data(self) -> None:
        assert laid("predictions.csv")
        assert "disease_prediction" in " ".join(str(laid("disease_prediction.csv", "symptoms.csv")).split())

    @pytest.mark.parametrize("pair", [("dev", "val"), ("test", "eval"), ("dev", "validation")])
    def test_two_names_of_one_split_are_two_splits(self, pair: tuple[str, str]) -> None:
        one, other = pair
        assert laid("train.csv", f"{one}.csv", f"{other}.csv") == {
            "": {"train": ["train.csv"], one: [f"{one}.csv"], other: [f"{other}.csv"]}
        }


class TestReadme:
    def test_what_it_declares_comes_before_names(self) -> None:
        matter = {
            "configs": [
                {
                    "config_name": "a",
                    "data_files": [{"split": "train", "path": "x/*.csv"}, {"split": "held", "path": "y.csv"}],
                },
                {"config_name": "b", "data_files": "z.csv"},
            ]
        }
        assert laid("x/1.csv", "x/2.csv", "y.csv", "z.csv", "w.csv", matter=matter) == {
            "a": {"train": ["x/1.csv", "x/2.csv"], "held": ["y.csv"]},
            "b": {"train": ["z.csv"]},
        }

    def test_files_that_are_not_there_leave_the_names_to_tell(self) -> None:
        assert laid("train.csv", matter={"configs": [{"data_files": "gone.csv"}]}) == {"": {"train": ["train.csv"]}}

    def test_its_default_configuration_comes_first(self) -> None:
        matter = {
            "configs": [
                {"config_name": "a", "data_files": "a.csv"},
                {"config_name": "b", "data_files": "b.csv", "default": True},
            ]
        }
        assert list(laid("a.csv", "b.csv", matter=matter)) == ["b", "a"]

    def test_a_folder_and_a_mapping_of_splits(self) -> None:
        matter = {"configs": [{"data_dir": "v2", "data_files": {"train": ["a.csv", "b.csv"]}}]}
        assert declared(matter) == {"default": {"train": ["v2/a.csv", "v2/b.csv"]}}

    @pytest.mark.parametrize(
        "text", ["", "# no front matter", "---\n[1, 2]\n---\n", "---\n{: broken\n---\n", "---\nx: 1\n"]
    )
    def test_no_front_matter_is_none(self, text: str) -> None:
        assert read_front_matter(text) == {}

    def test_aliases_are_not_followed(self) -> None:
        assert read_front_matter("---\na: &a [1]\nb: [*a, *a]\n---\n") == {}

    def test_classes_in_all_three_forms(self) -> None:
        names = ["no", "yes"]
        readme = [{"name": "label", "dtype": {"class_label": {"names": {"0": "no", "1": "yes"}}}}]
        viewer = [{"feature_idx": 0, "name": "label", "type": class_label(names)}]
        infos = {"label": class_label(names), "text": {"dtype": "string", "_type": "Value"}}
        assert [class_names(form) for form in (readme, viewer, infos)] == [{"label": names}] * 3
        assert class_names({"tags": {"feature": class_label(names), "_type": "Sequence"}}) == {"tags": names}

    def test_features_of_the_configuration_that_is_asked_for(self) -> None:
        matter = {"dataset_info": [{"config_name": "a", "features": [1]}, {"config_name": "b", "features": [2]}]}
        assert features_of(matter, "b") == [2]


class TestScripts:
    def test_data_that_a_script_makes_are_read_from_the_hubs_conversion(self) -> None:
        found = lay_out(["med_qa.py", "data_clean.zip", "README.md"])
        assert (found.empty, found.revision) == (True, CONVERTED)

    def test_a_script_beside_readable_data_is_no_matter(self) -> None:
        assert lay_out(["med_qa.py", "train.csv"]).revision is None


class TestForms:
    def test_json_lines_in_spite_of_the_ending(self, tmp_path: Path) -> None:
        found = guess(tmp_path, {"train.json": "".join(json.dumps(row) + "\n" for row in QA)})
        assert found.load is not None
        assert found.load.read.format == "jsonl"
        assert len(records(tmp_path, found)["train"]) == 9

    def test_rows_under_a_key_and_rows_keyed_by_id(self, tmp_path: Path) -> None:
        under = guess(tmp_path / "a", {"train.json": json.dumps({"version": 1, "data": QA})})
        keyed = guess(tmp_path / "b", {"train.json": json.dumps({f"k{n}": row for n, row in enumerate(QA)})})
        assert records(tmp_path / "a", under)["train"][3]["answers"] == ["A cold 3"]
        assert records(tmp_path / "b", keyed)["train"][3]["id"] == "k3"

    def test_another_separator_and_encoding(self, tmp_path: Path) -> None:
        lines = ["Frage;Antwort", *(f"Was hei\xdft das {n}?;F\xfcr {n} ist es gr\xfcn" for n in range(30))]
        found = guess(tmp_path, {"daten.csv": "\n".join(lines).encode("cp1252")})
        assert found.schema == "question_answer"
        assert records(tmp_path, found)["train"][2]["question"] == "Was hei\xdft das 2?"

    def test_cells_that_hold_line_ends(self, tmp_path: Path) -> None:
        rows = [{"question": f"What\nis it {n}?", "answer": f'A "cold"\r\n{n}'} for n in range(9)]
        found = guess(tmp_path, {"train.csv": rows})
        assert records(tmp_path, found)["train"][8]["question"] == "What\nis it 8?"

    def test_a_table_without_a_header_keeps_its_first_row(self, tmp_path: Path) -> None:
        text = "".join(f"GSM{n},{n % 2},the text of the sample {n}\n" for n in range(20))
        found = guess(tmp_path, {"train.csv": text})
        assert found.schema == "table"
        assert records(tmp_path, found)["train"][0]["extra"]["column_1"] == "GSM0"

    def test_a_packed_file(self, tmp_path: Path) -> None:
        packed = gzip.compress("".join(json.dumps(row) + "\n" for row in QA).encode())
        found = guess(tmp_path, {"train.jsonl.gz": packed})
        assert len(records(tmp_path, found)["train"]) == 9

    def test_rows_beyond_the_sample_are_loaded_too(self, tmp_path: Path) -> None:
        rows = [{"question": f"What is it {n}?", "answer": f"A cold {n}"} for n in range(3_000)]
        found = guess(tmp_path, {"train.jsonl": rows})
        assert len(records(tmp_path, found)["train"]) == 3_000

    def test_nothing_to_read_is_said(self, tmp_path: Path) -> None:
        found = guess(tmp_path, {"README.md": front_matter({"license": "mit"}), "a.pkl": b"\x80"})
        assert found.load is None
        assert "no file that could be read as rows" in found.told("made-up")

    def test_a_damaged_file_is_told_and_the_rest_is_loaded(self, tmp_path: Path) -> None:
        found = guess(tmp_path, {"train.jsonl": QA, "test.parquet": b"no parquet"})
        assert found.schema == "question_answer"
        assert found.unclear[0].startswith("test: test.parquet: ")


class TestUnreadable:
    def test_a_file_that_cannot_be_opened_is_told_and_the_rest_is_loaded(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"train.jsonl": QA})
        found = recognise("hand-over", None, ["train.jsonl", "test.jsonl"], lambda path: tmp_path / path)
        assert found.schema == "question_answer"
        assert found.unclear[0].startswith("test: test.jsonl: its head cannot be read")

    @pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
    def test_where_no_file_can_be_opened_nothing_is_recognised(self, tmp_path: Path, name: str) -> None:
        found = recognise("hand-over", None, [name], lambda path: tmp_path / path)
        assert found.load is None
        assert f"{name}: its head cannot be read" in found.told("made-up")

    def test_a_packed_file_that_is_damaged_within(self, tmp_path: Path) -> None:
        packed = bytearray(gzip.compress(json.dumps(QA).encode() * 50))
        packed[12:40] = b"\xff" * 28
        found = guess(tmp_path, {"train.json.gz": bytes(packed)})
        assert "train.json.gz: its head cannot be read" in found.told("made-up")


class TestBounds:
    def test_configurations_beyond_the_budget_are_left_out_but_not_the_one_that_is_asked_for(
        self, tmp_path: Path
    ) -> None:
        names = [f"set{letter}/train.jsonl" for letter in "abcd"]
        write_files(tmp_path, dict.fromkeys(names, QA))
        listed = [Remote(name, 700 << 20, None, None) for name in names]
        found = recognise("hand-over", None, listed, lambda path: tmp_path / path, config="setc")
        assert found.load is not None
        assert list(found.load.splits or found.load.configs) == ["setc"]
        assert "3 more configurations" in " ".join(found.unclear)


class TestFolders:
    def test_a_zip_is_opened_where_nothing_else_is_data(self, tmp_path: Path) -> None:
        from loaders.recognise.origins import guess_at, here

        write_files(tmp_path / "made", {"train.jsonl": QA, "test.jsonl": QA[:2]})
        (tmp_path / "source").mkdir()
        with zipfile.ZipFile(tmp_path / "source" / "all.zip", "w") as archive:
            archive.write(tmp_path / "made" / "train.jsonl", "set/train.jsonl")
            archive.write(tmp_path / "made" / "test.jsonl", "set/test.jsonl")
        found = guess_at(here(tmp_path / "source"))
        assert found.schema == "question_answer"
        loaded = records(tmp_path / "source", found)
        assert {name: len(one) for name, one in loaded.items()} == {"train": 9, "test": 2}
