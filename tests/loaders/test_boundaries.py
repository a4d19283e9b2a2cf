"""Cuts between two texts: only where the pieces have the tokens of the whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, pre_tokenizers

from loaders.boundaries import REACH, Boundaries, near
from loaders.inert import Encoder, Place
from loaders.tokenizers import open_tokenizer
from tests.support.questions import plain_text
from tests.support.trained import FAMILIES, tokenizer_of

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BETWEEN = ("\n\n", "\n\nAssistant: ", "\nContext: ", " ", "\n", " | ", "", "\n\nRaspuns:", "\t")


def boundaries(tokenizer: Tokenizer) -> Boundaries:
    return Boundaries(Encoder(open_tokenizer(tokenizer)))


@pytest.mark.parametrize("pattern", [GPT2, LLAMA3, O200K, r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+"])
def test_patterns_that_decide_by_what_is_near(pattern: str) -> None:
    assert near(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<=x)\s+",
        r"\b\w+",
        r"\d{1,3}(?=(?:\d{3})*\b)",
        r"(\w+) \1",
        r".+ x",
        r"dr\. \w+",
        r"^\s*x",
        r"(?:\w+ )+",
        r"a(?=b)",
    ],
)
def test_patterns_that_look_further_prove_nothing(pattern: str) -> None:
    assert not near(pattern)
    tokenizer = tokenizer_of("byte_chatml")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    assert boundaries(tokenizer).cut("e.", "\n\n", "T") == -1


@pytest.mark.parametrize("family", FAMILIES)
@given(before=plain_text, between=st.sampled_from(BETWEEN), after=plain_text, more=plain_text)
@settings(max_examples=60, deadline=None)
def test_pieces_have_the_tokens_of_the_whole(family: str, before: str, between: str, after: str, more: str) -> None:
    proof = known(family)
    place = proof.cut(before[-REACH:], between, after[:1])
    if place < 0:
        return
    first, inner = (proof.encoder.forms[at].reference for at in (Place.FIRST, Place.INNER))
    for last in (after, after + " " + more):
        whole = first.encode(before + between + last, add_special_tokens=False).ids
        left = first.encode(before + between[:place], add_special_tokens=False).ids
        right = inner.encode(between[place:] + last, add_special_tokens=False).ids
        assert left + right == whole


_known: dict[str, Boundaries] = {}


def known(family: str) -> Boundaries:
    if family not in _known:
        _known[family] = boundaries(tokenizer_of(family))
    return _known[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_question_and_its_context_are_cut_apart_for_most_tokenizers(family: str) -> None:
    found = known(family).cut("it?", "\n\n", "T")
    assert found >= 0 or family in ("unigram", "unigram_chatml"), "their line ends are unknown characters"


def test_the_cut_stands_where_the_pre_tokenizer_splits() -> None:
    assert known("byte_chatml").cut("t?", "\n\n", "T") == 0
    assert known("byte_split").cut("t?", "\n\n", "T") == 2, "it takes line ends with the sign before them"
    assert known("byte_split").cut("it", "\n\n", "T") == 0


def test_invisible_characters_and_missing_text_prove_nothing() -> None:
    proof = known("byte_chatml")
    for before, after in (("a\u0301", "T"), ("a\u200b", "T"), ("a ", "T"), ("it", "\u0301"), ("", "T"), ("it", "")):
        assert proof.cut(before, "\n\n", after) == -1


def test_an_added_token_that_eats_white_space_forbids_all_cuts() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    assert boundaries(tokenizer).cut("it", "\n\n", "T") == 0
    tokenizer.add_tokens([AddedToken("<think>", special=False, lstrip=True)])
    assert boundaries(tokenizer).cut("it", "\n\n", "T") == -1


def test_an_added_token_across_a_cut_forbids_it() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    tokenizer.add_tokens([AddedToken("it\n\nT", special=False, normalized=False)])
    assert boundaries(tokenizer).cut("it", "\n\n", "T") == -1


def test_where_whole_words_skip_the_merges_no_token_across_is_no_proof() -> None:
    content = json.loads(tokenizer_of("mistral").to_str())
    assert boundaries(Tokenizer.from_str(json.dumps(content))).cut("it", "\n\n", "T") == 0
    content["model"]["ignore_merges"] = True
    assert boundaries(Tokenizer.from_str(json.dumps(content))).cut("it", "\n\n", "T") == -1
