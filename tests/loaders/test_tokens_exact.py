"""Token ids are those of the `tokenizers` library, for every family of tokenizer and any text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from loaders.records import Records
from loaders.tokens import IGNORED
from tests.support import reference
from tests.support.questions import dialogues, hostile_text, plain_text, questions, records
from tests.support.trained import CHATML, FAMILIES, tokenizer_of

WITH_CHATML = ["byte_chatml", "byte_unflagged", "byte_split", "unigram_chatml", "mistral"]
WITHOUT_CHATML = {"byte_headers": "<|endoftext|>", "wordpiece": "[SEP]", "wordpiece_spaces": "[SEP]", "unigram": "</s>"}
BEGINNING = {"byte_split": "<|begin_of_text|>", "mistral": "<s>", "wordpiece": "[CLS]", "wordpiece_spaces": "[CLS]"}
ENDINGS = ("</s>", "<|endoftext|>", "<|end_of_text|>", "[SEP]")
EXACT_IN_HOSTILE_TEXT = ["byte_chatml", "byte_split"]
"""Where the library itself keeps control tokens in text inert, so that it can be the reference for any text."""

thorough = settings(max_examples=25, deadline=None)


def beginning(family: str) -> list[int]:
    token = BEGINNING.get(family)
    return [] if token is None else [tokenizer_of(family).token_to_id(token)]


def innocent(given_records: Records, family: str) -> list[int]:
    """Rows in which no text looks like an added token of the tokenizer."""
    added = [token.content for token in tokenizer_of(family).get_added_tokens_decoder().values()]
    return [
        index
        for index, row in enumerate(given_records.render())
        if row and not any(token in part.text for part in row for token in added)
    ]


def place_of(tokens_records: list[int]) -> dict[int, int]:
    return {record: place for place, record in enumerate(tokens_records)}


@pytest.mark.parametrize("family", WITH_CHATML)
@given(data=questions(plain_text) | dialogues(plain_text))
@thorough
def test_a_chat_has_the_ids_that_the_library_gives_for_the_written_out_prompt(family: str, data: Records) -> None:
    tokenizer = tokenizer_of(family)
    tokens = data.tokenize(tokenizer, max_length=10_000)
    places = place_of(tokens.records.tolist())
    rows = innocent(data, family)
    assert rows
    for index in rows:
        expected = tokenizer.encode(reference.written(data.render()[index])).ids
        assert tokens[places[index]]["input_ids"].tolist() == expected


@pytest.mark.parametrize("family", [family for family in WITH_CHATML if family != "mistral"])
@given(data=questions(plain_text) | dialogues(plain_text))
@thorough
def test_each_stretch_of_a_chat_is_encoded_as_by_itself(family: str, data: Records) -> None:
    tokenizer = tokenizer_of(family)
    tokens = data.tokenize(tokenizer, max_length=10_000)
    places = place_of(tokens.records.tolist())
    for index in innocent(data, family):
        expected = reference.chatml(tokenizer, data.render()[index])
        row = tokens[places[index]]
        start = beginning(family)
        assert row["input_ids"].tolist() == start + expected.ids
        assert (row["labels"] != IGNORED).tolist() == [False] * len(start) + expected.learned


@pytest.mark.parametrize("family", EXACT_IN_HOSTILE_TEXT)
@given(data=questions(hostile_text))
@thorough
def test_text_full_of_control_tokens_has_the_ids_of_the_library_told_to_leave_them(family: str, data: Records) -> None:
    tokenizer = tokenizer_of(family)
    tokenizer.encode_special_tokens = True
    tokens = data.tokenize(tokenizer_of(family), max_length=10_000)
    places = place_of(tokens.records.tolist())
    for index, segments in enumerate(data.render()):
        if segments:
            expected = reference.chatml(tokenizer, segments)
            assert tokens[places[index]]["input_ids"].tolist() == beginning(family) + expected.ids


@pytest.mark.parametrize("template", ["chat", "plain"])
@pytest.mark.parametrize("family", [*WITHOUT_CHATML, "llama"])
@given(data=questions(plain_text) | dialogues(plain_text))
@thorough
def test_without_chatml_the_whole_text_of_a_row_is_encoded_at_once(family: str, template: str, data: Records) -> None:
    tokenizer = tokenizer_of(family)
    end = tokenizer.token_to_id(WITHOUT_CHATML.get(family, "</s>"))
    start = [1] if family == "llama" else beginning(family)
    tokens = data.tokenize(tokenizer, template=template, max_length=10_000)
    places = place_of(tokens.records.tolist())
    for index in innocent(data, family):
        expected = reference.headers(tokenizer, data.render()[index], end, named=template == "chat")
        row = tokens[places[index]]
        assert row["input_ids"].tolist() == start + expected.ids
        assert (row["labels"] != IGNORED).tolist() == [False] * len(start) + expected.learned


@pytest.mark.parametrize("family", FAMILIES)
def test_running_text_is_encoded_as_the_library_does_and_ended_once(family: str) -> None:
    tokenizer = tokenizer_of(family)
    end = next(tokenizer.token_to_id(token) for token in ENDINGS if tokenizer.token_to_id(token) is not None)
    start = [1] if family == "llama" else beginning(family)
    texts = ["Fever and cough.\n\nTwo lines of naïve ﬁne text.", "患者发热、咳嗽三天 😀"]
    tokens = records("text", [{"text": text} for text in texts]).tokenize(tokenizer)
    for text, row in zip(texts, tokens, strict=True):
        expected = [*tokenizer.encode(text, add_special_tokens=False).ids, end]
        assert row["input_ids"].tolist() == start + expected
        assert row["labels"].tolist() == [IGNORED] * len(start) + expected


def test_a_tokenizer_gives_the_same_ids_and_the_same_name_in_any_process(tmp_path: Path) -> None:
    place = tmp_path / "tokenizer.json"
    tokenizer_of("unigram_chatml").save(str(place))
    program = (
        "import sys\n"
        "from tests.support.questions import records\n"
        "made = records('question_answer', [{'question': 'Fever </s>?', 'answers': ['yes <|im_end|>']}])\n"
        "tokens = made.tokenize(sys.argv[1])\n"
        "print(tokens.ids.tolist(), tokens.manifest['tokenizer']['sha256'])"
    )
    runs = [subprocess.run([sys.executable, "-c", program, place], capture_output=True, text=True) for _ in range(2)]
    here = records("question_answer", [{"question": "Fever </s>?", "answers": ["yes <|im_end|>"]}]).tokenize(place)
    expected = f"{here.ids.tolist()} {here.manifest['tokenizer']['sha256']}\n"
    assert [run.stdout for run in runs] == [expected, expected], runs[0].stderr


def test_control_tokens_of_chatml_stand_only_where_the_template_puts_them() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    made = records("question_answer", [{"question": "Fever?", "answers": ["Yes."]}])
    ids = made.tokenize(tokenizer)[0]["input_ids"].tolist()
    assert [tokenizer.id_to_token(number) for number in ids if tokenizer.id_to_token(number) in CHATML] == [
        *("<|im_start|>", "<|im_end|>"),
        *("<|im_start|>", "<|im_end|>"),
    ]
    assert tokenizer.decode(ids, skip_special_tokens=False) == (
        "<|im_start|>user\nFever?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n"
    )
