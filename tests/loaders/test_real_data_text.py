"""The real files of the datasets of text, token columns, XML and pictures, against what is known of them."""

from __future__ import annotations

import shutil
import tarfile
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from loaders.records import Records
from registry.errors import MissingFiles, PartialLoad
from tests.support.blocks import Mirror


@pytest.fixture
def mirror(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    return Mirror(shared / "data", monkeypatch)


def counts(splits: dict[str, Records]) -> dict[str, int]:
    return {name: len(records) for name, records in splits.items()}


class TestCasimedicosArg:
    @pytest.mark.parametrize("language", ["en", "es", "fr", "it"])
    def test_every_language_has_553_cases(self, mirror: Mirror, language: str) -> None:
        loaded = mirror.load("casimedicos-arg", language)
        assert counts(loaded) == {"train": 381, "validation": 55, "test": 117}
        assert loaded.manifest["reports"] == []
        assert set(loaded["train"].frame["language"]) == {language}

    def test_english_is_what_comes_without_a_configuration(self, mirror: Mirror) -> None:
        assert mirror.load("casimedicos-arg").manifest["config"] == "en"

    @pytest.mark.parametrize("language", ["en", "es", "fr", "it"])
    def test_each_span_is_where_its_text_is(self, mirror: Mirror, language: str) -> None:
        for records in mirror.load("casimedicos-arg", language).values():
            for row in records:
                assert row["text"].startswith("QUESTION TYPE:")
                for span in row["spans"]:
                    assert row["text"][span["start"][0] : span["end"][0]] == span["text"]

    def test_there_are_as_many_english_spans_as_beginnings_in_the_files(self, mirror: Mirror) -> None:
        found: Counter[str] = Counter()
        for records in mirror.load("casimedicos-arg").values():
            found.update(records.frame["spans"].explode().struct.field("type"))
        with tarfile.open(mirror.folder / "casimedicos-arg/casimedicos-arg.tar.gz") as archive:
            files = [archive.extractfile(f"casimedicos-arg/EN/{name}.tsv") for name in ("train", "dev", "test")]
            text = b"".join(file.read() for file in files if file)
        assert found == {"Claim": text.count(b" B-Claim"), "Premise": text.count(b" B-Premise")}

    def test_a_case_has_the_same_id_in_each_language(self, mirror: Mirror) -> None:
        answer = r"(?:CORRECT ANSWER|RISPOSTA CORRETTA) ?: ?(\d)"
        english = mirror.split("casimedicos-arg", "test").frame
        italian = mirror.split("casimedicos-arg", "test", "it").frame
        assert english["id"].to_list() == italian["id"].to_list()
        assert english["text"].str.extract(answer).to_list() == italian["text"].str.extract(answer).to_list()

    def test_words_without_a_tab_in_the_italian_files_are_read_too(self, mirror: Mirror) -> None:
        extra = mirror.split("casimedicos-arg", "train", "it").frame["extra"].struct
        qualities = Counter(extra.field("quality").explode())
        assert set(qualities) == {None, "HighQuality", "LowQuality"}
        assert "debolezza" in set(extra.field("tokens").explode())

    def test_the_unpacked_files_do_in_place_of_the_archive(self, mirror: Mirror, tmp_path: Path) -> None:
        member = "casimedicos-arg/EN/dev.tsv"
        (tmp_path / member).parent.mkdir(parents=True)
        shutil.copy(mirror.folder / "casimedicos-arg" / member, tmp_path / member)
        unpacked = mirror.split("casimedicos-arg", "validation", files=tmp_path)
        assert [file["path"] for file in unpacked.manifest["files"]] == [member]
        assert unpacked.frame.equals(mirror.split("casimedicos-arg", "validation").frame)


class TestMedquad:
    def test_the_collections_at_hand_have_their_pairs(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match="3,455 rows of 47,457"):
            loaded = mirror.load("medquad")
        assert counts(loaded) == {"train": 3455}
        sources = Counter(loaded["train"].frame["extra"].struct.field("source"))
        assert sources == {
            "NIDDK": 1192,
            "NINDS": 1104,  # 16 of them in four files that name their elements otherwise
            "CancerGov": 729,
            "CDC": 270,
            "MPlusHerbsSupplements": 160,
        }

    def test_removed_answers_are_empty_lists_and_the_others_are_there(self, mirror: Mirror) -> None:
        frame = mirror.split("medquad", "train").frame
        without = frame.filter(pl.col("answers").list.len() == 0)
        assert set(without["extra"].struct.field("source")) == {"MPlusHerbsSupplements"}
        assert without.height == 160
        assert frame["answers"].explode().drop_nulls().str.strip_chars().str.len_chars().min() > 0

    def test_ids_are_unique_and_pages_that_were_cut_share_their_group(self, mirror: Mirror) -> None:
        frame = mirror.split("medquad", "train").frame
        assert frame["id"].is_unique().all()
        cut = frame.filter(pl.col("group") == "CancerGov-0000013_2")
        assert cut["id"].str.extract(r"-(0000013_2(?:_\d)?)-").n_unique() == 7

    def test_a_pair_keeps_its_focus_and_concepts(self, mirror: Mirror) -> None:
        row = mirror.split("medquad", "train").frame.row(by_predicate=pl.col("id") == "NIDDK-0000093-3", named=True)
        assert row["question"] == "What causes Crohn's Disease ?"
        assert row["answers"][0].startswith("The exact cause of Crohn's disease is unknown.")
        assert row["extra"]["qtype"] == "causes"
        assert row["extra"]["focus"] == "Crohn's Disease"
        assert (row["extra"]["cuis"], row["extra"]["semantic_types"]) == (["C0010346"], ["T047"])

    def test_the_files_of_another_form_are_read(self, mirror: Mirror) -> None:
        frame = mirror.split("medquad", "train").frame.filter(pl.col("group") == "NINDS-0000007")
        assert frame["question"][0] == "what is holmes-adie syndrome ?"
        assert frame.height == 4
        assert frame["extra"][0]["cuis"] == []

    def test_the_judged_answers_of_liveqa_are_a_configuration(self, mirror: Mirror) -> None:
        loaded = mirror.load("medquad", "liveqa_judgments")
        assert counts(loaded) == {"test": 2479}
        labels = Counter(loaded["test"].frame["labels"].explode())
        assert labels == {"incorrect": 1436, "related": 678, "incomplete": 223, "excellent": 142}
        assert loaded["test"].frame["group"].n_unique() == 103
        assert loaded["test"].frame["text"].null_count() == 0


class TestRemedi:
    @pytest.mark.parametrize(
        ("config", "rows", "conversations"), [("human_annotation", 833, 100), ("natural_perturbation", 1183, 101)]
    )
    def test_blank_lines_part_conversations_and_are_no_rows(
        self, mirror: Mirror, config: str, rows: int, conversations: int
    ) -> None:
        frame = mirror.split("remedi", "validation", config).frame
        assert frame.height == rows
        assert frame["group"].n_unique() == conversations

    def test_splits_that_are_not_here_are_named(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match="train_human_annotation.txt"):
            loaded = mirror.load("remedi")
        assert loaded.manifest["missing"] == ["train", "test"]
        with pytest.raises(MissingFiles, match=r"ReMeDi-base\.json"):
            mirror.load("remedi", "base")

    def test_turns_are_those_before_then_the_patient_then_the_doctor(self, mirror: Mirror) -> None:
        rows = mirror.split("remedi", "validation")
        assert [turn["role"] for turn in rows[1]["turns"]] == ["user", "assistant", "user", "assistant"]
        assert rows[1]["turns"][:2] == rows[0]["turns"]
        assert rows[1]["turns"][3]["text"] == "你打了疫苗了吗"
        assert not any("<|" in turn["text"] for row in rows for turn in row["turns"])

    def test_labels_and_knowledge_are_lists(self, mirror: Mirror) -> None:
        row = mirror.split("remedi", "validation")[2]["extra"]
        assert row["intent"][0] == "Inform symptom 乏力"
        assert (len(row["intent"]), row["action"]) == (4, ["Inquire symptom"])
        assert row["knowledge"][0] == "乏力 相关症状 臂痛"


class TestScirgenGeo:
    def test_each_question_of_the_sixty_records_is_a_row(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match="ScIRGen-Geo/train"):
            loaded = mirror.load("scirgen-geo")
        frame = loaded["validation"].frame
        assert counts(loaded) == {"validation": 914}
        assert frame["group"].n_unique() == 60
        assert frame["extra"].struct.field("type").n_unique() == 18
        assert frame.select("question", "answers", "context").null_count().row(0) == (0, 0, 0)

    def test_the_chinese_configuration_holds_the_same_questions(self, mirror: Mirror) -> None:
        english = mirror.split("scirgen-geo", "validation").frame
        chinese = mirror.split("scirgen-geo", "validation", "zh").frame
        assert english["id"].to_list() == chinese["id"].to_list()
        assert chinese["question"].str.contains(r"\p{Han}").all()
        assert set(chinese["language"]) == {"zh"}


class TestHallmarksOfCancer:
    def test_each_sentence_has_the_labels_at_its_place(self, mirror: Mirror) -> None:
        frame = mirror.split("hallmarks-of-cancer", "train").frame
        assert frame.height == 971
        assert frame["group"].n_unique() == 100
        last = frame.filter(pl.col("group") == "12142967")[-1].to_dicts()[0]
        assert last["text"].startswith("We demonstrated that yoghurt may exert antitumour activity")
        assert last["labels"] == ["tumor promoting inflammation", "resisting cell death"]
        assert last["extra"]["hallmarks"] == [
            "Tumor promoting inflammation--Immune response",
            "Resisting cell death--Apoptosis",
        ]

    def test_labels_are_the_ten_hallmarks_and_nothing_else(self, mirror: Mirror) -> None:
        labels = set(mirror.split("hallmarks-of-cancer", "train").frame["labels"].explode().drop_nulls())
        assert labels == {
            "sustaining proliferative signaling",
            "resisting cell death",
            "genomic instability and mutation",
            "activating invasion and metastasis",
            "tumor promoting inflammation",
            "evading growth suppressors",
            "inducing angiogenesis",
            "enabling replicative immortality",
            "avoiding immune destruction",
            "cellular energetics",
        }


class TestInstructions:
    def test_the_definitions_of_122_tasks_come_with_their_18_996_rewritings(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad, match=r"task\*\.json"):
            loaded = mirror.load("meds-ins")
        frame = loaded["definitions"].frame
        assert counts(loaded) == {"definitions": 122}
        assert frame["extra"].struct.field("auto_rewrite_def").list.len().sum() == 18996
        assert frame["instruction"].null_count() == 0

    def test_meds_bench_says_which_files_to_fetch(self, mirror: Mirror) -> None:
        with pytest.raises(MissingFiles, match=r"huggingface\.co/datasets/Henrychur/MedS-Bench"):
            mirror.load("meds-bench")


class TestPictures:
    def test_med_banana_has_the_edited_pictures_by_disease(self, mirror: Mirror) -> None:
        frame = mirror.split("med-banana-50k", "samples").frame
        assert Counter(frame["extra"].struct.field("folder")) == {"glioma": 4, "meningioma": 4, "pituitary": 4}
        for path in frame["after"].struct.field("path"):
            assert (mirror.folder / "med-banana-50k" / path).is_file()
        assert frame["before"].null_count() == frame["instruction"].null_count() == 12
        assert "Te-noTr_0004" in set(frame["group"])
        assert frame["group"].n_unique() < 12

    def test_gmai_vl_has_its_example_and_its_picture(self, mirror: Mirror) -> None:
        row = mirror.split("gmai-vl-5-5m", "example")[0]
        assert [turn["role"] for turn in row["turns"]] == ["user", "assistant"]
        assert row["turns"][1]["text"].startswith("This histopathological image")
        assert row["images"][0]["path"] == "examples/example.tif"
        assert (mirror.folder / "gmai-vl-5-5m/examples/example.tif").is_file()
        assert row["extra"] == {"width": 224, "height": 224}

    def test_tcm_ladder_has_ten_question_sheets_without_answers(self, mirror: Mirror) -> None:
        with pytest.warns(PartialLoad):
            frame = mirror.load("tcm-ladder")["sample"].frame
        assert Counter(frame["language"]) == {"en": 5, "zh": 5}
        assert frame["options"].to_list() == [["A", "B", "C", "D"]] * 10
        assert frame["answers"].to_list() == [[]] * 10
        for images in frame["images"]:
            assert (mirror.folder / "tcm-ladder" / images[0]["path"]).is_file()
