"""What a model is asked and what it should say, for each schema."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from loaders.render import PARTS, UNRENDERED, Segment, render
from registry.errors import UnknownOption, UsageError
from registry.vocabulary import SCHEMA
from tests.support.questions import records

IMAGE = {"path": "a.png", "bytes": None}


@pytest.mark.parametrize(
    ("schema", "row", "segments"),
    [
        (
            "multiple_choice",
            {"question": "Which?", "context": "Seen.", "options": ["x", "y", "z"], "answers": [2]},
            [("user", "Which?"), ("context", "Seen."), ("user", "A. x\nB. y\nC. z"), ("assistant", "C. z")],
        ),
        (
            "multiple_choice",
            {"question": "Which are?", "options": ["x", "y", "z"], "answers": [0, 2]},
            [("user", "Which are?"), ("user", "A. x\nB. y\nC. z"), ("assistant", "A. x\nC. z")],
        ),
        (
            "multiple_choice",
            {"question": "Not published?", "options": ["x", "y"], "answers": []},
            [("user", "Not published?"), ("user", "A. x\nB. y")],
        ),
        (
            "multiple_choice",
            {"question": "Options are pictures?", "options": [], "answers": [3]},
            [("user", "Options are pictures?"), ("assistant", "D")],
        ),
        (
            "question_answer",
            {"question": "Why?", "context": "Note.", "answers": ["So.", "Or so."], "explanation": "Because."},
            [("user", "Why?"), ("context", "Note."), ("assistant", "So.\nOr so.")],
        ),
        (
            "dialogue",
            {"turns": [{"role": "Patient", "text": "Hi"}, {"role": "Doctor", "text": "Yes?"}], "summary": None},
            [("user", "Hi"), ("assistant", "Yes?")],
        ),
        (
            "dialogue",
            {
                "turns": [
                    {"role": "system", "text": "Be kind."},
                    {"role": "guest_family", "text": "Hi"},
                    {"role": "医生", "text": "Yes?"},
                ]
            },
            [("system", "Be kind."), ("user", "Hi"), ("assistant", "Yes?")],
        ),
        (
            "dialogue",
            {"turns": [{"role": "doctor", "text": "Hi"}, {"role": None, "text": "Oh"}], "summary": "They met."},
            [("context", "doctor: Hi\nOh"), ("assistant", "They met.")],
        ),
        (
            "instruction",
            {"instruction": "Translate.", "input": "febră", "output": "fever"},
            [("user", "Translate."), ("context", "febră"), ("assistant", "fever")],
        ),
        ("text_to_text", {"source": "long", "target": "short"}, [("context", "long"), ("assistant", "short")]),
        ("classification", {"text": "Cough.", "labels": ["a", "b"]}, [("context", "Cough."), ("assistant", "a, b")]),
        ("text", {"text": "A chapter."}, [("assistant", "A chapter.")]),
        (
            "spans",
            {
                "text": "BRCA1 and TP53",
                "spans": [
                    {"id": "1", "type": "Gene", "start": [0], "end": [5], "text": "BRCA1", "concepts": []},
                    {"id": "2", "type": None, "start": [10], "end": [14], "text": "TP53", "concepts": []},
                ],
            },
            [("context", "BRCA1 and TP53"), ("assistant", "Gene: BRCA1\nTP53")],
        ),
        ("spans", {"text": "Nothing.", "spans": []}, [("context", "Nothing."), ("assistant", "")]),
        (
            "text_pair",
            {"first": "a", "second": "b", "label": "entailment", "score": 0.5},
            [("user", "a"), ("user", "b"), ("assistant", "entailment")],
        ),
        (
            "text_pair",
            {"first": "a", "second": "b", "label": None, "score": 0.5},
            [("user", "a"), ("user", "b"), ("assistant", "0.5")],
        ),
        ("image_pair", {"before": IMAGE, "after": IMAGE, "instruction": "Remove it."}, [("user", "Remove it.")]),
        ("classification", {"images": [IMAGE], "labels": ["benign"]}, [("assistant", "benign")]),
    ],
)
def test_a_row_is_rendered(schema: str, row: dict[str, Any], segments: list[tuple[str, str]]) -> None:
    assert records(schema, [row]).render()[0] == segments


def test_every_schema_is_rendered_or_refused() -> None:
    assert set(PARTS) | set(UNRENDERED) == set(SCHEMA)
    with pytest.raises(UsageError, match="what they mean is not known"):
        render(pl.DataFrame({"extra": [{"a": "x"}]}), "table")


def test_blank_and_missing_text_gives_no_segment() -> None:
    rows = [{"question": "Q", "context": context, "answers": []} for context in (None, "", " \n ", "C")]
    assert [len(row) for row in records("question_answer", rows).render()] == [1, 1, 1, 2]


def test_white_space_of_the_record_is_kept() -> None:
    made = records("question_answer", [{"question": " Q ", "answers": [" a\n"]}]).render()
    assert made[0] == [("user", " Q "), ("assistant", " a\n")]


def test_options_beyond_the_alphabet_go_on_with_two_letters() -> None:
    row = {"question": "Q", "options": [str(number) for number in range(28)], "answers": [25, 26, 27]}
    segments = records("multiple_choice", [row]).render()[0]
    assert segments[1].text.splitlines()[25:] == ["Z. 25", "AA. 26", "AB. 27"]
    assert segments[2].text == "Z. 25\nAA. 26\nAB. 27"


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        ("segmentation", {"image": IMAGE, "mask": IMAGE, "classes": ["lung"]}),
        ("image_pair", {"before": IMAGE, "after": IMAGE}),
        ("classification", {"labels": ["benign"]}),
    ],
)
def test_records_without_text_are_refused(schema: str, row: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"no text to make tokens of|holds text to make tokens of"):
        records(schema, [row]).render()


def test_an_unknown_template_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownOption, match="template cannot be 'fancy'; it is one of: chat, plain"):
        records("text", [{"text": "a"}]).render("fancy")


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(UnknownOption, match="schema cannot be 'poem'"):
        render(records("text", [{"text": "a"}]).frame, "poem")


def test_segments_can_be_looked_at() -> None:
    segments = records("text", [{"text": "first " * 40}, {"text": "second"}]).render()
    assert len(segments) == 2
    assert segments[-1] == [Segment("assistant", "second")]
    assert [row[0].text[:5] for row in segments] == ["first", "secon"]
    shown = repr(segments).splitlines()
    assert shown[0] == "Segments(2 × text, template 'chat')"
    assert shown[1].endswith("…")


def test_no_rows_give_no_segments() -> None:
    made = records("text", [{"text": "a"}])
    segments = render(made.frame.clear(), "text")
    assert len(segments) == 0
    assert repr(segments) == "Segments(0 × text, template 'chat')"
