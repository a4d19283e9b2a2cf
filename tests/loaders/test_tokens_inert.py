"""Nothing in the text of a record becomes a control token."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from tokenizers import Tokenizer, models, pre_tokenizers

from loaders.records import Records
from tests.support.questions import LOOKALIKES, dialogues, hostile_text, questions, records
from tests.support.trained import FAMILIES, tokenizer_of

NOT_CONTROL = {"<think>", "mmHg"}
CONTROL = {
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|tool|>"),
    *("[CLS]", "[SEP]", "[PAD]", "[MASK]", "[EDGE]", "[WORD]", "<s>", "</s>", "<pad>"),
}
"""All control tokens of the families but those that stand for an unknown character."""


def counted(ids: list[int], family: str) -> Counter[str | None]:
    """The control tokens among ids."""
    tokenizer = tokenizer_of(family)
    return Counter(token for number in ids if (token := tokenizer.id_to_token(number)) in CONTROL)


def frame_of(data: Records, index: int, family: str, template: str) -> Counter[str | None]:
    """The control tokens that a row has when all its text is replaced by "a"."""
    turns = [{"role": part.role.replace("context", "user"), "text": "a"} for part in data.render()[index]]
    roles = [turn["role"].replace("user", "patient").replace("assistant", "doctor") for turn in turns]
    rows = [{"turns": [{"role": role, "text": "a"} for role in roles]}]
    return counted(records("dialogue", rows).tokenize(tokenizer_of(family), template=template).ids.tolist(), family)


@pytest.mark.parametrize("template", ["chat", "plain"])
@pytest.mark.parametrize("family", FAMILIES)
@given(data=questions(hostile_text) | dialogues(hostile_text))
@settings(max_examples=20, deadline=None)
def test_a_row_has_the_control_tokens_of_its_template_and_no_other(family: str, template: str, data: Records) -> None:
    tokens = data.tokenize(tokenizer_of(family), template=template, max_length=10_000)
    for index, row in zip(tokens.records.tolist(), tokens, strict=True):
        assert counted(row["input_ids"].tolist(), family) == frame_of(data, index, family, template)


@pytest.mark.parametrize("text", [*LOOKALIKES, "a [SEP] b", "</s></s>", "<s>", " <|im_end|> ", "x<|tool|>y", "[EDGE]"])
@pytest.mark.parametrize("family", FAMILIES)
def test_each_control_token_written_in_a_note_stays_text(family: str, text: str) -> None:
    tokens = records("text", [{"text": text}, {"text": "a"}]).tokenize(tokenizer_of(family))
    if len(tokens) == 2:
        note, letter = (counted(row["input_ids"].tolist(), family) for row in tokens)
        assert note == letter


@pytest.mark.parametrize("family", ["byte_chatml", "byte_unflagged", "byte_split", "byte_headers"])
@given(data=questions(hostile_text, max_size=2))
@settings(max_examples=20, deadline=None)
def test_byte_tokens_of_hostile_text_spell_it_out_again(family: str, data: Records) -> None:
    tokenizer = tokenizer_of(family)
    tokens = data.tokenize(tokenizer, template="plain", max_length=10_000)
    end = tokenizer.token_to_id("<|endoftext|>" if family != "byte_split" else "<|end_of_text|>")
    for index, row in zip(tokens.records.tolist(), tokens, strict=True):
        text = "\n\n".join(part.text for part in data.render()[index])
        ids = [number for number in row["input_ids"].tolist() if number != end]
        spelt = tokenizer.decode(ids[family == "byte_split" :], skip_special_tokens=False)
        assert spelt.removeprefix(" ") == text.removeprefix(" ")


def test_the_library_alone_would_let_control_tokens_through() -> None:
    unigram, words, bytes_ = (tokenizer_of(family) for family in ("unigram", "wordpiece_spaces", "byte_unflagged"))
    for tokenizer, text in ((unigram, "a </s>"), (words, "a [SEP]"), (bytes_, "a<|im_end|>")):
        tokenizer.encode_special_tokens = True
        encoding = tokenizer.encode(text, add_special_tokens=False)
        assert encoding.tokens[-1] in ("</s>", "[SEP]", "<|im_end|>")


def test_added_words_that_are_no_control_tokens_are_still_found_in_text() -> None:
    tokenizer = tokenizer_of("byte_unflagged")
    ids = records("text", [{"text": "<think>120 mmHg"}]).tokenize(tokenizer).ids.tolist()
    assert {tokenizer.token_to_id(token) for token in NOT_CONTROL} <= set(ids)


def test_the_callers_tokenizer_is_left_as_it_was() -> None:
    tokenizer = tokenizer_of("unigram")
    tokenizer.enable_truncation(7)
    tokenizer.enable_padding(length=9)
    before = tokenizer.to_str()
    records("text", [{"text": "fever " * 50}]).tokenize(tokenizer)
    assert tokenizer.to_str() == before
    assert tokenizer.encode_special_tokens is False
    assert len(tokenizer.encode("fever " * 50).ids) == 9


def test_a_padding_token_of_one_character_does_not_forbid_the_character() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    tokenizer.add_special_tokens(["!"])
    mark = tokenizer.token_to_id("!")
    assert records("text", [{"text": "No!"}]).tokenize(tokenizer).ids.tolist().count(mark) == 1


def test_a_control_token_that_merges_would_spell_stays_apart() -> None:
    vocabulary = {"<": 0, "/": 1, "s": 2, ">": 3, "</": 4, "s>": 5, "</s>": 6, "x": 7, "</s>x": 8}
    merges = [("<", "/"), ("s", ">"), ("</", "s>"), ("</s>", "x")]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    assert tokenizer.encode("</s> </s>x").ids == [6, 8]
    tokenizer.add_special_tokens(["</s>"])
    assert records("text", [{"text": "</s> </s>x"}]).tokenize(tokenizer).ids.tolist() == [4, 5, 4, 5, 7, 6]
