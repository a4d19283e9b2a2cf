"""The tokens of a split: rows, views, manifest, options."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from loaders.tokens import Tokens
from registry.errors import UnknownOption, UsageError
from tests.support.questions import records
from tests.support.trained import tokenizer_of

ROWS = [{"question": f"Question {number}?", "answers": ["yes", "no"][: 1 + number % 2]} for number in range(2500)]


def small(**options: object) -> Tokens:
    return records("question_answer", ROWS[:5]).tokenize(tokenizer_of("byte_chatml"), **options)


def test_rows_written_out_are_flat_arrays() -> None:
    tokens = small()
    row = tokens[3]
    assert row["input_ids"].dtype == row["labels"].dtype == tokens.ids.dtype == tokens.labels.dtype == np.int32
    assert tokens.offsets.dtype == np.uint64
    assert row["input_ids"].tolist() == tokens.ids[int(tokens.offsets[3]) : int(tokens.offsets[4])].tolist()


def test_a_row_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        small()[0]["input_ids"][0] = 1


def test_rows_are_counted_from_either_end_and_iterated() -> None:
    tokens = small()
    assert len(tokens) == 5
    assert tokens[-1]["input_ids"].tolist() == tokens[4]["input_ids"].tolist()
    assert [len(row["labels"]) for row in tokens] == tokens.lengths.tolist()
    with pytest.raises(IndexError):
        tokens[5]


def test_many_rows_are_the_same_as_each_row_by_itself() -> None:
    tokens = records("question_answer", ROWS).tokenize(tokenizer_of("byte_chatml"))
    assert tokens.records.tolist() == list(range(2500))
    for row in (0, 1023, 1024, 2499):
        alone = records("question_answer", [ROWS[row]]).tokenize(tokenizer_of("byte_chatml"))
        assert tokens[row]["input_ids"].tolist() == alone.ids.tolist()
        assert tokens[row]["labels"].tolist() == alone.labels.tolist()


def test_the_manifest_says_what_was_done_with_what_and_fits_json() -> None:
    made = records("question_answer", [*ROWS[:4], {"question": None, "answers": []}])
    made.manifest["revision"] = "abc"
    manifest = made.tokenize(tokenizer_of("byte_chatml"), labels="all").manifest
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["records"]["revision"] == "abc"
    assert (manifest["template"]["name"], manifest["template"]["layout"]) == ("chat", "chatml")
    assert len(manifest["template"]["sha256"]) == 64
    assert manifest["options"] == {
        "max_length": 2048,
        "truncate": "context",
        "labels": "all",
        "packing": "best-fit",
    }
    counts = manifest["counts"]
    assert counts["records"] == 5
    assert counts["rows"] == 4
    assert counts["tokens"] == counts["learned"] > 0
    assert manifest["dropped_rows"]["no_text"] == 1
    assert len(manifest["tokenizer"]["sha256"]) == 64


def test_a_different_tokenizer_has_a_different_sha256() -> None:
    hashes = {
        records("question_answer", ROWS[:1]).tokenize(tokenizer_of(family)).manifest["tokenizer"]["sha256"]
        for family in ("byte_chatml", "byte_headers", "wordpiece")
    }
    assert len(hashes) == 3


def test_ids_are_whole_where_a_small_vocabulary_has_high_ones() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "fever": 70_000}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = records("text", [{"text": "fever and fever"}]).tokenize(tokenizer)
    assert tokens.ids.tolist() == [70_000, 0, 70_000]


def test_no_rows_give_no_tokens() -> None:
    made = records("question_answer", ROWS[:1])
    made.frame = made.frame.clear()
    tokens = made.tokenize(tokenizer_of("byte_chatml"))
    assert len(tokens) == len(tokens.ids) == 0
    assert list(tokens.batches(4)) == []


@pytest.mark.parametrize("option", ["template", "truncate", "labels", "packing"])
def test_an_option_outside_its_vocabulary_is_refused_with_the_words_it_has(option: str) -> None:
    with pytest.raises(UnknownOption, match=f"{option} cannot be 'nonsense'; it is one of: "):
        small(**{option: "nonsense"})


@pytest.mark.parametrize("length", [0, -1])
def test_a_length_that_holds_nothing_is_refused(length: int) -> None:
    with pytest.raises(UsageError, match="max_length must be a positive number"):
        small(max_length=length)


def test_tokens_tell_their_size() -> None:
    assert repr(small()).startswith("Tokens(5 rows, ")
