"""Cards of text and picture datasets, on made-up files in the layout that their sources publish."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from registry.errors import ReadError
from tests.support.blocks import Mirror


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    return Mirror(tmp_path / "mirror", monkeypatch)


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def task(output: object, **more: object) -> str:
    instances = [{"id": f"x-{number}", "input": f"What is {number}?", "output": output} for number in range(2)]
    top = {"Source": ["toy"], "Categories": ["QA"], "Input_language": ["English"], "Output_language": ["English"]}
    return json.dumps({"Definition": ["Answer."], **top, **more, "Instances": instances}, indent=1)


class TestInstructionTasks:
    def test_each_instance_of_a_task_file_is_a_row_with_the_instruction_of_its_task(self, mirror: Mirror) -> None:
        mirror.put("meds-ins", "task1_toy.json", task(["first", "second"]))
        mirror.put("meds-ins", "task2_toy.json", task("only", Definition="Say it."))
        records = mirror.split("meds-ins", "train")
        assert [row["id"] for row in records] == ["task1_toy-0", "task1_toy-1", "task2_toy-0", "task2_toy-1"]
        assert [row["instruction"] for row in records] == ["Answer.", "Answer.", "Say it.", "Say it."]
        assert [row["output"] for row in records] == ["first", "first", "only", "only"]
        assert records[0]["input"] == "What is 0?"
        assert [row["extra"]["output"] for row in records][1:3] == [["first", "second"], ["only"]]
        assert records[3]["extra"]["source"] == ["toy"]

    def test_the_benchmark_reads_documents_that_are_called_json_lines(self, mirror: Mirror) -> None:
        mirror.put("meds-bench", "MCQA/task57_toy_en.jsonl", task("The right answer is B: y"))
        mirror.put("meds-bench", "NER/task125_toy.json", task(["a, b"]))
        frame = mirror.split("meds-bench", "test").frame
        assert frame["output"].to_list() == ["The right answer is B: y"] * 2 + ["a, b"] * 2
        assert frame["extra"].struct.field("category").to_list() == ["MCQA"] * 2 + ["NER"] * 2

    def test_a_task_without_instances_is_refused_by_name(self, mirror: Mirror) -> None:
        mirror.put("meds-ins", "task1_toy.json", json.dumps({"Definition": ["Answer."]}))
        with pytest.raises(ReadError, match=r"task1_toy\.json"):
            mirror.split("meds-ins", "train")

    def test_rewritings_are_kept_beside_their_instruction(self, mirror: Mirror) -> None:
        document = json.dumps({"task1": {"original_def": ["Answer."], "auto_rewrite_def": ["Reply.", "Respond."]}})
        mirror.put("meds-ins", "Evaluation/RewriteDefinitions.json", document)
        row = mirror.split("meds-ins", "definitions", revision="another")[0]
        assert (row["id"], row["instruction"], row["output"]) == ("task1", "Answer.", None)
        assert row["extra"]["auto_rewrite_def"] == ["Reply.", "Respond."]


class TestRemedi:
    LINE = (
        "<|endoftext|> <|context|> {context}<|endofcontext|> <|currentuser|> 头痛 <|endofcurrentuser|> "
        "<|intent|> Inform symptom 头痛  <|continue|> Other    <|endofintent|>  <|knowledge|>  <|endofknowledge|> "
        "<|action|> Inquire time   <|endofaction|> <|response|> 多久？ <|endofresponse|>  <|endoftext|>\n"
    )

    def test_the_training_file_is_read_like_the_validation_file(self, mirror: Mirror) -> None:
        first, later = self.LINE.format(context=""), self.LINE.format(context="<|user|> 您好<|system|> 您好？")
        mirror.put("remedi", "data/train_human_annotation.txt", f"{first}{later}\n{first}")
        records = mirror.split("remedi", "train")
        assert [row["group"][-2:] for row in records] == ["-0", "-0", "-1"]
        assert [turn["text"] for turn in records[1]["turns"]] == ["您好", "您好？", "头痛", "多久？"]
        assert records[0]["extra"] == {
            "intent": ["Inform symptom 头痛", "Other"],
            "action": ["Inquire time"],
            "knowledge": [],
        }

    @pytest.mark.parametrize(("config", "path"), [("base", "data/ReMeDi-base.json"), ("large", "ReMeDi-large.json")])
    def test_whole_conversations_name_patient_and_doctor(self, mirror: Mirror, config: str, path: str) -> None:
        said = [("patient", "头痛"), ("doctor", "多久？")]
        turns = [{"turn_id": n, "role": role, "sentence": text} for n, (role, text) in enumerate(said)]
        mirror.put("remedi", path, json.dumps([{"dialogue_id": 7, "information": turns}]))
        row = mirror.split("remedi", "train", config)[0]
        assert (row["id"], row["group"]) == ("7", "7")
        assert row["turns"] == [{"role": "user", "text": "头痛"}, {"role": "assistant", "text": "多久？"}]

    def test_a_speaker_that_nobody_knows_is_refused(self, mirror: Mirror) -> None:
        turns = [{"turn_id": 0, "role": "nurse", "sentence": "x"}]
        mirror.put("remedi", "data/ReMeDi-base.json", json.dumps([{"dialogue_id": 7, "information": turns}]))
        with pytest.raises(ReadError, match="nurse"):
            mirror.split("remedi", "train", "base")


class TestHallmarksOfCancer:
    def zipped(self) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for pmid in ("11", "12"):
                archive.writestr(f"Hallmarks-of-Cancer-master/text/{pmid}.txt", "Cells died .\nControls did not .\n")
                archive.writestr(
                    f"Hallmarks-of-Cancer-master/labels/{pmid}.txt",
                    "<  Resisting cell death--Apoptosis ANDCellular energetics-- < NULL ",
                )
        return file.getvalue()

    def test_the_archive_of_the_repository_does_in_place_of_its_folders(self, mirror: Mirror) -> None:
        mirror.put("hallmarks-of-cancer", "Hallmarks-of-Cancer.zip", self.zipped())
        frame = mirror.split("hallmarks-of-cancer", "train").frame
        assert frame["id"].to_list() == ["11-0", "11-1", "12-0", "12-1"]
        assert frame["labels"].to_list() == [["resisting cell death", "cellular energetics"], []] * 2
        assert frame["extra"][0] == {"hallmarks": ["Resisting cell death--Apoptosis", "Cellular energetics"]}

    def test_the_split_of_blurb_takes_the_abstracts_that_its_list_names(self, mirror: Mirror) -> None:
        lists = io.BytesIO()
        with tarfile.open(fileobj=lists, mode="w:gz") as archive:
            for name, content in (("train", b"11.txt"), ("dev", b"12.txt"), ("test", b"12.txt,11.txt\n")):
                info = tarfile.TarInfo(f"data_generation/indexing/HoC/{name}_pmid.tsv")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        mirror.put("hallmarks-of-cancer", "Hallmarks-of-Cancer.zip", self.zipped())
        mirror.put("hallmarks-of-cancer", "data_generation.tar.gz", lists.getvalue())
        loaded = mirror.load("hallmarks-of-cancer", "blurb")
        assert {name: sorted(set(records.frame["group"])) for name, records in loaded.items()} == {
            "train": ["11"],
            "validation": ["12"],
            "test": ["11", "12"],
        }

    def test_a_document_with_more_sentences_than_labels_is_refused(self, mirror: Mirror) -> None:
        mirror.put("hallmarks-of-cancer", "text/1.txt", "One .\nTwo .\n")
        mirror.put("hallmarks-of-cancer", "labels/1.txt", "< ")
        with pytest.raises(ReadError, match="'sentence', 'marked' hold lists of different lengths"):
            mirror.split("hallmarks-of-cancer", "train")


class TestMedquad:
    def test_the_archive_of_the_repository_does_in_place_of_its_folders(self, mirror: Mirror) -> None:
        document = (
            '<Document id="01" source="GARD" url="https://example.org"><Focus>X</Focus><FocusAnnotations><Synonyms>'
            "<Synonym>Y</Synonym></Synonyms></FocusAnnotations><QAPairs><QAPair pid='1'><Question qid='01-1' "
            "qtype='information'>What is X ?</Question><Answer> </Answer></QAPair></QAPairs></Document>"
        )
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("MedQuAD-abc/2_GARD_QA/01.xml", document)
            archive.writestr("MedQuAD-abc/readme.txt", "readme")
        mirror.put("medquad", "MedQuAD.zip", file.getvalue())
        row = mirror.split("medquad", "train")[0]
        assert (row["id"], row["group"], row["answers"]) == ("GARD-01-1", "GARD-01", [])
        assert row["extra"]["synonyms"] == ["Y"]


class TestScirgenGeo:
    def test_records_with_different_kinds_of_questions_fit_together(self, mirror: Mirror) -> None:
        for record, kind in (("a", "Verification"), ("b", "Comparison")):
            asked = {
                "QuestionEn": "Daily?",
                "QuestionCn": "每日？",
                "AnswerEn": "Yes.",
                "AnswerCn": "是。",
                "Level": "C5",
            }
            metadata = {"titleEn": "Snow", "titleCn": "雪", "description": None, "descriptionCn": "深", "license": "1"}
            document = {"id": record, "context": {"metadata": metadata}, "query": {kind: [asked, asked], "Example": []}}
            mirror.put("scirgen-geo", f"ScIRGen-Geo/test/{record}.json", json.dumps(document))
        frame = mirror.split("scirgen-geo", "test").frame
        assert frame["id"].to_list() == ["a-0", "a-1", "b-0", "b-1"]
        assert frame["context"].to_list() == ["Snow"] * 4
        assert frame["extra"].struct.field("type").to_list() == ["Verification"] * 2 + ["Comparison"] * 2
        assert mirror.split("scirgen-geo", "test", "zh")[0]["context"] == "雪\n\n深"


class TestGmai:
    def test_conversations_keep_their_picture_and_all_turns(self, mirror: Mirror) -> None:
        said = [("human", "<image>\nWhat?"), ("gpt", "A."), ("human", "Sure?"), ("gpt", "Yes.")]
        row = {
            "id": "2d#x",
            "image": "images/x.png",
            "conversations": [{"from": who, "value": text} for who, text in said],
            "width": 2,
            "height": 3,
        }
        path = "GMAI-VL-5.5M-NonOpenSource/annotations/GMAI-MM-Percept-1.3M.jsonl"
        mirror.put("gmai-vl-5-5m", path, json.dumps(row) + "\n")
        loaded = mirror.split("gmai-vl-5-5m", "non_opensource", "GMAI-MM-Percept")[0]
        assert [turn["role"] for turn in loaded["turns"]] == ["user", "assistant"] * 2
        assert loaded["images"] == [{"path": "images/x.png", "bytes": None}]

    def test_conversations_without_a_picture_are_read_too(self, mirror: Mirror) -> None:
        row = {"id": "t", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}
        path = "GMAI-VL-5.5M-OpenSource/annotations/GMAI_Text_Single_1M.jsonl"
        mirror.put("gmai-vl-5-5m", path, json.dumps(row) + "\n")
        loaded = mirror.split("gmai-vl-5-5m", "train", "GMAI-Text-Single")[0]
        assert (len(loaded["turns"]), loaded["images"]) == (2, [])


class TestTcmLadder:
    def test_options_and_letters_of_the_text_questions(self, mirror: Mirror) -> None:
        table = parquet(
            id=[1, 2, 3],
            question=["q1", "q2", "q3"],
            A=["a"] * 3,
            B=["b"] * 3,
            C=["c"] * 3,
            D=["d"] * 3,
            E=["", "e", "e"],
            answer=["A", "ACE", "see above"],
            category=["x"] * 3,
            type=["Single", "Multiple", "Single"],
            lang=["zh", "zh", "en"],
        )
        mirror.put("tcm-ladder", "multiChoice.parquet", table)
        rows = list(mirror.split("tcm-ladder", "text"))
        assert [row["options"] for row in rows] == [["a", "b", "c", "d"], *[["a", "b", "c", "d", "e"]] * 2]
        assert [row["answers"] for row in rows] == [[0], [0, 2, 4], []]
        assert [row["language"] for row in rows] == ["zh", "zh", "en"]
        assert rows[2]["extra"]["answer"] == "see above"

    def test_pictures_inside_the_table_stay_bytes(self, mirror: Mirror) -> None:
        table = parquet(id=["v1"], image=[b"\xff\xd8jpeg"], answer=["C"], category=["herb"], lang=["zh"])
        mirror.put("tcm-ladder", "visual.parquet", table)
        row = mirror.split("tcm-ladder", "visual")[0]
        assert row["images"] == [{"path": None, "bytes": b"\xff\xd8jpeg"}]
        assert (row["question"], row["options"], row["answers"]) == (None, ["A", "B", "C", "D"], [2])

    def test_gaps_to_fill_are_questions_with_an_answer(self, mirror: Mirror) -> None:
        table = parquet(id=[1], question=["__ 为君药"], answer=["麻黄"], category=["x"], type=["fill"], lang=["zh"])
        mirror.put("tcm-ladder", "fillInTheBlank.parquet", table)
        row = mirror.split("tcm-ladder", "test", "fill_in_the_blank")[0]
        assert (row["question"], row["answers"]) == ("__ 为君药", ["麻黄"])
