"""The real files of the datasets of tables, JSON and workbooks, against the facts and against Python's own readers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loaders.load import Splits, load_card
from loaders.records import Records
from loaders.schemas import SCHEMAS
from registry.errors import MissingFiles, PartialLoad
from tests.support.blocks import Mirror, card

ROWS: dict[tuple[str, str | None], dict[str, int]] = {
    ("afrimed-qa", None): {"test": 174},
    ("biodsbench", None): {"python": 118, "r": 165},
    ("cmexam", None): {"validation": 6811},
    ("czi-drsm", None): {"qol_gold": 345, "initial_gold": 326},
    ("ecg-qa", "ptbxl"): {"train": 10000, "validation": 4663, "test": 2146},
    ("ehr-rel", None): {"rel_a": 111, "rel_b": 3630},
    ("evidence-inference", "v2"): {"train": 1924, "validation": 231, "test": 250},
    ("expertqa", "rand"): {"train": 1734, "validation": 216, "test": 219},
    ("expertqa", "domain"): {"train": 1721, "validation": 205, "test": 243},
    ("expertqa", "questions"): {"train": 2507},
    ("expertqa", "judged"): {"test": 219},
    ("fitzpatrick17k", None): {"train": 16577},
    ("geokhoj-v1", None): {"train": 25000, "test": 5000},
    ("hyper-kvasir", "two_folds"): {"fold_0": 5324, "fold_1": 5338},
    ("hyper-kvasir", "five_folds"): {"fold_0": 2122, "fold_1": 2122, "fold_2": 2122, "fold_3": 2122, "fold_4": 2174},
    ("hyper-kvasir", "videos"): {"train": 373},
    ("medagentsbench", "medqa"): {"test": 1273, "test_hard": 100},
    ("medagentsbench", "pubmedqa"): {"test": 500, "test_hard": 100},
    ("medagentsbench", "medmcqa"): {"test": 2816, "test_hard": 100},
    ("medagentsbench", "mmlu"): {"test": 1089, "test_hard": 73},
    ("medagentsbench", "mmlu-pro"): {"test": 818, "test_hard": 100},
    ("medagentsbench", "afrimedqa"): {"test": 174, "test_hard": 32},
    ("medec", "correction"): {"validation": 574, "test": 597},
    ("medec", "detection"): {"validation": 574, "test": 597},
    ("medmcqa", None): {"medagentsbench_test": 2816},
    ("medqa", "usmle"): {"test": 1273},
    ("medqa-relabelling", "questions"): {"test": 1273},
    ("medqa-relabelling", "ratings"): {"test": 3822},
    ("medxpertqa", "mm"): {"test": 2000, "sample": 199},
    ("medxpertqa", "text"): {"sample": 244},
    ("mmlu", None): {"test": 1089},
    ("mmlu-pro", None): {"test": 818},
    ("pubmedqa", "pqa_labeled"): {"train": 500, "test": 500},
    ("rjua-qa", None): {"validation": 211, "test": 213},
    ("slake", None): {"train": 9835, "validation": 2099, "test": 2094},
}
"""(slug, configuration) -> rows of the splits whose files are there."""

REPORTED: dict[tuple[str, str | None], list[str]] = {
    ("cmexam", None): ["validation: 1 row without an answer"],
    ("ecg-qa", "ptbxl"): [
        "train: 10,000 rows, and the card counts 267,539",
        "validation: 4,663 rows, and the card counts 64,663",
        "test: 2,146 rows, and the card counts 82,146",
    ],
    ("ehr-rel", None): [
        "rel_b: 23 rows whose id occurs earlier, told apart as #2, #3, …: 418019003-39848009, 50043002-195647007, "
        "170924003-170922004, 44054006-73211009, 37389005-235919008"
    ],
    ("geokhoj-v1", None): [
        "train: 3 rows whose id occurs earlier, told apart as #2, #3, …: GSM3175467, GSM3175479, GSM3175451"
    ],
    ("medec", "correction"): ["test: 328 rows without any value left out"],
    ("medec", "detection"): ["test: 328 rows without any value left out"],
}
"""What the manifest tells; nothing where a dataset is not listed."""


@pytest.fixture
def mirror(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    return Mirror(shared / "data", monkeypatch)


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


def name_of(case: tuple[str, str | None]) -> str:
    return "-".join(part for part in case if part)


def quietly(slug: str, config: str | None) -> Splits:
    """A whole dataset; that files are missing is not told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialLoad)
        loaded = load_card(card(slug), config=config)
    assert isinstance(loaded, Splits)
    return loaded


OTHERS = ("casimedicos-arg", "gmai-vl-5-5m", "hallmarks-of-cancer", "med-banana-50k", "medquad", "meds-ins", "remedi",
          "scirgen-geo", "tcm-ladder")  # fmt: skip
"""Datasets of text and pictures, whose rows `test_real_data_text` counts."""


def slugs() -> list[str]:
    """Every dataset of which real files are at hand."""
    return sorted({slug for slug, _ in ROWS} | set(OTHERS))


def csv_rows(path: Path, **options: Any) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, **options))


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize("case", ROWS, ids=name_of)
def test_every_split_whose_files_are_there_has_its_rows(mirror: Mirror, case: tuple[str, str | None]) -> None:
    loaded = quietly(*case)
    assert {name: len(records) for name, records in loaded.items()} == ROWS[case]
    assert loaded.manifest["reports"] == REPORTED.get(case, [])


@pytest.mark.parametrize("slug", slugs())
def test_every_dataset_keeps_to_its_schema(mirror: Mirror, slug: str, tmp_path: Path) -> None:
    load = card(slug).load
    assert load is not None
    checked = 0
    for config in list(load.configs) or [None]:
        try:
            loaded = quietly(slug, config)
        except MissingFiles:
            continue
        for name, records in loaded.items():
            keeps_to_its_schema(records, name, tmp_path)
            checked += 1
    assert checked


def keeps_to_its_schema(records: Records, split: str, folder: Path) -> None:
    """What holds for the records of every dataset."""
    frame = records.frame
    assert dict(frame.drop("extra").schema) == SCHEMAS[records.schema]
    assert frame.columns[-1] == "extra"
    assert frame["id"].is_unique().all()
    assert frame["id"].null_count() == 0
    assert set(frame["split"]) == {split}
    lists = [column for column in frame if isinstance(column.dtype, pl.List)]
    assert all(column.null_count() == 0 for column in lists), "a list is empty rather than missing"
    if records.schema == "multiple_choice":
        assert (frame["options"].list.len() >= 2).all()
        assert frame["options"].explode().null_count() == 0
        assert (frame["answers"].list.max() < frame["options"].list.len().cast(pl.Int64)).fill_null(True).all()
        assert (frame["answers"].list.min() >= 0).fill_null(True).all()
    if "question" in frame.columns:
        assert frame.filter(pl.col("question").is_null() & (pl.col("images").list.len() == 0)).is_empty()
    assert records.arrow.num_rows == frame.height
    frame.write_parquet(folder / "x.parquet")
    assert pl.read_parquet(folder / "x.parquet").height == frame.height


class TestMedec:
    FILE = "medec/MEDEC-MS/MEDEC-MS-{}Set-with-GroundTruth-and-ErrorType.csv"

    def test_rows_and_cells_are_those_of_the_csv_module(self, mirror: Mirror, data: Path) -> None:
        for split, name in (("validation", "Validation"), ("test", "Test")):
            rows = [row for row in csv_rows(data / self.FILE.format(name)) if any(row.values())]
            frame = mirror.split("medec", split).frame
            assert frame["id"].to_list() == [row["Text ID"] for row in rows]
            assert frame["source"].to_list() == [row["Text"] for row in rows]
            assert frame["extra"].struct.field("Sentences").to_list() == [row["Sentences"] for row in rows]
            assert frame["extra"].struct.field("Error Type").to_list() == [row["Error Type"] for row in rows]

    def test_line_ends_inside_cells_stay_as_they_are(self, mirror: Mirror) -> None:
        test = mirror.split("medec", "test").frame["extra"].struct.field("Sentences")
        validation = mirror.split("medec", "validation").frame["extra"].struct.field("Sentences")
        assert test.str.contains("\r\n").sum() > 500
        assert validation.str.contains("\r").sum() == 0

    def test_na_is_a_text_and_a_right_text_is_its_own_target(self, mirror: Mirror) -> None:
        frame = mirror.split("medec", "test").frame.unnest("extra")
        right = frame.filter(pl.col("Error Flag") == "0")
        assert right.height == 286
        assert set(right["Error Type"]) == set(right["Corrected Sentence"]) == {"NA"}
        assert (right["source"] == right["target"]).all()
        wrong = frame.filter(pl.col("Error Flag") == "1")
        assert wrong.height == 311
        assert "NA" not in set(wrong["target"])

    def test_the_kinds_of_error_are_labels(self, mirror: Mirror) -> None:
        labels = mirror.split("medec", "test", "detection").frame["labels"].explode()
        assert Counter(labels) == {
            "no error": 286,
            "diagnosis": 116,
            "management": 97,
            "treatment": 51,
            "pharmacotherapy": 36,
            "causalOrganism": 11,
        }

    def test_the_first_and_last_rows(self, mirror: Mirror) -> None:
        records = mirror.split("medec", "test")
        assert (records[0]["id"], records[-1]["id"]) == ("ms-test-0", "ms-test-596")
        row = mirror.split("medec", "validation")[0]
        assert row["extra"]["Corrected Sentence"] == "Culture tests indicate Trichomonas vaginalis."
        assert "Trichomonas vaginalis" in row["target"]
        assert "Neisseria gonorrhoeae" in row["source"]


class TestCmexam:
    def test_options_and_answers_of_the_first_and_a_many_answered_row(self, mirror: Mirror) -> None:
        records = mirror.split("cmexam", "validation")
        assert records[0]["question"] == "上消化道出血可单纯表现为呕血或黑便，也可两者兼有，这取决于"
        assert records[0]["options"] == ["原发病", "出血部位", "出血量", "在胃内停留时间", "以上均非"]
        assert records[0]["answers"] == [2]
        assert records[-1]["options"][1] == "鹭鸶咯丸"
        assert records[-1]["answers"] == [1]

    def test_counts_of_answers_and_options(self, mirror: Mirror) -> None:
        frame = mirror.split("cmexam", "validation").frame
        assert Counter(frame["answers"].list.len()) == {1: 6600, 3: 96, 4: 61, 2: 35, 5: 18, 0: 1}
        assert Counter(frame["options"].list.len()) == {5: 6606, 4: 205}
        assert frame["options"].explode().str.contains(r"^[A-E] |\\n").sum() == 0

    def test_an_answer_is_found_by_its_letter_where_a_letter_is_left_out(self, mirror: Mirror) -> None:
        records = mirror.split("cmexam", "validation")
        assert records[5589]["options"] == ["盐酸多巴酚丁胺", "盐酸异丙肾上腺素", "盐酸麻黄碱", "盐酸多巴胺"]  # B to E
        assert "盐酸" in records[5589]["options"][records[5589]["answers"][0]]
        assert records[6027]["options"][2] == "抑制二氢叶酸还原酶"  # its letter is D

    def test_the_row_without_an_answer_is_kept(self, mirror: Mirror) -> None:
        frame = mirror.split("cmexam", "validation").frame
        assert frame.filter(pl.col("answers").list.len() == 0)["id"].to_list() == ["validation-5356"]


class TestPubmedqa:
    def test_rows_are_keyed_by_pmid_and_the_test_part_is_the_authors(self, mirror: Mirror, data: Path) -> None:
        everything = json.loads((data / "pubmedqa/data/ori_pqal.json").read_text())
        truth = json.loads((data / "pubmedqa/data/test_ground_truth.json").read_text())
        test = mirror.split("pubmedqa", "test")
        train = mirror.split("pubmedqa", "train")
        assert set(test.frame["id"]) == set(truth)
        assert set(train.frame["id"]) == set(everything) - set(truth)
        for row in [*test, *train]:
            given = everything[row["id"]]
            assert row["options"][row["answers"][0]] == given["final_decision"]
            assert (row["question"], row["explanation"]) == (given["QUESTION"], given["LONG_ANSWER"])
            assert row["context"] == "\n".join(given["CONTEXTS"])
            assert row["extra"]["LABELS"] == given["LABELS"]

    def test_labels_are_those_of_the_paper(self, mirror: Mirror) -> None:
        answers = mirror.split("pubmedqa", "test").frame["answers"].explode()
        assert Counter(answers) == {0: 276, 1: 169, 2: 55}


class TestRjuaQa:
    def test_lines_are_rows_though_the_file_is_named_json(self, mirror: Mirror, data: Path) -> None:
        for split, name in (("validation", "valid"), ("test", "test")):
            given = json_lines(data / f"rjua-qa/data/RJUA_{name}.json")
            rows = list(mirror.split("rjua-qa", split))
            assert [(row["id"], row["question"], row["context"], row["answers"]) for row in rows] == [
                (row["id"], row["question"], row["context"], [row["answer"]]) for row in given
            ]
            assert rows[0]["extra"] == {"disease": given[0]["disease"], "advice": given[0]["advice"]}
            assert rows[0]["language"] == "zh"


class TestMedxpertqa:
    def test_the_list_of_options_is_cut_off_the_question(self, mirror: Mirror) -> None:
        for config, split in (("mm", "test"), ("mm", "sample"), ("text", "sample")):
            assert mirror.split("medxpertqa", split, config).frame["question"].str.contains("Answer Choices").sum() == 0

    def test_labels_and_images_of_the_first_row(self, mirror: Mirror) -> None:
        row = mirror.split("medxpertqa", "test", "mm")[0]
        assert row["question"].endswith("contribute the most to rotatory stability?")
        assert row["options"][row["answers"][0]] == "Lateral collateral ligament complex repair or reconstruction"
        assert [image["path"] for image in row["images"]] == ["images/MM-0-a.jpeg", "images/MM-0-b.jpeg"]
        assert row["extra"] == {"medical_task": "Treatment", "body_system": "Skeletal", "question_type": "Reasoning"}

    def test_images_are_as_many_as_the_facts_say(self, mirror: Mirror) -> None:
        counts = Counter(mirror.split("medxpertqa", "test", "mm").frame["images"].list.len())
        assert counts == {1: 1581, 2: 236, 3: 59, 4: 22, 5: 78, 6: 24}

    def test_text_questions_have_ten_options(self, mirror: Mirror) -> None:
        assert set(mirror.split("medxpertqa", "sample", "text").frame["options"].list.len()) == {10}


class TestMedqaRelabelling:
    def test_ratings_of_a_question_stay_together(self, mirror: Mirror, data: Path) -> None:
        rows = csv_rows(data / "medqa-relabelling/medqa_relabelling.csv")
        frame = mirror.split("medqa-relabelling", "test").frame
        assert Counter(frame["extra"].struct.field("worker_id").list.len()) == {3: 1270, 4: 3}
        first = frame.row(0, named=True)
        mine = [row for row in rows if row["qid"] == first["id"]]
        assert first["id"] == "116"
        assert first["options"] == [mine[0][letter] for letter in "ABCD"]
        assert first["answers"] == [2]
        assert first["extra"]["info_missing"] == [row["info_missing"] for row in mine]
        assert first["extra"]["blind_answers"] == [["C"], *first["extra"]["blind_answers"][1:]]

    def test_as_many_questions_lack_information_as_the_facts_say(self, mirror: Mirror) -> None:
        flags = mirror.split("medqa-relabelling", "test").frame["extra"].struct.field("important_info_missing")
        votes = flags.list.eval(pl.element() == "TRUE").list.sum()
        assert (votes > flags.list.len() / 2).sum() == 71
        assert (votes > 0).sum() == 167

    def test_ratings_can_be_had_one_by_one(self, mirror: Mirror) -> None:
        frame = mirror.split("medqa-relabelling", "test", "ratings").frame
        assert frame["group"].n_unique() == 1273
        assert frame["id"].to_list()[:2] == ["0", "1"]


class TestMedagentsbench:
    @pytest.mark.parametrize("config", ["medqa", "pubmedqa", "medmcqa", "mmlu", "mmlu-pro", "afrimedqa"])
    def test_each_answer_is_the_text_that_the_source_repeats(self, mirror: Mirror, data: Path, config: str) -> None:
        for split in ("test", "test_hard"):
            given = json_lines(data / f"medagentsbench/data/{config}/{split}.jsonl")
            rows = list(mirror.split("medagentsbench", split, config))
            assert [(row["id"], row["options"][row["answers"][0]]) for row in rows] == [
                (str(row["realidx"]), row["answer"]) for row in given
            ]
            assert [row["options"] for row in rows] == [list(row["options"].values()) for row in given]

    @pytest.mark.parametrize(
        ("slug", "config", "split"),
        [
            ("medqa", "medqa", "test"),
            ("medmcqa", "medmcqa", "medagentsbench_test"),
            ("mmlu", "mmlu", "test"),
            ("mmlu-pro", "mmlu-pro", "test"),
            ("afrimed-qa", "afrimedqa", "test"),
        ],
    )
    def test_the_datasets_that_it_copies_load_from_its_files(
        self, mirror: Mirror, slug: str, config: str, split: str
    ) -> None:
        own = mirror.split(slug, split)
        copied = mirror.split("medagentsbench", "test", config)
        assert own.frame.select("id", "question", "options", "answers").equals(
            copied.frame.select("id", "question", "options", "answers")
        )
        assert "MedAgentsBench" in str(card(slug).load)

    def test_options_number_up_to_ten_in_mmlu_pro(self, mirror: Mirror) -> None:
        counts = Counter(mirror.split("mmlu-pro", "test").frame["options"].list.len())
        assert counts[10] == 597
        assert (min(counts), max(counts)) == (3, 10)


class TestSlake:
    def test_languages_images_and_groups(self, mirror: Mirror) -> None:
        loaded = mirror.load("slake")
        assert Counter(loaded["train"].frame["language"]) == {"en": 4919, "zh": 4916}
        assert Counter(loaded["test"].frame["language"]) == {"en": 1061, "zh": 1033}
        groups = pl.concat([records.frame["group"] for records in loaded.values()])
        assert groups.n_unique() == 642
        row = loaded["train"][0]
        assert row["images"] == [{"path": "imgs/xmlab1/source.jpg", "bytes": None}]
        assert (row["question"], row["answers"]) == ("What modality is used to take this image?", ["MRI"])
        assert row["extra"]["triple"] == ["vhead", "_", "_"]
        assert loaded["test"][-1]["answers"] == ["肝脏"]

    def test_the_one_empty_answer_is_no_answer(self, mirror: Mirror) -> None:
        answers = mirror.split("slake", "train").frame["answers"]
        assert (answers.list.len() == 0).sum() == 1


class TestExpertqa:
    def test_the_field_of_work_comes_from_the_first_round(self, mirror: Mirror, data: Path) -> None:
        fields = {
            row["question"]: row["metadata"]["field"] for row in json_lines(data / "expertqa/data/r1_data_anon.jsonl")
        }
        frame = mirror.split("expertqa", "test").frame
        assert frame["extra"].struct.field("field").to_list() == [fields.get(q) for q in frame["question"]]
        assert frame["extra"].struct.field("field").null_count() == 0

    def test_judged_answers_keep_their_claims(self, mirror: Mirror, data: Path) -> None:
        given = json_lines(data / "expertqa/data/lfqa/rand_test.jsonl")
        records = mirror.split("expertqa", "test", "judged")
        assert records.frame["answers"].to_list() == [
            [answer["answer_string"] for answer in row["answers"].values()] for row in given
        ]
        assert records[0]["extra"]["answers"]["rr_sphere_gpt4"]["claims"][0]["support"]
        assert records.frame["extra"].struct.field("field").to_list() == [row["metadata"]["field"] for row in given]


class TestEcgQa:
    def test_questions_about_two_recordings_name_both(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match="4,663 rows of 64,663"):
            records = load_card(card("ecg-qa"), "validation")
        row = records[0]  # type: ignore[index]
        assert (row["id"], row["group"], row["extra"]["ecg_id"]) == ("60000", "3076+3426", [3076, 3426])
        assert row["answers"] == ["p duration", "qt interval"]


class TestFitzpatrick17k:
    def test_labels_skin_types_and_addresses(self, mirror: Mirror) -> None:
        frame = mirror.split("fitzpatrick17k", "train").frame
        assert frame["labels"].explode().n_unique() == 114
        assert frame["extra"].struct.field("url").null_count() == 41
        assert Counter(frame["extra"].struct.field("fitzpatrick_scale"))["-1"] == 565
        row = frame.row(0, named=True)
        assert row["images"] == [{"path": "5e82a45bc5d78bd24ae9202d194423f8.jpg", "bytes": None}]
        assert row["labels"] == ["drug induced pigmentary changes"]


class TestHyperKvasir:
    def test_folds_hold_every_image_once(self, mirror: Mirror, data: Path) -> None:
        names = {
            row["file-name"] for row in csv_rows(data / "hyper-kvasir/official_splits/2_fold_split.csv", delimiter=";")
        }
        for config in ("two_folds", "five_folds"):
            loaded = mirror.load("hyper-kvasir", config)
            ids = [name for records in loaded.values() for name in records.frame["id"]]
            assert sorted(ids) == sorted(names)
        row = mirror.split("hyper-kvasir", "fold_0")[0]
        assert row["images"][0]["path"] == "impacted-stool/4bf58f1c-8233-41fc-9614-344e6d0fc351.jpg"

    def test_videos_keep_their_findings(self, mirror: Mirror) -> None:
        records = mirror.split("hyper-kvasir", "train", "videos")
        assert Counter(records.frame["labels"].explode()).most_common(1) == [("lifted polyp", 75)]
        assert records[0]["extra"]["fps"] == "25"


class TestSmallCorpora:
    def test_ehr_rel_has_its_scores(self, mirror: Mirror, data: Path) -> None:
        for split, name in (("rel_a", "A"), ("rel_b", "B")):
            given = csv_rows(data / f"ehr-rel/EHR-Rel{name}.tsv", delimiter="\t")
            frame = mirror.split("ehr-rel", split).frame
            assert frame.select("first", "second", "score").rows() == [
                (row["snomed_label_1"], row["snomed_label_2"], float(row["mean_rating"])) for row in given
            ]
        row = mirror.split("ehr-rel", "rel_b")[0]
        assert (row["extra"]["rater_A"], row["extra"]["rater_C"]) == (None, "3.0")

    def test_czi_drsm_has_its_labels_without_the_second_quotes(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match="base: v1/drsm_corpus_v1.tsv"):
            loaded = load_card(card("czi-drsm"))
        assert isinstance(loaded, Splits)
        labels = Counter(loaded["qol_gold"].frame["labels"].explode())
        assert labels["0 - the study does not directly investigate quality of life"] == 143
        first = loaded["initial_gold"][0]
        assert first["text"].startswith("Hereditary hemorragic telangiectasia and hepatic abcess\nWe report the case")
        assert (loaded["initial_gold"].frame["labels"].list.len() == 0).sum() == 31

    def test_geokhoj_is_read_from_its_archive(self, mirror: Mirror, data: Path) -> None:
        loaded = mirror.load("geokhoj-v1")
        with zipfile.ZipFile(data / "geokhoj-v1/geokhoj_v1/geokhoj_V1.zip") as archive:
            text = archive.read("geokhoj_v1/data/test/geo_samples_test.csv").decode()
        given = list(csv.reader(io.StringIO(text, newline="")))
        assert loaded["test"].frame.select("id", "text").rows() == [(row[0], row[2]) for row in given]
        assert Counter(loaded["test"].frame["labels"].explode()) == {"perturbation": 4003, "control": 997}
        assert Counter(loaded["train"].frame["labels"].explode()) == {"perturbation": 20005, "control": 4995}
        assert loaded["train"].manifest["files"][0]["path"].startswith("geokhoj_v1/geokhoj_V1.zip/")

    def test_biodsbench_keeps_code_and_tests_as_text(self, mirror: Mirror) -> None:
        loaded = mirror.load("biodsbench")
        row = loaded["python"][0]
        assert row["id"] == "28481359_0"
        assert row["output"].startswith("import pandas as pd\nimport os\n")
        assert row["input"] is None
        assert row["extra"]["test_cases"] == "assert len(df_exp) == 1173\n\nassert len(df_exp.columns) == 3002"
        assert row["extra"]["analysis_types"] == [
            "Gene Expression & Differential Analysis",
            "Data Integration & Transformation",
        ]
        assert len(row["extra"]["tables"]) == 3
        assert [len(set(records.frame["group"])) for records in loaded.values()] == [13, 25]


class TestEvidenceInference:
    def test_labels_are_those_of_the_valid_annotations(self, mirror: Mirror, data: Path) -> None:
        labels: dict[str, set[str]] = {}
        for row in csv_rows(data / "evidence-inference/annotations/v2_annotations.csv"):
            if row["Valid Label"] == "True":
                label = row["Label"] + ("d" if row["Label"].endswith("increase") else "")
                labels.setdefault(row["PromptID"], set()).add(label)
        loaded = mirror.load("evidence-inference")
        for records in loaded.values():
            for row in records:
                assert {row["options"][answer] for answer in row["answers"]} == labels[row["id"]]

    def test_articles_do_not_cross_the_splits(self, mirror: Mirror) -> None:
        groups = [set(records.frame["group"]) for records in mirror.load("evidence-inference").values()]
        assert len(set().union(*groups)) == sum(len(group) for group in groups)

    def test_the_article_is_the_context_where_its_file_is_there(self, mirror: Mirror, data: Path) -> None:
        loaded = mirror.load("evidence-inference")
        rows = [row for records in loaded.values() for row in records if row["context"] is not None]
        there = {
            path.stem.removeprefix("PMC") for path in (data / "evidence-inference/annotations/txt_files").glob("*")
        }
        assert len(rows) == 8
        assert {row["group"] for row in rows} <= there
        for row in rows:
            path = data / f"evidence-inference/annotations/txt_files/PMC{row['group']}.txt"
            assert row["context"] == path.read_text(encoding="utf-8")
            start, end = row["extra"]["Evidence Start"][0], row["extra"]["Evidence End"][0]
            if start != "-1":
                assert row["context"][int(start) : int(end)].strip() in row["explanation"]


@pytest.mark.parametrize(
    ("slug", "split", "column", "expected"),
    [
        ("medec", "test", "source", "dd68f725a9a1"),
        ("rjua-qa", "test", "context", "d12d5065d080"),
        ("pubmedqa", "test", "context", "072bb244225e"),
        ("cmexam", "validation", "explanation", "ee8beacdceac"),
        ("slake", "test", "question", "19ff2e2d2bb2"),
    ],
)
def test_long_texts_are_the_same_as_when_they_were_first_read(
    mirror: Mirror, slug: str, split: str, column: str, expected: str
) -> None:
    assert digest("\0".join(mirror.split(slug, split).frame[column])) == expected
