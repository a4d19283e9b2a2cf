"""Rows that are too long: the context is cut, the answer never."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.records import Records
from loaders.tokens import IGNORED, Tokens
from tests.support.questions import dialogues, hostile_text, plain_text, questions, records
from tests.support.trained import FAMILIES, tokenizer_of

CONTEXT = " ".join(f"word{number}" for number in range(60))
ASKED = {"question": "Which word?", "context": CONTEXT, "answers": ["word7 is right"]}


def text(tokens: Tokens, row: int = 0) -> str:
    return tokenizer_of("byte_chatml").decode(tokens[row]["input_ids"].tolist(), skip_special_tokens=False)


def learned(tokens: Tokens, row: int = 0) -> list[int]:
    labels = tokens[row]["labels"]
    return labels[labels != IGNORED].tolist()


def test_a_row_that_fits_is_left_whole() -> None:
    whole = records("question_answer", [ASKED]).tokenize(tokenizer_of("byte_chatml"))
    exact = records("question_answer", [ASKED]).tokenize(tokenizer_of("byte_chatml"), max_length=len(whole.ids))
    assert exact.ids.tolist() == whole.ids.tolist()
    assert exact.manifest["cut_rows"] == 0


@pytest.mark.parametrize(
    ("truncate", "stays", "goes"),
    [
        ("context", ["word0 word1 ", "\n\n"], ["word59"]),
        ("context-head", ["word58 word59"], ["word0 "]),
        ("context-middle", ["word0 ", "word59"], ["word30"]),
    ],
)
def test_the_end_beginning_or_middle_of_the_context_goes(truncate: str, stays: list[str], goes: list[str]) -> None:
    tokenizer = tokenizer_of("byte_chatml")
    tokens = records("question_answer", [ASKED, {"question": "b", "context": "c", "answers": ["d"]}]).tokenize(
        tokenizer, max_length=100, truncate=truncate
    )
    assert len(tokens[0]["input_ids"]) == 100
    assert text(tokens).startswith("<|im_start|>user\nWhich word?\n\n")
    assert text(tokens).endswith("<|im_end|>\n<|im_start|>assistant\nword7 is right<|im_end|>\n")
    context = text(tokens).split("\n\n", 1)[1].split("<|im_end|>")[0] + "\n\n"
    assert all(part in context for part in stays)
    assert not any(part in context for part in goes)
    assert tokens.manifest["cut_rows"] == 1
    assert tokens.manifest["cut"] == {"context": 1, "turns": 0, "question": 0}


def test_options_stay_when_the_context_before_them_is_cut() -> None:
    row = {"question": "Which?", "context": CONTEXT, "options": ["left", "right"], "answers": [1]}
    tokens = records("multiple_choice", [row]).tokenize(tokenizer_of("byte_chatml"), max_length=80)
    assert "A. left\nB. right<|im_end|>" in text(tokens)
    assert text(tokens).endswith("B. right<|im_end|>\n")


def test_the_beginning_of_a_question_goes_only_when_no_context_is_left() -> None:
    row = {"question": f"{CONTEXT} Which word?", "context": "some context", "answers": ["word7 is right"]}
    tokens = records("question_answer", [row]).tokenize(tokenizer_of("byte_chatml"), max_length=60)
    assert len(tokens.ids) == 60
    assert "word59 Which word?" in text(tokens)
    assert "some context" not in text(tokens)
    assert text(tokens).endswith("word7 is right<|im_end|>\n")
    assert tokens.manifest["cut"] == {"context": 1, "turns": 0, "question": 1}
    assert tokens.manifest["cut_rows"] == 1


def test_a_row_whose_answer_alone_is_too_long_is_dropped_counted_and_warned_of() -> None:
    rows = [{"question": "Why?", "answers": [CONTEXT]}, {"question": "b", "answers": ["d"]}]
    with pytest.warns(UserWarning, match="1 of 2 rows do not fit 40 tokens"):
        tokens = records("question_answer", rows).tokenize(tokenizer_of("byte_chatml"), max_length=40)
    assert tokens.records.tolist() == [1]
    assert tokens.manifest["dropped_rows"] == {"too_long": 1, "no_text": 0}


def test_drop_leaves_out_every_row_that_is_too_long() -> None:
    with pytest.warns(UserWarning, match="truncate='drop'"):
        tokens = records("question_answer", [ASKED]).tokenize(
            tokenizer_of("byte_chatml"), max_length=100, truncate="drop"
        )
    assert len(tokens) == 0
    assert tokens.manifest["cut_rows"] == 0


def test_the_oldest_turns_of_a_dialogue_go_first_and_the_system_turn_stays() -> None:
    turns: list[dict[str, Any]] = [{"role": "system", "text": "Be kind."}]
    for number in range(10):
        turns += [{"role": "patient", "text": f"ask {number}"}, {"role": "doctor", "text": f"say {number}"}]
    tokens = records("dialogue", [{"turns": turns}]).tokenize(tokenizer_of("byte_chatml"), max_length=120)
    assert text(tokens).startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nask ")
    assert text(tokens).endswith("ask 9<|im_end|>\n<|im_start|>assistant\nsay 9<|im_end|>\n")
    assert "ask 0" not in text(tokens)
    assert tokens.manifest["cut"] == {"context": 0, "turns": 1, "question": 0}


def test_running_text_is_divided_and_none_of_it_is_lost() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    made = records("text", [{"text": "short"}, {"text": f"{CONTEXT} 发热😀咳嗽 {CONTEXT}"}])
    whole, parts = made.tokenize(tokenizer), made.tokenize(tokenizer, max_length=50)
    assert parts.ids.tolist() == whole.ids.tolist()
    assert parts.labels.tolist() == whole.labels.tolist()
    assert parts.records.tolist() == [0] + [1] * (len(parts) - 1)
    assert parts.manifest["divided_records"] == 1


@given(cut=st.integers(40, 70), how=st.sampled_from(["context", "context-head", "context-middle"]))
@settings(max_examples=60, deadline=None)
def test_no_character_is_cut_in_two(cut: int, how: str) -> None:
    row = {"question": "Q", "context": "😀发🫀热" * 10, "answers": ["a"]}
    tokens = records("question_answer", [row]).tokenize(tokenizer_of("byte_chatml"), max_length=cut, truncate=how)
    assert "\ufffd" not in text(tokens)
    assert cut - 6 <= len(tokens.ids) <= cut


@pytest.mark.parametrize("family", FAMILIES)
@given(
    data=questions(plain_text | hostile_text) | dialogues(plain_text),
    limit=st.integers(1, 60),
    how=st.sampled_from(["context", "context-head", "context-middle"]),
)
@settings(max_examples=25, deadline=None)
def test_every_row_fits_or_is_counted_and_the_last_answer_is_whole(
    family: str, data: Records, limit: int, how: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = data.tokenize(tokenizer_of(family), max_length=10_000, labels="last-answer")
        tokens = data.tokenize(tokenizer_of(family), max_length=limit, truncate=how, labels="last-answer")
    assert tokens.lengths.max(initial=0) <= limit
    answers = {record: learned(whole, row) for row, record in enumerate(whole.records.tolist())}
    sizes = dict(zip(whole.records.tolist(), whole.lengths.tolist(), strict=True))
    for row, record in enumerate(tokens.records.tolist()):
        assert learned(tokens, row) == answers[record]
    dropped = set(answers) - set(tokens.records.tolist())
    assert tokens.manifest["dropped_rows"]["too_long"] == len(dropped)
    assert all(sizes[record] > limit for record in dropped)
    assert tokens.manifest["cut_rows"] == sum(sizes[record] > limit for record in tokens.records.tolist())
