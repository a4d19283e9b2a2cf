"""Made-up rows in the shapes of well-known sets: recognised where names and values prove it, else given as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loaders.recognise.guess import BELIEVED, Guess
from tests.support.recognised import class_label, front_matter, guess, records

Rows = list[dict[str, Any]]
LETTERS = "ABCDE"
TEXTS = ["aspirin", "heparin", "insulin", "warfarin", "statins"]


def questions(count: int = 20) -> list[str]:
    return [f"Which drug lowers marker number {n}?" for n in range(count)]


def options(row: int, size: int = 4) -> list[str]:
    return [f"{text} {row}" for text in TEXTS[:size]]


def places(count: int = 20, size: int = 4) -> list[int]:
    return [row * 7 % size for row in range(count)]


def medmcqa() -> Rows:
    return [
        {"id": f"q-{n}", "question": question}
        | dict(zip(("opa", "opb", "opc", "opd"), options(n), strict=True))
        | {"cop": places()[n], "choice_type": "single", "exp": f"Because of {n}.", "subject_name": "Pharmacology"}
        for n, question in enumerate(questions())
    ]


def medqa() -> Rows:
    return [
        {
            "question": question,
            "answer": options(n)[places()[n]],
            "options": dict(zip(LETTERS, options(n), strict=False)),
            "meta_info": "step1",
            "answer_idx": LETTERS[places()[n]],
        }
        for n, question in enumerate(questions())
    ]


def numbered(stem: str, first: int, right: str, base: int, size: int = 4) -> Rows:
    return [
        {"question": question, right: place + base}
        | {f"{stem}{first + at}": text for at, text in enumerate(options(n, size))}
        for (n, question), place in zip(enumerate(questions()), places(size=size), strict=True)
    ]


def korean() -> Rows:
    return [
        {"question": f"다음 중 옳은 것은? {n}"}
        | dict(zip(LETTERS, options(n, 5), strict=True))
        | {"answer": place + 1, "cot": ""}
        for n, place in enumerate(places(size=5))
    ]


def head_qa() -> Rows:
    return [
        {
            "qid": n + 1,
            "qtext": question,
            "ra": places()[n] + 1,
            "answers": [{"aid": at + 1, "atext": text} for at, text in enumerate(options(n))],
        }
        for n, question in enumerate(questions())
    ]


def arc() -> Rows:
    return [
        {
            "id": f"x{n}",
            "question": question,
            "choices": {"text": options(n), "label": list("1234" if n % 2 else "ABCD")},
            "answerKey": ("1234" if n % 2 else "ABCD")[places()[n]],
        }
        for n, question in enumerate(questions())
    ]


def french() -> Rows:
    return [
        {
            "id": f"f{n}",
            "question": f"Parmi les propositions suivantes, laquelle est exacte ? {n}",
            "answers": dict(zip("abcde", options(n, 5), strict=True)),
            "correct_answers": ["a", "c"] if n % 3 else ["b"],
        }
        for n in range(20)
    ]


def lettered_list() -> Rows:
    return [
        {
            "题目": f"下列哪项正确？{n}",
            "选项": [f"{LETTERS[at]}. {text}" for at, text in enumerate(options(n))],
            "答案": LETTERS[place],
        }
        for n, place in enumerate(places())
    ]


def lines() -> Rows:
    return [
        {
            "Question": f"下列哪项正确？{n}",
            "Options": "\n".join(f"{LETTERS[at]} {text}" for at, text in enumerate(options(n))),
            "Answer": LETTERS[place] if n % 4 else "AC",
        }
        for n, place in enumerate(places())
    ]


def written_json() -> Rows:
    import json

    return [
        {
            "pregunta": f"¿Cuál es correcta? {n}",
            "opciones": json.dumps(dict(zip(LETTERS, options(n), strict=False))),
            "respuesta_correcta": LETTERS[place],
        }
        for n, place in enumerate(places())
    ]


def written_python() -> Rows:
    return [
        {"question": question, "choices": str(options(n)), "answer": options(n)[places()[n]]}
        for n, question in enumerate(questions())
    ]


def named_options() -> Rows:
    import json

    return [
        {
            "question": question,
            "answer_options": json.dumps({f"option{at + 1}": text for at, text in enumerate(options(n))}),
            "correct_answer": f"option{places()[n] + 1}",
        }
        for n, question in enumerate(questions())
    ]


CHOICE = {
    "medmcqa: columns opa to opd, cop counts from 0": (medmcqa, [[place] for place in places()]),
    "medqa: an object of letters, the letter and the text": (medqa, [[place] for place in places()]),
    "careqa: columns op1 to op4, cop counts from 1": (
        lambda: numbered("op", 1, "cop", 1),
        [[place] for place in places()],
    ),
    "options from 0 in columns, label counts from 0": (
        lambda: numbered("ending", 0, "label", 0),
        [[place] for place in places()],
    ),
    "kormedmcqa: columns A to E, answer counts from 1": (korean, [[place] for place in places(size=5)]),
    "headqa: answers as objects, ra names one of them": (head_qa, [[place] for place in places()]),
    "arc: texts and labels side by side, letters in some rows and digits in others": (
        arc,
        [[place] for place in places()],
    ),
    "frenchmedmcqa: several right answers": (french, [[0, 2] if n % 3 else [1] for n in range(20)]),
    "chinese names, letters inside the options": (lettered_list, [[place] for place in places()]),
    "chinese, one text of lines": (lines, [[place] if n % 4 else [0, 2] for n, place in enumerate(places())]),
    "spanish names, an object written as JSON": (written_json, [[place] for place in places()]),
    "a list as Python writes it, the text of the answer": (written_python, [[place] for place in places()]),
    "afrimedqa: an object of option1 to option4, the answer names one": (
        named_options,
        [[place] for place in places()],
    ),
}


class TestMultipleChoice:
    @pytest.mark.parametrize("shape", CHOICE)
    @pytest.mark.parametrize("ending", ["jsonl", "parquet", "json"])
    def test_questions_options_and_answers_come_out_right(self, shape: str, ending: str, tmp_path: Path) -> None:
        made, answers = CHOICE[shape]
        found = guess(tmp_path, {f"data/train.{ending}": made()})
        assert (found.schema, found.unclear) == ("multiple_choice", [])
        frame = records(tmp_path, found)["train"].frame
        assert frame["answers"].to_list() == answers
        size = len(frame["options"][0])
        assert frame["options"].to_list() == [options(n, size) for n in range(20)]
        assert frame["question"].null_count() == 0

    def test_a_class_whose_names_are_letters_counts_from_0(self, tmp_path: Path) -> None:
        rows = [row | {"cop": 1 + n % 2} for n, row in enumerate(medmcqa())]
        files = {"train.parquet": rows}
        assert not guess(tmp_path / "plain", files).believed
        known = guess(tmp_path / "told", files, features=[{"name": "cop", "type": class_label(["a", "b", "c", "d"])}])
        assert known.schema == "multiple_choice"
        assert records(tmp_path / "told", known)["train"].frame["answers"].to_list() == [[1 + n % 2] for n in range(20)]

    def test_withheld_answers_of_the_test_part_are_empty(self, tmp_path: Path) -> None:
        hidden = [row | {"cop": -1} for row in medmcqa()]
        found = guess(tmp_path, {"train.jsonl": medmcqa(), "test.jsonl": hidden})
        loaded = records(tmp_path, found)
        assert found.schema == "multiple_choice"
        assert loaded["test"].frame["answers"].to_list() == [[]] * 20
        assert loaded["train"].frame["answers"].to_list() == [[place] for place in places()]

    def test_pubmedqa_is_yes_no_or_maybe(self, tmp_path: Path) -> None:
        rows = [
            {
                "pubid": 100 + n,
                "question": f"Does drug {n} help?",
                "context": {
                    "contexts": [f"We asked {n}.", "We found."],
                    "labels": ["BACKGROUND", "RESULTS"],
                    "meshes": ["x"],
                },
                "long_answer": f"It does, in {n} of all.",
                "final_decision": ["yes", "no", "maybe"][n % 3],
            }
            for n in range(12)
        ]
        found = guess(tmp_path, {"pqa_labeled/train-00000-of-00001.parquet": rows})
        frame = records(tmp_path, found)["train"].frame
        assert frame.select("question", "context", "explanation", "answers", "id").row(2) == (
            "Does drug 2 help?",
            "We asked 2.\nWe found.",
            "It does, in 2 of all.",
            [2],
            "102",
        )


def proof_against(rows: Rows) -> Mapping[str, Rows]:
    return {"train.jsonl": rows}


UNCLEAR: dict[str, tuple[Any, str]] = {
    "numbers that may count from 0 or from 1": (
        lambda: [row | {"cop": 1 + n % 3} for n, row in enumerate(medmcqa())],
        "from 0 or from 1",
    ),
    "a 0 so rare that it may stand for no answer": (
        lambda: [row | {"cop": 0 if n == 7 else 1 + n % 3} for n, row in enumerate(medmcqa() * 5)],
        "cop",
    ),
    "two answers that disagree": (
        lambda: [row | {"answer_idx": LETTERS[(places()[n] + 1) % 4]} for n, row in enumerate(medqa())],
        "do not name the same options",
    ),
    "an answer beside a flag": (lambda: [row | {"label": n % 2} for n, row in enumerate(medqa())], "label"),
    "two questions": (
        lambda: [row | {"pregunta": f"¿Cuál? {n}"} for n, row in enumerate(medqa())],
        "may each be the question",
    ),
    "an option that is missing before another": (
        lambda: [row | ({"opb": None} if n % 3 == 0 else {}) for n, row in enumerate(medmcqa())],
        "miss an option",
    ),
    "options without an answer": (
        lambda: [{key: value for key, value in row.items() if key != "cop"} for row in medmcqa()],
        "no answers",
    ),
    "answers that are no option": (
        lambda: [row | {"answer": "another", "answer_idx": "Z"} for row in medqa()],
        "could be read as one of the options",
    ),
    "a letter without options": (
        lambda: [{"question": question, "answer": LETTERS[n % 4]} for n, question in enumerate(questions())],
        "no options that it could name",
    ),
    "two answers in words": (
        lambda: [
            {"question": question, "answer": f"By {n}.", "response": f"With {n + 1}."}
            for n, question in enumerate(questions())
        ],
        "may be the answer as well",
    ),
    "options inside the question": (
        lambda: [{"question": f"Which? A. one {n} B. two {n} C. three", "answer": f"one {n}"} for n in range(20)],
        "inside",
    ),
    "a label that is only a number": (
        lambda: [{"text": f"The patient {n} has a fever.", "label": n % 2} for n in range(20)],
        "is not told",
    ),
    "two labels": (
        lambda: [
            {"text": f"Patient {n} is ill.", "label": "ab cd ef".split()[n % 3], "class": ["xx", "yy"][n % 2]}
            for n in range(30)
        ],
        "may be the label as well",
    ),
    "speakers nobody knows": (
        lambda: [
            {"messages": [{"role": "Xanthippe", "content": "Well?"}, {"role": "Socrates", "content": "So."}]}
            for n in range(9)
        ],
        "Socrates",
    ),
    "a pair whose label is a number": (
        lambda: [{"premise": f"He sleeps {n}.", "hypothesis": f"He rests {n}.", "label": n % 3} for n in range(20)],
        "is not told",
    ),
    "a question that is the same in all rows": (
        lambda: [
            {"premise": f"He fell {n}.", "choice1": f"a {n}", "choice2": f"b {n}", "question": "cause", "label": n % 2}
            for n in range(20)
        ],
        "asks the same",
    ),
    "two answers and which is better": (
        lambda: [
            {"question": f"What is {n}?", "answer_1": f"This {n}", "answer_2": f"That {n}", "label": n % 2}
            for n in range(20)
        ],
        "answers of two",
    ),
    "options that cannot be read": (
        lambda: [{"question": f"What is {n}?", "options": f"one {n} or two", "answer": f"one {n}"} for n in range(9)],
        "could not be read",
    ),
    "a row of columns that may be options": (
        lambda: [
            {"question": f"What is {n}?", "guess one 1": f"aa{n}", "guess one 2": f"bb{n}", "guess one 3": f"cc{n}"}
            | {"answer": f"1. aa{n}"}
            for n in range(9)
        ],
        "may hold options",
    ),
    "tags of words": (
        lambda: [{"sentence": f"He has fever {n}", "tags": ["O", "O", "B-DISO", "O"]} for n in range(20)],
        "",
    ),
    "a text, its summary and a label": (
        lambda: [
            {"text": f"A long text of number {n}.", "summary": f"Short text of {n}.", "label": "ab"} for n in range(20)
        ],
        "label stands beside text",
    ),
    "preferences": (
        lambda: [{"prompt": f"Say {n} please", "chosen": f"It is {n}.", "rejected": f"No, {n}."} for n in range(9)],
        "no known schema",
    ),
    "columns without a meaning": (
        lambda: [{"alpha": n, "beta": f"words here {n}"} for n in range(9)],
        "no known schema",
    ),
}


class TestWhatIsNotSure:
    @pytest.mark.parametrize("case", UNCLEAR)
    def test_it_is_given_as_it_is_with_what_is_unclear(self, case: str, tmp_path: Path) -> None:
        made, told = UNCLEAR[case]
        found = guess(tmp_path, proof_against(made()))
        assert (found.schema, found.confidence < BELIEVED) == ("table", True)
        assert told in " ".join(found.unclear)
        frame = records(tmp_path, found)["train"].frame
        assert set(frame.columns) == {"id", "split", "group", "language", "extra"}
        assert set(frame["extra"].struct.fields) == set(made()[0])

    def test_the_message_names_columns_doubts_and_what_to_do(self, tmp_path: Path) -> None:
        found = guess(tmp_path, proof_against(UNCLEAR["two questions"][0]()))
        told = found.told("made-up")
        assert "answer_idx" in told
        assert "question and pregunta may each be the question" in told
        assert "registry new made-up" in told


def field(found: Guess, name: str) -> Any:
    assert found.load is not None
    return found.load.fields[name].source


class TestOtherSchemas:
    def test_chat_messages_are_a_dialogue(self, tmp_path: Path) -> None:
        rows = [
            {"messages": [{"role": "user", "content": f"Hi {n}"}, {"role": "assistant", "content": "Hello"}]}
            for n in range(5)
        ]
        found = guess(tmp_path, {"train.parquet": rows})
        assert found.schema == "dialogue"
        assert records(tmp_path, found)["train"][3]["turns"] == [
            {"role": "user", "text": "Hi 3"},
            {"role": "assistant", "text": "Hello"},
        ]

    def test_sharegpt_conversations_are_a_dialogue(self, tmp_path: Path) -> None:
        rows = [
            {"id": f"c{n}", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": f"{n}"}]}
            for n in range(5)
        ]
        found = guess(tmp_path, {"data.json": rows})
        assert found.schema == "dialogue"
        assert records(tmp_path, found)["train"][1]["turns"][1] == {"role": "assistant", "text": "1"}

    def test_alpaca_rows_are_instructions(self, tmp_path: Path) -> None:
        rows = [
            {"instruction": f"Name sign {n}.", "input": "" if n % 2 else f"a case {n}", "output": f"It is {n}, yes."}
            for n in range(9)
        ]
        found = guess(tmp_path, {"train.json": rows})
        frame = records(tmp_path, found)["train"].frame
        assert found.schema == "instruction"
        assert frame["input"].to_list()[:2] == ["a case 0", None]

    def test_what_an_instruction_is_about_is_its_input(self, tmp_path: Path) -> None:
        rows = [
            {"instruction": f"Sum up note {n}.", "context": f"He has fever {n}.", "response": f"Fever {n}."}
            for n in range(9)
        ]
        found = guess(tmp_path, {"train.jsonl": rows})
        assert found.schema == "instruction"
        assert records(tmp_path, found)["train"][1]["input"] == "He has fever 1."

    def test_the_right_answer_beside_wrong_ones_does_not_always_stand_first(self, tmp_path: Path) -> None:
        rows = [
            {"question": f"What is {n}?", "correct_answer": f"m{n}", "distractor1": f"a{n}", "distractor2": f"z{n}"}
            for n in range(9)
        ]
        found = guess(tmp_path, {"train.jsonl": rows})
        row = records(tmp_path, found)["train"][4]
        assert (row["options"], row["answers"]) == (["a4", "m4", "z4"], [1])

    def test_no_wrong_answer_is_lost_in_whatever_order_the_columns_stand(self, tmp_path: Path) -> None:
        wrong = [{"distractor3": f"c{n}", "distractor1": f"a{n}", "distractor2": f"b{n}"} for n in range(9)]
        rows = [{"question": f"What is {n}?", **wrong[n], "correct_answer": f"z{n}"} for n in range(9)]
        row = records(tmp_path, guess(tmp_path, {"train.jsonl": rows}))["train"][4]
        assert (row["options"], row["answers"]) == (["a4", "b4", "c4", "z4"], [3])

    def test_several_pictures_of_a_row_come_in_order(self, tmp_path: Path) -> None:
        rows = [
            {"image_1": {"bytes": b"a", "path": None}, "image_2": {"bytes": b"b", "path": None}}
            | {"question": f"What is it {n}?", "answer": "A lung"}
            for n in range(4)
        ]
        found = guess(tmp_path, {"train.parquet": rows})
        assert [image["bytes"] for image in records(tmp_path, found)["train"][0]["images"]] == [b"a", b"b"]

    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("question", "answer"),
            ("Frage", "Antwort"),
            ("pregunta", "respuesta"),
            ("pytanie", "odpowiedź"),
            ("domanda", "risposta"),
            ("问题", "答案"),
            ("질문", "답변"),
            ("質問", "回答"),
            ("вопрос", "ответ"),
            ("întrebare", "răspuns"),
            ("soru", "cevap"),
            ("Câu hỏi", "Đáp án"),
            ("Question", "Response"),
        ],
    )
    def test_questions_and_answers_in_many_languages(self, question: str, answer: str, tmp_path: Path) -> None:
        rows = [{question: f"was is{n}?", answer: f"das ist so {n}"} for n in range(9)]
        found = guess(tmp_path, {"train.csv": rows})
        assert found.schema == "question_answer"
        assert records(tmp_path, found)["train"][4]["answers"] == ["das ist so 4"]

    def test_squad_answers_are_a_list_of_wordings(self, tmp_path: Path) -> None:
        rows = [
            {
                "id": f"s{n}",
                "title": "Fever",
                "context": f"Fever number {n} is common.",
                "question": f"What is common {n}?",
                "answers": {"text": ["Fever", "Fever"], "answer_start": [0, 0]},
            }
            for n in range(9)
        ]
        found = guess(tmp_path, {"train.parquet": rows})
        assert found.schema == "question_answer"
        row = records(tmp_path, found)["train"][0]
        assert (row["answers"], row["context"], row["id"]) == (["Fever"], "Fever number 0 is common.", "s0")

    def test_pictures_come_with_their_questions(self, tmp_path: Path) -> None:
        rows = [
            {
                "image": {"bytes": b"\x89PNG" + bytes([n]), "path": None},
                "question": f"Is it left {n}?",
                "answer": "yes it is",
            }
            for n in range(9)
        ]
        found = guess(tmp_path, {"data/train-00000-of-00001.parquet": rows})
        assert found.schema == "question_answer"
        assert records(tmp_path, found)["train"][2]["images"] == [{"path": None, "bytes": b"\x89PNG\x02"}]

    def test_pictures_that_are_files_are_found_in_their_folder(self, tmp_path: Path) -> None:
        rows = [
            {"img_name": f"x{n}/a.jpg", "question": f"What is it {n}?", "answer": "A lung", "img_id": n // 2}
            for n in range(4)
        ]
        files: dict[str, Any] = {"train.json": rows} | {f"pics/x{n}/a.jpg": b"\xff\xd8" for n in range(4)}
        found = guess(tmp_path, files)
        row = records(tmp_path, found)["train"][3]
        assert (row["images"], row["group"]) == ([{"path": "pics/x3/a.jpg", "bytes": None}], "1")

    def test_an_article_and_its_summary(self, tmp_path: Path) -> None:
        rows = [{"article": f"Long text about {n}. " * 9, "summary": f"It is about number {n}."} for n in range(9)]
        found = guess(tmp_path, {"train.parquet": rows})
        assert found.schema == "text_to_text"
        assert field(found, "target") == ("column", "summary")

    def test_natural_language_inference_with_named_classes(self, tmp_path: Path) -> None:
        rows = [{"premise": f"He sleeps {n}.", "hypothesis": f"He rests {n}.", "label": n % 3} for n in range(30)]
        names = ["entailment", "neutral", "contradiction"]
        told = front_matter(
            {
                "dataset_info": {
                    "features": [{"name": "label", "dtype": {"class_label": {"names": dict(enumerate(names))}}}]
                }
            }
        )
        found = guess(tmp_path, {"train.parquet": rows, "README.md": told})
        assert found.schema == "text_pair"
        assert records(tmp_path, found)["train"].frame["label"].to_list()[:4] == [*names, "entailment"]

    def test_a_score_of_two_sentences(self, tmp_path: Path) -> None:
        rows = [{"sentence1": f"He sleeps {n}.", "sentence2": f"He rests {n}.", "score": n / 3} for n in range(9)]
        found = guess(tmp_path, {"train.csv": rows})
        assert found.schema == "text_pair"
        assert records(tmp_path, found)["train"].frame["score"][3] == 1.0

    def test_texts_with_classes_that_the_parquet_file_names(self, tmp_path: Path) -> None:
        rows = [{"text": f"Report {n} shows nothing.", "label": n % 2} for n in range(20)]
        found = guess(tmp_path, {"train.parquet": rows}, inside={"label": class_label(["healthy", "ill"])})
        assert found.schema == "classification"
        assert records(tmp_path, found)["train"].frame["labels"].to_list()[:2] == [["healthy"], ["ill"]]

    def test_labels_in_words(self, tmp_path: Path) -> None:
        rows = [{"text": f"Report {n} shows nothing.", "label": ["healthy", "ill"][n % 2]} for n in range(20)]
        found = guess(tmp_path, {"train.csv": rows})
        assert found.schema == "classification"
        assert records(tmp_path, found)["train"].frame["labels"].to_list()[:2] == [["healthy"], ["ill"]]

    def test_a_picture_and_its_mask(self, tmp_path: Path) -> None:
        rows = [{"image": {"bytes": b"i", "path": "a.png"}, "mask": {"bytes": b"m", "path": "b.png"}} for _ in range(4)]
        found = guess(tmp_path, {"train.parquet": rows})
        assert found.schema == "segmentation"
        assert records(tmp_path, found)["train"][0]["mask"] == {"path": "b.png", "bytes": b"m"}

    def test_text_alone(self, tmp_path: Path) -> None:
        rows = [
            {"text": f"Fever is common {n}.", "url": f"https://example.org/{n}", "title": "Fever"} for n in range(9)
        ]
        assert guess(tmp_path, {"train.jsonl": rows}).schema == "text"

    def test_rows_of_a_patient_share_a_group_and_an_id_that_repeats_is_none(self, tmp_path: Path) -> None:
        rows = [
            {"id": n // 3, "patient_id": f"p{n // 2}", "question": f"What is it {n}?", "answer": "A cold"}
            for n in range(9)
        ]
        found = guess(tmp_path, {"train.jsonl": rows})
        frame = records(tmp_path, found)["train"].frame
        assert frame["id"].to_list()[:2] == ["train-0", "train-1"]
        assert frame["group"].to_list()[:3] == ["p0", "p0", "p1"]


def columns_by_split(found: Guess) -> Sequence[str]:
    assert found.load is not None
    return list(found.load.splits)


class TestSplitsThatDiffer:
    def test_a_split_whose_columns_are_called_otherwise_has_fields_of_its_own(self, tmp_path: Path) -> None:
        other = [{"Frage": f"Was {n}?", "Antwort": f"Das hier {n}"} for n in range(9)]
        rows = [{"question": f"What {n}?", "answer": f"This one {n}"} for n in range(9)]
        found = guess(tmp_path, {"train.jsonl": rows, "test.jsonl": other})
        loaded = records(tmp_path, found)
        assert found.schema == "question_answer"
        assert loaded["test"][2]["answers"] == ["Das hier 2"]

    def test_a_split_that_does_not_fit_spoils_the_mapping(self, tmp_path: Path) -> None:
        rows = [{"question": f"What {n}?", "answer": f"This one {n}"} for n in range(9)]
        found = guess(tmp_path, {"train.jsonl": rows, "test.jsonl": [{"alpha": n} for n in range(9)]})
        assert found.schema == "table"
        assert columns_by_split(found) == ["train", "test"]
        assert isinstance(records(tmp_path, found)["test"].frame, pl.DataFrame)
