"""Where loss is taken."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from loaders.records import Records
from loaders.tokens import IGNORED, Tokens
from tests.support.questions import dialogues, plain_text, questions, records
from tests.support.trained import FAMILIES, tokenizer_of

TALK: dict[str, Any] = {
    "turns": [
        {"role": "system", "text": "Be kind."},
        {"role": "patient", "text": "I cough."},
        {"role": "doctor", "text": "Since when?"},
        {"role": "patient", "text": "Monday."},
        {"role": "doctor", "text": "Rest."},
    ]
}


def learned(tokens: Tokens, row: int, family: str) -> str:
    labels = tokens[row]["labels"]
    return tokenizer_of(family).decode(labels[labels != IGNORED].tolist(), skip_special_tokens=False)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("answer", "Since when?<|im_end|>Rest.<|im_end|>"),
        ("last-answer", "Rest.<|im_end|>"),
        (
            "all-but-system",
            "<|im_start|>user\nI cough.<|im_end|>\n<|im_start|>assistant\nSince when?<|im_end|>\n"
            "<|im_start|>user\nMonday.<|im_end|>\n<|im_start|>assistant\nRest.<|im_end|>\n",
        ),
        (
            "all",
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nI cough.<|im_end|>\n"
            "<|im_start|>assistant\nSince when?<|im_end|>\n<|im_start|>user\nMonday.<|im_end|>\n"
            "<|im_start|>assistant\nRest.<|im_end|>\n",
        ),
    ],
)
def test_labels_choose_the_turns_that_are_learned(labels: str, text: str) -> None:
    tokens = records("dialogue", [TALK, TALK]).tokenize(tokenizer_of("byte_chatml"), labels=labels)
    assert [learned(tokens, row, "byte_chatml") for row in (0, 1)] == [text, text]


def test_a_label_is_the_token_itself_or_minus_100() -> None:
    tokens = records("dialogue", [TALK]).tokenize(tokenizer_of("byte_chatml"))
    assert ((tokens.labels == tokens.ids) | (tokens.labels == IGNORED)).all()
    assert (tokens.labels == IGNORED).any()


@pytest.mark.parametrize(("template", "head"), [("chat", " Yes"), ("plain", "Yes")])
def test_the_space_before_an_answer_is_learned_when_it_is_part_of_the_first_token(template: str, head: str) -> None:
    tokenizer = tokenizer_of("byte_headers")
    tokenizer.add_tokens([" Yes"])
    tokens = records("question_answer", [{"question": "Fever?", "answers": ["Yes"]}]).tokenize(
        tokenizer, template=template
    )
    labels = tokens[0]["labels"]
    assert tokenizer.decode(labels[labels != IGNORED].tolist(), skip_special_tokens=False) == f"{head}<|endoftext|>"


def test_all_bytes_of_a_character_are_learned() -> None:
    tokens = records("question_answer", [{"question": "😀?", "answers": ["😀"]}]).tokenize(tokenizer_of("byte_chatml"))
    labels = tokens[0]["labels"]
    assert (labels != IGNORED).sum() == 5
    assert learned(tokens, 0, "byte_chatml") == "😀<|im_end|>"


def test_an_answer_that_a_normaliser_makes_longer_is_learned_whole() -> None:
    tokens = records("question_answer", [{"question": "ﬁ½㎜?", "answers": ["ﬁ½㎜"]}]).tokenize(tokenizer_of("unigram"))
    assert learned(tokens, 0, "unigram") == "fi1⁄2mm</s>"


def test_an_answer_that_a_normaliser_makes_shorter_is_learned_and_nothing_before_it() -> None:
    row = {"question": "é    è    ?", "answers": ["Été    à  Évian"]}
    tokens = records("question_answer", [row]).tokenize(tokenizer_of("wordpiece"))
    tokenizer = tokenizer_of("wordpiece")
    expected = [*tokenizer.encode("Été    à  Évian", add_special_tokens=False).ids, tokenizer.token_to_id("[SEP]")]
    labels = tokens[0]["labels"]
    assert labels[labels != IGNORED].tolist() == expected


def test_a_row_whose_answer_is_not_published_has_no_labels_and_is_counted() -> None:
    rows = [{"question": "Fever?", "options": ["yes", "no"], "answers": answers} for answers in ([], [1])]
    tokens = records("multiple_choice", rows).tokenize(tokenizer_of("byte_chatml"))
    assert (tokens[0]["labels"] == IGNORED).all()
    assert learned(tokens, 1, "byte_chatml") == "B. no<|im_end|>"
    assert tokens.manifest["rows_without_labels"] == 1


def test_a_text_without_a_mention_teaches_to_end_at_once() -> None:
    tokens = records("spans", [{"text": "No finding.", "spans": []}]).tokenize(tokenizer_of("byte_chatml"))
    assert learned(tokens, 0, "byte_chatml") == "<|im_end|>"


@pytest.mark.parametrize("family", FAMILIES)
@given(data=questions(plain_text) | dialogues(plain_text))
@settings(max_examples=15, deadline=None)
def test_the_learned_tokens_of_more_labels_hold_those_of_fewer(family: str, data: Records) -> None:
    made = [
        data.tokenize(tokenizer_of(family), labels=labels, max_length=10_000).labels != IGNORED
        for labels in ("last-answer", "answer", "all-but-system", "all")
    ]
    for fewer, more in pairwise(made):
        assert not np.any(fewer & ~more)
    assert made[-1].all()
