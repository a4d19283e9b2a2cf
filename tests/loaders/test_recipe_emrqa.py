"""emrQA's document: what is a text here and a list there, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loaders.read import FILE, ROW, Located
from loaders.recipes import emrqa
from registry.errors import ReadError
from registry.loadspec import Read


def located(folder: Path, text: str) -> Located:
    path = folder / "data.json"
    path.write_text(text, encoding="utf-8")
    return Located(path, "data.json")


def document(*answers: dict[str, Any]) -> str:
    asked = {"question": ["Why?"], "id": [[["Why?", "Why |x|?"]], "form"], "answers": list(answers)}
    note = {"note_id": 7, "context": "Made up.", "qas": [asked]}
    return json.dumps({"data": [{"title": "medication", "paragraphs": [note]}]})


def test_a_note_is_a_row_with_its_questions(tmp_path: Path) -> None:
    frame = emrqa.read([located(tmp_path, document({"text": "pain"}))], Read())
    assert frame.select("title", "note_id", "context", FILE, ROW).rows() == [
        ("medication", "7", "Made up.", "data.json", 0)
    ]
    (asked,) = frame["qas"][0].to_list()
    assert asked["question"] == ["Why?"]
    assert json.loads(asked["forms"]) == [[["Why?", "Why |x|?"]], "form"]


def test_the_text_of_an_answer_is_a_list_whether_it_was_one_or_not(tmp_path: Path) -> None:
    made = document({"text": "pain", "answer_start": [2, 1]}, {"text": ["pain", "fever"], "answer_start": [[2, 1]]})
    frame = emrqa.read([located(tmp_path, made)], Read())
    answers = frame["qas"][0].to_list()[0]["answers"]
    assert [answer["text"] for answer in answers] == [["pain"], ["pain", "fever"]]
    assert [answer["answer_start"] for answer in answers] == ["[2, 1]", "[[2, 1]]"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"data": [{"title": "x"}]}', "not emrQA's data.json"),
        ("[1]", "not emrQA's data.json"),
        ("{", "line 1: not JSON"),
    ],
)
def test_another_document_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReadError, match=told):
        emrqa.read([located(tmp_path, text)], Read())
